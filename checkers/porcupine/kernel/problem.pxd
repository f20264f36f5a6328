"""Flat arrays of all problems of a history, shared by preparation and search."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t


cdef enum:
    READ = 0
    WRITE = 1
    CAS = 2
    REFUSED = 3
    TABULATED = 4

cdef enum:
    UNDECIDED = -1
    INVALID = 0
    VALID = 1

cdef enum:
    STATES_KEPT = 32
    NEVER = 0x7fffffff


ctypedef struct Op:
    # a, b: operands as value ids (`b` what a cas leaves); of a tabulated operation `a` is its class, and `b` whether it is
    # pure and saw something that has parts.
    # slot: in the window; of a crashed operation its place among the crashed. before: who held the slot before it.
    # due: the level of its return, NEVER for a crashed one. invoked: position of the invocation in the history.
    int32_t a, b, slot, before, due, invoked
    uint8_t f, pure, crashed


ctypedef struct Level:
    # The k-th return: who is owed, how many operations and how many crashed ones were invoked before it.
    int32_t next_return, called, crashed


ctypedef struct Problem:
    # first: where its operations, levels, crashed and order begin in the arrays of the batch.
    int64_t first, configurations
    int32_t n, levels, width, crashed, key, observations, size
    # initial: the first state. history: which of those of the batch it is of.
    int32_t initial, history
    # The answer: placed = length of the order found, or of the longest; blocked = operation that was owed, or -1.
    int32_t placed, blocked, states
    int32_t state[STATES_KEPT]
    # lacked: whether its last search ran out of memory.
    int8_t verdict, lacked


cdef class Batch:
    cdef Op *ops
    cdef Level *levels
    cdef int32_t *crashed
    cdef int32_t *twin
    cdef int32_t *order
    cdef Problem *problems
    cdef int32_t *begins
    cdef Py_ssize_t room, rooms
    cdef readonly Py_ssize_t count
    cdef readonly Py_ssize_t histories
    cdef readonly Py_ssize_t operations
    cdef readonly size_t held
    cdef readonly bint native
    cdef int reserve(self, Py_ssize_t operations, Py_ssize_t problems) except -1


cdef void *larger(void *at, size_t bytes) except NULL
