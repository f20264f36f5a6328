"""Monitor of sets that only grow and are read as a whole: schedules a forced order, in O(n log n) besides the length of
what was read.

Nothing is ever removed, so in a legal order each read sees all that the reads before it saw: what was read is a chain
of sets, one in the next. That fixes the order but for operations that are interchangeable. Before the reads of a set
come the adds of the elements that are new in it, after the reads of the set before (which did not see them); adds that
no read saw come at the end. Among the adds of one step, and among the reads of one set, those invoked first go first:
it is the earliest for all. Operations in a forced order have a legal order if and only if they have one at the earliest
moments; see `monitor.ForcedSchedule`.

Each element is added once; a crashed add is as one that never returned, and is dropped if no read saw it: taken
out of an order it changes no read. Pitfall: a read that overlaps an add can be forced behind it by another element
that it saw, so a bound from invocations of reads alone is too weak; the schedule carries all.

All calls about one element can go together, reads that saw it among them: some reads with the adds of all that they
saw, and any other adds, are a core. Three operations suffice: what came too late, what it had to wait for, and a read
that shows why, if both are adds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from splitbrain.checkers.porcupine.model import Call
from splitbrain.checkers.porcupine.monitors.monitor import Decision, ForcedSchedule, MonitorInput, crashed, refuted
from splitbrain.harness.history import Interner


def grow_only(case: MonitorInput) -> Decision | None:
    """A set with add and read alone, each element added once."""
    if "add" in case.model.observes:
        return None
    found = case.meanings(_meaning)
    if found is None:
        return None
    sets = _GrowOnlySets(case)
    for operation, (added, seen) in enumerate(found):
        if added >= 0:
            if added in sets.add:
                return None
            sets.add[added] = operation
        else:
            sets.reads.setdefault(seen, []).append(operation)
    return sets.decided()


def _meaning(call: Call, pool: Interner) -> tuple[int, frozenset[int]] | None:
    """The element added, or -1 and those read; None for a read of nil, or that lists an element twice."""
    if call.f == "add":
        return pool.id(call.argument), frozenset()
    if call.f != "read" or not isinstance(call.result, tuple | list | set | frozenset):
        return None
    seen = frozenset(map(pool.id, call.result))
    return (-1, seen) if len(seen) == len(call.result) else None


@dataclass
class _GrowOnlySets:
    """The elements that were added, and the reads that saw them."""

    case: MonitorInput
    add: dict[int, int] = field(default_factory=dict)
    reads: dict[frozenset[int], list[int]] = field(default_factory=dict)

    def decided(self) -> Decision:
        schedule = ForcedSchedule(self.case.problem)
        seen: frozenset[int] = frozenset()
        before = -1
        for read in sorted(self.reads, key=len):
            reader = self.reads[read][0]
            if not seen <= read:
                return self._core((before, reader))
            if any(element not in self.add for element in read - seen):
                return self._core((reader,))
            for operation in sorted(self.add[element] for element in read - seen):
                if not schedule.place(operation):
                    return self._core((operation, schedule.cause, before))
            for operation in self.reads[read]:
                if not schedule.place(operation):
                    return self._core((operation, schedule.cause))
            seen, before = read, reader
        unseen = sorted(operation for element, operation in self.add.items() if element not in seen)
        for operation in unseen:
            if not crashed(self.case.problem, operation) and not schedule.place(operation):
                return self._core((operation, schedule.cause, before))
        return Decision(schedule.order)

    def _core(self, operations: Iterable[int]) -> Decision:
        """A core of these operations, and the adds of all elements that the reads among them saw."""
        chosen = set(operations)
        shown = [read for read, readers in self.reads.items() if not chosen.isdisjoint(readers)]
        return refuted(chosen.union(self.add[e] for read in shown for e in read if e in self.add))
