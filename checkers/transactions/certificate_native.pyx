# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of `certificate`: says quickly that an order is none to object to.

It reads the micro-operations of the history, and knows no columns and no graph. Where it objects, or where something is
out of the ordinary, Python has the word.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memset

from splitbrain.checkers.transactions.flat_native cimport FlatTransactions
from splitbrain.harness.memory cimport fetch_ahead

cdef enum:
    ABSENT = -1
    OK = 1
    FAIL = 2
    AHEAD = 6           # transactions


cdef struct Entry:
    # A key of the store: committed values, then those that the transaction at work has written itself.
    int32_t *held
    int32_t size
    int32_t own
    int32_t room
    int64_t committed


cdef class CompiledStore:
    """Lists or registers by key. ended: how each transaction ended."""

    cdef FlatTransactions flat
    cdef const int32_t *numbers
    cdef const int8_t[:] ended
    cdef bint lists
    cdef Entry *entries
    cdef int32_t *entry_of      # of each atom that is a key, or ABSENT
    cdef int64_t count, room, clock

    def __init__(self, FlatTransactions flat, ended, lists):
        self.flat, self.numbers, self.ended, self.lists = flat, flat.steps.numbers, ended, lists
        self.room = 1 << 8
        self.entries = <Entry *> calloc(self.room, sizeof(Entry))
        self.entry_of = <int32_t *> malloc((len(flat.atoms) + 1) * sizeof(int32_t))
        if self.entries == NULL or self.entry_of == NULL:
            raise MemoryError
        memset(self.entry_of, 0xff, (len(flat.atoms) + 1) * sizeof(int32_t))

    def __dealloc__(self):
        cdef int64_t at
        for at in range(self.count):
            free(self.entries[at].held)
        free(self.entries)
        free(self.entry_of)

    def serial(self, const int32_t[::1] order):
        """Whether an order of transactions explains all reads, and has each successful one once and none that failed."""
        cdef Py_ssize_t at
        if not self._complete(order, len(self.ended)):
            return False
        for at in range(len(order)):
            if at + 2 * AHEAD < len(order):
                self._fetch(order[at + AHEAD], order[at + 2 * AHEAD])
            if not self._look(order[at]) or not self._commit(order[at], -1):
                return False
        return True

    def snapshot(self, const int32_t[::1] order, const unsigned char[::1] commits):
        """Whether an order of begins and commits, each with its transaction, is one of a store with snapshots in which
        the first committer wins."""
        cdef Py_ssize_t at, count = len(self.ended), done = 0
        cdef int64_t *begun = <int64_t *> malloc((count + 1) * sizeof(int64_t))
        if begun == NULL:
            raise MemoryError
        cdef bint fine = True
        memset(begun, 0xff, count * sizeof(int64_t))
        try:
            for at in range(len(order)):
                if not commits[at]:
                    fine = begun[order[at]] == -1 and self._look(order[at])
                    begun[order[at]] = self.clock
                else:
                    fine = begun[order[at]] >= 0 and self.ended[order[at]] != FAIL
                    fine = fine and self._commit(order[at], begun[order[at]])
                    begun[order[at]] = -2
                    done += self.ended[order[at]] == OK
                if not fine:
                    return False
            return done == sum(1 for at in range(count) if self.ended[at] == OK)
        finally:
            free(begun)

    cdef inline void _fetch(self, int32_t soon, int32_t later) noexcept:
        """Let two transactions be fetched that will be looked at: of the first one its micro-operations."""
        if self.flat.value[later] != ABSENT:
            fetch_ahead(&self.flat.steps.begins[self.flat.value[later]])
        if self.flat.value[soon] != ABSENT:
            fetch_ahead(self.numbers + self.flat.steps.begins[self.flat.value[soon]])

    cdef bint _complete(self, const int32_t[::1] order, Py_ssize_t count) except -1:
        cdef bytearray met = bytearray(count)
        cdef char *seen = met
        cdef Py_ssize_t at
        for at in range(len(order)):
            if seen[order[at]] or self.ended[order[at]] == FAIL:
                return False
            seen[order[at]] = 1
        for at in range(count):
            if self.ended[at] == OK and not seen[at]:
                return False
        return True

    cdef Entry *_entry(self, int32_t key) except NULL:
        cdef Entry *entries
        if self.entry_of[key] == ABSENT:
            if self.count == self.room:
                entries = <Entry *> realloc(self.entries, 2 * self.room * sizeof(Entry))
                if entries == NULL:
                    raise MemoryError
                memset(entries + self.room, 0, self.room * sizeof(Entry))
                self.entries, self.room = entries, 2 * self.room
            self.entry_of[key] = <int32_t> self.count
            self.count += 1
        return &self.entries[self.entry_of[key]]

    cdef inline int64_t _begin(self, int32_t txn) noexcept:
        return self.flat.steps.begins[self.flat.value[txn]] if self.flat.value[txn] != ABSENT else 0

    cdef inline int64_t _end(self, int32_t txn) noexcept:
        return self.flat.steps.begins[self.flat.value[txn] + 1] if self.flat.value[txn] != ABSENT else 0

    cdef bint _look(self, int32_t txn) except -1:
        """Whether a transaction can have read what it read, in this state; leaves the state as it was."""
        cdef Entry *entry
        cdef int64_t at = self._begin(txn), end = self._end(txn)
        cdef int32_t what
        cdef bint fine = True
        if self.ended[txn] != OK or not self.flat.answered[txn]:
            return True
        while at < end and fine:
            entry, what = self._entry(self.numbers[at + 1]), self.numbers[at + 2]
            if self.numbers[at] == self.flat.word:
                self._hold(entry, what)
            else:
                fine = self._seen(entry, what, self.numbers + at + 3)
            at += 3 + (~what if what < 0 else 0)
        at = self._begin(txn)
        while at < end:
            self._entry(self.numbers[at + 1]).own = 0
            at += 3 + (~self.numbers[at + 2] if self.numbers[at + 2] < 0 else 0)
        return fine

    cdef bint _seen(self, Entry *entry, int32_t what, const int32_t *elements) noexcept:
        """Whether a key holds this: a value, or a list of elements."""
        cdef Py_ssize_t size = entry.size + entry.own
        if not self.lists:
            return what == (entry.held[size - 1] if size else self.flat.none)
        if what == self.flat.none:
            return size == 0
        return ~what == size and (size == 0 or memcmp(elements, entry.held, size * sizeof(int32_t)) == 0)

    cdef int _hold(self, Entry *entry, int32_t value) except -1:
        """Let the transaction at work write a key, of which it alone sees this."""
        cdef int32_t *held
        if not self.lists and entry.own:
            entry.own -= 1
        if entry.size + entry.own >= entry.room:
            held = <int32_t *> realloc(entry.held, (2 * entry.room + 4) * sizeof(int32_t))
            if held == NULL:
                raise MemoryError
            entry.held, entry.room = held, 2 * entry.room + 4
        entry.held[entry.size + entry.own] = value
        entry.own += 1
        return 0

    cdef bint _commit(self, int32_t txn, int64_t begun) except -1:
        """Carry out the writes of a transaction; False if something was committed to their keys since it began, unless
        begun is -1."""
        cdef Entry *entry
        cdef int64_t at = self._begin(txn), end = self._end(txn)
        cdef int32_t what
        self.clock += 1
        while at < end:
            what = self.numbers[at + 2]
            if self.numbers[at] == self.flat.word:
                entry = self._entry(self.numbers[at + 1])
                if begun >= 0 and entry.committed > begun and entry.committed < self.clock:
                    return False
                entry.committed = self.clock
                if not self.lists:
                    entry.size = 0
                self._hold(entry, what)
                entry.size, entry.own = entry.size + entry.own, 0
            at += 3 + (~what if what < 0 else 0)
        return True


