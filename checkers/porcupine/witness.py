"""Witnesses: a small part of a history that refutes the whole, and an explanation.

Each invalid verdict of a tree gets its witness: the history is cut where the search could not go on, shrunk (see
`shrink`, which has the proofs), and put into words (see `explanation`). Pitfall: time. Shrinking is an extra, so it has
a limit of its own, in operations and configurations looked at, so that it depends on no machine; and it ends when the
seconds of the whole check do.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.explanation import Explanation
from splitbrain.checkers.porcupine.model import UNSEEN, Call, Model
from splitbrain.checkers.porcupine.monitors.monitor import MonitorInput
from splitbrain.checkers.porcupine.prepare import OverBudget, Prepared, Problem, prepare
from splitbrain.checkers.porcupine.search import SearchOutcome, search
from splitbrain.checkers.porcupine.shrink import smallest, subproblem
from splitbrain.checkers.porcupine.table import Table
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.verdict import Validity, Verdict, Witness

WORK = 200_000
"""Operations laid out and configurations entered for all witnesses of a history together."""
MONITORED = 64
"""Operations above which monitors are asked first whether a part still refutes."""
MONITOR_WORK = 4
"""Work of a monitor for an operation, in configurations of the search."""
SHARE_OF_SECONDS = 0.05
"""Share of the budget's seconds that may go to witnesses, at least, even if the search has spent all."""


def explain(model: Model, history: History, verdict: Verdict, budget: Budget | None = None) -> Verdict:
    """The same verdict, each `invalid` in it with a witness. For one that `check` gave with `explain=False`."""
    return explained(model, history, verdict, (budget or Budget()).start())


def explained(model: Model, history: History, verdict: Verdict, spending: BudgetMeter) -> Verdict:
    """Explain with what is left of a budget, see `explain`."""
    if verdict.value is not Validity.INVALID:
        return verdict
    budget = spending.budget
    seconds = max(spending.seconds_left(), SHARE_OF_SECONDS * budget.seconds)
    work = Budget(seconds=seconds, configurations=WORK, bytes=budget.bytes).start()
    if not verdict.children:
        return _with_witness(model, history, verdict, work)
    children = tuple(
        _with_witness(model, history, child, work) if child.value is Validity.INVALID else child
        for child in verdict.children
    )
    first = next(child for child in children if child.value is Validity.INVALID)
    return replace(verdict, children=children, reason=first.reason, witness=first.witness)


def _with_witness(model: Model, history: History, verdict: Verdict, spending: BudgetMeter) -> Verdict:
    next_return = verdict.details["blocked"]
    try:
        case = _InvalidKey(model, history, next_return, spending, verdict.details.get("core", ()))
    except OverBudget:
        complete = history.operations().complete[history.operations().invoke.index(next_return)]
        return replace(verdict, witness=Witness((next_return, complete), (verdict.reason,), next_return))
    small = case.smallest()
    told = case.account(small, verdict)
    words = told.words()
    return replace(verdict, witness=Witness(events(small), words, small.call[told.blocked]), reason=words[0])


def events(problem: Problem) -> tuple[int, ...]:
    """The events of a problem, by position; of crashed operations only the invocation."""
    return tuple(sorted([*problem.call, *(ret for ret in problem.ret if ret != NEVER)]))


def cut(problem: Problem, prepared: Prepared, history: History, moment: int) -> Problem:
    """The operations invoked before a moment; what was open then has crashed, and crashed reads are gone. Classes that
    come up by this are added to those prepared."""
    count = bisect_right(problem.call, moment)
    out = Problem(problem.key, problem.row[:count], problem.kind[:count], problem.call[:count], problem.ret[:count])
    gone = []
    for operation in [operation for operation, ret in enumerate(out.ret) if ret > moment]:
        if out.ret[operation] == NEVER:
            continue
        if prepared.pure[out.kind[operation]]:
            gone.append(operation)
        else:
            out.kind[operation], out.ret[operation] = _crashed(out.kind[operation], prepared, history), NEVER
    for operation in reversed(gone):
        for column in (out.row, out.kind, out.call, out.ret):
            del column[operation]
    return out


