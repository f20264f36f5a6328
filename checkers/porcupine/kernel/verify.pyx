# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Is this order a proof? `certificate.objection` compiled, for those that are in a hurry: yes, or ask that one why not.

As there, nothing of the search is used: the columns are read afresh, and the model is asked afresh (once for each call
in each state). Only what a register and a text do is known by heart. The trap: `no` is no verdict; `objection` has the
last word.
"""

from cpython cimport array
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from splitbrain.checkers.porcupine.model import ILLEGAL
from splitbrain.harness.pool import Pool

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
    LOOK_EVERY = 256


cdef class _States:
    """The states of a model met on the way, by number, and the transitions asked for."""

    cdef list states
    cdef dict numbers
    cdef dict transitions
    cdef object pool
    cdef object model
    cdef object call_at
    cdef object spending
    cdef Py_ssize_t asked

    def __init__(self, model, call_at, spending):
        self.states, self.numbers, self.transitions, self.pool = [], {}, {}, Pool()
        self.model, self.call_at, self.spending = model, call_at, spending

    cdef int32_t number(self, object state) except -2:
        cdef tuple name = (type(state), self.pool.id(state))
        found = self.numbers.get(name)
        if found is None:
            found = self.numbers[name] = len(self.states)
            self.states.append(state)
        return found

    cdef int32_t after(self, int32_t state, Py_ssize_t position, tuple name) except -2:
        """The state after the call invoked at a position, which has this name; NO_STATE if it is illegal."""
        found = self.transitions.get((state, name))
        if found is None:
            self.asked += 1
            if self.asked % LOOK_EVERY == 0 and self.spending.exhausted():
                return NO_STATE
            following = self.model.step(self.states[state], self.call_at(position))
            found = NO_STATE if following is ILLEGAL else self.number(following)
            self.transitions[state, name] = found
        return found


cdef struct Held:
    char *at
    Py_ssize_t length, room


cdef class _Texts:
    """The text that each key holds, by number."""

    cdef Held *held
    cdef int32_t count, room

    def __dealloc__(self):
        cdef int32_t number
        for number in range(self.count):
            free(self.held[number].at)
        free(self.held)

    cdef int32_t number(self) except -1:
        """One more, which holds nothing."""
        cdef Held *held
        if self.count == self.room:
            held = <Held *>realloc(self.held, (2 * <size_t>self.room + 16) * sizeof(Held))
            if held == NULL:
                raise MemoryError
            self.held, self.room = held, 2 * self.room + 16
        memset(&self.held[self.count], 0, sizeof(Held))
        self.count += 1
        return self.count - 1

    cdef bint is_(self, int32_t number, object value) except -1:
        """Whether this is what it holds; False if it is no text."""
        cdef Py_ssize_t length
        cdef const char *text
        if not PyUnicode_CheckExact(value):
            return False
        text = PyUnicode_AsUTF8AndSize(value, &length)
        return length == self.held[number].length and memcmp(text, self.held[number].at, <size_t>length) == 0

    cdef bint add(self, int32_t number, object value, bint behind) except -1:
        """Let it hold this, behind what it holds or instead; False if it is no text."""
        cdef Held *held = &self.held[number]
        cdef Py_ssize_t length, before = held.length if behind else 0
        cdef const char *text
        cdef char *at
        if not PyUnicode_CheckExact(value):
            return False
        text = PyUnicode_AsUTF8AndSize(value, &length)
        if before + length > held.room or held.at == NULL:
            at = <char *>realloc(held.at, 2 * <size_t>(before + length) + 64)
            if at == NULL:
                raise MemoryError
            held.at, held.room = at, 2 * (before + length) + 64
        memcpy(held.at + before, text, <size_t>length)
        held.length = before + length
        return True

    cdef bint takes(self, int32_t number, int code, int8_t ended, object argument, object seen) except -1:
        """Whether an operation is legal, which then takes effect."""
        try:
            if code == READ:
                return ended == OK and self.is_(number, seen)
            if code != CAS:
                return self.add(number, argument, code == APPEND)
            if type(argument) is not tuple or len(<tuple>argument) != 2 or not PyUnicode_CheckExact(argument[0]):
                return False
            if ended == FAIL:
                return not self.is_(number, argument[0])
            return self.is_(number, argument[0]) and self.add(number, argument[1], False)
        except UnicodeEncodeError:  # what has no UTF-8 is not looked at here
            return False


def holds(object model, object history, tuple order, dict codes, bint textual, object is_refusal, object call_at,
          object spending):
    """Whether an order (positions of invocations) is known to be a proof. What the model raises comes through.

    codes: id of each name → what it is to a register, or to a text if textual; or None to ask the model. is_refusal: whether a completion is a
    refusal that the model observes. call_at: position of an invocation → its call. False also when the time is spent.
    """
    cdef array.array types = history.type, processes = history.process, fs = history.f, keys = history.key
    cdef array.array values = history.value, partners = history.partner, revisions = history.revision
    cdef int8_t *kind = <int8_t *>types.data.as_schars
    cdef int64_t *process = <int64_t *>processes.data.as_longlongs
    cdef int64_t *partner = <int64_t *>partners.data.as_longlongs
    cdef int64_t *revision = <int64_t *>revisions.data.as_longlongs
    cdef int32_t *f = <int32_t *>fs.data.as_ints
    cdef int32_t *key = <int32_t *>keys.data.as_ints
    cdef int32_t *value = <int32_t *>values.data.as_ints
    cdef Py_ssize_t events = len(types), position, complete, latest = -1, pools
    cdef bint by_key = model.by_key, native = codes is not None, refusable = len(model.refusals) > 0
    cdef bint sees_process = "process" in model.sees, sees_revision = "revision" in model.sees
    cdef int32_t state, part, latest_f = -1, argument
    cdef int code = -1
    cdef int8_t ended
    cdef _States asked = _States(model, call_at, spending)
    cdef _Texts texts = _Texts()
    cdef object intern = history.pool.id
    cdef list known = history.pool.values
    cdef int32_t first = NO_STATE if textual else intern(model.initial) if native else asked.number(model.initial)
    pools = len(history.pool.values)
    cdef int8_t *placed = <int8_t *>malloc(<size_t>events + 1)
    cdef int32_t *states = <int32_t *>malloc((<size_t>pools + 1) * sizeof(int32_t))
    cdef int32_t *pairs = <int32_t *>malloc((2 * <size_t>pools + 1) * sizeof(int32_t))
    try:
        if placed == NULL or states == NULL or pairs == NULL:
            raise MemoryError
        memset(pairs, 0xff, (2 * <size_t>pools + 1) * sizeof(int32_t))
        memset(placed, 0, <size_t>events + 1)
        memset(states, 0xff, (<size_t>pools + 1) * sizeof(int32_t))
        for index in order:
            position = index
            if position < 0 or position >= events or kind[position] != INVOKE or process[position] < 0:
                return False
            if placed[position]:
                return False
            placed[position] = 1
            complete = partner[position]
            ended = INFO if complete < 0 else kind[complete]
            if ended == FAIL and not (refusable and is_refusal(complete)):
                return False
            latest = max(latest, position)
            if ended != INFO and complete < latest:
                return False
            part = key[position] if by_key else NO_KEY
            state = states[part + 1]
            if state == NO_STATE:
                state = first
            argument = value[position]
            if native and f[position] != latest_f:
                latest_f, code = f[position], codes[f[position]]
            if textual:
                if state == NO_STATE:
                    state = texts.number()
                    texts.add(state, model.initial, False)
                if not texts.takes(state, code, ended, known[argument], known[value[complete]] if ended == OK else None):
                    return False
            elif native:
                if code == WRITE:
                    state = argument
                elif code == READ:
                    if ended != OK or value[complete] != state:
                        return False
                else:
                    if pairs[2 * argument] == NO_STATE:
                        old, new = history.pool.values[argument]
                        pairs[2 * argument], pairs[2 * argument + 1] = intern(old), intern(new)
                    if (pairs[2 * argument] == state) == (ended == FAIL):
                        return False
                    if ended != FAIL:
                        state = pairs[2 * argument + 1]
            else:
                state = asked.after(state, position, (
                    f[position], argument, value[complete] if ended == OK else -1 - ended,
                    NO_KEY if by_key else key[position], process[position] if sees_process else NO_KEY,
                    revision[complete] if sees_revision and ended != INFO else NO_KEY,
                ))
                if state == NO_STATE:
                    return False
            states[part + 1] = state
        for position in range(events):
            if kind[position] == INVOKE and process[position] >= 0 and not placed[position]:
                complete = partner[position]
                if complete < 0 or kind[complete] == INFO:
                    continue
                if kind[complete] == OK or (refusable and is_refusal(complete)):
                    return False
        return True
    finally:
        free(placed)
        free(states)
        free(pairs)


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
