"""Can a history be decided without a search? Each key by the first procedure that takes it; the rest is searched.

An order that a procedure gives is verified with the verdict. Of a history that it refutes, the core is searched by the
clear search, which says what cannot be placed and in which states, as of any other; if that should find the core
linearizable, the procedure is wrong, and the key is searched as if there were none.

The trap: cost. A procedure reads the history once more, so a model names the ones that may fit, and no other. Where the
compiled search knows the step by heart, only the compiled zones are faster, and they are asked alone.
"""

from collections.abc import Callable, Sequence

from splitbrain.checkers.porcupine import kernel
from splitbrain.checkers.porcupine.answers import Answer, Problems, problems
from splitbrain.checkers.porcupine.fast.case import Case, Decision
from splitbrain.checkers.porcupine.fast.zones import zones
from splitbrain.checkers.porcupine.kernel.by_heart import codes
from splitbrain.checkers.porcupine.model import UNSEEN, Model
from splitbrain.checkers.porcupine.prepare import NEVER, OverBudget, Prepared, Problem, prepare
from splitbrain.checkers.porcupine.proof import call_at, is_plain
from splitbrain.checkers.porcupine.search import search
from splitbrain.checkers.porcupine.shrink import subproblem
from splitbrain.checkers.porcupine.table import Table, is_pure
from splitbrain.harness.budget import Spending
from splitbrain.harness.history import ABSENT, History

CORE_LIMIT = 20_000
"""Configurations that the search of a core may enter, besides fifty for each operation."""
CORE_TOLD = 1000
"""A core of so many operations is where a witness is looked for; one that is larger is no better than the history."""


def quickest(model: Model, history: History, spending: Spending) -> Problems:
    """The keys of a history, decided by fast procedures as far as these go, and else ready to be searched. As
    `answers.problems`."""
    if not model.fast:
        return problems(model, history, spending)
    if kernel.BUILT and codes(model) is not None:
        return zoned(model, history, spending) or problems(model, history, spending)
    return Shortcut(model, history, spending, lambda: problems(model, history, spending))


class Shortcut:
    """Problems (see `answers`) of a model that names fast procedures.

    searched: makes those of the search; asked if there is a key that no procedure takes.
    """

    def __init__(self, model: Model, history: History, spending: Spending, searched: Callable[[], Problems]) -> None:
        self.model, self.history, self.spending = model, history, spending
        self.prepared: Prepared = prepare(model, history, spending)
        self.operations = sum(map(len, self.prepared.problems))
        self._make_searched = searched
        self._found: dict[int, Answer] = {}
        self._searched: dict[int, Answer] = {}
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
        self._searched = {answer.key: answer for answer in map(searched.answer, range(len(searched)))}

    def answer(self, number: int) -> Answer:
        """What is known of one key."""
        problem = self.prepared.problems[number]
        found = self._found.get(number) or self._searched.get(problem.key)
        return found or Answer(problem.key, len(problem), problem.observations, 0)

    def _decide(self, problem: Problem) -> Answer | None:
        case = Case(self.model, problem, self.prepared, self.spending, self.history.operations().revision)
        for procedure in self.model.fast:
            decision: Decision | None = procedure(case)
            if decision is not None:
                return self._answered(problem, decision)
        return None

    def _answered(self, problem: Problem, decision: Decision) -> Answer | None:
        """A decision as an answer; None if it does not stand."""
        answer = Answer(problem.key, len(problem), problem.observations, 0, searched=True)
        if decision.order is None:
            return answer if refute(answer, self.model, self.prepared, problem, decision.core, self.spending) else None
        answer.linearizable = True
        answer.order = tuple(map(problem.call.__getitem__, decision.order))
        return answer


def refute(
    answer: Answer, model: Model, prepared: Prepared, problem: Problem, core: Sequence[int], spending: Spending
) -> bool:
    """Search a core, and fill the answer with what is found; False if the core is linearizable."""
    part = subproblem(problem, core)
    table = Table(model, prepared.classes)
    outcome = search(part, prepared, table, spending, CORE_LIMIT + 50 * len(part))
    if outcome.linearizable:
        return False
    answer.linearizable, answer.configurations = False, outcome.configurations
    answer.order = tuple(map(part.call.__getitem__, outcome.order))
    answer.core = tuple(part.call) if len(part) <= CORE_TOLD else ()
    if outcome.linearizable is None:
        # The core is hard to search, but the procedure has a proof: only the words are fewer.
        answer.owed = max((ret, call) for ret, call in zip(part.ret, part.call, strict=True) if ret != NEVER)[1]
    else:
        answer.owed = part.call[outcome.blocked]
        answer.states = tuple(model.show_state(table.states[state]) for state in outcome.states)
    return True


class Zoned:
    """Problems (see `answers`) of registers that compiled zones decide, one answer a key."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = answers
        self.operations = sum(answer.operations for answer in answers)

    def __len__(self) -> int:
        return len(self._answers)

    def observed(self) -> bool:
        """Whether any operation could have refuted the model."""
        return any(answer.observations for answer in self._answers)

    def search_all(self) -> None:
        """All is known already."""

    def answer(self, number: int) -> Answer:
        """What is known of one key."""
        return self._answers[number]


def zoned(model: Model, history: History, spending: Spending) -> Zoned | None:
    """Answers by zones for all keys, from the columns; None if some key does not qualify."""
    names = history.pool.names
    if zones not in model.fast or "cas" in names or "append" in names or not is_plain(model.initial):
        return None
    from splitbrain.checkers.porcupine.kernel.zones import decide

    reads, writes = ("get", "put") if "put" in model.operations else ("read", "write")
    found = decide(
        history, names.get(reads, ABSENT), names.get(writes, ABSENT), model.by_key, history.pool.id(model.initial)
    )
    if limit := spending.exhausted():
        raise OverBudget(limit)
    if found is None:
        return None
    answers = []
    for key, operations, observations, order, core in found:
        answer = Answer(key, operations, observations, 0, searched=True)
        if order is not None:
            answer.linearizable, answer.order = True, order
        elif not refute(answer, model, *_core(model, history, key, core), spending):
            return None
        answers.append(answer)
    return Zoned(answers)


def _core(model: Model, history: History, key: int, core: Sequence[int]) -> tuple[Prepared, Problem, range]:
    """A problem of these operations alone, known by the positions of their invocations."""
    prepared, problem = Prepared([], bytearray(), []), Problem(key)
    for number, invoked in enumerate(core):
        call, complete = call_at(model, history, invoked), history.partner[invoked]
        prepared.classes.append(call)
        prepared.pure.append(is_pure(model, call))
        problem.row.append(ABSENT)
        problem.kind.append(number)
        problem.call.append(invoked)
        problem.ret.append(NEVER if call.result is UNSEEN else complete)
    return prepared, problem, range(len(core))
