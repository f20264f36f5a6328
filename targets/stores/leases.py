"""Leases on a replicated log: what ends by itself after a time, decided by consensus, measured by one clock.

A replicated machine knows no time. So it knows grants: a lease has a name, and each time that it is granted or renewed
a greater number. Every server notes by its own monotonic clock when it applied a grant; the leader places an entry
`lapse` with the number of a grant that is older than the lease, and the machine ends that grant, if no later one has
come before in the log (Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache
Consistency", SOSP 1989; for the lapse in the log, Burrows, "The Chubby Lock Service", OSDI 2006, section 2.9).

A holder that counts from when it asked thus gives up before the lease is given to others, if monotonic clocks run at
the same rate. Pitfall: a new leader does not know how old a grant is, only when it applied it itself; that is later,
so a lease may last longer, and never shorter.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from splitbrain.harness.program import Effect, Effects, Mark, Now, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.machine import Machine
from splitbrain.targets.stores.messages import Entry, Request, Response
from splitbrain.targets.stores.raft.node import RaftNode, RaftParts
from splitbrain.targets.stores.raft.server import LEADER, RaftSettings

LAPSE = "lapse"
"""The request that ends a grant: key, the name of the lease; value, the number of the grant. And the timer."""
TICKS = 10
"""Times that a leader looks, within the length of a lease, for leases that have run out."""


class LeaseMachine(Machine, ABC):
    """A machine with leases. Its subclass says what they are."""

    def __init__(self) -> None:
        super().__init__()
        self.granted: list[str] = []
        """The leases that were granted or renewed since somebody emptied this."""
        self.marks: list[Effect] = []
        """The marks of what was changed since somebody emptied this. The first value of each is its place in the order
        of all that was applied."""

    @abstractmethod
    def leases(self) -> Iterable[str]:
        """All leases that are held."""

    @abstractmethod
    def grant(self, name: str) -> int | None:
        """The number of the present grant of a lease; None if nobody has it."""

    @abstractmethod
    def _lapse(self, name: str) -> None:
        """Take a lease from its holder."""

    def restore(self, state: bytes) -> None:
        """Become what another was; all leases count as granted now."""
        super().restore(state)
        self.granted = list(self.leases())

    def apply(self, request: Request) -> Response | None:
        """Carry out a request. A lapse has no session that could expire."""
        if request.f != LAPSE:
            return super().apply(request)
        self._count += 1
        return self._execute(request)

    def _change(self, request: Request) -> Response:
        if request.f != LAPSE:
            return super()._change(request)
        if self._lapses(request.key, request.value):
            self._lapse(request.key)
        return Response()

    def _lapses(self, name: str, grant: int) -> bool:
        """Whether this grant is the present one."""
        return self.grant(name) == grant

    def _grants(self, name: str) -> int:
        """Note that a lease is granted or renewed; the number of the grant."""
        self.granted.append(name)
        return self._count

    def _mark(self, name: str, *values: Any) -> None:
        self.marks.append(Mark(name, self._count, *values))


class LeaseNode(RaftNode):
    """A server of Raft whose machine has leases. lease: how long one lasts, nanoseconds."""

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: RaftSettings,
        lease: int,
        parts: RaftParts,
    ) -> None:
        super().__init__(name, nodes, random, settings=settings, parts=parts)
        self.machine = cast(LeaseMachine, self.server.machine)
        self._lease = lease
        self._since: dict[str, tuple[int, int]] = {}
        """The last grant of each lease: its number, and when it was applied here."""
        self._placed: dict[str, tuple[int, int]] = {}
        """The grant of each lease for which a lapse was placed, and the term."""
        self._lapses = 0

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Recover, and look at leases from now on."""
        return [*super().on_start(now, disk), SetTimer(LAPSE, self._lease // TICKS)]

    def on_timer(self, now: Now, name: str) -> Effects:
        """Look at leases, or take a timer of Raft."""
        if name != LAPSE:
            return super().on_timer(now, name)
        self.server.now = now
        self._place_lapses()
        return [*self._finish(), SetTimer(LAPSE, self._lease // TICKS)]

    def _place_lapses(self) -> None:
        """Forget the grants that are over; the leader places a lapse of each that has run out, once a term."""
        term, leads = self.server.term, self.server.role == LEADER
        for name, (grant, since) in list(self._since.items()):
            if self.machine.grant(name) != grant:
                del self._since[name]
                self._placed.pop(name, None)
            elif leads and self._clock() - since >= self._lease and self._placed.get(name) != (grant, term):
                self._placed[name] = grant, term
                self._lapses += 1
                lapse = Request(LAPSE, name, grant, f"{LAPSE} {term}", self._lapses)
                self.replication.place(Entry(term, lapse))

    def _clock(self) -> int:
        """The clock by which leases are measured."""
        return self.server.now.monotonic

    def _finish(self) -> Effects:
        """End an event, and note the grants that were applied in it."""
        effects = list(super()._finish())
        for name in self.machine.granted:
            grant = self.machine.grant(name)
            if grant is not None:
                self._since[name] = grant, self._clock()
        self.machine.granted = []
        effects += self.machine.marks
        self.machine.marks = []
        return effects
