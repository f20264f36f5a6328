"""Node of truetime: owner of some keys, and front door for all.

Pitfall: a change must not be shown before its timestamp is past either. A read with a greater timestamp would see it,
and a later read, through a node whose clock is behind, would not. So a read waits for a change under way whose
timestamp is not above its own, and is not answered with it before.
"""

import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from msgspec import Struct

from splitbrain.harness.program import Effect, Effects, Mark, Now, Reply, Role, Send, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.journal import Journal, give_up
from splitbrain.targets.stores.machine import changed, refusal
from splitbrain.targets.stores.messages import UNAVAILABLE, UNSUPPORTED, Account, Answer, Request, Response
from splitbrain.targets.stores.replicas import word
from splitbrain.targets.stores.requests import Origin, Requests, answer
from splitbrain.targets.stores.truetime.versions import TimedChange, TimedVersions

COMMIT = "commit"
WAIT_MIN, WAIT_MAX = 100_000, 50_000_000
"""The shortest and the longest pause before another look at the clock, nanoseconds."""


class TimedForward(Struct, frozen=True, gc=False, tag="timed"):
    """A request on its way to the owner of its key. at: the time at which a read is to see the key."""

    request: Request
    at: int


class IntervalClock:
    """A wall clock, and how far it may be from true time, nanoseconds."""

    def __init__(self, bound: int) -> None:
        self.bound = bound

    def earliest(self, now: Now) -> int:
        """A time that is certainly past, or now."""
        return now.wall - self.bound

    def latest(self, now: Now) -> int:
        """A time that is certainly to come, or now."""
        return now.wall + self.bound

    def read_at(self, now: Now) -> int:
        """The time at which a read that comes now is to see its key."""
        return self.latest(now)


@dataclass(frozen=True)
class TrueTimeParts:
    """The classes of which a node is made."""

    journal: type[Journal] = Journal
    versions: type[TimedVersions] = TimedVersions
    clock: type[IntervalClock] = IntervalClock


CORRECT = TrueTimeParts()


@dataclass
class PendingChange:
    """A change under way. record: the number of its record. accepted: the number under which it waits for its answer.
    shown: whether reads see it. answered: whether it is acknowledged, or refused."""

    change: TimedChange
    record: int
    accepted: int = 0
    shown: bool = False
    answered: bool = False