def in_time(const int64_t[:] invoke, const int64_t[:] complete, const int8_t[:] ended, const int64_t[:] group,
            const int32_t[::1] begins, const int32_t[::1] commits, Py_ssize_t positions, Py_ssize_t groups):
    """Whether orders of begins and of commits agree with time, in each group of transactions. group: of each its number.
    begins, commits: the place of each, ABSENT for one that is not in the order. positions: of the events."""
    cdef int32_t *event = <int32_t *> malloc((positions + 1) * sizeof(int32_t))
    cdef int32_t *latest = <int32_t *> malloc((groups + 1) * sizeof(int32_t))
    cdef Py_ssize_t txn, at
    cdef bint fine = True
    if event == NULL or latest == NULL:
        free(event)
        free(latest)
        raise MemoryError
    memset(event, 0, positions * sizeof(int32_t))       # txn + 1 where one begins, its negative where one ends
    memset(latest, 0xff, groups * sizeof(int32_t))
    for txn in range(len(ended)):
        if commits[txn] != ABSENT:
            event[invoke[txn]] = <int32_t> txn + 1
            if ended[txn] == OK:
                event[complete[txn]] = -<int32_t> txn - 1
    for at in range(positions):
        if event[at] > 0:
            txn = event[at] - 1
            if begins[txn] < latest[group[txn]]:
                fine = False
                break
        elif event[at] < 0:
            txn = -event[at] - 1
            if commits[txn] > latest[group[txn]]:
                latest[group[txn]] = commits[txn]
    free(event)
    free(latest)
    return fine
