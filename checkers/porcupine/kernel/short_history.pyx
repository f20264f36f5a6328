# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Fast path for short histories, and for many at once: read, searched in one round, verified, and made a verdict.

Most recorded histories are short, and then what lies around a search takes longer than the search. Pitfall: there must
be one meaning. Whatever is not decided here, for whatever reason, is left to `check`, which begins anew; what is decided
here is what `check` would say, word for word.
"""

from libc.stdint cimport int32_t, int64_t

from splitbrain.checkers.porcupine.kernel.problem cimport INVALID, VALID, Batch, Problem
from splitbrain.checkers.porcupine.kernel.steps cimport Transitions

from splitbrain.checkers.porcupine.calls import call_at
from splitbrain.checkers.porcupine.kernel import WIDEST
from splitbrain.checkers.porcupine.kernel.search64 import run as run_narrow
from splitbrain.checkers.porcupine.kernel.build_problem import NotBuiltin, UnknownOperation, prepare
from splitbrain.checkers.porcupine.kernel.search1024 import run as run_vast
from splitbrain.checkers.porcupine.kernel.search256 import run as run_wide
from splitbrain.checkers.porcupine.kernel.verify import is_proof
from splitbrain.checkers.porcupine.search_result import FIRST_ROUND
from splitbrain.checkers.porcupine.table import ModelFailure
from splitbrain.checkers.porcupine.verdicts import LONGEST_TOLD, invalid, valid

cdef enum:
    PER_OPERATION = 4
    MOST = 1 << 30
    WORDS_KEPT = 10_000


cdef list _spare = []


def decided(object cache, object history, object spending):
    """The verdict on a history of one problem, if its first round decides it; else None. What `step` raises comes
    through, unless `check` can say it better."""
    cdef Batch batch
    cdef Problem *problem
    cdef bint builtin = cache.builtin is not None
    cdef Transitions transitions
    if cache.shortcut:
        return None
    batch = _spare.pop() if _spare else Batch()
    try:
        try:
            transitions = cache.steps if builtin else cache.table
            batch = prepare((history,), cache.builtin if builtin else cache.generic, transitions, batch)
        except NotBuiltin:
            return None
        if batch.count != 1 or not batch.problems[0].observations:
            return None
        problem = &batch.problems[0]
        transitions.begin()
        if not searched(batch, transitions, spending):
            return None
        return verdict(cache, history, transitions, batch, 0, spending)
    except (UnknownOperation, ModelFailure):
        return None
    finally:
        if len(_spare) < 4:
            _spare.append(batch)


cdef bint searched(Batch batch, Transitions transitions, object spending) except -1:
    """One round over the first problem: whether it is decided."""
    cdef Problem *problem = &batch.problems[0]
    cdef int32_t width = max(problem.width, problem.crashed)
    cdef object budget = spending.budget
    cdef int64_t most = max(1, min(<object>budget.configurations, <object>MOST))
    if width > WIDEST:
        return False
    run = run_narrow if width <= 64 else run_wide if width <= 256 else run_vast
    run(batch, transitions, None, min(FIRST_ROUND, most), min(PER_OPERATION, most), most, spending.seconds_left(),
        max(budget.bytes - batch.held, 0))
    transitions.check()
    return problem.verdict >= 0


cdef object verdict(object cache, object history, Transitions transitions, Batch batch, Py_ssize_t number,
                    object spending):
    """The verdict on a history of one problem that is decided; None if its order is no proof."""
    cdef Problem *problem = &batch.problems[number]
    cdef list pool = history.pool.values
    cdef object key = None if problem.key < 0 else pool[problem.key]
    cdef object model = cache.model
    cdef tuple order
    cdef int32_t at
    if problem.verdict == VALID:
        order = batch.order_of(number)
        if not is_proof(model, history, order, spending):
            return None
        return valid(model, key, order, problem.size, problem.configurations)
    next_return = batch.ops[problem.first + problem.blocked].invoked
    states = tuple([
        model.show_state(pool[problem.state[at]] if batch.native else transitions.state(problem.state[at]))
        for at in range(problem.states)
    ])
    order = batch.order_of(number, LONGEST_TOLD)
    return invalid(model, key, problem.placed, order, problem.size, problem.configurations, next_return,
                   told(cache, history, next_return), states)


cdef str told(object cache, object history, Py_ssize_t next_return):
    """The words for a call, which are the same for the same call of the same model."""
    cdef list pool = history.pool.values
    cdef object model = cache.model
    cdef object intern = (<Transitions>cache.table).intern
    cdef dict words = cache.words
    cdef Py_ssize_t complete = history.partner[next_return]
    cdef object seen = -1 if complete < 0 else history.type[complete], key = history.key[next_return]
    name = (
        intern(pool[history.f[next_return]]), intern(pool[history.value[next_return]]), seen,
        intern(pool[history.value[complete]]) if complete >= 0 else -1, intern(pool[key]) if key >= 0 else -1,
    )
    known = None if model.sees else words.get(name)
    if known is None:
        known = model.show_call(call_at(model, history, next_return))
        if len(words) < WORDS_KEPT:
            words[name] = known
    return known


def decided_many(object cache, object histories, object spending):
    """The outcome of each of these histories: 1 if it is linearizable and something was observed, 0 if it is not, -1 if
    `check` must decide. What `step` raises comes through, unless `check` can say it better."""
    cdef Batch batch = Batch()
    cdef bint builtin = cache.builtin is not None
    cdef Transitions transitions = cache.steps if builtin else cache.table
    cdef int64_t most = max(1, min(<object>spending.budget.configurations, <object>MOST))
    cdef Py_ssize_t number
    prepare(histories, cache.builtin if builtin else cache.generic, transitions, batch, True)
    try:
        transitions.begin()
        run_narrow(batch, transitions, None, min(FIRST_ROUND, most), min(PER_OPERATION, most), MOST,
                   spending.seconds_left(), max(spending.budget.bytes - batch.held, 0))
        transitions.check()
    except ModelFailure:
        return [-1] * batch.histories
    return [batch.outcome(number) for number in range(batch.histories)]
