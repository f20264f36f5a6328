from libc.stdint cimport int32_t, int64_t

from splitbrain.harness.sequences_native cimport Sequences


cdef enum:
    FIRST_CODE = -3     # of value n the code is FIRST_CODE - n


cdef class MicroOperations:
    cdef int32_t *numbers
    cdef int64_t *begins
    cdef int64_t size, room
    cdef Py_ssize_t count, begins_room
    cdef int32_t *parts
    cdef Py_ssize_t parts_room

    cdef int grow(self) except -1
    cdef inline int push(self, int32_t number) except -1:
        """Add a number to the value that is open."""
        if self.size == self.room:
            self.grow()
        self.numbers[self.size] = number
        self.size += 1
        return 0

    cdef int32_t end_value(self) except -1
    cdef void give_up(self) noexcept
    cdef int32_t id(self, Py_ssize_t number, Sequences sequences) except -1
