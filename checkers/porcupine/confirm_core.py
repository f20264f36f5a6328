"""Confirmation of cores: the few operations that refute, by a monitor's word, are searched, which also tells which
operation cannot be placed.

If it should find them linearizable, the procedure is wrong: then the key is searched as if there were none.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.monitors.monitor import Decision
from splitbrain.checkers.porcupine.prepare import Prepared, Problem
from splitbrain.checkers.porcupine.search import search
from splitbrain.checkers.porcupine.search_result import SearchResult
from splitbrain.checkers.porcupine.shrink import subproblem
from splitbrain.checkers.porcupine.table import Table
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType

CORE_LIMIT = 20_000
"""Configurations that the search of a core may enter, besides fifty for each operation."""
ROUNDS = 20
"""As many times what a search may enter in its first round, where it is compiled."""
CORE_TOLD = 1000
"""A core of so many operations is where a witness is looked for; one that is larger is no better than the history."""


def confirm_core(
    answer: SearchResult, model: Model, prepared: Prepared, problem: Problem, refuting: Decision, spending: BudgetMeter
) -> bool:
    """Search the core of a decision, and fill the answer with what is found; False if the core is linearizable."""
    part = subproblem(problem, refuting.core)
    table = Table(model, prepared.classes)
    outcome = search(part, prepared, table, spending, CORE_LIMIT + 50 * len(part))
    if outcome.linearizable:
        return False
    answer.linearizable, answer.configurations = False, outcome.configurations
    answer.order = tuple(map(part.call.__getitem__, outcome.order))
    answer.core = tuple(part.call) if len(part) <= CORE_TOLD else ()
    if outcome.linearizable is None:
        # The core is hard to search, but the procedure has a proof: only the words are fewer.
        answer.next_return = max((ret, call) for ret, call in zip(part.ret, part.call, strict=True) if ret != NEVER)[1]
        if refuting.blocked != ABSENT:
            answer.next_return = problem.call[refuting.blocked]
    else:
        answer.next_return = part.call[outcome.blocked]
        answer.states = tuple(model.show_state(table.states[state]) for state in outcome.states)
    return True


def confirm_cores(
    answers: Mapping[int, SearchResult],
    model: Model,
    history: History,
    cores: Mapping[int, Sequence[int]],
    spending: BudgetMeter,
) -> bool:
    """The same for cores of several keys, by the compiled search: whether any is refuted. answers: of each key, to be
    filled unless its core is linearizable. cores: positions of invocations, by key."""
    from splitbrain.checkers.porcupine.native_backend import NativeBackend, TooWide

    among = array("i", bytes(4 * len(history.type)))
    for key, core in cores.items():
        for invoked in core:
            among[invoked] = key + 2
    try:
        searched = NativeBackend(model, history, spending, among=among)
    except TooWide:
        return False
    searched.search_once(ROUNDS)
    for number in range(len(searched)):
        found = searched.result(number)
        if found.linearizable:
            continue
        answer, core = answers[found.key], cores[found.key]
        answer.searched, answer.linearizable = True, False
        answer.configurations, answer.order, answer.next_return = found.configurations, found.order, found.next_return
        answer.states, answer.core = found.states, tuple(core) if len(core) <= CORE_TOLD else ()
        if found.linearizable is None:
            answer.next_return = _last(history, core)
    return any(answers[key].searched for key in cores)


def _last(history: History, core: Iterable[int]) -> int:
    """The invocation of the operation that returned last."""
    partner, kind = history.partner, history.type
    return partner[max(partner[o] for o in core if partner[o] != ABSENT and kind[partner[o]] != EventType.INFO)]
