# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Values that are lists of micro-operations `[f key value]`, kept flat: numbers one after the other, with no object for a list.

A micro-operation is the id of f, the id of the key, and the id of the value; where that is a list, `~size` and the ids of
its elements. `id` makes of such a value what a pool has in its place.
"""

from cpython cimport array
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, malloc, realloc

from splitbrain.harness.memory cimport ask_large_pages
from splitbrain.harness.sequences_native cimport Sequences

cdef class MicroOperations:
    """Lists of micro-operations by number. begins: where each begins in `numbers`, and where the next one will."""

    def __cinit__(self):
        self.room, self.begins_room, self.parts_room = 1 << 10, 1 << 8, 1 << 6
        self.numbers = <int32_t *>malloc(self.room * sizeof(int32_t))
        self.begins = <int64_t *>malloc(self.begins_room * sizeof(int64_t))
        self.parts = <int32_t *>malloc(self.parts_room * sizeof(int32_t))
        if self.numbers == NULL or self.begins == NULL or self.parts == NULL:
            raise MemoryError
        self.begins[0] = 0

    def __dealloc__(self):
        free(self.numbers)
        free(self.begins)
        free(self.parts)

    def __len__(self):
        return self.count

    cdef int grow(self) except -1:
        """Make room for twice as many numbers."""
        cdef int32_t *moved = <int32_t *>realloc(self.numbers, 2 * self.room * sizeof(int32_t))
        if moved == NULL:
            raise MemoryError
        ask_large_pages(moved + self.size, self.room * sizeof(int32_t))
        self.numbers, self.room = moved, 2 * self.room
        return 0

    cdef int32_t end_value(self) except -1:
        """End the value that is open; its code."""
        cdef int64_t *moved
        if self.count + 1 == self.begins_room:
            if self.count >= 0x7ffffff0:
                raise MemoryError("more than 2^31 values")
            moved = <int64_t *>realloc(self.begins, 2 * self.begins_room * sizeof(int64_t))
            if moved == NULL:
                raise MemoryError
            self.begins, self.begins_room = moved, 2 * self.begins_room
        self.count += 1
        self.begins[self.count] = self.size
        return FIRST_CODE - <int32_t>(self.count - 1)

    cdef void give_up(self) noexcept:
        """Drop the value that is open."""
        self.size = self.begins[self.count]

    cdef int32_t id(self, Py_ssize_t number, Sequences sequences) except -1:
        """The id of a value in the pool of these sequences."""
        cdef int64_t at = self.begins[number], end = self.begins[number + 1]
        cdef Py_ssize_t steps = 0, size
        cdef int32_t step[3]
        cdef int32_t *moved
        while at < end:
            step[0], step[1], step[2] = self.numbers[at], self.numbers[at + 1], self.numbers[at + 2]
            at += 3
            if step[2] < 0:
                size = ~step[2]
                step[2] = sequences.of_parts(self.numbers + at, size, True)
                at += size
            if steps == self.parts_room:
                moved = <int32_t *>realloc(self.parts, 2 * self.parts_room * sizeof(int32_t))
                if moved == NULL:
                    raise MemoryError
                self.parts, self.parts_room = moved, 2 * self.parts_room
            self.parts[steps] = sequences.of_parts(step, 3, False)
            steps += 1
        return sequences.of_parts(self.parts, steps, steps == 0)

    def id_of(self, int32_t code, pool):
        """The id of the value that has this code."""
        return self.id(FIRST_CODE - code, pool.tables[list])

    def intern(self, column, pool):
        """Replace all codes in a column by ids."""
        cdef array.array codes = column
        cdef Sequences sequences = pool.tables[list]
        cdef Py_ssize_t place
        for place in range(len(codes)):
            if codes.data.as_ints[place] <= FIRST_CODE:
                codes.data.as_ints[place] = self.id(FIRST_CODE - codes.data.as_ints[place], sequences)
