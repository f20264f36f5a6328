# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled verifier of certificates: whether an order is known to be a proof; `certificate.objection` says why it is not.

As there, nothing of the search is used: the columns are read afresh, and the model is asked apart from it (once for each
call in each state). Only what a register and a text do is built in. Pitfall: `no` is no verdict; `objection` has the
last word.
"""

from cpython cimport array
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from splitbrain.checkers.porcupine.calls import call_at, is_plain
from splitbrain.checkers.porcupine.kernel.builtin_steps import codes
from splitbrain.checkers.porcupine.model import ILLEGAL
from splitbrain.checkers.porcupine.refusals import answer
from splitbrain.checkers.porcupine.table import unkept
from splitbrain.harness.interner import Interner

cdef enum:
    INVOKE = 0
    OK = 1
    FAIL = 2
    INFO = 3

cdef enum:
    READ = 0
    WRITE = 1
    CAS = 2
    APPEND = 5

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    bint PyUnicode_CheckExact(object value)

cdef enum:
    NO_STATE = -1
    NO_KEY = -1
    NO_ANSWER = -1      # what a failure says: see `porcupine/refusals.py`
    SAW = -4
    LOOK_EVERY = 256
    KEPT = 10_000       # states or transitions; more of them hardly ever come again

cdef str KEPT_AS = "verified"


include "verify_states.pxi"


cdef struct Column:
    # The columns of a history, as raw memory.
    int8_t *kind
    int64_t *process
    int64_t *partner
    int64_t *revision
    int32_t *f
    int32_t *key
    int32_t *value
    int32_t *error
    int32_t *token
    Py_ssize_t events


def is_proof(object model, object history, tuple order, object spending):
    """Whether an order (positions of invocations) is known to be a proof. What the model raises comes through.

    Which steps need no Python is decided here: of a register, of strings, else none. False also when time runs out.
    """
    cdef dict builtin = None if model.sees else codes(model)
    if "append" in history.pool.names:
        # A store of anything but strings asks the model itself.
        if builtin and isinstance(model.initial, str) and _follow(model, history, order, builtin, True, spending):
            return True
        builtin = None
    elif not is_plain(model.initial):
        builtin = None
    return _follow(model, history, order, builtin, False, spending)


cdef bint _follow(object model, object history, tuple order, dict builtin, bint textual, object spending) except -1:
    """Whether each step of the order is legal and nothing is missing. builtin: name → code, of a register, or of
    strings if textual; None to ask the model."""
    cdef array.array types = history.type, processes = history.process, fs = history.f, keys = history.key
    cdef array.array values = history.value, partners = history.partner, revisions = history.revision
    cdef array.array errors = history.error, tokens = history.token
    cdef Column column
    cdef Py_ssize_t pools
    cdef bint proof
    cdef object intern = history.pool.id
    cdef list pool = history.pool.values
    cdef _States asked = None
    cdef _Strings texts = _Strings() if textual else None
    cdef int32_t first = NO_STATE
    if builtin is None:
        asked = model.remembered.pop(KEPT_AS, None) or _States(model)
        asked.begin(history, spending)
        first = asked.first
    elif not textual:
        first = intern(model.initial)
    pools = len(pool)
    column.kind, column.process = <int8_t *>types.data.as_schars, <int64_t *>processes.data.as_longlongs
    column.partner, column.revision = <int64_t *>partners.data.as_longlongs, <int64_t *>revisions.data.as_longlongs
    column.f, column.key = <int32_t *>fs.data.as_ints, <int32_t *>keys.data.as_ints
    column.value, column.error = <int32_t *>values.data.as_ints, <int32_t *>errors.data.as_ints
    column.token = <int32_t *>tokens.data.as_ints
    column.events = len(types)
    # Of each event whether it is placed; of each key its state; of each value, if it is a cas's, its parts.
    cdef int8_t *placed = <int8_t *>calloc(<size_t>column.events + 1, 1)
    cdef int32_t *states = <int32_t *>malloc(3 * (<size_t>pools + 1) * sizeof(int32_t))
    try:
        if placed == NULL or states == NULL:
            raise MemoryError
        memset(states, 0xff, 3 * (<size_t>pools + 1) * sizeof(int32_t))
        proof = follows(model, history, &column, order, builtin, texts, asked, placed, states, states + pools + 1, first)
        return proof and is_complete(model, pool, &column, placed)
    finally:
        free(placed)
        free(states)
        if asked is not None:
            asked.end()


cdef bint follows(object model, object history, Column *column, tuple order, dict builtin, _Strings texts, _States asked,
                  int8_t *placed, int32_t *states, int32_t *pairs, int32_t first) except -1:
    """Whether each operation of the order may stand where it stands."""
    cdef Py_ssize_t position, complete, latest = -1
    cdef bint by_key = model.by_key
    cdef bint sees_process = "process" in model.sees, sees_revision = "revision" in model.sees
    cdef bint sees_token = "token" in model.sees
    cdef int64_t seen
    cdef list pool = history.pool.values
    cdef object intern = history.pool.id
    cdef int32_t state, part, latest_f = -1, argument, part_name
    cdef int code = -1
    cdef int8_t ended
    for index in order:
        position = index
        if position < 0 or position >= column.events or column.kind[position] != INVOKE or column.process[position] < 0:
            return False
        if placed[position]:
            return False
        placed[position] = 1
        complete = column.partner[position]
        ended = INFO if complete < 0 else column.kind[complete]
        seen = refusal(model, pool, column, position, complete) if ended == FAIL else NO_ANSWER
        if ended == FAIL and seen == NO_ANSWER:
            return False
        latest = max(latest, position)
        if ended != INFO and complete < latest:
            return False
        part = column.key[position] if by_key else NO_KEY
        state = states[part + 1]
        if state == NO_STATE:
            state = first
        argument = column.value[position]
        if builtin is not None and column.f[position] != latest_f:
            latest_f = column.f[position]
            code = builtin[pool[latest_f]]
        if texts is not None:
            if state == NO_STATE:
                state = texts.number()
                texts.add(state, model.initial, False)
            if not texts.takes(state, code, ended, pool[argument], pool[column.value[complete]] if ended == OK else None):
                return False
            if seen <= SAW and not texts.is_(state, pool[SAW - seen]):
                return False
        elif builtin is not None:
            if code == WRITE:
                state = argument
            elif code == READ:
                if ended != OK or column.value[complete] != state:
                    return False
            else:
                if pairs[2 * argument] == NO_STATE:
                    old, new = pool[argument]
                    pairs[2 * argument], pairs[2 * argument + 1] = intern(old), intern(new)
                if (pairs[2 * argument] == state) == (ended == FAIL) or (seen <= SAW and state != SAW - seen):
                    return False
                if ended != FAIL:
                    state = pairs[2 * argument + 1]
        else:
            part_name = NO_KEY if by_key or column.key[position] < 0 else asked.value(pool, column.key[position])
            state = asked.after(state, position, (
                asked.value(pool, column.f[position]), asked.value(pool, argument),
                asked.value(pool, column.value[complete]) if ended == OK else -2 if ended == INFO
                else seen if seen > SAW else SAW - asked.value(pool, <int32_t>(SAW - seen)), part_name,
                column.process[position] if sees_process else NO_KEY,
                column.revision[complete] if sees_revision and ended != INFO else NO_KEY,
                asked.value(pool, column.token[complete])
                if sees_token and ended != INFO and column.token[complete] >= 0 else NO_KEY,
            ))
            if state == NO_STATE:
                return False
        states[part + 1] = state
    return True


cdef bint is_complete(object model, list pool, Column *column, const int8_t *placed) except -1:
    """Whether all that happened is placed."""
    cdef Py_ssize_t position, complete
    for position in range(column.events):
        if column.kind[position] == INVOKE and column.process[position] >= 0 and not placed[position]:
            complete = column.partner[position]
            if complete < 0 or column.kind[complete] == INFO:
                continue
            if column.kind[complete] == OK or refusal(model, pool, column, position, complete) != NO_ANSWER:
                return False
    return True


cdef int64_t refusal(object model, list pool, Column *column, Py_ssize_t position, Py_ssize_t complete) except -2:
    """The answer of a failure to the model that wants to know; NO_ANSWER if there is none."""
    if pool[column.f[position]] not in model.refusals:
        return NO_ANSWER
    return answer(model, pool, column.error[complete], column.value[complete], column.value[position])


def merge(object orders, Py_ssize_t events):
    """One order from an order of each key, as `certificate.merged`, in linear time. events: how many the history has.

    A moment is the invocation of one operation, so operations of different keys never share one: walking the moments in
    turn, each with its operations in the order of their key, merges.
    """
    cdef int32_t *first = <int32_t *>malloc((<size_t>events + 1) * sizeof(int32_t))
    cdef int32_t *next = <int32_t *>malloc((<size_t>events + 1) * sizeof(int32_t))
    cdef int32_t latest, last, position
    cdef Py_ssize_t moment
    cdef tuple order
    cdef list out = []
    try:
        if first == NULL or next == NULL:
            raise MemoryError
        memset(first, 0xff, (<size_t>events + 1) * sizeof(int32_t))
        for order in orders:
            latest = last = -1
            for index in order:
                position = index
                if position < 0 or position >= events:
                    raise IndexError(f"event {position} is not in the history")
                next[position] = -1
                if position > latest:
                    latest = position
                    first[position] = position
                else:
                    next[last] = position
                last = position
        for moment in range(events):
            position = first[moment]
            while position >= 0:
                out.append(position)
                position = next[position]
        return tuple(out)
    finally:
        free(first)
        free(next)
