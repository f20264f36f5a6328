# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Transition cache of models written in Python: each transition is computed once, and kept from one history to the next
of the same model.

A *turn* is a check. What an earlier one asked for needs no Python any more, but a search is not told that it is known
before it asks: so what it finds, and how soon, does not depend on the histories that came before.

Pitfalls: an exception inside `step` must not be taken for "illegal". It is kept, the search stops at its next
configuration, and whoever called the search raises it. And the table is read without the GIL, so that only one search
at a time may have it: who takes it from the model gives it back (see `compiled`).
"""

import sys

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset

from splitbrain.checkers.porcupine.model import ILLEGAL as NOT_ALLOWED
from splitbrain.checkers.porcupine.model import REFUSED, UNSEEN, Call, Refused
from splitbrain.checkers.porcupine.table import (
    MUTABLE, ModelFailure, has_none, impure, mutable, parts_held, unanswered, unkept, unreturned
)
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Interner

cdef enum:
    STATE_BYTES = 200   # of what is kept of a state, besides what it takes itself
    PLACES = 256
    DEPTH = 3           # as `table.parts_held`
    SAMPLED = 8

cdef object _DIRECT = frozenset((str, int, bool, float, type(None)))
cdef object _OF_PARTS = frozenset((str, bytes, tuple, frozenset))


cdef Py_ssize_t _EMPTY_TUPLE = sys.getsizeof(())


def bytes_of_parts(state):
    """The same as `table.parts_held`; quicker for tuples and frozensets."""
    return held_by_parts(state, DEPTH)


cdef inline bint is_scalar(object value) noexcept:
    return value is None or isinstance(value, (int, str, float, bytes))


cdef Py_ssize_t held_by_parts(object state, int depth) except -1:
    cdef Py_ssize_t size, step, at = 0, sampled = 0, held = 0
    cdef object part
    if depth == 0 or is_scalar(state):
        return 0
    if type(state) is tuple:
        size = len(<tuple>state)
        step = max(1, size // SAMPLED)
        while at < size:
            part = (<tuple>state)[at]
            if not is_scalar(part):
                held += own_bytes(part) + held_by_parts(part, depth - 1)
            at += step
            sampled += 1
    elif type(state) is frozenset:
        size = len(<frozenset>state)
        step = max(1, size // SAMPLED)
        for part in <frozenset>state:
            if at % step == 0:
                sampled += 1
                if not is_scalar(part):
                    held += own_bytes(part) + held_by_parts(part, depth - 1)
            at += 1
    else:
        return parts_held(state, depth)
    return held * size // sampled if sampled else 0


cdef inline Py_ssize_t own_bytes(object part) except -1:
    if type(part) is tuple:
        return _EMPTY_TUPLE + len(<tuple>part) * <Py_ssize_t>sizeof(void *)
    return sys.getsizeof(part)


cdef class Transitions:
    """The transitions of one model, or of the register known built in. classes: its calls, by number."""

    def __cinit__(self, object model, object native, *more):
        """native: True for the register, which needs no table; anything else is for those who know more steps."""
        self.model = model
        self.steps.native = native is True
        self.steps.owner = <void *>self
        self.classes, self.seen, self.reached, self.by_type = [], [], [], {}
        self.pure, self.of_parts = bytearray(), bytearray()
        if self.steps.native:
            return
        self.step, self.pool, self.state_pool = model.step, Interner(), Interner()
        self.intern = self.pool.id
        self.steps.mask = self.class_mask = PLACES - 1
        self.steps.table = <Transition *>calloc(PLACES, sizeof(Transition))
        self.steps.hints = <uint64_t *>calloc(HINTS, sizeof(uint64_t))
        self.class_at = <int32_t *>malloc(PLACES * sizeof(int32_t))
        self.class_names = <int64_t *>malloc(PLACES // 2 * CLASS_NAME * sizeof(int64_t))
        if (self.steps.table == NULL or self.steps.hints == NULL or self.class_at == NULL
                or self.class_names == NULL):
            raise MemoryError
        memset(self.class_at, 0xff, PLACES * sizeof(int32_t))

    def __dealloc__(self):
        free(self.steps.table)
        free(self.steps.hints)
        free(self.class_at)
        free(self.class_names)

    @property
    def bytes(self):
        """Memory held, roughly."""
        return self.steps.held

    @property
    def asked(self):
        """The number of times that the model was asked."""
        return self.steps.asked

    def state(self, int32_t number):
        """A state that was reached."""
        return self.reached[number]

    def begin(self):
        """A new turn. ModelFailure if the initial state cannot be kept."""
        self.steps.turn += 1
        if not self.steps.native and not self.reached:
            self.state_number(self.model.initial)
            self.account()

    def forget(self):
        """Forget all states and transitions, but not the classes."""
        cdef Transition *fresh = <Transition *>calloc(PLACES, sizeof(Transition))
        if fresh == NULL:
            raise MemoryError
        free(self.steps.table)
        memset(self.steps.hints, 0, HINTS * sizeof(uint64_t))
        self.steps.table, self.steps.mask = fresh, PLACES - 1
        self.reached, self.by_type, self.state_pool = [], {}, Interner()
        self.kept = self.states_held = 0
        self.state_number(self.model.initial)
        self.account()

    cdef void account(self) noexcept:
        self.steps.held = self.states_held + (self.steps.mask + 1) * sizeof(Transition)

    def check(self):
        """Raise what the model raised, if it did."""
        if self.exception is not None:
            raise self.exception

    def interrupted(self, exception):
        """Stop whoever searches, and let `check` raise this."""
        self.exception = exception
        self.steps.failed = True

    cdef int32_t value(self, object value) except -1:
        """The number of a value here, whatever it is in a history."""
        return self.intern(value)

    cdef int32_t class_of(self, const int64_t *wanted, object f, bint pure) except -1:
        """The number of a class of calls by its name, a new one if it was never seen."""
        cdef uint64_t at = self.class_place(wanted)
        cdef int32_t number
        cdef int part
        cdef int64_t *name
        while self.class_at[at] >= 0:
            name = &self.class_names[CLASS_NAME * self.class_at[at]]
            for part in range(CLASS_NAME):
                if name[part] != wanted[part]:
                    break
            else:
                return self.class_at[at]
            at = (at + 1) & self.class_mask
        number = <int32_t>len(self.classes)
        if <uint64_t>(number + 1) * 2 > self.class_mask:
            self.grow_classes()
            at = self.class_place(wanted)
            while self.class_at[at] >= 0:
                at = (at + 1) & self.class_mask
        self.new_class(wanted, f)
        self.pure.append(pure)
        self.class_at[at] = number
        for part in range(CLASS_NAME):
            self.class_names[CLASS_NAME * number + part] = wanted[part]
        return number

    cdef int new_class(self, const int64_t *wanted, object f) except -1:
        """Keep the call that has this name."""
        cdef list values = self.pool.values
        if wanted[2] == -2:
            result = UNSEEN
        elif wanted[2] == -3:
            result = REFUSED
        else:
            result = values[wanted[2]] if wanted[2] >= 0 else Refused(values[-4 - wanted[2]])
        self.classes.append(Call(
            f, values[wanted[1]], result, None if wanted[3] < 0 else values[wanted[3]],
            None if wanted[4] < 0 else wanted[4], None if wanted[5] < 0 else wanted[5],
            None if wanted[6] < 0 else values[wanted[6]],
        ))
        self.seen.append(values[wanted[2]] if wanted[2] >= 0 else None)
        self.of_parts.append(type(self.seen[len(self.seen) - 1]) in _OF_PARTS)
        return 0

    cdef bint has_parts(self, int32_t kind) noexcept:
        """Whether what a call saw is a text, a tuple or a set, of which a state may be the beginning."""
        return kind < len(self.of_parts) and self.of_parts[kind]

    cdef int is_beginning(self, int32_t state, int32_t kind) except -1:
        """Whether a state is the beginning of what a call saw, or, of a set, a part; UNLIKE for another type."""
        cdef object part = self.reached[state], whole = self.seen[kind]
        if type(part) is not type(whole):
            return UNLIKE
        if type(part) is frozenset:
            return part <= whole
        if type(part) is tuple:
            return len(<tuple>part) <= len(<tuple>whole) and (<tuple>whole)[:len(<tuple>part)] == part
        return whole.startswith(part)

    cdef uint64_t class_place(self, const int64_t *wanted) noexcept:
        cdef uint64_t hash = 0
        cdef int part
        for part in range(CLASS_NAME):
            hash = (hash ^ <uint64_t>wanted[part]) * <uint64_t>0x9E3779B97F4A7C15
            hash ^= hash >> 29
        return hash & self.class_mask

    cdef int grow_classes(self) except -1:
        cdef uint64_t places = (self.class_mask + 1) * 4, at
        cdef int32_t number
        cdef int32_t *class_at = <int32_t *>malloc(places * sizeof(int32_t))
        cdef int64_t *names = <int64_t *>realloc(self.class_names, places // 2 * CLASS_NAME * sizeof(int64_t))
        if names != NULL:
            self.class_names = names
        if class_at == NULL or names == NULL:
            free(class_at)
            raise MemoryError
        memset(class_at, 0xff, places * sizeof(int32_t))
        free(self.class_at)
        self.class_at, self.class_mask = class_at, places - 1
        for number in range(<int32_t>len(self.classes)):
            at = self.class_place(&names[CLASS_NAME * number])
            while class_at[at] >= 0:
                at = (at + 1) & self.class_mask
            class_at[at] = number
        return 0

    cdef int32_t state_number(self, object state) except -1:
        """The number of a state. States are the same if and only if their type and canonical form are; those of plain
        types are found by themselves, others by their place in the pool."""
        cdef object kind = type(state), name = state
        cdef dict numbers = self.by_type.get(kind)
        if numbers is None:
            numbers = self.by_type[kind] = {}
        if kind not in _DIRECT:
            try:
                name = self.state_pool.id(state)
            except Exception as error:
                raise unkept(self.model, error) from error
        found = numbers.get(name)
        if found is None:
            found = numbers[name] = len(self.reached)
            self.reached.append(state)
            # What is no plain value is kept three times: itself, its parts, and how the pool gives it back.
            self.states_held += STATE_BYTES + (
                len(state) if kind is str else 4 * <size_t>sys.getsizeof(state) + <size_t>held_by_parts(state, DEPTH)
            )
        return found

    cdef int32_t fill(self, int32_t state, int32_t kind) except -3:
        """Ask the model for one transition, and keep it."""
        cdef int32_t following
        cdef object before = self.reached[state], call = self.classes[kind], after
        try:
            after = self.step(before, call)
        except UsageError:
            raise
        except Exception as error:
            raise unanswered(self.model, before, call, error) from error
        if after is NOT_ALLOWED:
            following = ILLEGAL
        else:
            if type(after) in MUTABLE:
                raise mutable(self.model, call, after)
            if after is None and not has_none(self.model):
                raise unreturned(self.model, call)
            following = state if after is before else self.state_number(after)
            if following != state and self.pure[kind]:
                raise impure(self.model, call)
        self.kept += 1
        self.steps.asked += 1
        if self.kept * 2 > self.steps.mask:
            self.grow()
        keep(&self.steps, state, kind, following)
        self.account()
        return following

    cdef int grow(self) except -1:
        cdef uint64_t places = (self.steps.mask + 1) * 4, at, old
        cdef Transition *fresh = <Transition *>calloc(places, sizeof(Transition))
        if fresh == NULL:
            raise MemoryError
        for old in range(self.steps.mask + 1):
            if self.steps.table[old].name != 0:
                at = place_of(self.steps.table[old].name) & (places - 1)
                while fresh[at].name != 0:
                    at = (at + 1) & (places - 1)
                fresh[at] = self.steps.table[old]
        free(self.steps.table)
        self.steps.table = fresh
        self.steps.mask = places - 1
        return 0


cdef int32_t ask(Steps *steps, int32_t state, int32_t kind) noexcept nogil:
    """One transition that this turn does not know: from an earlier turn, or from Python, and then kept."""
    cdef uint64_t name = ((<uint64_t>state << 32) | <uint64_t>kind) + 1
    cdef uint64_t at = place_of(name) & steps.mask
    if steps.failed:
        return ILLEGAL
    while steps.table[at].name != 0:
        if steps.table[at].name == name:
            steps.table[at].turn = steps.turn
            return steps.table[at].following
        at = (at + 1) & steps.mask
    with gil:
        owner = <Transitions>steps.owner
        try:
            return owner.fill(state, kind)
        except BaseException as exception:  # what it is, `check` raises to the caller
            owner.exception = exception
            steps.failed = True
            return ILLEGAL


cdef int begins(Steps *steps, int32_t state, int32_t kind) noexcept nogil:
    """Whether a state is the beginning of what a call saw: YES, NO, or UNLIKE if it cannot be told. A hint for the order
    of trying."""
    cdef uint64_t name = ((<uint64_t>state << 32) | <uint64_t>kind) + 1
    cdef uint64_t *hint = &steps.hints[place_of(name) & (HINTS - 1)]
    cdef int found
    if hint[0] >> 2 == name:
        return hint[0] & 3
    if steps.failed:
        return UNLIKE
    with gil:
        owner = <Transitions>steps.owner
        try:
            found = owner.is_beginning(state, kind)
        except Exception:  # of a comparison that somebody wrote: then it is no hint
            found = UNLIKE
        except BaseException as exception:
            owner.interrupted(exception)
            found = UNLIKE
    hint[0] = name << 2 | <uint64_t>found
    return found
