"""Monitor of registers whose writes are all different, by zones, in O(n log n).

Gibbons & Korach, "Testing shared memories", SIAM J. Comput. 26(4), 1997, §4. The write of a value and its reads are a
*cluster*; they stand together in every legal order, the write first, since no other write makes this value. A cluster
has a *zone* between f, its first return, and s, its last invocation. If f < s (*forward*) the register holds the value
all the time from f to s, for something ended by f and something began at s. Else (*backward*) all operations of the
cluster are open from s to f, and it fits at any moment in between.

Linearizable if and only if each read has a write, none returned before its write was invoked, no two forward zones
overlap, and no backward zone lies inside a forward one. Necessary: shown above. Sufficient: a forward cluster is placed
with its write at f and each read at its invocation, or at f if that is later; a backward one at s, or if that lies in a
forward zone, at the end of that, which comes before its own f. Each operation then stands between its invocation and
its return, and clusters do not mix: that order is the certificate.

The initial value is a write that returned before everything. A crashed write never returned, which the proof permits.
One that nobody read is dropped: taken out of a legal order it changes no read. Pitfall: it is the order of the
tests: only the writes that are left must differ from each other and from the initial value.

A part of the history that holds the write of each read in it is linearizable if the whole is: reads keep the last write
before them. So the ends of two clusters, with their writes, are a core. `kernel/zones.pyx` is the compiled twin.
"""

from array import array
from bisect import bisect_right
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import UNSEEN, Call
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, crashed, refuted
from splitbrain.checkers.porcupine.prepare import Problem
from splitbrain.harness.history import Interner


def zones(case: MonitorInput) -> Decision | None:
    """A register or key whose writes differ from each other and from the initial value, without cas and append."""
    clusters = _clusters(case)
    return None if clusters is None else decided(clusters, case.problem)


def decided(clusters: Sequence["ValueCluster"], problem: Problem) -> Decision:
    """The decision on clusters, of which each has its own zone."""
    call, ret = problem.call, problem.ret
    for cluster in clusters:
        early = _read_before_its_write(cluster, call, ret)
        if early >= 0:
            return refuted((early, cluster.write))
        cluster.bound(call, ret)
    forward = sorted((c for c in clusters if c.forward), key=lambda c: c.first)
    for earlier, later in pairwise(forward):
        if earlier.last > later.first:
            return refuted((*earlier.ends, *later.ends))
    starts = [c.first for c in forward]
    for cluster in clusters:
        if cluster.forward:
            cluster.place = cluster.first
            continue
        cluster.place = cluster.last
        around = bisect_right(starts, cluster.last) - 1
        if around >= 0 and forward[around].last > cluster.last:
            cluster.place = forward[around].last
            if cluster.place > cluster.first:
                return refuted((*cluster.ends, *forward[around].ends))
    order: list[int] = []
    for cluster in sorted(clusters, key=lambda c: c.place):
        order += [cluster.write, *cluster.reads] if cluster.write >= 0 else cluster.reads
    return Decision(order)


@dataclass(slots=True)
class ValueCluster:
    """A write (-1 for the initial value) and its reads, in order of invocation."""

    write: int
    initial: bool
    reads: list[int] = field(default_factory=list)
    first: int = -1
    """The first return,"""
    last: int = -1
    """and the last invocation."""
    ends: tuple[int, ...] = ()
    """The write, and the operations that these two are of."""
    place: int = -1

    @property
    def forward(self) -> bool:
        return self.first < self.last

    def bound(self, call: "array[int]", ret: "array[int]") -> None:
        members = self.reads if self.initial else [self.write, *self.reads]
        earliest = -1 if self.initial else min(members, key=ret.__getitem__)
        latest = max(members, key=call.__getitem__, default=-1)
        self.first = -1 if self.initial else ret[earliest]
        self.last = -2 if latest < 0 else call[latest]
        self.ends = (self.write, earliest, latest)


def _meaning(call: Call, pool: Interner) -> tuple[bool, int] | None:
    """(is it a write, value)."""
    if call.f in ("write", "put"):
        return True, pool.id(call.argument)
    if call.f in ("read", "get") and call.result is not UNSEEN:
        return False, pool.id(call.result)
    return None


def _clusters(case: MonitorInput) -> list[ValueCluster] | None:
    """All clusters; None if the history does not qualify. A read without a write gets a cluster without one."""
    initial_value: list[int] = []

    def meaning(call: Call, pool: Interner) -> tuple[bool, int] | None:
        if not initial_value:
            initial_value.append(pool.id(case.model.initial))
        return _meaning(call, pool)

    found = case.meanings(meaning)
    return None if found is None else clustered(found, case.problem, initial_value)


def clustered(
    found: Sequence[tuple[bool, Hashable]], problem: Problem, initial_value: Sequence[Hashable]
) -> "list[ValueCluster] | None":
    """The clusters of operations (is it a write, value) in their order; None if two writes make one value.
    initial_value: at most one."""
    read = {value for is_write, value in found if not is_write}
    clusters: dict[Hashable, ValueCluster] = {initial_value[0]: ValueCluster(-1, True)} if initial_value else {}
    for operation, (is_write, value) in enumerate(found):
        if is_write and (value in read or not crashed(problem, operation)):
            if value in clusters:
                return None
            clusters[value] = ValueCluster(operation, False)
    for operation, (is_write, value) in enumerate(found):
        if not is_write:
            clusters.setdefault(value, ValueCluster(-1, False)).reads.append(operation)
    return list(clusters.values())


def _read_before_its_write(cluster: ValueCluster, call: "array[int]", ret: "array[int]") -> int:
    """A read of a value that nobody had begun to write when it returned, or -1."""
    if cluster.initial:
        return -1
    began = NEVER if cluster.write < 0 else call[cluster.write]
    return next((operation for operation in cluster.reads if ret[operation] < began), -1)
