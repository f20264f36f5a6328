"""The search for the least run that is still refuted: operations, faults, clients, time; over again until none helps.

Deterministic, as simulated runs are: the same run is reduced to the same one, as far as the budget reaches.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.scripted import ScriptedOperation
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Verdict
from splitbrain.results.format import counted
from splitbrain.runner.script import ScriptedFault
from splitbrain.shrinking.attempt import Attempt, Refutation, attempt, leaves
from splitbrain.shrinking.candidate import Candidate, compacted, operations_of, spec_to_reduce
from splitbrain.shrinking.minimize import minimize

SEEDS = 4
"""The number of other seeds that are tried where operations were left out."""
STEPS = (SECOND, SECOND // 10, SECOND // 100, SECOND // 1000)
"""Grids to which times are rounded, coarse ones first."""
SHORT = SECOND // 100


@dataclass(frozen=True)
class Extent:
    """The extent of a run."""

    operations: int
    faults: int
    clients: int
    keys: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{counted(self.operations, 'operation')}, {counted(self.faults, 'fault')}, "
            f"{counted(self.clients, 'client')}, {counted(self.keys, 'key')}, {self.seconds:g} s"
        )


@dataclass
class Reduction:
    """A search under way. target: what has to stay refuted. budget: seconds. tell: called with a line when a smaller
    run was found. best: the smallest so far; None until faults and operations given as data are refuted too."""

    target: Refutation
    budget: float
    tell: Callable[[str], None] = lambda line: None
    attempts: int = 0
    best: Candidate | None = None
    verdict: Verdict | None = None
    _history: History | None = None
    _origin: int = 0
    _began: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> bool:
        """Whether the budget is used up."""
        return time.monotonic() - self._began > self.budget

    def extent(self) -> Extent:
        """The extent of the best."""
        assert self.best is not None
        best = self.best
        return Extent(len(best.operations), len(best.faults), len(best.clients), len(best.keys), best.seconds)

    def keeps(self, case: Candidate) -> bool:
        """Whether a run is refuted in the same way; it is the best then."""
        if self.spent or case == self.best:
            return False
        self.attempts += 1
        try:
            made = case.plan()
        except UsageError:
            return False
        found = attempt(made, self.target.check)
        verdict = found.refuted().get(self.target) if found is not None else None
        if found is None or verdict is None:
            return False
        self.best, self.verdict, self._history, self._origin = case, verdict, found.history, found.origin
        self.tell(f"{self.attempts} runs tried · {self.extent()}")
        return True

    def begin(self, first: Attempt) -> bool:
        """Whether the run can be repeated from data: faults as they happened, operations as they were issued."""
        spec = spec_to_reduce(first.plan.asked, first.plan.spec, first.history, first.origin)
        numbered = operations_of(first.history, first.origin, spec.concurrency)
        whole = Candidate(spec, first.happened.faults, tuple(entry for _, entry in numbered))
        refuted = first.refuted()[self.target]
        return any(self.keeps(case) for case in (*narrower(whole, numbered, refuted), whole))

    def exhaust(self) -> None:
        """Reduce until nothing helps any more, or the budget is used up."""
        before = None
        while self.best != before and not self.spent:
            before = self.best
            self._narrow()
            self._faults()
            self._operations()
            self._clients()
            self._time()

    @property
    def _case(self) -> Candidate:
        assert self.best is not None
        return self.best

    def _narrow(self) -> None:
        """Try the witness alone, and its key alone. Fewer messages meet other delays, so other seeds are tried too."""
        while self._narrowed():
            pass

    def _narrowed(self) -> bool:
        """Whether one of them was refuted too."""
        if self._history is None or self.verdict is None:
            return False
        numbered = operations_of(self._history, self._origin, self._case.spec.concurrency)
        seed = self._case.spec.seed or 0
        for case in narrower(self._case, numbered, self.verdict):
            if 0 < len(case.operations) < len(self._case.operations):
                for other in (seed, *range(SEEDS)):
                    if self.keeps(replace(case, spec=replace(case.spec, seed=other))):
                        return True
        return False

    def _faults(self) -> None:
        minimize(self._case.faults, self._with_faults)

    def _with_faults(self, faults: Sequence[ScriptedFault]) -> bool:
        return self.keeps(replace(self._case, faults=tuple(faults)))

    def _operations(self) -> None:
        minimize(self._case.clients, lambda threads: self._where(lambda entry: entry.thread in threads))
        minimize(self._case.keys, lambda keys: self._where(lambda entry: repr(entry.operation.key) in keys))
        minimize(self._case.operations, self._with_operations)

    def _where(self, wanted: Callable[[ScriptedOperation], bool]) -> bool:
        return self._with_operations([entry for entry in self._case.operations if wanted(entry)])

    def _with_operations(self, operations: Sequence[ScriptedOperation]) -> bool:
        return self.keeps(replace(self._case, operations=tuple(operations)))

    def _clients(self) -> None:
        nodes = self._case.spec.nodes
        for thread in reversed(self._case.clients):
            own = {client: client for client in self._case.clients}
            for other in own:
                if other < thread and self.keeps(self._case.on_threads({**own, thread: other}.__getitem__)):
                    break
        numbers = compacted(self._case.clients, nodes)
        self.keeps(self._case.on_threads(numbers.__getitem__).fitted())

    def _time(self) -> None:
        self.keeps(self._case.fitted())
        for gap in self._gaps():
            for length in (SHORT, gap[1] // 8, gap[1] // 2):
                if length < gap[1] and self.keeps(_closed(self._case, gap[0], gap[1] - length).fitted()):
                    break
        for step in STEPS:
            if self.keeps(self._case.retimed(partial(_rounded, step))):
                break

    def _gaps(self) -> list[tuple[int, int]]:
        """(end, length) of the stretches in which nothing begins or ends, the last first, so that those before keep
        their place."""
        times = [0, *self._case.times()]
        gaps = [(after, after - before) for before, after in pairwise(times)]
        return [gap for gap in reversed(gaps) if gap[1] > 2 * SHORT]


def _rounded(step: int, at: int) -> int:
    return round(at / step) * step


def _closed(case: Candidate, end: int, by: int) -> Candidate:
    """The candidate with everything from `end` on earlier by so much."""
    return case.retimed(lambda at: at - by if at >= end else at)


def narrower(
    whole: Candidate, numbered: Sequence[tuple[int, ScriptedOperation]], refuted: Verdict
) -> Sequence[Candidate]:
    """Runs with the witness alone, with its key up to its end, and with its key; the smallest first."""
    cases = []
    for leaf in leaves(refuted):
        events = frozenset(leaf.witness.events) if leaf.witness is not None else frozenset()
        last = max(events, default=numbered[-1][0] if numbered else 0)
        mine = [(index, entry) for index, entry in numbered if leaf.key is None or entry.operation.key == leaf.key]
        for kept in (
            [entry for index, entry in mine if index in events],
            [entry for index, entry in mine if index <= last],
            [entry for _, entry in mine],
        ):
            end = max((entry.at for entry in kept), default=0)
            faults = tuple(fault for fault in whole.faults if fault.start <= end)
            cases.append(replace(whole, faults=faults, operations=tuple(kept)).fitted())
    return sorted(cases, key=lambda case: len(case.operations))