class TrueTimeNode:
    """One node. bound: of its clock, nanoseconds. waits: whether changes wait until their timestamps are past."""

    message_type: ClassVar[Any] = TimedForward | Answer
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        bound: int,
        waits: bool = True,
        persistent: bool = True,
        parts: TrueTimeParts = CORRECT,
    ) -> None:
        self.name, self.nodes, self.waits = name, tuple(nodes), waits
        self.journal = parts.journal(persistent=persistent)
        self.versions = parts.versions(self.journal)
        self.clock = parts.clock(bound)
        self.requests = Requests()
        self.pending: dict[str, deque[PendingChange]] = {}
        """Key → its changes under way: one, and after a start perhaps more."""
        self._queued: dict[str, deque[tuple[int, Request]]] = {}
        """Key → requests that change it and wait for those under way, with the numbers of their acceptance."""
        self._reads: list[tuple[TimedForward, Origin]] = []
        self._accepted = 0

    @property
    def role(self) -> Role:
        """ "peer", as all are."""
        return Role("peer")

    def owner_of(self, key: str) -> str:
        """The node that has a key."""
        return self.nodes[zlib.crc32(key.encode()) % len(self.nodes)]

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Read the journal. What is on disk may not have been shown before, and so it waits again."""
        found, effects = self.versions.recover(disk)
        for record, change in found:
            if self.waits and change.at >= self.clock.earliest(now):
                self.pending.setdefault(change.key, deque()).append(PendingChange(change, record))
        return [Mark("clock", now.wall), *effects, *self._go_on(now)]

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Give it a time, and serve it here or pass it on to the owner of its key."""
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.account()))]
        nonsense = refusal(message)
        if nonsense is not None or message.f == "txn":
            return [Reply(request, nonsense or Response(error=UNSUPPORTED, text="there are no transactions"))]
        timed = TimedForward(message, self.clock.read_at(now))
        asked: list[Effect] = [Mark("asked", timed.at)] if message.f == "read" else []
        owner = self.owner_of(word(message.key))
        if owner == self.name:
            return asked + self._serve(now, timed, request)
        self.requests.forward(owner, request, message)
        return [*asked, Send(owner, timed)]

    def account(self) -> Account:
        """The answer to an audit: of this node's keys."""
        return Account(self.journal.written, 0, 0, self.versions.sessions())

    def on_message(self, now: Now, sender: str, message: TimedForward | Answer) -> Effects:
        """A request for a key of this node, or the answer to one that was passed on."""
        if isinstance(message, TimedForward):
            return self._serve(now, message, sender)
        return self.requests.answered(message)

    def _serve(self, now: Now, timed: TimedForward, origin: Origin) -> list[Effect]:
        request = timed.request
        if request.f == "read":
            self._reads.append((timed, origin))
        elif not self.requests.joins(request, origin):
            key, name = word(request.key), (request.session, request.sequence)
            under_way = next((one for one in self.pending.get(key, ()) if one.change.request == name), None)
            if under_way is None and self.versions.known(name):
                before = self.versions.answer_to(name)
                return [Mark("deduplicated")] + ([answer(origin, request, before)] if before is not None else [])
            self._accepted += 1
            self.requests.placed(self._accepted, request, origin)
            if under_way is not None:
                under_way.accepted = self._accepted
            else:
                self._queued.setdefault(key, deque()).append((self._accepted, request))
        return self._go_on(now)

    def on_timer(self, now: Now, name: str) -> Effects:
        """Look at the clock again."""
        return self._go_on(now)

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that more of the journal is on disk."""
        self.journal.on_durable(token)
        return self._go_on(now)

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    # Changes, one after the other for each key.

    def _go_on(self, now: Now) -> list[Effect]:
        """Show and answer what may be, begin what waited for it, and see when to look at the clock again."""
        effects = self._advance(now)
        for key in [key for key in self._queued if key not in self.pending]:
            self._begin(key, *self._queued[key].popleft(), now)
            if not self._queued[key]:
                del self._queued[key]
        effects += self.journal.flush()
        effects += self._advance(now)  # without a disk, or a wait, it is done by now
        effects += self._answer_reads()
        return effects + self._look_again(now)

    def _begin(self, key: str, accepted: int, request: Request, now: Now) -> None:
        """Carry out a request that changes a key: none is under way."""
        before, value, revision = self.versions.last(key)
        value, error = changed(value, request)
        at = 0 if error is not None else max(self.clock.latest(now), before + 1)
        name = (request.session, request.sequence)
        change = TimedChange(key, at, value, name, error or Response(None, revision + 1))
        self.pending[key] = deque([PendingChange(change, self.versions.add(change), accepted)])

    def _advance(self, now: Now) -> list[Effect]:
        """Show and answer the changes under way for which it is time."""
        effects: list[Effect] = []
        for key, changes in list(self.pending.items()):
            for one in changes:
                if not one.shown and self.may_show(one, now):
                    one.shown = True
                    effects += self._shown(one)
                if not one.answered and self.may_answer(one, now):
                    one.answered = True
                    request = Request("", key, None, *one.change.request)
                    effects += self.requests.applied(one.accepted, request, one.change.response)
            while changes and changes[0].shown and changes[0].answered:
                changes.popleft()
            if not changes:
                del self.pending[key]
        return effects

    def may_show(self, one: PendingChange, now: Now) -> bool:
        """Whether reads may see a change: it is on disk, and its timestamp is past."""
        return self.durable(one) and (not self.waits or self.clock.earliest(now) > one.change.at)

    def may_answer(self, one: PendingChange, now: Now) -> bool:
        """Whether a change may be acknowledged, or refused."""
        return self.may_show(one, now)

    def durable(self, one: PendingChange) -> bool:
        """Whether a change is on disk."""
        return one.record <= self.journal.durable

    def _shown(self, one: PendingChange) -> list[Effect]:
        change = one.change
        if not change.at:
            return []
        place = f"{self.name} {one.record}"
        stamped = Mark("stamped", word(change.value), change.at)
        return [Mark("shown", change.key, one.record, change.at), stamped, Mark("executed", change.request, place)]

    # Reads.

    def _answer_reads(self) -> list[Effect]:
        """Answer reads that have no change under way before them."""
        effects, waiting = [], []
        for timed, origin in self._reads:
            key = word(timed.request.key)
            if any(not one.shown and 0 < one.change.at <= timed.at for one in self.pending.get(key, ())):
                waiting.append((timed, origin))
                continue
            found = self.versions.up_to(key, timed.at)
            effects.append(answer(origin, timed.request, found or Response(error=UNAVAILABLE, text="too long ago")))
        self._reads = waiting
        return effects

    def _look_again(self, now: Now) -> list[Effect]:
        """A timer for the first change that waits for the clock alone."""
        stamps = [changes[0].change.at for changes in self.pending.values() if self.durable(changes[0])]
        if not stamps:
            return []
        return [SetTimer(COMMIT, min(max(min(stamps) - self.clock.earliest(now) + 1, WAIT_MIN), WAIT_MAX))]
