# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of `clocks`: topological order, vector clocks, and the reads that causal consistency does not explain.

Says where something is wrong; what it is called and how it is told is the business of `clocks`. Clocks are kept for
writes and for reads that other chains follow: 4 bytes for each of them and each chain. Works in steps, without the GIL,
so that a caller can look at its budget in between.
"""

from cpython cimport array
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

import array

cdef int32_t INITIAL = -1

cdef array.array INTS = array.array("i", [])


cdef struct Pair:
    int32_t later
    int32_t earlier


cdef class CausalPass:
    """One pass over the columns of a history.

    read, other: where `step` found something: a read, and the write in its past that it should not have missed.
    """

    cdef const unsigned char[:] write
    cdef const int32_t[:] key, source, chain, position, starts, flat, more_starts, more
    cdef int32_t count, width, keys, placed_count, at
    cdef int32_t *place
    cdef int32_t *placed
    cdef int32_t *slot
    cdef int32_t *clocks
    cdef int32_t *running
    cdef int32_t *key_entries
    cdef int32_t *entry_chain
    cdef int32_t *entry_start
    cdef int32_t *write_op
    cdef int32_t *write_position
    cdef Pair *pairs
    cdef int64_t pair_count, pair_room
    cdef readonly int read, other

    def __cinit__(self, columns):
        self.write, self.key, self.source = columns.write, columns.key, columns.source
        self.chain, self.position = columns.chain, columns.position
        self.starts, self.flat = columns.starts, columns.flat
        self.more_starts, self.more = columns.more_starts, columns.more
        self.count, self.width, self.keys = len(columns.write), len(columns.starts) - 1, columns.keys
        self.read = self.other = -1
        cdef int64_t n = max(self.count, 1), k = max(self.width, 1)
        self.place = <int32_t *> malloc(n * sizeof(int32_t))
        self.placed = <int32_t *> malloc(n * sizeof(int32_t))
        self.slot = <int32_t *> malloc(n * sizeof(int32_t))
        self.running = <int32_t *> malloc(k * k * sizeof(int32_t))
        if not (self.place and self.placed and self.slot and self.running):
            raise MemoryError

    def __dealloc__(self):
        free(self.place)
        free(self.placed)
        free(self.slot)
        free(self.clocks)
        free(self.running)
        free(self.key_entries)
        free(self.entry_chain)
        free(self.entry_start)
        free(self.write_op)
        free(self.write_position)
        free(self.pairs)

    def order(self, conflicts=None):
        """(a topological order as far as there is one, the first operation of each chain that cannot be placed).
        conflicts: whether what `step` found of conflicts counts too."""
        cdef int32_t *conflict_starts = NULL
        cdef int32_t *conflict = NULL
        cdef int64_t i
        try:
            if conflicts and self.pair_count:
                conflict_starts = <int32_t *> calloc(self.count + 2, sizeof(int32_t))
                conflict = <int32_t *> malloc(self.pair_count * sizeof(int32_t))
                if not (conflict_starts and conflict):
                    raise MemoryError
                for i in range(self.pair_count):
                    conflict_starts[self.pairs[i].later + 2] += 1
                for i in range(1, self.count + 1):
                    conflict_starts[i + 1] += conflict_starts[i]
                for i in range(self.pair_count):
                    conflict[conflict_starts[self.pairs[i].later + 1]] = self.pairs[i].earlier
                    conflict_starts[self.pairs[i].later + 1] += 1
            stuck = self._order(conflict_starts, conflict)
        finally:
            free(conflict_starts)
            free(conflict)
        cdef array.array out = array.clone(INTS, self.placed_count, zero=False)
        memcpy(out.data.as_ints, self.placed, self.placed_count * sizeof(int32_t))
        return out, stuck

    cdef list _order(self, int32_t *conflict_starts, int32_t *conflict):
        cdef int32_t *here = <int32_t *> calloc(max(self.width, 1), sizeof(int32_t))
        cdef int32_t *ready = <int32_t *> malloc(max(self.width, 1) * sizeof(int32_t))
        cdef int32_t *waits_next = <int32_t *> malloc(max(self.width, 1) * sizeof(int32_t))
        cdef int32_t *waits = <int32_t *> malloc(max(self.count, 1) * sizeof(int32_t))
        cdef int32_t count = 0, top = 0, number, op, need, i
        if not (here and ready and waits_next and waits):
            free(here); free(ready); free(waits_next); free(waits)
            raise MemoryError
        with nogil:
            for i in range(self.count):
                self.place[i] = -1
                waits[i] = -1
            for i in range(self.width):
                ready[top] = i
                top += 1
            while top:
                top -= 1
                number = ready[top]
                while self.starts[number] + here[number] < self.starts[number + 1]:
                    op = self.flat[self.starts[number] + here[number]]
                    need = -1
                    if self.source[op] >= 0 and not self.write[op] and self.place[self.source[op]] < 0:
                        need = self.source[op]
                    for i in range(self.more_starts[op], self.more_starts[op + 1]):
                        if self.place[self.more[i]] < 0:
                            need = self.more[i]
                    if need < 0 and conflict_starts != NULL:
                        for i in range(conflict_starts[op], conflict_starts[op + 1]):
                            if self.place[conflict[i]] < 0:
                                need = conflict[i]
                                break
                    if need >= 0:
                        waits_next[number] = waits[need]
                        waits[need] = number
                        break
                    self.place[op] = count
                    self.placed[count] = op
                    count += 1
                    here[number] += 1
                    i = waits[op]
                    while i >= 0:
                        ready[top] = i
                        top += 1
                        i = waits_next[i]
                    waits[op] = -1
        self.placed_count = count
        stuck = [
            self.flat[self.starts[i] + here[i]] for i in range(self.width) if self.starts[i] + here[i] < self.starts[i + 1]
        ]
        free(here); free(ready); free(waits_next); free(waits)
        return stuck

    def begin(self):
        """Make ready for `step`; `order` has placed every operation."""
        cdef int32_t i, j, op, kept = 0, writes = 0, entries = 0, entry, last
        cdef int64_t size
        for i in range(self.count):
            self.slot[i] = -1
        for i in range(self.more_starts[self.count]):
            self.slot[self.more[i]] = 0
        for i in range(self.placed_count):
            op = self.placed[i]
            if self.write[op] or self.slot[op] == 0:
                self.slot[op] = kept
                kept += 1
            writes += self.write[op]
        size = <int64_t> max(kept, 1) * max(self.width, 1) * sizeof(int32_t)
        self.clocks = <int32_t *> malloc(size)
        self.write_op = <int32_t *> malloc(max(writes, 1) * sizeof(int32_t))
        self.write_position = <int32_t *> malloc(max(writes, 1) * sizeof(int32_t))
        self.key_entries = <int32_t *> calloc(self.keys + 2, sizeof(int32_t))
        self.entry_chain = <int32_t *> malloc((max(writes, 1)) * sizeof(int32_t))
        self.entry_start = <int32_t *> malloc((max(writes, 1) + 1) * sizeof(int32_t))
        cdef int32_t *filled = <int32_t *> calloc(self.keys + 2, sizeof(int32_t))
        if not (self.clocks and self.write_op and self.write_position and self.key_entries and self.entry_chain
                and self.entry_start and filled):
            free(filled)
            raise MemoryError
        memset(self.running, 0xFF, <int64_t> self.width * self.width * sizeof(int32_t))
        for i in range(self.starts[self.width]):
            if self.write[self.flat[i]]:
                filled[self.key[self.flat[i]] + 1] += 1
        for i in range(self.keys):
            filled[i + 1] += filled[i]
        for i in range(self.starts[self.width]):
            op = self.flat[i]
            if self.write[op]:
                self.write_op[filled[self.key[op]]] = op
                self.write_position[filled[self.key[op]]] = self.position[op]
                filled[self.key[op]] += 1
        free(filled)
        last = -1
        for i in range(writes):
            op = self.write_op[i]
            if last < 0 or self.key[op] != self.key[last] or self.chain[op] != self.chain[last]:
                self.entry_chain[entries] = self.chain[op]
                self.entry_start[entries] = i
                entries += 1
                self.key_entries[self.key[op] + 1] = entries
            last = op
        self.entry_start[entries] = writes
        for i in range(self.keys):
            if self.key_entries[i + 1] == 0:
                self.key_entries[i + 1] = self.key_entries[i]
        self.at = 0

    def step(self, int32_t most):
        """Look at so many operations more. True if there are more; `read` is set once something is wrong."""
        cdef int32_t stop = min(self.placed_count, self.at + most)
        cdef int wrong = 0
        with nogil:
            while self.at < stop and not wrong:
                wrong = self._look(self.placed[self.at])
                self.at += 1
        if wrong < 0:
            raise MemoryError
        return self.at < self.placed_count and not wrong

    cdef int _look(self, int32_t op) noexcept nogil:
        cdef int32_t c = self.chain[op], width = self.width
        cdef int32_t *clock = self.running + <int64_t> c * width
        cdef int32_t i
        if self.source[op] >= 0 and not self.write[op]:
            self._join(clock, self.source[op])
        for i in range(self.more_starts[op], self.more_starts[op + 1]):
            self._join(clock, self.more[i])
        clock[c] = self.position[op]
        if self.slot[op] >= 0:
            memcpy(self.clocks + <int64_t> self.slot[op] * width, clock, width * sizeof(int32_t))
        if self.write[op] or self.source[op] < INITIAL:
            return 0
        return self._explained(op, clock)

    cdef void _join(self, int32_t *clock, int32_t earlier) noexcept nogil:
        cdef int32_t *seen
        cdef int32_t i
        if clock[self.chain[earlier]] < self.position[earlier]:
            seen = self.clocks + <int64_t> self.slot[earlier] * self.width
            for i in range(self.width):
                clock[i] = seen[i] if seen[i] > clock[i] else clock[i]

    cdef int _explained(self, int32_t read, int32_t *clock) noexcept nogil:
        """Whether nothing overwrote what a read returned, or 1; -1 without memory."""
        cdef int32_t written = self.source[read], k = self.key[read], entry, low, high, middle, bound, other
        cdef int32_t *of_written = NULL
        if written >= 0:
            of_written = self.clocks + <int64_t> self.slot[written] * self.width
        for entry in range(self.key_entries[k], self.key_entries[k + 1]):
            bound = clock[self.entry_chain[entry]]
            low, high = self.entry_start[entry], self.entry_start[entry + 1]
            while low < high:
                middle = (low + high) >> 1
                if self.write_position[middle] <= bound:
                    low = middle + 1
                else:
                    high = middle
            if low == self.entry_start[entry]:
                continue
            # What the write itself had seen is most of it, and asks for no other clock.
            if written >= 0 and self.write_position[low - 1] <= of_written[self.entry_chain[entry]]:
                continue
            other = self.write_op[low - 1]
            if written == INITIAL or (
                self.place[other] > self.place[written]
                and self.clocks[<int64_t> self.slot[other] * self.width + self.chain[written]] >= self.position[written]
            ):
                self.read, self.other = read, other
                return 1
            if not self._conflict(written, other):
                return -1
        return 0

    cdef int _conflict(self, int32_t later, int32_t earlier) noexcept nogil:
        cdef Pair *more
        if self.pair_count == self.pair_room:
            self.pair_room = 2 * self.pair_room + 1024
            more = <Pair *> realloc(self.pairs, self.pair_room * sizeof(Pair))
            if more == NULL:
                return 0
            self.pairs = more
        self.pairs[self.pair_count].later = later
        self.pairs[self.pair_count].earlier = earlier
        self.pair_count += 1
        return 1

    def release(self):
        """Free the clocks, once nothing is left to look at."""
        free(self.clocks)
        self.clocks = NULL

    def conflicts(self):
        """Write → writes of its key that arbitration must put before it, without those that causality does."""
        cdef int64_t i
        found = {}
        for i in range(self.pair_count):
            found.setdefault(self.pairs[i].later, {})[self.pairs[i].earlier] = None
        return {later: list(earlier) for later, earlier in found.items()}

    def last(self):
        """The clock of the last operation of each chain."""
        cdef int64_t i, width = self.width
        return [[self.running[i * width + j] for j in range(width)] for i in range(width)]
