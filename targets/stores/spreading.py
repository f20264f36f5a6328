"""Spreading: what the nodes of stores in which every node accepts writes have in common.

A node applies what its clients ask at once, answers when it is on disk, and then tells the others. What a message lost
is made up for by asking: every `gossip` nanoseconds a node sends its vector to another one, drawn by lot, and gets what
it lacks, whoever made it (anti-entropy: Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC
1987).
"""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import msgspec
from msgspec import Struct

from splitbrain.harness.program import Effect, Effects, Mark, Now, Reply, Role, Send, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.journal import Journal, give_up
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.replicas import word
from splitbrain.targets.stores.updates import Dot, Update, UpdateLog
from splitbrain.targets.stores.versions import Clock

GOSSIP = "gossip"
_encode = msgspec.msgpack.Encoder(order="sorted").encode


class Tell(Struct, frozen=True, tag="tell"):
    """Updates for another node."""

    updates: list[Update]


class AskUpdates(Struct, frozen=True, tag="ask"):
    """Tell what is not in this vector."""

    vector: Clock


SpreadMessage = Tell | AskUpdates


@dataclass(frozen=True)
class SpreadParts:
    """The classes of which a node is made. state: what a store makes of updates."""

    journal: type[Journal] = Journal
    log: type[UpdateLog] = UpdateLog
    state: Any = None


@dataclass(frozen=True)
class SpreadSettings:
    """gossip: how often a node asks another one, nanoseconds. persistent: False keeps nothing over a restart. options:
    those of the store, by name."""

    gossip: int = 50_000_000
    persistent: bool = True
    options: Mapping[str, str] = field(default_factory=dict)


class UpdateState(Protocol):
    """State made of updates, the same in whatever order they came. lost: those that were overwritten by one that did
    not know of them."""

    lost: list[Dot]

    def apply(self, update: Update) -> None:
        """Take an update in."""

    def read(self, key: str) -> Any:
        """The value of a key."""


