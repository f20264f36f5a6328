# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""What does a model answer that the kernel does not know by heart? Each transition is asked of Python once, then kept.

The trap: an exception inside `step` must not be taken for "illegal". It is kept, the search stops at its next
configuration, and whoever called the search raises it.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free


cdef class Transitions:
    """The transitions of one model. table: a `Table` of Python, or None for the register known by heart."""

    def __cinit__(self, object table):
        self.table = table
        self.steps.native = table is None
        self.steps.owner = <void *>self
        if table is not None:
            self.steps.mask = 255
            self.steps.table = <Transition *>calloc(256, sizeof(Transition))
            if self.steps.table == NULL:
                raise MemoryError
            self.account()

    def __dealloc__(self):
        free(self.steps.table)

    cdef int account(self) except -1:
        self.steps.held = (self.steps.mask + 1) * sizeof(Transition) + <size_t>self.table.bytes
        return 0

    @property
    def bytes(self):
        """Memory held, roughly."""
        return self.steps.held

    def check(self):
        """Raise what the model raised, if it did."""
        if self.exception is not None:
            raise self.exception

    def interrupted(self, exception):
        """Stop whoever searches, and let `check` raise this."""
        self.exception = exception
        self.steps.failed = True

    cdef int32_t fill(self, int32_t state, int32_t kind) except -3:
        cdef int32_t following = self.table.step(state, kind)
        self.steps.asked += 1
        if <uint64_t>self.steps.asked * 2 > self.steps.mask:
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
    """One transition from Python, kept."""
    if steps.failed:
        return ILLEGAL
    with gil:
        owner = <Transitions>steps.owner
        try:
            return owner.fill(state, kind)
        except BaseException as exception:  # what it is, `check` raises to the caller
            owner.exception = exception
            steps.failed = True
            return ILLEGAL
