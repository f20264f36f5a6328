"""Replica: what the nodes of stores without a leader share. Each holds copies, and coordinates for its clients.

A node that is asked by a client coordinates: it sends rounds of `Get` and `Put` to the replicas of the key, itself
among them (a message to itself takes no time and is not lost). A replica joins what it is given, and answers when it
has it on disk.

Pitfall: a version that is not yet on disk must not be read either, or a crash takes back what somebody saw; so the
answer to a `Get` waits for the disk as well.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from splitbrain.harness.program import Effect, Effects, Mark, Now, Reply, Role, Send, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.copies import ReplicaCopies
from splitbrain.targets.stores.journal import Journal, give_up
from splitbrain.targets.stores.messages import IN_DOUBT, UNAVAILABLE, UNSUPPORTED, Request, Response
from splitbrain.targets.stores.rounds import Rounds
from splitbrain.targets.stores.versions import Join, Rank, Versions, greatest

TICK = "tick"
TICK_EVERY = 25_000_000
"""The pause between two looks at open rounds, nanoseconds."""


class Get(Struct, frozen=True, tag="get"):
    """Tell the versions of a key."""

    round: int
    key: str


class Put(Struct, frozen=True, tag="put"):
    """Join these versions of a key. owner: the replica for which to keep them as a hint; None: they are the node's."""

    round: int
    key: str
    versions: Versions
    owner: str | None = None


class Got(Struct, frozen=True, tag="got"):
    """The answer to a `Get`."""

    round: int
    versions: Versions


class Stored(Struct, frozen=True, tag="stored"):
    """The answer to a `Put`: the versions are on disk."""

    round: int


ReplicaMessage = Get | Put | Got | Stored


@dataclass(frozen=True)
class ReplicaParts:
    """The classes of which a replica is made."""

    journal: type[Journal] = Journal
    copies: type[ReplicaCopies] = ReplicaCopies
    rounds: type[Rounds] = Rounds


@dataclass(frozen=True)
class ReplicaSettings:
    """persistent: False keeps nothing over a restart. resend, patience: see `Rounds`, nanoseconds."""

    persistent: bool = True
    resend: int = 100_000_000
    patience: int = 1_000_000_000


