"""Sources of operations where the state has parts that are left and seen apart: registers, elements of a set.

Let π be a legal order of the whole, r an operation that is kept, and p a part of the state in which r saw something.
The last operation before r in π that leaves something in p left what r saw; if there is none, r saw what p was at
first. So if all that may be that operation is kept, for every part in which r saw something, π without the others gives
each r what it saw, and is legal.

What may be that operation: one that leaves in p what r saw there, and was invoked before r returned; unless a completed
one that leaves anything in p lies between for certain: it was invoked after that one returned, and returned before r
was invoked. A crashed r of which nobody knows what it saw is legal wherever it stands.

Where nothing may be that operation, the one that lies between is kept with r, and the last that left what r saw before.
The proof does not need them, but without them nobody sees why nothing is left.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import accumulate

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import Model, Trace
from splitbrain.checkers.porcupine.prepare import Prepared, Problem


def traces_of(model: Model, problem: Problem, prepared: Prepared) -> dict[int, Trace]:
    """The traces of the calls of a problem, by class."""
    of_call = model.independence.traces
    assert of_call is not None
    return {kind: of_call(prepared.classes[kind]) for kind in set(problem.kind)}


def fed_by_traces(problem: Problem, traces: Mapping[int, Trace]) -> list[list[int]]:
    """The operations that cannot stay without it, of each operation. traces: by class of calls."""
    fed: list[list[int]] = [[] for _ in range(len(problem))]
    parts = _Parts(problem, traces)
    for later, kind in enumerate(problem.kind):
        for part, value in parts.seen(traces[kind]):
            for earlier in parts.sources(later, part, value):
                if earlier != later:
                    fed[earlier].append(later)
    return fed


def with_sources(problem: Problem, traces: Mapping[int, Trace], core: Iterable[int]) -> set[int]:
    """Operations of a core, with all that may have left what they saw."""
    needs: dict[int, list[int]] = defaultdict(list)
    for earlier, fed in enumerate(fed_by_traces(problem, traces)):
        for later in fed:
            needs[later].append(earlier)
    found, todo = set[int](), list(core)
    while todo:
        operation = todo.pop()
        if operation not in found:
            found.add(operation)
            todo.extend(needs[operation])
    return found


class _Parts:
    """The values that operations left, part by part."""

    def __init__(self, problem: Problem, traces: Mapping[int, Trace]) -> None:
        self._call, self._ret = problem.call, problem.ret
        self._left: dict[Hashable, dict[Hashable, list[int]]] = defaultdict(lambda: defaultdict(list))
        """The operations that left a value in a part, in order of invocation."""
        completed: dict[Hashable, list[tuple[int, int, int]]] = defaultdict(list)
        for operation, kind in enumerate(problem.kind):
            for part, value in traces[kind].left.items():
                self._left[part][value].append(operation)
                if problem.ret[operation] != NEVER:
                    completed[part].append((problem.ret[operation], problem.call[operation], operation))
        self._returns: dict[Hashable, list[int]] = {}
        self._latest: dict[Hashable, list[tuple[int, int]]] = {}
        """The one invoked last of those that had returned, and when it was, by how many had returned."""
        for part, moments in completed.items():
            moments.sort()
            self._returns[part] = [ret for ret, _, _ in moments]
            self._latest[part] = list(accumulate(((call, operation) for _, call, operation in moments), max))

    def seen(self, trace: Trace) -> Iterator[tuple[Hashable, Hashable]]:
        """The parts in which an operation saw something that may have been left there."""
        yield from trace.seen.items()
        if trace.elsewhere is not None:
            yield from ((part, trace.elsewhere[0]) for part in self._left if part not in trace.seen)

    def sources(self, later: int, part: Hashable, value: Hashable) -> list[int]:
        """The operations that may have left this value in this part for a later one; if there are none, those that show
        why."""
        call, ret = self._call, self._ret
        if part not in self._left:
            return []
        had_returned = bisect_left(self._returns.get(part, ()), call[later])
        since, guard = self._latest[part][had_returned - 1] if had_returned else (-1, -1)
        left = self._left[part].get(value, [])
        begun = left[: bisect_left(left, ret[later], key=call.__getitem__)]
        found = [earlier for earlier in begun if ret[earlier] >= since]
        if found or guard < 0 or ret[later] == NEVER:
            return found
        return [guard, *begun[-1:]]
