"""Choice between monitors and search: each key is decided by the first monitor that accepts it; the rest is searched.

An order that a procedure gives is verified with the verdict. Of a history that it refutes, the core is searched by the
search in Python, which says what cannot be placed and in which states, as of any other; if that should find the core
linearizable, the procedure is wrong, and the key is searched as if there were none.

Pitfall: cost. A procedure reads the history once more, so a model names the ones that may fit, and no other. Where the
compiled search knows the step built in, only compiled procedures are faster, and they are tried alone: see
`monitor_batch`.
"""

from collections.abc import Callable
from functools import partial

from splitbrain.checkers.porcupine import kernel
from splitbrain.checkers.porcupine.backend import Backend, SearchResult, open_backend
from splitbrain.checkers.porcupine.confirm_core import confirm_core
from splitbrain.checkers.porcupine.kernel.builtin_steps import codes
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.monitor_batch import run_monitors
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput
from splitbrain.checkers.porcupine.partition import partitioned
from splitbrain.checkers.porcupine.prepare import Prepared, Problem, prepare
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History


def choose_backend(model: Model, history: History, spending: BudgetMeter, *, thorough: bool = True) -> Backend:
    """The keys of a history, decided by monitors as far as these go, and else ready to be searched. As
    `backend.open_backend`. thorough: whether all keys that can be refuted are to be, and not one alone."""
    in_parts = partitioned(model, history, spending, lambda: open_backend(model, history, spending))
    if in_parts is not None:
        return in_parts
    if not model.monitors:
        return open_backend(model, history, spending)
    if kernel.BUILT and codes(model) is not None:
        rest = partial(_searched, model, history, spending)
        found = run_monitors(model, history, spending, rest, thorough=thorough)
        return found or open_backend(model, history, spending)
    return KeyByKeyBackend(model, history, spending, lambda: open_backend(model, history, spending))


def _searched(model: Model, history: History, spending: BudgetMeter, keys: set[int]) -> Backend:
    return open_backend(model, history, spending, only=keys)


class KeyByKeyBackend:
    """Problems (see `backend`) of a model that names monitors.

    searched: makes those of the search; asked if there is a key that no procedure takes.
    """

    def __init__(self, model: Model, history: History, spending: BudgetMeter, searched: Callable[[], Backend]) -> None:
        self.model, self.history, self.spending = model, history, spending
        self.prepared: Prepared = prepare(model, history, spending)
        self.operations = sum(map(len, self.prepared.problems))
        self._make_searched = searched
        self._found: dict[int, SearchResult] = {}
        self._searched: dict[int, SearchResult] = {}
        """Answers of the search by key."""

    def __len__(self) -> int:
        return len(self.prepared.problems)

    def observed(self) -> bool:
        """Whether any operation could have refuted the model."""
        return any(problem.observations for problem in self.prepared.problems)

    def search_all(self) -> None:
        """All keys by procedures; if none of them is refuted, those that are left by the search."""
        left = []
        for number, problem in enumerate(self.prepared.problems):
            answer = self._decide(problem)
            if answer is None:
                left.append(number)
            else:
                self._found[number] = answer
            if self.spending.exhausted():
                return
        if not left or any(answer.linearizable is False for answer in self._found.values()):
            return
        searched = self._make_searched()
        searched.search_all()
        self._searched = {answer.key: answer for answer in map(searched.result, range(len(searched)))}

    def result(self, number: int) -> SearchResult:
        """The result of one key."""
        problem = self.prepared.problems[number]
        found = self._found.get(number) or self._searched.get(problem.key)
        return found or SearchResult(problem.key, len(problem), problem.observations, 0)

    def _decide(self, problem: Problem) -> SearchResult | None:
        case = MonitorInput(self.model, problem, self.prepared, self.spending, self.history.operations().revision)
        for procedure in self.model.monitors:
            decision: Decision | None = procedure(case)
            if decision is not None:
                return self._answered(problem, decision)
        return None

    def _answered(self, problem: Problem, decision: Decision) -> SearchResult | None:
        """A decision as an answer; None if it does not stand."""
        answer = SearchResult(problem.key, len(problem), problem.observations, 0, searched=True)
        if decision.order is None:
            return answer if confirm_core(answer, self.model, self.prepared, problem, decision, self.spending) else None
        answer.linearizable = True
        answer.order = tuple(map(problem.call.__getitem__, decision.order))
        return answer
