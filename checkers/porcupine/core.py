"""What does a search say of the few operations that a fast procedure says refute? What cannot be placed, and when.

If it should find them linearizable, the procedure is wrong: then the key is searched as if there were none.
"""

from collections.abc import Sequence

from splitbrain.checkers.porcupine.answer import Answer
from splitbrain.checkers.porcupine.model import UNSEEN, Model
from splitbrain.checkers.porcupine.prepare import NEVER, Prepared, Problem
from splitbrain.checkers.porcupine.proof import call_at
from splitbrain.checkers.porcupine.search import search
from splitbrain.checkers.porcupine.shrink import subproblem
from splitbrain.checkers.porcupine.table import Table, is_pure
from splitbrain.harness.budget import Spending
from splitbrain.harness.history import ABSENT, History

CORE_LIMIT = 20_000
"""Configurations that the search of a core may enter, besides fifty for each operation."""
CORE_TOLD = 1000
"""A core of so many operations is where a witness is looked for; one that is larger is no better than the history."""


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


def refute_at(answer: Answer, model: Model, history: History, core: Sequence[int], spending: Spending) -> bool:
    """The same for a core of which only the positions of the invocations are known."""
    prepared, problem = Prepared([], bytearray(), []), Problem(answer.key)
    for number, invoked in enumerate(core):
        call, complete = call_at(model, history, invoked), history.partner[invoked]
        prepared.classes.append(call)
        prepared.pure.append(is_pure(model, call))
        problem.row.append(ABSENT)
        problem.kind.append(number)
        problem.call.append(invoked)
        problem.ret.append(NEVER if call.result is UNSEEN else complete)
    return refute(answer, model, prepared, problem, range(len(core)), spending)