class ReplicaNode(ABC):
    """One node: replica and coordinator. A store says by `_read` and `_write` how it coordinates."""

    message_type: ClassVar[Any] = ReplicaMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response
    changes: ClassVar[tuple[str, ...]] = ("write",)
    """The requests that it carries out beside reads."""

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        join: Join,
        settings: ReplicaSettings,
        parts: ReplicaParts,
    ) -> None:
        self.name = name
        self.nodes = tuple(nodes)
        self.random = random
        self.settings = settings
        self.copies = parts.copies(parts.journal(persistent=settings.persistent), join)
        self.rounds = parts.rounds(settings.resend, settings.patience)
        self.now = Now(0, 0)
        self._number = 0
        self._ticking = False
        self._stored: list[tuple[int, str, Rank]] = []
        """Answers to `Put` that wait for the disk: the record, the name of the copy, and its greatest rank."""

    @property
    def role(self) -> Role:
        """ "peer", as all are."""
        return Role("peer")

    @property
    def actor(self) -> str:
        """The name under which this life of the node makes versions."""
        return f"{self.name}.{self.copies.starts}"

    def next_number(self) -> int:
        """The number of the next version that this life of the node makes."""
        self._number += 1
        return self._number

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Read what is on disk."""
        self.now = now
        effects = self.copies.recover(disk)
        self.rounds.started(self.copies.starts)
        found = [(copy_name(key), greatest(self.copies.of(key))) for key in self.copies]
        found += [(copy_name(*hint), greatest(versions)) for hint, versions in self.copies.hints.items()]
        return [Mark("recovered", tuple(found)), *self._finish(effects)]

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Coordinate what a client asks."""
        self.now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.account()))]
        if message.f != "read" and message.f not in self.changes:
            return [Reply(request, Response(error=UNSUPPORTED, text=f"no such operation: {message.f}"))]
        if not self.copies.ready:
            return [Reply(request, Response(error=UNAVAILABLE, text="the node is starting"))]
        key = word(message.key)
        return self._finish(self._read(request, key) if message.f == "read" else self._change(request, key, message))

    def on_message(self, now: Now, sender: str, message: ReplicaMessage) -> Effects:
        """Take a coordinator's request, or a replica's answer."""
        self.now = now
        return self._finish(self._receive(sender, message))

    def on_timer(self, now: Now, name: str) -> Effects:
        """Look at rounds."""
        self.now = now
        self._ticking = False
        return self._finish(self.rounds.tick(now.monotonic))

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that more of the journal is on disk."""
        self.now = now
        self.copies.journal.on_durable(token)
        return self._finish([])

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def account(self) -> list[list[Any]]:
        """The node's account of its copies: of each key the greatest rank, hints included."""
        found = {key: self.copies.known(key) for key in (*self.copies, *(key for key, _ in self.copies.hints))}
        return [[key, list(greatest(versions))] for key, versions in found.items()]

    @abstractmethod
    def _read(self, handle: int, key: str) -> list[Effect]:
        """Coordinate a read."""

    @abstractmethod
    def _change(self, handle: int, key: str, request: Request) -> list[Effect]:
        """Coordinate any other request."""

    def _receive(self, sender: str, message: ReplicaMessage) -> list[Effect]:
        """Handle a message. Answers wait for the disk."""
        journal = self.copies.journal
        match message:
            case Get(number, key):
                journal.hold(self.copies.held_by(key), Send(sender, Got(number, self.copies.known(key))))
            case Put(number, key, versions, owner):
                effects = self.merge(key, versions, owner)
                record = self.copies.held_by(key)
                journal.hold(record, Send(sender, Stored(number)))
                held = self.copies.of(key) if owner is None else self.copies.hints.get((key, owner), ())
                self._stored.append((record, copy_name(key, owner), greatest(held)))
                return effects
            case Got(number, versions):
                return self.rounds.heard(sender, number, versions)
            case Stored(number):
                return self.rounds.heard(sender, number, None)
        return []

    def merge(self, key: str, versions: Versions, owner: str | None = None) -> list[Effect]:
        """Join versions into the copy of a key, or into a hint; the marks of it."""
        if not self.copies.merge(key, versions, owner) or owner is not None:
            return []
        now = self.copies.of(key)
        marks: list[Effect] = [Mark("version", version.dot, word(version.value)) for version in versions]
        return [*marks, Mark("copy", key, greatest(now))]

    def _kept(self) -> list[Effect]:
        """The mark `kept` (name, rank) of each copy that the node says from now on to have on disk."""
        durable = self.copies.journal.durable
        ready = [(name, rank) for record, name, rank in self._stored if record <= durable]
        if ready:
            self._stored = [waiting for waiting in self._stored if waiting[0] > durable]
        return [Mark("kept", name, rank) for name, rank in ready]

    def handed(self, key: str, owner: str) -> list[Effect]:
        """The mark `handed` (name) of a hint that its owner has: nothing is promised of it any more."""
        name = copy_name(key, owner)
        self._stored = [waiting for waiting in self._stored if waiting[1] != name]
        return [Mark("handed", name)]

    def begin(
        self, to: Sequence[str], make: Any, need: int, then: Any, gives_up: Any, later: Any = None
    ) -> list[Effect]:
        """Begin a round: see `Rounds.begin`."""
        return self.rounds.begin(self.now.monotonic, to, make, need, then, gives_up, later)

    def _finish(self, effects: Sequence[Effect]) -> list[Effect]:
        """End an event: write, say what the disk allows to be said, and carry out what the node tells itself."""
        journal, out = self.copies.journal, list[Effect]()
        waiting, working = list(effects), True
        while working:
            own = [effect.message for effect in waiting if type(effect) is Send and effect.to == self.name]
            out += [effect for effect in waiting if type(effect) is not Send or effect.to != self.name]
            waiting = [effect for message in own for effect in self._receive(self.name, message)]
            if not waiting:
                out += journal.flush()
                out += self._kept()
                waiting = list(journal.released())
            working = bool(waiting)
        if self.rounds.open and not self._ticking:
            self._ticking = True
            out.append(SetTimer(TICK, TICK_EVERY))
        return out


def copy_name(key: str, owner: str | None = None) -> str:
    """The name of the copy of a key, or of a hint of it, in marks."""
    return key if owner is None else f"{key} for {owner}"


def word(key: Any) -> str:
    """A key or a value as one text, the same before and after it was on the wire."""
    return key if isinstance(key, str) else msgspec.json.encode(key).decode()


def refused(handle: int, text: str) -> list[Effect]:
    """The answer to a request of which nothing was done."""
    return [Reply(handle, Response(error=UNAVAILABLE, text=text))]


def in_doubt(handle: int, text: str) -> list[Effect]:
    """The answer to a change that may have been made at some replicas."""
    return [Reply(handle, Response(error=IN_DOUBT, text=text))]