class SpreadNode(ABC):
    """One node. A store says how an operation becomes an update, what updates make (`state`), and when one may be
    applied."""

    ordered = False
    """Whether the elements of a value have an order that all copies share."""

    message_type: ClassVar[Any] = SpreadMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: SpreadSettings,
        parts: SpreadParts,
        state: UpdateState,
    ) -> None:
        self.name = name
        self.others = tuple(node for node in nodes if node != name)
        self.random = random
        self.settings = settings
        self.parts = parts
        self.log = parts.log(parts.journal(persistent=settings.persistent))
        self.state = state
        self.clock = 0
        """The greatest stamp of all updates here."""
        self.now = Now(0, 0)
        self._keys: dict[str, None] = {}
        self._told = 0
        self._held: list[tuple[int, Effect]] = []
        self._waiting: dict[tuple[str, int], Update] = {}
        """Updates that came too early."""
        self._out: list[Effect] = []

    @property
    def role(self) -> Role:
        """ "peer", as all are."""
        return Role("peer")

    def apply(self, update: Update) -> None:
        """Take an update in."""
        self.clock = max(self.clock, update.stamp)
        self._keys[update.key] = None
        self.state.apply(update)

    def read(self, key: str) -> Any:
        """The value of a key here."""
        return self.state.read(key)

    @abstractmethod
    def update(self, key: str, request: Request) -> Update | Response:
        """The update that a request makes; a response if it is refused."""

    def account(self) -> Any:
        """The answer to an audit: the vector, what was lost, and a checksum of each key."""
        contents = {key: self._checksum(self.state.read(key)) for key in sorted(self._keys)}
        return {"vector": dict(self.log.vector), "lost": self.state.lost, "contents": contents}

    def _checksum(self, value: Any) -> int:
        if isinstance(value, list) and not self.ordered:
            value = sorted(map(_encode, value))
        return zlib.crc32(_encode(value))

    def may_apply(self, update: Update) -> bool:
        """Whether the next update of an origin may be applied now."""
        return True

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Apply what is on disk again."""
        self.now = now
        updates, self._out = self.log.recover(disk)
        for update in updates:
            self.apply(update)
        self._told = len(updates)
        self._out.append(SetTimer(GOSSIP, self.settings.gossip))
        return self._finish()

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Serve a client here."""
        self.now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.account()))]
        self.serve(request, message)
        return self._finish()

    def serve(self, handle: int, request: Request) -> None:
        """Serve a client; its answer waits for the disk."""
        key = word(request.key)
        if request.f == "read":
            self.hold(self.log.record_of(key), Reply(handle, Response(self.read(key))))
            return
        update = self.update(key, request)
        if isinstance(update, Response):
            self._out.append(Reply(handle, update))
            return
        self.take(update)
        self.hold(self.log.record_of(key), Reply(handle, self.acknowledgement(update)))

    def acknowledgement(self, update: Update) -> Response:
        """The answer to a change."""
        return Response(list(update.dot))

    def next_update(self, f: str, key: str, value: Any, stamp: int) -> Update:
        """The next update of this node."""
        number = self.log.vector.get(self.name, 0) + 1
        return Update(self.name, number, f, key, value, stamp, dict(self.log.vector))

    def take(self, update: Update) -> None:
        """Apply an update, and write it down."""
        self.log.add(update)
        self.apply(update)
        if update.origin == self.name:
            self._out.append(Mark("made", update.dot, update.stamp, update.known, self.now.wall))
        self._out.append(Mark("has", update.origin, update.number))
        if update.origin != self.name:
            self._out.append(update_mark(update))

    def on_message(self, now: Now, sender: str, message: SpreadMessage) -> Effects:
        """Take updates that another node tells, or its request for some."""
        self.now = now
        if isinstance(message, Tell):
            for update in message.updates:
                if update.number > self.log.vector.get(update.origin, 0):
                    self._waiting[update.dot] = update
            self._apply_waiting()
        else:
            updates = self.log.missing(message.vector)
            if updates:
                self._out.append(Send(sender, Tell(updates)))
        return self._finish()

    def _apply_waiting(self) -> None:
        progress = True
        while progress:
            progress = False
            for dot in sorted(self._waiting):
                update = self._waiting[dot]
                if update.number <= self.log.vector.get(update.origin, 0):
                    del self._waiting[dot]
                elif self.log.is_next(update) and self.may_apply(update):
                    del self._waiting[dot]
                    self.take(update)
                    progress = True

    def on_timer(self, now: Now, name: str) -> Effects:
        """Ask another node."""
        self.now = now
        if self.others:
            self._out.append(Send(self.random.choice(self.others), AskUpdates(dict(self.log.vector))))
        self._out.append(SetTimer(GOSSIP, self.settings.gossip))
        return self._finish()

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that more of the journal is on disk: answer, and tell the others what is new of this node."""
        self.now = now
        self.log.journal.on_durable(token)
        return self._finish()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def hold(self, record: int, effect: Effect) -> None:
        """Keep an effect back until a record is on disk."""
        self._held.append((record, effect))

    def _finish(self) -> list[Effect]:
        self._out += self.log.journal.flush()
        durable = self.log.journal.durable
        self._out += [effect for record, effect in self._held if record <= durable]
        self._held = [(record, effect) for record, effect in self._held if record > durable]
        new = [update for update in self.log.since(self._told) if update.origin == self.name]
        self._told = max(self._told, durable)
        if new:
            self._out += map(update_mark, new)
            self._out += [Send(other, Tell(new)) for other in self.others]
        effects, self._out = self._out, []
        return effects


def update_mark(update: Update) -> Mark:
    """The mark of an update that others may know: what is not on disk at its origin may be lost, and its name used
    again."""
    return Mark("update", update.dot, f"{update.f} {update.key} {word(update.value)}")
