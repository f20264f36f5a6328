"""Coordinator of two-phase commit: carries out the transactions of its node's clients.

It takes the steps of a transaction one by one, each at the participant that has the key, then has all participants
vote, decides, and tells them. What it has not decided to commit is aborted, also if it has never heard of it (presumed
abort). Whoever has not got all votes after `patience` aborts.

Pitfall: a client may be told of a commit only once the decision is on disk, and a participant too; an abort needs no
disk.
"""

from dataclasses import dataclass, field
from typing import Any

from splitbrain.harness.program import Mark, Reply, Send
from splitbrain.targets.procedures import Procedure, Refusal, Step
from splitbrain.targets.stores.machine import wire_name
from splitbrain.targets.stores.messages import UNAVAILABLE, Request, Response
from splitbrain.targets.stores.two_phase_commit.context import CommitRecord, Isolation, NodeContext
from splitbrain.targets.stores.two_phase_commit.messages import (
    READ_ONLY,
    YES,
    Age,
    CommitMessage,
    DecisionKept,
    Inquiry,
    PrepareShard,
    ShardDecision,
    ShardVote,
    StampAsk,
    StampTold,
    StepAsk,
    StepTold,
    Wound,
)
from splitbrain.targets.stores.two_phase_commit.procedures import procedure
from splitbrain.targets.stores.two_phase_commit.shard import Name, owner, stepped

CONFLICT = "conflict"
"""Aborted, for another transaction was in the way."""
TURN: Step = ("lock", "the turn", None)
"""The lock that all transactions take one after the other with isolation=serial; the first node has it."""


@dataclass
class Transaction:
    """A transaction under way. handle: of the client's request; None once it is answered. since: when it began,
    monotonic nanoseconds. at: its snapshot. number: of the step that it takes. asked: messages that have no answer, by
    node. reads: version of each key that was read first. lives: the nodes that were asked for steps, and which life of
    each answered. deciding: whether it is past the point of no return, record: where that stands in the journal."""

    txn: str
    handle: int | None
    request: tuple[str, int]
    steps: Procedure
    age: Age
    since: int
    at: int = 0
    number: int = 0
    step: Step | None = None
    asked: dict[str, CommitMessage] = field(default_factory=dict)
    reads: dict[Name, tuple[Any, int]] = field(default_factory=dict)
    writes: list[Step] = field(default_factory=list)
    lives: dict[str, int] = field(default_factory=dict)
    votes: dict[str, str] = field(default_factory=dict)
    participants: list[str] = field(default_factory=list)
    answer: Any = None
    voting: bool = False
    deciding: bool = False
    record: int = 0


