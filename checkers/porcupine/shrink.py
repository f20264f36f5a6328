"""Shrinking of a refuted history: which operations can be left out so that what remains still proves it.

That what remains is not linearizable is not enough: without the write, a correct read is a read of nothing. What may
go is decided so that *if the whole were linearizable, what remains would be too*; then the small history refutes the
large one. Let π be a legal order of the whole.

- **The end.** Linearizability is prefix-closed: cut π behind the last operation that returned before a moment. What was
  invoked after that moment goes; what was open at it counts as crashed (its result is not looked at, which only permits
  more). The moment is the return at which the search could not go on. (Done by `witness`.)
- **Pure operations**, one by one: π without one is legal.
- **All operations with one label** (`Independence.parts`), by the promise of the model.
- **Operations that feed nothing that stays**: see `sources`, and `traces` where the state has parts. An operation may
  go together with all that it may be a source of, and so on: its *closure*.

Shrinking is delta debugging (Zeller & Hildebrandt 2002) over companies. First the last 1, 2, 4, … operations to return
are tried alone, with what they need: an anomaly is mostly at the end of what was cut. Of a long problem that is done
with the last RECENT operations, and what was open then; what may need something from before is not taken (see
`sources`). Then whole classes of calls go,
then halves, quarters, … down to single operations; each candidate is searched with a small limit. It is done again
with what remains, until nothing changes: then no operation can go with its closure (unless a limit came first).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.prepare import Prepared, Problem
from splitbrain.checkers.porcupine.sources import Sources
from splitbrain.checkers.porcupine.traces import fed_by_traces, traces_of
from splitbrain.harness.budget import BudgetMeter

RECENT = 1_000
"""Operations, and eight times as many, and so on, that are looked at before all are."""

StillInvalid = Callable[[Problem], bool]
"""Whether a problem is known not to be linearizable; no where it is not known."""


def smallest(
    model: Model, problem: Problem, prepared: Prepared, spending: BudgetMeter, still_invalid: StillInvalid
) -> Problem:
    """A minimal problem that still refutes; the given one, which should, if no smaller one is found. What `spending`
    allows may end it earlier."""
    problem = recent(model, problem, prepared, spending, still_invalid) or problem
    while True:
        kept = _Shrinking(model, problem, prepared, spending, still_invalid).shrink()
        if len(kept) == len(problem):
            return problem
        problem = subproblem(problem, kept)


def subproblem(problem: Problem, kept: Iterable[int]) -> Problem:
    """The problem of some of its operations, in their order."""
    out = Problem(problem.key)
    for operation in kept:
        out.row.append(problem.row[operation])
        out.kind.append(problem.kind[operation])
        out.call.append(problem.call[operation])
        out.ret.append(problem.ret[operation])
    return out


def recent(
    model: Model, problem: Problem, prepared: Prepared, spending: BudgetMeter, still_invalid: StillInvalid
) -> Problem | None:
    """The last operations of a long problem with all that they need, if they refute alone."""
    size = RECENT if model.independence.feeds is not None else len(problem)
    while size < len(problem) and not spending.exhausted():
        first = len(problem) - size
        since = problem.call[first]
        still_open = [operation for operation in range(first) if problem.ret[operation] >= since]
        part = subproblem(problem, [*still_open, *range(first, len(problem))])
        closure = Closure(model, part, prepared, since)
        found = tail(part, closure, spending, still_invalid)
        if found is not None:
            return subproblem(part, sorted(found))
        size *= 8
    return None


def tail(problem: Problem, closure: "Closure", spending: BudgetMeter, still_invalid: StillInvalid) -> set[int] | None:
    """The last 1, 2, 4, … operations to return with all that they need, if they refute alone."""
    ret = problem.ret
    by_return = sorted((o for o in range(len(problem)) if ret[o] != NEVER), key=ret.__getitem__)
    size = 1
    while size < len(by_return) and not spending.exhausted():
        kept = closure.needed_by(by_return[-size:])
        if kept and still_invalid(subproblem(problem, sorted(kept))):
            return kept
        size *= 2
    return None


class Closure:
    """Operations that must go with an operation that goes, and those that must stay with one that stays."""

    def __init__(self, model: Model, problem: Problem, prepared: Prepared, since: int = -1) -> None:
        """since: see `sources`; only for `needed_by` of a model that says what feeds what."""
        self._rootless: set[int] = set()
        self._pure = [bool(prepared.pure[kind]) for kind in problem.kind]
        self._fed: list[list[int]] | None = None
        self.has_traces = model.independence.traces is not None
        self._labels: list[Sequence[Hashable]] = [()] * len(problem)
        self._bearers: dict[Hashable, list[int]] = defaultdict(list)
        if model.independence.traces is not None:
            self._fed = fed_by_traces(problem, traces_of(model, problem, prepared))
        elif model.independence.feeds is not None:
            sources = Sources(model, problem, prepared, since)
            self._fed, self._rootless = sources.fed, sources.rootless()
        if model.independence.parts is not None and model.independence.feeds is None:
            known = [model.independence.parts(call) for call in prepared.classes]
            about_all = any(known[kind] is None for kind in problem.kind)
            labels = [() if about_all or found is None else found for found in known]
            self._labels = [labels[kind] for kind in problem.kind]
            for operation, borne in enumerate(self._labels):
                for label in borne:
                    self._bearers[label].append(operation)

    def of(self, operations: Iterable[int], kept: set[int]) -> set[int]:
        """The closure of these operations: those of them that can go, and all of `kept` that must go with them."""
        gone: set[int] = set()
        todo = list(operations)
        while todo:
            operation = todo.pop()
            if operation in gone or operation not in kept:
                continue
            if self._pure[operation]:
                gone.add(operation)
            elif self._fed is not None:
                gone.add(operation)
                todo.extend(self._fed[operation])
            elif self._labels[operation]:
                gone.update(kept.intersection(self._bearers[self._labels[operation][0]]))
        return gone

    def labelled(self, kept: set[int]) -> Iterator[set[int]]:
        """For each label all operations of `kept` that bear it, the largest sets first."""
        borne = (kept.intersection(bearers) for bearers in self._bearers.values())
        yield from sorted((found for found in borne if found), key=len, reverse=True)

    def needed_by(self, operations: Sequence[int]) -> set[int]:
        """The smallest set that these operations are in and that all others can be left out of; empty if it may lack
        something from before `since`."""
        if self._fed is None:
            wanted = {label for operation in operations for label in self._labels[operation]}
            changing = [operation for operation, pure in enumerate(self._pure) if not pure]
            return {o for o in changing if not self._labels[o] or self._labels[o][0] in wanted}.union(operations)
        needs: list[list[int]] = [[] for _ in self._fed]
        for earlier, fed in enumerate(self._fed):
            for later in fed:
                needs[later].append(earlier)
        found: set[int] = set()
        todo = list(operations)
        while todo:
            operation = todo.pop()
            if operation not in found:
                found.add(operation)
                todo.extend(needs[operation])
        return set() if found & self._rootless else found


class _Shrinking:
    """One pass of delta debugging over one problem."""

    def __init__(
        self, model: Model, problem: Problem, prepared: Prepared, spending: BudgetMeter, still_invalid: StillInvalid
    ) -> None:
        self._problem = problem
        self._spending = spending
        self._pure = [prepared.pure[kind] for kind in problem.kind]
        self._closure = Closure(model, problem, prepared)
        self._still_invalid = still_invalid
        self._kept = set(range(len(problem)))

    def shrink(self) -> list[int]:
        """The operations that are left."""
        found = tail(self._problem, self._closure, self._spending, self._still_invalid)
        self._kept = self._kept if found is None else found
        self._drop_labels()
        self._drop_classes()
        size = len(self._kept)
        while size > 1:
            size = max(1, size // 2)
            while self._drop_chunks(size) and size == 1:
                pass
        return sorted(self._kept)

    def _drop(self, operations: Iterable[int]) -> bool:
        """Leave operations out, with their closure, if what remains still refutes."""
        if self._spending.exhausted():
            return False
        gone = self._closure.of(operations, self._kept)
        return bool(gone) and self._keep(self._kept - gone)

    def _keep(self, kept: set[int]) -> bool:
        """Leave out all but these, if they still refute."""
        if not kept or not self._still_invalid(subproblem(self._problem, sorted(kept))):
            return False
        self._kept = kept
        return True

    def _drop_labels(self) -> None:
        """Leave out all that bears a label, where operations go one by one else."""
        for bearers in list(self._closure.labelled(self._kept)) if self._closure.has_traces else ():
            if not self._spending.exhausted():
                self._keep(self._kept - bearers)

    def _drop_classes(self) -> None:
        by_kind: dict[int, list[int]] = defaultdict(list)
        for operation in sorted(self._kept):
            by_kind[self._problem.kind[operation]].append(operation)
        for members in sorted(by_kind.values(), key=len, reverse=True):
            if len(members) > 1:
                self._drop(members)

    def _drop_chunks(self, size: int) -> bool:
        """Try each chunk of so many neighbours, then each of so many pure neighbours; whether any could go."""
        changed = False
        for pure_only in (False, True):
            group = [operation for operation in sorted(self._kept) if self._pure[operation] or not pure_only]
            for start in range(0, len(group), size):
                changed |= self._drop(group[start : start + size])
        return changed
