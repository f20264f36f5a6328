"""Table of plain values by a number. Included by lines_native.pyx, whose enum has ABSENT, with malloc, free and memset."""


cdef struct Known:
    # A plain value: of an integer itself, of text its hash.
    int64_t mark
    int32_t id


cdef class PlainValues:
    """mark → ids, of which several may have one mark."""

    cdef Known *slots
    cdef uint64_t mask
    cdef Py_ssize_t count

    def __cinit__(self):
        self.mask = (1 << 10) - 1
        self.slots = <Known *>malloc((self.mask + 1) * sizeof(Known))
        if self.slots == NULL:
            raise MemoryError
        memset(self.slots, 0xff, (self.mask + 1) * sizeof(Known))

    def __dealloc__(self):
        free(self.slots)

    cdef inline uint64_t home(self, int64_t mark) noexcept:
        return ((<uint64_t>mark * <uint64_t>0x9E3779B97F4A7C15) >> 20) & self.mask

    cdef int add(self, int64_t mark, int32_t id) except -1:
        cdef Known *old = self.slots
        cdef Known *slots
        cdef uint64_t at, before = self.mask + 1
        if 2 * <uint64_t>(self.count + 1) > self.mask:
            slots = <Known *>malloc(4 * before * sizeof(Known))
            if slots == NULL:
                raise MemoryError
            memset(slots, 0xff, 4 * before * sizeof(Known))
            self.slots, self.mask, self.count = slots, 4 * before - 1, 0
            for at in range(before):
                if old[at].id != ABSENT:
                    self.add(old[at].mark, old[at].id)
            free(old)
        at = self.home(mark)
        while self.slots[at].id != ABSENT:
            at = (at + 1) & self.mask
        self.slots[at].mark, self.slots[at].id = mark, id
        self.count += 1
        return 0
