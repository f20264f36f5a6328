"""Node of saga: it has some accounts, carries out steps on them, and sees to it that the next step follows.

- `style=orchestration`: the node that a client asked orchestrates: it sends commands, hears outcomes, and knows from
  them what follows.
- `style=choreography`: nobody does: who has carried out a step sends the command for the next one.

Either way a letter is handled as a whole: the change, the letter that follows and the name of the one that was handled
are one record, and nothing is sent before that is on disk.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from splitbrain.harness.program import Effect, Effects, Mark, Now, Reply, Role, Send, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.journal import give_up
from splitbrain.targets.stores.messages import UNAVAILABLE, UNSUPPORTED, Request, Response
from splitbrain.targets.stores.saga.messages import (
    BalanceAsk,
    BalanceTold,
    Delivery,
    Letter,
    LetterHandled,
    Receipt,
    ReceiptKept,
    SagaBegun,
    SagaLife,
    SagaMessage,
    SagaOver,
    SagaRecord,
    StepCommand,
    StepOutcome,
)
from splitbrain.targets.stores.saga.outbox import Outbox, name_of
from splitbrain.targets.stores.saga.plan import (
    CLEARING,
    OUTCOME,
    OVER,
    allowed,
    change_of,
    following,
    opening,
    owner_of,
    sensible,
    told,
)
from splitbrain.targets.stores.saga.reads import BalanceReads
from splitbrain.targets.stores.saga.settings import CORRECT, SagaParts, SagaSettings

TICK = "tick"
TICK_NS = 50_000_000
"""Time after which letters without a receipt are sent again, nanoseconds."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SagaRecord).decode