class Coordinator:
    """The coordinator of one node."""

    def __init__(self, context: NodeContext) -> None:
        self.context = context
        self.under_way: dict[str, Transaction] = {}
        self.decided: dict[str, CommitRecord] = {}
        """All commits that were decided here."""
        self._begun = 0

    @property
    def _isolation(self) -> Isolation:
        return self.context.settings.isolation

    def recover(self, record: CommitRecord) -> None:
        """Replay a decision. Participants that have not heard of it ask."""
        self.decided[record.txn] = record

    # Steps.

    def on_request(self, handle: int, request: Request) -> None:
        """Begin a transaction."""
        context = self.context
        self._begun += 1
        txn = f"{context.name}.{context.life}.{self._begun}"
        name = (request.session, request.sequence)
        now = context.now
        try:
            steps = procedure(request)
        except Refusal as refused:
            context.effects.append(Reply(handle, Response(error=refused.code, text=str(refused))))
            return
        transaction = Transaction(txn, handle, name, steps, (now.wall, txn), now.monotonic)
        self.under_way[txn] = transaction
        if self._isolation.stamped:
            self._ask(transaction, context.nodes[0], StampAsk(txn, "begin"))
        elif self._isolation is Isolation.SERIAL:
            self._step(transaction, TURN, context.nodes[0])
        else:
            self._advance(transaction, None)

    def _ask(self, transaction: Transaction, node: str, message: CommitMessage) -> None:
        transaction.asked[node] = message
        self.context.send(node, message)

    def _advance(self, transaction: Transaction, value: Any) -> None:
        """Let the procedure go on with the value of its last step, up to the next one that needs a participant."""
        while True:
            try:
                step = transaction.steps.send(value)
            except StopIteration as end:
                transaction.answer = end.value
                self._prepare(transaction)
                return
            except Refusal as refused:
                self._abort(transaction, refused.code, str(refused))
                return
            if step[0] == "r" or not self._isolation.stamped:
                self._step(transaction, step, owner(step[1], self.context.nodes))
                return
            transaction.writes.append(step)
            value = None

    def _step(self, transaction: Transaction, step: Step, node: str) -> None:
        transaction.number += 1
        transaction.step = step
        ask = StepAsk(transaction.txn, transaction.number, transaction.age, *step, transaction.at)
        self._ask(transaction, node, ask)

    def on_told(self, sender: str, message: StepTold) -> None:
        """Take the answer of a participant that has taken the step."""
        transaction = self.under_way.get(message.txn)
        if transaction is None or transaction.step is None or message.number != transaction.number:
            return
        step, transaction.step = transaction.step, None
        transaction.asked.pop(sender, None)
        if transaction.lives.setdefault(sender, message.life) != message.life:
            self._abort(transaction, CONFLICT, f"{sender} has started anew and lost its locks")
            return
        if step[0] in ("w", "append"):
            transaction.writes.append(step)
        elif step[0] == "r":
            transaction.reads.setdefault(wire_name(step[1]), (step[1], message.version))
        try:
            value = self._own(transaction, step, message.value)
        except TypeError as error:
            self._abort(transaction, CONFLICT, str(error))
            return
        self._advance(transaction, value)

    def _own(self, transaction: Transaction, step: Step, value: Any) -> Any:
        """The value of a key for a transaction: with what it has written itself."""
        name = wire_name(step[1])
        for write in transaction.writes:
            if step[0] == "r" and wire_name(write[1]) == name:
                value = stepped(value, write)
        return value

    # Votes.

    def _prepare(self, transaction: Transaction) -> None:
        """Have all vote that must."""
        nodes = self._voters(transaction)
        if not nodes:
            self._answer(transaction, Response(transaction.answer))
            del self.under_way[transaction.txn]
            return
        transaction.voting, transaction.participants = True, nodes
        certified = self._isolation is Isolation.SSI
        for node in nodes:
            reads = [read for read in transaction.reads.values() if certified and self._owner(read[0]) == node]
            writes = [write for write in transaction.writes if self._owner(write[1]) == node]
            message = PrepareShard(
                transaction.txn, transaction.age, transaction.lives.get(node, 0), transaction.at,
                reads, writes, self._bound(transaction, nodes), transaction.request,
            )  # fmt: skip
            self._ask(transaction, node, message)

    def _voters(self, transaction: Transaction) -> list[str]:
        """The nodes that vote: those where something is written, and, where what was read is protected, those where
        something was read. A reader of a snapshot needs no vote."""
        writers = dict.fromkeys(self._owner(key) for _, key, _ in transaction.writes)
        if self._isolation in (Isolation.TWO_PHASE_LOCKING, Isolation.SERIAL):
            return list(transaction.lives)
        if self._isolation is Isolation.SSI and writers:
            writers |= dict.fromkeys(self._owner(key) for key, _ in transaction.reads.values())
        return list(writers)

    def _bound(self, transaction: Transaction, voters: list[str]) -> list[str]:
        """The voters that a yes binds: others have only read under locks, and are free once they have voted."""
        if self._isolation.stamped:
            return voters
        bound = dict.fromkeys(self._owner(key) for _, key, _ in transaction.writes)
        if self._isolation is Isolation.SERIAL:
            bound[self.context.nodes[0]] = None
        return list(bound)

    def _owner(self, key: Any) -> str:
        return owner(key, self.context.nodes)

    def on_vote(self, sender: str, message: ShardVote) -> None:
        """Take a participant's vote."""
        transaction = self.under_way.get(message.txn)
        if transaction is None or not transaction.voting or transaction.deciding:
            return
        transaction.asked.pop(sender, None)
        transaction.votes[sender] = message.word
        if message.word not in (YES, READ_ONLY):
            self._abort(transaction, CONFLICT, f"{sender} voted no: {message.word}")
        elif transaction.votes.keys() >= set(transaction.participants):
            self._all_voted(transaction)

    def _all_voted(self, transaction: Transaction) -> None:
        transaction.participants = [node for node in transaction.participants if transaction.votes[node] == YES]
        if not transaction.participants:
            self._answer(transaction, Response(transaction.answer))
            del self.under_way[transaction.txn]
        elif self._isolation.stamped:
            self._ask(transaction, self.context.nodes[0], StampAsk(transaction.txn, "commit"))
        else:
            self._commit(transaction, 0)

    def on_stamp(self, message: StampTold) -> None:
        """Take a timestamp that the oracle has given."""
        transaction = self.under_way.get(message.txn)
        wanted = StampAsk(message.txn, message.purpose)
        if transaction is None or transaction.asked.get(self.context.nodes[0]) != wanted:
            return
        del transaction.asked[self.context.nodes[0]]
        if message.purpose == "begin":
            transaction.at = message.stamp
            self._advance(transaction, None)
        else:
            self._commit(transaction, message.stamp)

    # Outcomes.

    def _commit(self, transaction: Transaction, stamp: int) -> None:
        """Decide, and tell all once that is on disk."""
        transaction.deciding = True
        transaction.asked.clear()
        record = CommitRecord(transaction.txn, stamp, transaction.participants)
        number = transaction.record = self.log_decision(record)
        context = self.context
        context.hold(number, Mark("outcome", transaction.txn, "commit"))
        context.hold(number, Mark("executed", transaction.request, transaction.txn))
        self._answer(transaction, Response(transaction.answer), number)
        decision = ShardDecision(transaction.txn, True, stamp)
        for node in transaction.participants:
            transaction.asked[node] = decision
            context.hold(number, Send(node, decision))

    def log_decision(self, record: CommitRecord) -> int:
        """Write a decision down; the number of the record behind which it holds."""
        number = self.context.write(record)
        self.decided[record.txn] = record
        return number

    def _abort(self, transaction: Transaction, error: str, text: str) -> None:
        """Abort, and tell all that were asked."""
        self._answer(transaction, Response(error=error, text=text))
        del self.under_way[transaction.txn]
        if transaction.voting:
            self.context.mark("outcome", transaction.txn, "abort")
        for node in {**transaction.lives, **transaction.asked, **dict.fromkeys(transaction.participants)}:
            self.context.send(node, ShardDecision(transaction.txn, False))

    def _answer(self, transaction: Transaction, response: Response, record: int = 0) -> None:
        if transaction.handle is not None:
            self.context.hold(record, Reply(transaction.handle, response))
            transaction.handle = None

    def on_kept(self, sender: str, message: DecisionKept) -> None:
        """Note that a participant knows of a commit."""
        transaction = self.under_way.get(message.txn)
        if transaction is not None and transaction.deciding:
            transaction.asked.pop(sender, None)
            if not transaction.asked:
                del self.under_way[message.txn]

    def on_wound(self, message: Wound) -> None:
        """Abort, as an older transaction needs a lock, unless the vote is on, which ends by itself."""
        transaction = self.under_way.get(message.txn)
        if transaction is not None and not transaction.voting:
            self.context.mark("wounded", message.txn)
            self._abort(transaction, CONFLICT, "an older transaction needs a lock of this one")

    def on_inquiry(self, sender: str, message: Inquiry) -> None:
        """Tell a participant that asks for the outcome one that is on disk, or that there will be no commit."""
        if message.txn in self.under_way:
            return
        record = self.decided.get(message.txn)
        decision = ShardDecision(message.txn, False) if record is None else ShardDecision(message.txn, True, record.at)
        self.context.send(sender, decision)

    def on_tick(self) -> None:
        """Ask again what was not answered; abort what takes too long."""
        for transaction in list(self.under_way.values()):
            if not transaction.deciding and self.overdue(transaction):
                waiting = ", ".join(transaction.asked) or "itself"
                self._abort(transaction, UNAVAILABLE, f"no answer in time from {waiting}")
                continue
            if transaction.record <= self.context.journal.durable:
                for node, message in transaction.asked.items():
                    self.context.send(node, message)

    def overdue(self, transaction: Transaction) -> bool:
        """Whether a transaction takes too long."""
        return self.context.now.monotonic - transaction.since > self.context.settings.patience
