# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled part of `suspects`: the reads and transactions at which a direct anomaly may be.

It may name too many, and never too few: `direct` looks at what is named here as if it had been told nothing.
"""

from libc.stdint cimport int8_t, int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

cdef enum:
    ABSENT = -1
    OK = 1
    FAIL = 2
    NAMED = -2
    STEPS = 32          # transactions with more micro-operations are all looked at inside


cdef struct Met:
    # What a transaction did with a key so far: its first read before any write, and its last write.
    int32_t txn
    int32_t read
    int32_t write


cdef class SuspectSearch:
    """reads: micro-operations. inside: transactions that may contradict themselves. scrambled, lost: those that may
    have scrambled appends or a lost update."""

    cdef readonly list reads, inside, scrambled, lost
    cdef const int32_t[:] starts, key, low, high, elements, writer, version_op, base, place
    cdef const unsigned char[:] write, last
    cdef const int8_t[:] ended
    cdef bint lists

    def __init__(self, of, place):
        """of: a history. place: of each version of a list, its place; empty for registers."""
        self.reads, self.inside, self.scrambled, self.lost = [], [], [], []
        self.starts, self.key, self.low, self.high, self.elements = of.starts, of.key, of.low, of.high, of.elements
        self.writer, self.version_op, self.base, self.place = of.version_writer, of.version_op, of.base, place
        self.write, self.last, self.ended, self.lists = of.write, of.last, of.ended, of.lists
        cdef Py_ssize_t keys = len(of.keys), marks = len(of.elements) + len(of.version_writer) + 2 * len(of.keys) + 1
        cdef int32_t *clean = <int32_t *> malloc((keys + 1) * sizeof(int32_t))
        cdef int32_t *first = <int32_t *> malloc(marks * sizeof(int32_t))
        cdef Met *met = <Met *> malloc((keys + 1) * sizeof(Met))
        if clean == NULL or first == NULL or met == NULL:
            raise MemoryError
        try:
            memset(first, 0xff, marks * sizeof(int32_t))
            memset(met, 0xff, (keys + 1) * sizeof(Met))
            if self.lists:
                self._clean(of.longest, clean)
            self._look(len(of.ended), clean, first, met)
        finally:
            free(clean)
            free(first)
            free(met)

    cdef void _clean(self, const int32_t[:] longest, int32_t *clean):
        """Find of each key how many versions its longest list begins with that were written, not failed, each once."""
        cdef Py_ssize_t key
        cdef int32_t at, version, size
        for key in range(len(longest)):
            size = 0 if longest[key] == ABSENT else self.high[longest[key]] - self.low[longest[key]]
            clean[key] = size
            for at in range(size):
                version = self.elements[self.base[key] + at]
                if self.writer[version] == ABSENT or self.ended[self.writer[version]] == FAIL or self.place[version] != at:
                    clean[key] = at
                    break

    cdef int _look(self, Py_ssize_t count, int32_t *clean, int32_t *first, Met *met) except -1:
        cdef int32_t txn, op, size
        cdef bint inner, scrambled, lost
        cdef Met *known
        for txn in range(count):
            size = self.starts[txn + 1] - self.starts[txn]
            scrambled = lost = False
            inner = size > STEPS
            for op in range(self.starts[txn], self.starts[txn + 1]):
                known = &met[self.key[op]]
                if known.txn != txn:
                    known.txn, known.read, known.write = txn, ABSENT, ABSENT
                elif not self.write[op] and not inner:
                    inner = self._inside(txn, op)
                if self.write[op]:
                    if known.write != ABSENT:
                        scrambled = scrambled or (self.lists and self._scrambled(known.write, op))
                    elif known.read != ABSENT and self.ended[txn] == OK:
                        lost = self._lost(txn, known.read, first) or lost
                    known.write = op
                else:
                    if known.read == ABSENT:
                        known.read = op
                    if self.high[op] > self.low[op] and self._strange(txn, op, clean):
                        self.reads.append(op)
            if inner and self.ended[txn] == OK:
                self.inside.append(txn)
            if scrambled:
                self.scrambled.append(txn)
            if lost:
                self.lost.append(txn)
        return 0

    cdef inline bint _strange(self, int32_t txn, int32_t op, int32_t *clean) noexcept:
        """Whether a read that saw something may have seen what was not there to be seen."""
        cdef int32_t version = self.elements[self.high[op] - 1], writer = self.writer[version], at, key = self.key[op]
        if self.lists:
            if self.low[op] != self.base[key] or self.high[op] - self.low[op] > clean[key]:
                return True
        elif writer == ABSENT or self.ended[writer] == FAIL:
            return True
        if writer != txn and not self.last[version]:
            return True
        if self.starts[txn + 1] - op > STEPS:
            return True
        for at in range(op + 1, self.starts[txn + 1]):
            if self.key[at] == key and self.write[at]:
                version = self.low[at]
                if not self.lists:
                    if version == self.elements[self.low[op]]:
                        return True
                elif self.place[version] != ABSENT and self.place[version] < self.high[op] - self.low[op]:
                    return True
        return False

    cdef inline bint _inside(self, int32_t txn, int32_t op) noexcept:
        """Whether a read may contradict what its transaction did with the key before."""
        cdef int32_t at, own = 0, earlier = ABSENT, key = self.key[op], size = self.high[op] - self.low[op], place
        if not self.lists:
            at = op - 1
            while self.key[at] != key:
                at -= 1
            if self.write[at]:
                return size == 0 or self.elements[self.low[op]] != self.low[at]
            if size != self.high[at] - self.low[at]:
                return True
            return size > 0 and self.elements[self.low[op]] != self.elements[self.low[at]]
        if self.low[op] != self.base[key]:
            return True
        place = self.high[op]
        for at in range(op - 1, self.starts[txn] - 1, -1):
            if self.key[at] != key:
                continue
            if not self.write[at]:
                earlier = at
                break
            own += 1
            place -= 1
            if place < self.low[op] or self.elements[place] != self.low[at]:
                return True
        return earlier != ABSENT and (self.low[earlier] != self.low[op] or self.high[earlier] + own != self.high[op])

    cdef inline bint _scrambled(self, int32_t earlier, int32_t op) noexcept:
        """Whether an append may stand before an earlier one of its transaction."""
        cdef int32_t place = self.place[self.low[op]], before = self.place[self.low[earlier]]
        return place != ABSENT and (before == ABSENT or before > place)

    cdef inline bint _lost(self, int32_t txn, int32_t read, int32_t *first):
        """Whether another transaction that wrote this key had read the same version before, as this one has.

        first: of each version that can be read, by its place in the longest list of its key or by its number, the first
        such transaction."""
        cdef int32_t key = self.key[read], mark
        if self.lists:
            if self.low[read] != self.base[key]:
                return True
            mark = self.high[read] + key
        else:
            mark = self.elements[self.low[read]] if self.high[read] > self.low[read] else <int32_t> len(self.writer) + key
        if first[mark] == ABSENT:
            first[mark] = txn
            return False
        if first[mark] >= 0:
            self.lost.append(first[mark])
            first[mark] = NAMED
        return True
