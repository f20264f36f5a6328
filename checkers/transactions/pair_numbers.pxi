"""Numbers of pairs of a key and an object. Included by reading_native.pyx, which has ABSENT and what memory needs."""


cdef struct Slot:
    PyObject *value
    int32_t key
    int32_t number


cdef class Numbers:
    """Numbers of pairs of a key and an object, the next one for a pair never seen. Objects must outlive it."""

    cdef Slot *slots
    cdef uint64_t mask
    cdef int32_t count

    def __cinit__(self):
        self.mask = (1 << 12) - 1
        self.slots = <Slot *> calloc(self.mask + 1, sizeof(Slot))
        if self.slots == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.slots)

    cdef inline uint64_t home(self, int32_t key, PyObject *value) noexcept nogil:
        cdef uint64_t mixed = (<uint64_t> value >> 4) + <uint64_t> (key + 1) * <uint64_t> 0xD6E8FEB86659FD93
        return (mixed * <uint64_t> 0x9E3779B97F4A7C15) >> 24

    cdef inline void fetch(self, int32_t key, PyObject *value) noexcept nogil:
        """Let the slot be fetched where a pair would stand."""
        fetch_ahead(&self.slots[self.home(key, value) & self.mask])

    cdef inline int32_t find(self, int32_t key, PyObject *value) noexcept nogil:
        """The number of a pair, or ABSENT."""
        cdef uint64_t at = self.home(key, value) & self.mask
        while self.slots[at].value != NULL:
            if self.slots[at].value == value and self.slots[at].key == key:
                return self.slots[at].number
            at = (at + 1) & self.mask
        return ABSENT

    cdef int32_t add(self, int32_t key, PyObject *value) except -2:
        """The number of a pair never seen; ABSENT if it was."""
        cdef uint64_t at = self.home(key, value) & self.mask
        while self.slots[at].value != NULL:
            if self.slots[at].value == value and self.slots[at].key == key:
                return ABSENT
            at = (at + 1) & self.mask
        self.slots[at].value, self.slots[at].key, self.slots[at].number = value, key, self.count
        self.count += 1
        if <uint64_t> self.count * 2 > self.mask:
            self.grow()
        return self.count - 1

    cdef int grow(self) except -1:
        cdef uint64_t before = self.mask + 1, at, place
        cdef Slot *old = self.slots
        cdef Slot *slots = <Slot *> malloc(before * 2 * sizeof(Slot))
        if slots == NULL:
            raise MemoryError
        ask_large_pages(slots, before * 2 * sizeof(Slot))
        memset(slots, 0, before * 2 * sizeof(Slot))
        self.slots, self.mask = slots, before * 2 - 1
        for at in range(before):
            if old[at].value != NULL:
                place = self.home(old[at].key, old[at].value) & self.mask
                while slots[place].value != NULL:
                    place = (place + 1) & self.mask
                slots[place] = old[at]
        free(old)
        return 0
