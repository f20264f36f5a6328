"""Backend in Python, the reference for the compiled search: key by key, in rounds."""

from collections.abc import Collection

from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.prepare import Prepared, prepare
from splitbrain.checkers.porcupine.search import SearchOutcome, search
from splitbrain.checkers.porcupine.search_result import FIRST_ROUND, GROWTH, SearchResult
from splitbrain.checkers.porcupine.table import Table
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History


class ReferenceBackend:
    """Problems (see `search_result`) of the search in Python."""

    def __init__(
        self, model: Model, history: History, spending: BudgetMeter, only: Collection[int] | None = None
    ) -> None:
        """only: the keys (value ids), if not all."""
        self.model, self.spending = model, spending
        self.prepared: Prepared = prepare(model, history, spending, only)
        self.operations = sum(map(len, self.prepared.problems))
        self._invoke = history.operations().invoke
        self._outcomes: dict[int, SearchOutcome] = {}
        self._states: dict[int, tuple[str, ...]] = {}
        """Of each invalid problem, the states in which its owed operation was owed, for people."""
        self._configurations: dict[int, int] = {}
        self._table = Table(model, self.prepared.classes)

    def __len__(self) -> int:
        return len(self.prepared.problems)

    def observed(self) -> bool:
        """Whether any operation could have refuted the model."""
        return any(problem.observations for problem in self.prepared.problems)

    def search_all(self) -> None:
        """Rounds of growing limits."""
        pending = list(range(len(self)))
        factor = 1 if len(pending) > 1 else self.spending.budget.configurations
        while pending:
            left = []
            for number in pending:
                outcome = self._search(number, factor)
                if self.spending.exhausted():
                    return
                if outcome.linearizable is None and outcome.stopped is None:
                    left.append(number)
            if any(outcome.linearizable is False for outcome in self._outcomes.values()):
                return
            pending = left
            factor *= GROWTH

    def result(self, number: int) -> SearchResult:
        """The result of one key."""
        problem, outcome = self.prepared.problems[number], self._outcomes.get(number)
        answer = SearchResult(problem.key, len(problem), problem.observations, self._configurations.get(number, 0))
        if outcome is not None:
            answer.searched, answer.linearizable, answer.stopped = True, outcome.linearizable, outcome.stopped
            answer.order = tuple(self._invoke[problem.row[operation]] for operation in outcome.order)
            if outcome.linearizable is False:
                answer.next_return = self._invoke[problem.row[outcome.blocked]]
                answer.states = self._states[number]
        return answer

    def _search(self, number: int, factor: int) -> SearchOutcome:
        problem = self.prepared.problems[number]
        if self._table.bytes > self.spending.budget.bytes // 8:
            self._table = Table(self.model, self.prepared.classes)
        outcome = search(problem, self.prepared, self._table, self.spending, (FIRST_ROUND + 4 * len(problem)) * factor)
        self._outcomes[number] = outcome
        self._configurations[number] = self._configurations.get(number, 0) + outcome.configurations
        if outcome.linearizable is False:
            self._states[number] = tuple(self.model.show_state(self._table.states[state]) for state in outcome.states)
        return outcome
