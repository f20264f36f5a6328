from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t


cdef struct KnownSlot:
    # mark: upper bits of the hash. place: in `parts`, where the length and the id stand first; FREE in a free slot.
    uint32_t mark
    uint32_t place


cdef class KnownSequences:
    cdef KnownSlot *slots
    cdef uint64_t mask
    cdef Py_ssize_t count
    cdef int32_t *parts
    cdef int64_t size, room

    cdef int32_t find(self, const int32_t *parts, Py_ssize_t size) noexcept
    cdef int add(self, const int32_t *parts, Py_ssize_t size, int32_t id) except -1
    cdef int grow(self) except -1


cdef class Sequences:
    cdef object pool, tables, slow, scalars
    cdef KnownSequences known
    cdef list values

    cdef object id(self, object value, int depth)
    cdef int32_t of_parts(self, const int32_t *parts, Py_ssize_t size, bint flat) except -2
    cdef int keep_pair(self, Py_ssize_t whole, int32_t first, int32_t second) except -1