class SagaNode:
    """One node."""

    message_type: ClassVar[Any] = SagaMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: SagaSettings,
        parts: SagaParts = CORRECT,
    ) -> None:
        self.name, self.nodes, self.settings = name, tuple(nodes), settings
        self.journal = parts.journal(persistent=settings.persistent)
        self.inbox = parts.inbox(settings.dedup)
        self.outbox = Outbox()
        self.balances: dict[str, int] = {}
        self.begun: dict[str, tuple[str, int]] = {}
        """Sagas of this node's clients: their requests."""
        self._sagas: dict[tuple[str, int], str] = {}
        """The inverse: a request may come again, as a proxy may send it twice."""
        self.over: dict[str, bool] = {}
        """Those that have ended: whether the money was moved."""
        self.now = Now(0, 0)
        self.life = 0
        self._life_record = 0
        self._refused: set[tuple[str, int]] = set()
        """Requests that were refused for good while this process lives."""
        self._clients: dict[str, list[int]] = {}
        self._reads = BalanceReads(name, self.nodes, self.balance)
        self._held: list[tuple[int, Effect]] = []
        self._out: list[Effect] = []

    @property
    def role(self) -> Role:
        """ "peer", as all are."""
        return Role("peer")

    # What is on disk.

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Replay the journal."""
        self.now = now
        records, effects = self.journal.recover(disk)
        self._out += effects
        for number, payload in enumerate(records, 1):
            self.replay(_decode(payload), number)
        self.life = self.life + 1 if self.settings.persistent else now.monotonic
        self._life_record = self._write(SagaLife(self.life))
        self._out.append(SetTimer(TICK, TICK_NS))
        return self._finish()

    def replay(self, record: SagaRecord, number: int) -> None:
        """Make the change of a record, as it was written or is read again. number: its place in the journal."""
        if isinstance(record, SagaLife):
            self.life = record.life
        elif isinstance(record, SagaBegun):
            self.begun[record.saga] = record.request
            self._sagas[record.request] = record.saga
            self.outbox.add(record.to, record.letter, number)
        elif isinstance(record, ReceiptKept):
            self.outbox.arrived((record.saga, record.number))
        else:
            self._take(record, number)

    def _take(self, record: LetterHandled, number: int) -> None:
        if record.change is not None:
            account, added = record.change
            self.balances[account] = self.balance(account) + added
        if record.answer is not None:
            self.outbox.add(record.to, record.answer, number)
        if isinstance(record.letter, SagaOver):
            self.over[record.letter.saga] = record.letter.done
        self.remember(record)

    def remember(self, record: LetterHandled) -> None:
        """Remember that a letter was handled."""
        self.inbox.add(self.sender_of(record.letter), record.letter)

    def sender_of(self, letter: Letter) -> str:
        """The node from which letters of this saga count as coming: the one where it began."""
        return letter.saga.rsplit(".", 2)[0]

    def _write(self, record: SagaRecord) -> int:
        return self.journal.write(_encode(record))

    def balance(self, account: str) -> int:
        """The balance of an account of this node."""
        return self.balances.get(account, opening(account))

    # Clients.

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Begin a saga, or a read."""
        self.now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.account()))]
        if message.f == "read" and isinstance(message.value, (list, tuple)):
            self._read(request, [str(account) for account in message.value])
        elif message.f == "transfer" and sensible(message.value):
            self._begin(request, message)
        elif message.f == "read" and message.key is not None:
            self._read(request, [str(message.key)])
        else:
            self._out.append(Reply(request, Response(error=UNSUPPORTED, text="a read of accounts, or a transfer")))
        return self._finish()

    def _begin(self, handle: int, request: Request) -> None:
        name = (request.session, request.sequence)
        known = self._sagas.get(name)
        if known in self.over:
            self._hold(Reply(handle, told(done=self.over[known])))
            return
        if known is not None:
            self._clients.setdefault(known, []).append(handle)
            return
        if self._life_record > self.journal.durable or name in self._refused:
            self._refused.add(name)
            self._out.append(Reply(handle, Response(error=UNAVAILABLE, text="the node has only just started")))
            return
        saga = f"{self.name}.{self.life}.{len(self.begun) + 1}"
        asked = request.value
        money = (asked["from"], asked["to"], asked["amount"])
        command = StepCommand(saga, 0, 0, False, money, self.name)
        record = SagaBegun(saga, name, self.receiver(command), command)
        self.replay(record, self._write(record))
        self._clients[saga] = [handle]
        self._send(record.letter)

    def _read(self, handle: int, accounts: Sequence[str]) -> None:
        for effect in self._reads.begin(handle, accounts, self.now.monotonic):
            self._hold(effect)

    def account(self) -> Any:
        """The answer to an audit: balances, sagas that have not ended, letters without a receipt, and the sagas that
        moved money, by their requests."""
        moved = [list(self.begun[saga]) for saga, done in self.over.items() if done]
        undone = [list(self.begun[saga]) for saga, done in self.over.items() if not done]
        return {
            "balances": {account: balance for account, balance in self.balances.items() if account != CLEARING},
            "clearing": self.balances.get(CLEARING, 0),
            "open": sorted([saga for saga in self.begun if saga not in self.over]),
            "letters": len(self.outbox.letters),
            "moved": moved,
            "undone": undone,
        }

    # Letters.

    def on_message(self, now: Now, sender: str, message: SagaMessage) -> Effects:
        """A message of another node."""
        self.now = now
        match message:
            case Delivery(letter):
                self._receive(sender, letter)
            case Receipt(saga, number):
                self._arrived((saga, number))
            case BalanceAsk(reading, account):
                self._hold(Send(sender, BalanceTold(reading, account, self.balance(account))))
            case BalanceTold():
                for effect in self._reads.heard(message):
                    self._hold(effect)
        return self._finish()

    def receiver(self, letter: Letter) -> str:
        """The node that a letter goes to."""
        if isinstance(letter, StepCommand):
            account, _ = change_of(letter.step, letter.money, back=letter.back)
            return owner_of(account, self.nodes)
        return self.sender_of(letter)

    def _send(self, letter: Letter) -> None:
        """Send a letter of the outbox once the record that it rests on is on disk; to this node too."""
        to, _, record = self.outbox.letters[name_of(letter)]
        self._hold(Send(to, Delivery(letter)), self.send_after(record))

    def send_after(self, record: int) -> int:
        """The record that must be on disk before the letter of one is sent."""
        return record

    def _receive(self, sender: str, letter: Letter) -> None:
        if not self.known(letter):
            self._handle(letter)
        self._hold(Send(sender, Receipt(letter.saga, letter.number)), self.receipt_after())

    def known(self, letter: Letter) -> bool:
        """Whether a letter was handled before."""
        return self.inbox.knows(self.sender_of(letter), letter)

    def receipt_after(self) -> int:
        """The record that must be on disk before there is a receipt for what was handled just now."""
        return self.journal.written

    def _handle(self, letter: Letter) -> None:
        change, answer = None, None
        if isinstance(letter, StepCommand):
            account, added = change_of(letter.step, letter.money, back=letter.back)
            done = allowed(letter.step, self.balance(account) + added, back=letter.back)
            change = (account, added) if done else None
            answer = self._outcome(letter, done=done)
        elif isinstance(letter, StepOutcome):
            command = StepCommand(
                letter.saga, letter.number - OUTCOME, letter.step, letter.back, letter.money, self.name
            )
            answer = self._next(command, done=letter.done)
        to = self.receiver(answer) if answer is not None else ""
        record = LetterHandled(letter, change, to, answer)
        number = self._write(record)
        self._take(record, number)
        if change is not None:
            self._hold(Mark("step", name_of(letter), f"{self.name} {self.life} {number}"))
        if answer is not None:
            self._send(answer)
        if isinstance(letter, SagaOver):
            self._answer(letter)

    def _outcome(self, command: StepCommand, *, done: bool) -> Letter:
        """The letter that follows a step."""
        if not self.settings.orchestrated:
            return self._next(command, done=done)
        return StepOutcome(command.saga, command.number + OUTCOME, command.step, command.back, done, command.money)

    def _next(self, command: StepCommand, *, done: bool) -> Letter:
        found = self.follow(command, done=done)
        return SagaOver(command.saga, OVER, found) if isinstance(found, bool) else found

    def follow(self, command: StepCommand, *, done: bool) -> StepCommand | bool:
        """The command after a step, or the end of the saga."""
        return following(command, done=done)

    def _answer(self, letter: SagaOver) -> None:
        self._hold(Mark("saga", "moved" if letter.done else "undone"))
        if letter.done:
            self._hold(Mark("executed", self.begun[letter.saga], letter.saga))
        for handle in self._clients.pop(letter.saga, ()):
            self._hold(Reply(handle, told(done=letter.done)))

    def _arrived(self, name: tuple[str, int]) -> None:
        if self.outbox.arrived(name):
            self._write(ReceiptKept(*name))

    # Time and disk.

    def on_timer(self, now: Now, name: str) -> Effects:
        """Send letters again; give up reads that take too long."""
        self.now = now
        for _, letter, _ in list(self.outbox.letters.values()):
            self._send(letter)
        for effect in self._reads.tick(now.monotonic):
            self._hold(effect)
        self._out.append(SetTimer(TICK, TICK_NS))
        return self._finish()

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that more of the journal is on disk."""
        self.now = now
        self.journal.on_durable(token)
        return self._finish()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def _hold(self, effect: Effect, record: int | None = None) -> None:
        """Keep an effect back until a record is on disk; by default all that is written by now."""
        self._held.append((self.journal.written if record is None else record, effect))

    def _finish(self) -> Effects:
        """The effects of this event, after all letters of this node to itself."""
        while True:
            self._out += self.journal.flush()
            durable = self.journal.durable
            ready = [effect for record, effect in self._held if record <= durable]
            self._held = [(record, effect) for record, effect in self._held if record > durable]
            for effect in ready:
                if not isinstance(effect, Send) or effect.to != self.name:
                    self._out.append(effect)
                elif isinstance(effect.message, Delivery):
                    self._receive(self.name, effect.message.letter)
                else:
                    self._arrived((effect.message.saga, effect.message.number))
            if not ready:
                break
        effects, self._out = self._out, []
        return effects
