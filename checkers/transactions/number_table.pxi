"""Table of numbers by a mark. Included by compiled parts that have ABSENT and what memory needs."""


cdef struct Slot:
    uint64_t mark
    int32_t number


cdef class NumberTable:
    """Marks → numbers from 0, the next one for a mark never seen. A mark is not 0."""

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

    cdef inline uint64_t home(self, uint64_t mark) noexcept nogil:
        return ((mark ^ mark >> 31) * <uint64_t> 0x9E3779B97F4A7C15) >> 24

    cdef inline void fetch(self, uint64_t mark) noexcept nogil:
        """Let the slot be fetched where a mark would stand."""
        fetch_ahead(&self.slots[self.home(mark) & self.mask])

    cdef inline int32_t find(self, uint64_t mark) noexcept nogil:
        """The number of a mark, or ABSENT."""
        cdef uint64_t at = self.home(mark) & self.mask
        while self.slots[at].mark != 0:
            if self.slots[at].mark == mark:
                return self.slots[at].number
            at = (at + 1) & self.mask
        return ABSENT

    cdef int32_t add(self, uint64_t mark) except -2:
        """The number of a mark never seen; ABSENT if it was."""
        cdef uint64_t at = self.home(mark) & self.mask
        while self.slots[at].mark != 0:
            if self.slots[at].mark == mark:
                return ABSENT
            at = (at + 1) & self.mask
        self.slots[at].mark, self.slots[at].number = mark, self.count
        self.count += 1
        if <uint64_t> self.count * 2 > self.mask:
            self.resize(2 * self.mask + 1)
        return self.count - 1

    cdef int reserve(self, int64_t more) except -1:
        """Make room for so many marks more, lest it be made bit by bit."""
        cdef uint64_t mask = self.mask
        while <uint64_t> (self.count + more) * 2 > mask:
            mask = 2 * mask + 1
        if mask != self.mask:
            self.resize(mask)
        return 0

    cdef int resize(self, uint64_t mask) except -1:
        cdef uint64_t before = self.mask + 1, at, place
        cdef Slot *old = self.slots
        cdef Slot *slots = <Slot *> calloc(mask + 1, sizeof(Slot))
        if slots == NULL:
            raise MemoryError
        ask_large_pages(slots, (mask + 1) * sizeof(Slot))
        self.slots, self.mask = slots, mask
        for at in range(before):
            if old[at].mark != 0:
                place = self.home(old[at].mark) & self.mask
                while slots[place].mark != 0:
                    place = (place + 1) & self.mask
                slots[place] = old[at]
        free(old)
        return 0
