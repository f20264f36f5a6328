"""Monitor of append-only lists of different elements: schedules a forced order, in O(n log n) besides the length of
what was read.

Nothing is ever taken away or moved, so every read saw a beginning of what the longest read saw, and that is the order
of the appends. A read of k elements stands between the k-th append and the next; appends that no read saw come at the
end, so one that was acknowledged and that a read missed comes after that read. Among the reads of one length, and among
the appends at the end, those invoked first go first: it is the earliest for all. Operations in a forced order have a
legal order if and only if they have one at the earliest moments; see `monitor.ForcedSchedule`.

Each element is appended once; a crashed append is as one that never returned, and is dropped if no read saw it:
taken out of an order it changes no read. Pitfall: a read of nil is one of the empty list.

All calls about one element can go together, reads that saw it among them: some reads with the appends of all that they
saw, and any other appends, are a core. Three operations suffice: what came too late, what it had to wait for, and, if
both are appends, the longest read, which shows their order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from splitbrain.checkers.porcupine.model import Call
from splitbrain.checkers.porcupine.monitors.monitor import Decision, ForcedSchedule, MonitorInput, crashed, refuted
from splitbrain.harness.history import Interner


def appends(case: MonitorInput) -> Decision | None:
    """A list with append and read, each element appended once."""
    found = case.meanings(_meaning)
    if found is None:
        return None
    lists = _Lists(case)
    for operation, (appended, seen) in enumerate(found):
        if appended < 0:
            lists.reads.append((seen, operation))
        elif appended in lists.append:
            return None
        else:
            lists.append[appended] = operation
    return lists.decided()


def _meaning(call: Call, pool: Interner) -> tuple[int, tuple[int, ...]] | None:
    """The element appended, or -1 and those read."""
    if call.f == "append":
        return pool.id(call.argument), ()
    if call.f != "read" or not (call.result is None or isinstance(call.result, tuple | list)):
        return None
    return -1, tuple(map(pool.id, call.result or ()))


@dataclass
class _Lists:
    """The elements that were appended, and those that each read saw."""

    case: MonitorInput
    append: dict[int, int] = field(default_factory=dict)
    reads: list[tuple[tuple[int, ...], int]] = field(default_factory=list)

    def decided(self) -> Decision:
        longest, reader = max(self.reads, key=lambda read: len(read[0]), default=((), -1))
        if len(set(longest)) < len(longest) or any(element not in self.append for element in longest):
            return self._core((reader,))
        by_length: list[list[int]] = [[] for _ in range(len(longest) + 1)]
        for seen, operation in self.reads:
            if seen != longest[: len(seen)]:
                return self._core((reader, operation))
            by_length[len(seen)].append(operation)
        schedule = ForcedSchedule(self.case.problem)
        for length, readers in enumerate(by_length):
            placed = [self.append[longest[length - 1]], *readers] if length else readers
            for operation in placed:
                if not schedule.place(operation):
                    return self._core((operation, schedule.cause), reader)
        for element in set(self.append).difference(longest):
            if crashed(self.case.problem, self.append[element]):
                del self.append[element]
        for operation in sorted(self.append[element] for element in set(self.append).difference(longest)):
            if not schedule.place(operation):
                return self._core((operation, schedule.cause), reader)
        return Decision(schedule.order)

    def _core(self, operations: Iterable[int], longest: int = -1) -> Decision:
        """A core of these operations, with the longest read if all are appends, and the appends of all that the reads
        saw."""
        chosen = set(operations)
        if chosen.isdisjoint(operation for _, operation in self.reads):
            chosen.add(longest)
        shown = [seen for seen, operation in self.reads if operation in chosen]
        return refuted(chosen.union(self.append[e] for seen in shown for e in seen if e in self.append))
