# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of `certificate.causal_objection`: whether an order of operations explains every read.

Stands by itself: it shares nothing with `clocks_native`, which finds the orders that it judges.
"""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy


cdef class OrderCheck:
    """A walk along an order. After `step`: op, other: the first operation that is wrong there, and the one that says so.

    wrong: 0 while nothing is; 1: `op` stands before `other`, which comes before it; 2: `other`, in the past of the read
    `op`, is a write that it should have missed. 3: `op` stands there twice.
    """

    cdef const unsigned char[:] write
    cdef const int32_t[:] key, source, chain, position, starts, flat, more_starts, more, order
    cdef bint arbitration
    cdef int32_t width, at
    cdef int32_t *place
    cdef int32_t *slot
    cdef int32_t *pasts
    cdef int32_t *last
    cdef int32_t *group_of
    cdef int32_t *groups
    cdef int32_t *group_chain
    cdef int32_t *begin
    cdef int32_t *filled
    cdef int32_t *writes
    cdef int32_t *positions
    cdef readonly int op, other, wrong

    def __init__(self, columns, order, bint arbitration):
        """Make room, and sort writes by key and chain: `group_of` each write, `begin` where the group's writes stand."""
        cdef int32_t n = len(columns.write), k = len(columns.starts) - 1, i, op, kept = 0, count = 0, group = -1, before
        self.write, self.key, self.source = columns.write, columns.key, columns.source
        self.chain, self.position = columns.chain, columns.position
        self.starts, self.flat = columns.starts, columns.flat
        self.more_starts, self.more = columns.more_starts, columns.more
        self.order, self.arbitration, self.width = order, arbitration, k
        self.place = <int32_t *> malloc((n + 1) * sizeof(int32_t))
        self.slot = <int32_t *> malloc((n + 1) * sizeof(int32_t))
        self.last = <int32_t *> calloc(<int64_t> k * k + 1, sizeof(int32_t))
        self.group_of = <int32_t *> malloc((n + 1) * sizeof(int32_t))
        self.groups = <int32_t *> calloc(columns.keys + 2, sizeof(int32_t))
        self.group_chain = <int32_t *> malloc((n + 1) * sizeof(int32_t))
        self.begin = <int32_t *> malloc((n + 2) * sizeof(int32_t))
        self.filled = <int32_t *> calloc(n + 1, sizeof(int32_t))
        self.writes = <int32_t *> malloc((n + 1) * sizeof(int32_t))
        self.positions = <int32_t *> malloc((n + 1) * sizeof(int32_t))
        if not (self.place and self.slot and self.last and self.group_of and self.groups and self.group_chain
                and self.begin and self.filled and self.writes and self.positions):
            raise MemoryError
        for i in range(n):
            self.place[i] = self.slot[i] = -1
        for i in range(self.more_starts[n]):
            self.slot[self.more[i]] = 0
        for i in range(n):
            if self.write[i] or self.slot[i] == 0:
                self.slot[i] = kept
                kept += 1
        self.pasts = <int32_t *> malloc((<int64_t> kept * k + 1) * sizeof(int32_t))
        if not self.pasts:
            raise MemoryError
        by_key = sorted((op for op in columns.flat if self.write[op]), key=columns.key.__getitem__)
        before = -1
        for i, op in enumerate(by_key):
            if before < 0 or self.key[op] != self.key[before] or self.chain[op] != self.chain[before]:
                group += 1
                self.begin[group] = i
                self.group_chain[group] = self.chain[op]
                self.groups[self.key[op] + 1] = group + 1
            self.group_of[op] = group
            before = op
        for i in range(columns.keys):
            if self.groups[i + 1] == 0:
                self.groups[i + 1] = self.groups[i]

    def __dealloc__(self):
        free(self.place)
        free(self.slot)
        free(self.pasts)
        free(self.last)
        free(self.group_of)
        free(self.groups)
        free(self.group_chain)
        free(self.begin)
        free(self.filled)
        free(self.writes)
        free(self.positions)

    def step(self, int32_t most):
        """Walk so many operations further. True if there are more and nothing is wrong."""
        cdef int32_t stop = min(<int32_t> len(self.order), self.at + most)
        with nogil:
            while self.at < stop and self.wrong == 0:
                self._place(self.order[self.at])
                self.at += 1
        return self.at < len(self.order) and self.wrong == 0

    cdef void _says(self, int wrong, int32_t op, int32_t other) noexcept nogil:
        self.wrong, self.op, self.other = wrong, op, other

    cdef void _place(self, int32_t op) noexcept nogil:
        cdef int32_t c = self.chain[op], width = self.width, i, group
        cdef int32_t *mine = self.last + <int64_t> c * width
        if self.place[op] >= 0:
            self._says(3, op, op)
            return
        if self.position[op] and self.place[self.flat[self.starts[c] + self.position[op] - 1]] < 0:
            self._says(1, op, self.flat[self.starts[c] + self.position[op] - 1])
            return
        if not self.write[op] and self.source[op] >= 0:
            self._add(op, mine, self.source[op])
        for i in range(self.more_starts[op], self.more_starts[op + 1]):
            self._add(op, mine, self.more[i])
        if self.wrong:
            return
        mine[c] = self.position[op] + 1
        self.place[op] = self.at
        if self.slot[op] >= 0:
            memcpy(self.pasts + <int64_t> self.slot[op] * width, mine, width * sizeof(int32_t))
        if self.write[op]:
            group = self.group_of[op]
            self.writes[self.begin[group] + self.filled[group]] = op
            self.positions[self.begin[group] + self.filled[group]] = self.position[op]
            self.filled[group] += 1
        else:
            self._explain(op, mine)

    cdef void _add(self, int32_t op, int32_t *mine, int32_t earlier) noexcept nogil:
        cdef int32_t i
        cdef int32_t *past
        if self.place[earlier] < 0:
            self._says(1, op, earlier)
            return
        past = self.pasts + <int64_t> self.slot[earlier] * self.width
        for i in range(self.width):
            mine[i] = past[i] if past[i] > mine[i] else mine[i]

    cdef void _explain(self, int32_t read, int32_t *mine) noexcept nogil:
        cdef int32_t source = self.source[read], k = self.key[read], group, count, low, middle, other
        cdef bint after
        for group in range(self.groups[k], self.groups[k + 1]):
            low, count = 0, self.filled[group]
            while low < count:
                middle = (low + count) >> 1
                if self.positions[self.begin[group] + middle] < mine[self.group_chain[group]]:
                    low = middle + 1
                else:
                    count = middle
            if low == 0:
                continue
            other = self.writes[self.begin[group] + low - 1]
            if other == source:
                continue
            after = source < 0 or self.place[other] > self.place[source]
            if after and source >= 0 and not self.arbitration:
                after = (
                    self.pasts[<int64_t> self.slot[other] * self.width + self.chain[source]] > self.position[source]
                )
            if after:
                self._says(2, read, other)
                return
