# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of `visibility`: the pairs of writers of which the first must come before the second, for a transaction
sees the first and read from the second.

What is visible is known by vector clocks: of each session how many of its transactions are. A pair that clocks put in
order is left out. After AWDIT (2025).
"""

from cpython cimport array
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

import array

cdef enum:
    ABSENT = -1

cdef array.array INTS = array.array("i", [])


def chains(const int32_t[::1] session, const uint8_t[::1] member, int32_t width):
    """The number of each transaction's session, in the order in which they are met, and its place among the members of
    it; 0 for those that are none. session: any numbers below the width."""
    cdef Py_ssize_t txn, count = len(session)
    cdef array.array number = array.clone(INTS, count, True), place = array.clone(INTS, count, True)
    cdef int32_t *known = <int32_t *> calloc(width + 1, sizeof(int32_t))  # the number and one more
    cdef int32_t *met = <int32_t *> calloc(count + 1, sizeof(int32_t))
    cdef int32_t found, sessions = 0
    try:
        if known == NULL or met == NULL:
            raise MemoryError
        for txn in range(count):
            if not member[txn]:
                continue
            if not known[session[txn]]:
                sessions += 1
                known[session[txn]] = sessions
            found = known[session[txn]] - 1
            number.data.as_ints[txn], place.data.as_ints[txn] = found, met[found]
            met[found] += 1
    finally:
        free(known)
        free(met)
    return number, place


cdef class VisiblePairs:
    """source, target: the pairs found so far. unseen: keys of which a transaction read the initial value although it
    sees a writer; there is no order then.

    Reads and writes come in columns: of a read its transaction, its key, and the writer, ABSENT for the initial value;
    reads of one transaction stand together. The writers of each key stand together too, by session and place in it."""

    cdef readonly array.array source, target
    cdef readonly set unseen
    cdef const int32_t[::1] reader, key, writer, write_starts, write_txn, session, place
    cdef int32_t *row               # of each transaction, where its reads begin
    cdef int32_t *met               # of each transaction, the one that saw it last
    cdef int32_t count
    cdef Py_ssize_t pairs

    def __init__(self, count, reader, key, writer, write_starts, write_txn, session, place):
        """session, place: of each transaction the number of its session, and its place there."""
        self.count = count
        self.reader, self.key, self.writer = reader, key, writer
        self.write_starts, self.write_txn, self.session, self.place = write_starts, write_txn, session, place
        self.source, self.target = array.clone(INTS, 1024, False), array.clone(INTS, 1024, False)
        self.unseen = set()
        self.row = <int32_t *> malloc((self.count + 2) * sizeof(int32_t))
        self.met = <int32_t *> malloc((self.count + 1) * sizeof(int32_t))
        if self.row == NULL or self.met == NULL:
            raise MemoryError
        cdef Py_ssize_t at
        cdef int32_t txn = 0
        for at in range(len(self.reader)):
            while txn <= self.reader[at]:
                self.row[txn] = <int32_t> at
                txn += 1
        while txn <= self.count:
            self.row[txn] = <int32_t> len(self.reader)
            txn += 1
        memset(self.met, 0xff, self.count * sizeof(int32_t))

    def __dealloc__(self):
        free(self.row)
        free(self.met)

    def found(self):
        """(first, second) of all pairs, as columns."""
        array.resize(self.source, self.pairs)
        array.resize(self.target, self.pairs)
        return self.source, self.target

    cdef int _add(self, int32_t writer, int32_t read_from, int32_t key) except -1:
        """Note that a visible transaction wrote what was read from another one."""
        cdef Py_ssize_t room = len(self.source)
        if writer == read_from:
            return 0
        if read_from == ABSENT:
            self.unseen.add(key)
            return 0
        if self.pairs == room:
            array.resize(self.source, 2 * room)
            array.resize(self.target, 2 * room)
        self.source.data.as_ints[self.pairs], self.target.data.as_ints[self.pairs] = writer, read_from
        self.pairs += 1
        return 0

    cdef inline int32_t _latest(self, int32_t low, int32_t high, int32_t session, int32_t visible) noexcept nogil:
        """The last of the writers from low to high of a session that is among its first so many; ABSENT if none is."""
        cdef int32_t first = low, middle, txn
        while low < high:
            middle = (low + high) >> 1
            txn = self.write_txn[middle]
            if self.session[txn] < session or (self.session[txn] == session and self.place[txn] < visible):
                low = middle + 1
            else:
                high = middle
        if low == first:
            return ABSENT
        txn = self.write_txn[low - 1]
        return txn if self.session[txn] == session else ABSENT

    cdef inline bint _wrote(self, int32_t txn, int32_t key) noexcept nogil:
        return self._latest(
            self.write_starts[key], self.write_starts[key + 1], self.session[txn], self.place[txn] + 1
        ) == txn

    def axiom(self):
        """The pairs of read committed as an axiom: what was read from earlier in a transaction is visible."""
        cdef int32_t txn, at, earlier
        for txn in range(self.count):
            for at in range(self.row[txn], self.row[txn + 1]):
                for earlier in range(self.row[txn], at):
                    if self.writer[earlier] != ABSENT and self.writer[earlier] != self.writer[at]:
                        if self._wrote(self.writer[earlier], self.key[at]):
                            self._add(self.writer[earlier], self.writer[at], self.key[at])

    def atomic(self, bint sessions):
        """The pairs of read atomic: what a transaction read from is visible, and what came before it in its session."""
        cdef int32_t txn, at, other, source
        for txn in range(self.count):
            for other in range(self.row[txn], self.row[txn + 1]):
                source = self.writer[other]
                if source == ABSENT or self.met[source] == txn:
                    continue
                self.met[source] = txn
                for at in range(self.row[txn], self.row[txn + 1]):
                    if self.writer[at] != source and self._wrote(source, self.key[at]):
                        self._add(source, self.writer[at], self.key[at])
            if sessions:
                for at in range(self.row[txn], self.row[txn + 1]):
                    source = self._latest(
                        self.write_starts[self.key[at]], self.write_starts[self.key[at] + 1], self.session[txn],
                        self.place[txn]
                    )
                    if source != ABSENT:
                        self._add(source, self.writer[at], self.key[at])
        memset(self.met, 0xff, self.count * sizeof(int32_t))

    def causal(self, const int32_t[::1] order, const int32_t[::1] before, int32_t first, int32_t width):
        """The pairs of causal consistency that some sessions make visible, so many from the first on. order: of the
        transactions, along reads and sessions. before: of each the one before it in its session, or ABSENT."""
        cdef int32_t *clocks = <int32_t *> calloc(<size_t> self.count * width + 1, sizeof(int32_t))
        cdef int32_t *clock
        cdef int32_t txn, at, lane, source, low, high
        cdef Py_ssize_t done
        if clocks == NULL:
            raise MemoryError
        try:
            for done in range(len(order)):
                txn = order[done]
                clock = clocks + <size_t> txn * width
                if before[txn] != ABSENT:
                    self._join(clock, clocks, before[txn], first, width)
                for at in range(self.row[txn], self.row[txn + 1]):
                    if self.writer[at] != ABSENT:
                        self._join(clock, clocks, self.writer[at], first, width)
                for at in range(self.row[txn], self.row[txn + 1]):
                    low, high = self.write_starts[self.key[at]], self.write_starts[self.key[at] + 1]
                    if low == high:
                        continue
                    for lane in range(width):
                        if not clock[lane]:
                            continue
                        source = self._latest(low, high, first + lane, clock[lane])
                        if source == ABSENT or source == self.writer[at]:
                            continue
                        if self.writer[at] != ABSENT:
                            if clocks[<size_t> self.writer[at] * width + lane] > self.place[source]:
                                continue
                        self._add(source, self.writer[at], self.key[at])
        finally:
            free(clocks)

    cdef inline void _join(self, int32_t *clock, int32_t *clocks, int32_t txn, int32_t first, int32_t width) noexcept nogil:
        """Let a transaction, and what it saw, be visible."""
        cdef int32_t *other = clocks + <size_t> txn * width
        cdef int32_t lane
        for lane in range(width):
            if other[lane] > clock[lane]:
                clock[lane] = other[lane]
        lane = self.session[txn] - first
        if 0 <= lane < width and self.place[txn] >= clock[lane]:
            clock[lane] = self.place[txn] + 1

    def reads_from(self, const int32_t[::1] order, const int32_t[::1] candidates):
        """The pairs of causal consistency without sessions whose first is one of at most 64 candidates. order: along
        reads."""
        cdef uint64_t *seen = <uint64_t *> calloc(self.count + 1, sizeof(uint64_t))
        cdef uint64_t *wrote = <uint64_t *> calloc(len(self.write_starts), sizeof(uint64_t))
        cdef uint64_t *bit = <uint64_t *> calloc(self.count + 1, sizeof(uint64_t))
        cdef uint64_t found
        cdef int32_t txn, at, key, number
        cdef Py_ssize_t done
        if seen == NULL or wrote == NULL or bit == NULL:
            raise MemoryError
        try:
            for number in range(<int32_t> len(candidates)):
                bit[candidates[number]] = <uint64_t> 1 << number
            for key in range(<int32_t> len(self.write_starts) - 1):
                for at in range(self.write_starts[key], self.write_starts[key + 1]):
                    wrote[key] |= bit[self.write_txn[at]]
            for done in range(len(order)):
                txn = order[done]
                for at in range(self.row[txn], self.row[txn + 1]):
                    if self.writer[at] != ABSENT:
                        seen[txn] |= seen[self.writer[at]] | bit[self.writer[at]]
                if not seen[txn]:
                    continue
                for at in range(self.row[txn], self.row[txn + 1]):
                    found = seen[txn] & wrote[self.key[at]]
                    number = 0
                    while found:
                        if found & 1:
                            self._add(candidates[number], self.writer[at], self.key[at])
                        found >>= 1
                        number += 1
        finally:
            free(seen)
            free(wrote)
            free(bit)
