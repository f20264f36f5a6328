"""Lookup of transitions without the GIL: built-in steps, all others in a table."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from splitbrain.checkers.porcupine.kernel.problem cimport CAS, READ, WRITE, Op

cdef enum:
    ILLEGAL = -1
    UNASKED = -2

cdef enum:
    CLASS_NAME = 7      # number of the operation, argument, result, key, process, revision, token
    HINTS = 4096

cdef enum:
    NO = 0
    YES = 1
    UNLIKE = 2


ctypedef struct Transition:
    # name: (state << 32 | class) + 1, 0 for an empty place. turn: when it was asked for last.
    uint64_t name
    int32_t following
    uint32_t turn


ctypedef struct Steps:
    # native: the step of a register with compare-and-set. Else the table: an open-addressing one, `mask` + 1 places.
    # failed: the model could not say, and `owner` keeps the exception. asked: how often the model was asked.
    # hints: what `begins` said last, by place: a name, and the answer.
    bint native
    bint failed
    Transition *table
    uint64_t *hints
    uint64_t mask
    uint32_t turn
    int64_t asked
    size_t held
    void *owner


cdef class Transitions:
    cdef Steps steps
    cdef readonly object model
    cdef readonly list classes
    cdef list reached
    cdef object step, pool, state_pool, intern, exception
    cdef list seen
    cdef bytearray pure, of_parts
    cdef dict by_type
    cdef uint64_t kept, class_mask
    cdef size_t states_held
    cdef int32_t *class_at
    cdef int64_t *class_names
    cdef int32_t value(self, object value) except -1
    cdef int32_t class_of(self, const int64_t *wanted, object f, bint pure) except -1
    cdef uint64_t class_place(self, const int64_t *wanted) noexcept
    cdef int grow_classes(self) except -1
    cdef int32_t state_number(self, object state) except -1
    cdef void account(self) noexcept
    cdef int grow(self) except -1
    cdef int32_t fill(self, int32_t state, int32_t kind) except -3
    cdef int new_class(self, const int64_t *wanted, object f) except -1
    cdef bint has_parts(self, int32_t kind) noexcept
    cdef int is_beginning(self, int32_t state, int32_t kind) except -1


cdef int32_t ask(Steps *steps, int32_t state, int32_t kind) noexcept nogil

cdef int begins(Steps *steps, int32_t state, int32_t kind) noexcept nogil


cdef inline uint64_t place_of(uint64_t name) noexcept nogil:
    name *= <uint64_t>0x9E3779B97F4A7C15
    return name ^ (name >> 32)


cdef inline int32_t known(const Steps *steps, int32_t state, int32_t kind) noexcept nogil:
    """The next state, ILLEGAL, or UNASKED: what was asked in an earlier turn counts as unasked, so that a search
    depends on nothing that came before it."""
    cdef uint64_t name = ((<uint64_t>state << 32) | <uint64_t>kind) + 1
    cdef uint64_t at = place_of(name) & steps.mask
    while steps.table[at].name != 0:
        if steps.table[at].name == name:
            return steps.table[at].following if steps.table[at].turn == steps.turn else UNASKED
        at = (at + 1) & steps.mask
    return UNASKED


cdef inline void keep(Steps *steps, int32_t state, int32_t kind, int32_t following) noexcept nogil:
    """Put a transition that is not there into the table, which has room."""
    cdef uint64_t name = ((<uint64_t>state << 32) | <uint64_t>kind) + 1
    cdef uint64_t at = place_of(name) & steps.mask
    while steps.table[at].name != 0:
        at = (at + 1) & steps.mask
    steps.table[at].name = name
    steps.table[at].following = following
    steps.table[at].turn = steps.turn


cdef inline int32_t step(Steps *steps, const Op *op, int32_t state) noexcept nogil:
    """The next state, or ILLEGAL; ILLEGAL too when the model failed, so look at `failed` before concluding anything."""
    cdef int32_t following
    if steps.native:
        if op.f == WRITE:
            return op.a
        if op.f == CAS:
            return op.b if state == op.a else ILLEGAL
        return state if (state == op.a) == (op.f == READ) else ILLEGAL
    following = known(steps, state, op.a)
    return ask(steps, state, op.a) if following == UNASKED else following