def _crashed(kind: int, prepared: Prepared, history: History) -> int:
    """The class of the same call, crashed."""
    classes, intern = prepared.classes, history.pool.id
    call = classes[kind]
    same = call.f, intern(call.argument), intern(call.key), call.process
    for number, known in enumerate(classes):
        if known.result is UNSEEN and (known.f, intern(known.argument), intern(known.key), known.process) == same:
            return number
    classes.append(Call(call.f, call.argument, UNSEEN, call.key, call.process))
    prepared.pure.append(0)
    return len(classes) - 1


class _InvalidKey:
    """One invalid problem, cut where the search could not go on."""

    def __init__(
        self, model: Model, history: History, next_return: int, spending: BudgetMeter, core: Sequence[int] = ()
    ) -> None:
        self.model, self.history, self.spending = model, history, spending
        key = history.key[next_return] if model.by_key else ABSENT
        self.prepared: Prepared = prepare(model, history, spending, only=(key,))
        self.whole: Problem = self.prepared.problems[0]
        self.table = Table(model, self.prepared.classes)
        self.next_return = next_return
        self.refuting = self.whole
        """The whole, or the few operations that are known to refute."""
        if core:
            chosen = {bisect_left(self.whole.call, invoked) for invoked in core}
            self.refuting = subproblem(self.whole, sorted(chosen | self._guard()))

    def _guard(self) -> set[int]:
        """The last write, if any, that was over before the owed operation began: with it, it is plain to see what was
        overwritten. A blind reset can join any core, for in a legal order it does not stand between another and what
        rests on that."""
        independence, whole = self.model.independence, self.whole
        blind = independence.resets & independence.blind
        classes, pure = self.prepared.classes, self.prepared.pure
        for operation in range(bisect_left(whole.call, self.next_return) - 1, -1, -1):
            kind = whole.kind[operation]
            if whole.ret[operation] < self.next_return and not pure[kind] and classes[kind].f in blind:
                return {operation}
        return set()

    def smallest(self) -> Problem:
        """A minimal sub-history that refutes; the whole, if nothing smaller is known to."""
        moment = self.whole.ret[self.whole.call.index(self.next_return)]
        first = cut(self.refuting, self.prepared, self.history, moment)
        small = smallest(self.model, first, self.prepared, self.spending, self._refuted)
        if len(small) < len(first) or self._refuted(first):
            return small
        return smallest(self.model, self.refuting, self.prepared, self.spending, self._refuted)

    def account(self, small: Problem, verdict: Verdict) -> Explanation:
        """The explanation of this witness."""
        outcome = self._search(small)
        blocked = outcome.blocked
        states = tuple(self.model.show_state(self.table.states[state]) for state in outcome.states)
        searched = outcome.linearizable is False
        difference = None
        if searched and self.model.differs is not None:
            seen = [self.table.states[state] for state in outcome.states]
            difference = self.model.differs(seen, self.prepared.classes[small.kind[blocked]])
        if not searched:
            told = verdict.details
            blocked, states = small.call.index(self.next_return), () if told.get("core") else tuple(told["states"])
        return Explanation(
            self.model, self.history, self.whole, self.prepared, small, blocked, states, searched,
            key=verdict.key, difference=difference,
        )  # fmt: skip

    def _refuted(self, problem: Problem) -> bool:
        """Whether a problem is not linearizable, by a monitor where it is long."""
        if len(problem) > MONITORED and self.model.monitors and not self.spending.exhausted():
            self.spending.configurations += MONITOR_WORK * len(problem)
            revisions = self.history.operations().revision
            case = MonitorInput(self.model, problem, self.prepared, self.spending, revisions, locate=False)
            decided = (procedure(case) for procedure in self.model.monitors)
            decision = next((decision for decision in decided if decision is not None), None)
            if decision is not None:
                return decision.order is None
        return self._search(problem).linearizable is False

    def _search(self, problem: Problem, limit: int | None = None) -> SearchOutcome:
        if self.spending.exhausted():
            return SearchOutcome(None, [])
        self.spending.configurations += len(problem)
        return search(problem, self.prepared, self.table, self.spending, limit or 2_000 + 50 * len(problem))
