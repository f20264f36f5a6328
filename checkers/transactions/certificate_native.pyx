# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of `certificate`: says quickly that an order is none to object to.

It reads the operations of the history, and knows no columns and no graph. Values of one pool are equal if and only if
they are one object. Where it objects, or where something is out of the ordinary, Python has the word.
"""

from cpython.list cimport PyList_GET_ITEM
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memset

from splitbrain.harness.memory cimport fetch_ahead

cdef extern from "Python.h":
    PyTypeObject PyTuple_Type
    PyTypeObject *Py_TYPE(PyObject *value)
    Py_ssize_t TUPLE_SIZE "PyTuple_GET_SIZE"(PyObject *value)
    PyObject *TUPLE_ITEM "PyTuple_GET_ITEM"(PyObject *value, Py_ssize_t place)
    PyObject **TUPLE_ITEMS "&PyTuple_GET_ITEM"(PyObject *value, Py_ssize_t place)

cdef enum:
    ABSENT = -1
    OK = 1
    FAIL = 2
    AHEAD = 6           # transactions


cdef struct Entry:
    # A key of the store: committed values, then those that the transaction at work has written itself.
    PyObject *name
    PyObject **held
    int32_t size
    int32_t own
    int32_t room
    int64_t committed


cdef class CompiledStore:
    """Lists or registers by key. word: the object that names a write, read_word: that of a read."""

    cdef list values
    cdef const int32_t[:] argument, result
    cdef const int8_t[:] ended
    cdef PyObject *word
    cdef PyObject *read_word
    cdef bint lists
    cdef Entry *entries
    cdef int64_t mask, count, clock

    def __cinit__(self):
        self.mask = (1 << 10) - 1
        self.entries = <Entry *> calloc(self.mask + 1, sizeof(Entry))
        if self.entries == NULL:
            raise MemoryError

    def __init__(self, list values, argument, result, ended, word, read_word, lists):
        self.values, self.argument, self.result, self.ended = values, argument, result, ended
        self.word, self.read_word, self.lists = <PyObject *> word, <PyObject *> read_word, lists

    def __dealloc__(self):
        cdef int64_t at
        for at in range(self.mask + 1):
            free(self.entries[at].held)
        free(self.entries)

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
        cdef PyObject *steps
        cdef Py_ssize_t at
        if self.ended[later] == OK:
            fetch_ahead(PyList_GET_ITEM(self.values, self.result[later]))
        if self.ended[soon] == OK:
            steps = PyList_GET_ITEM(self.values, self.result[soon])
            if Py_TYPE(steps) == &PyTuple_Type:
                for at in range(TUPLE_SIZE(steps)):
                    fetch_ahead(<char *> TUPLE_ITEM(steps, at) + 16)

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

    cdef Entry *_entry(self, PyObject *name) except NULL:
        cdef int64_t at = <int64_t> ((<uint64_t> name * <uint64_t> 0x9E3779B97F4A7C15) >> 24) & self.mask
        while self.entries[at].name != NULL:
            if self.entries[at].name == name:
                return &self.entries[at]
            at = (at + 1) & self.mask
        if 2 * self.count > self.mask:
            self._grow()
            return self._entry(name)
        self.count += 1
        self.entries[at].name = name
        return &self.entries[at]

    cdef int _grow(self) except -1:
        cdef Entry *old = self.entries
        cdef int64_t before = self.mask + 1, at, place
        cdef Entry *entries = <Entry *> calloc(4 * before, sizeof(Entry))
        if entries == NULL:
            raise MemoryError
        self.entries, self.mask = entries, 4 * before - 1
        for at in range(before):
            if old[at].name != NULL:
                place = <int64_t> ((<uint64_t> old[at].name * <uint64_t> 0x9E3779B97F4A7C15) >> 24) & self.mask
                while entries[place].name != NULL:
                    place = (place + 1) & self.mask
                entries[place] = old[at]
        free(old)
        return 0

    cdef bint _look(self, int32_t txn) except -1:
        """Whether a transaction can have read what it read, in this state; leaves the state as it was."""
        cdef PyObject *step
        cdef PyObject *steps
        cdef Entry *entry
        cdef Py_ssize_t at, size
        cdef bint fine = True
        if self.ended[txn] != OK:
            return True
        steps = PyList_GET_ITEM(self.values, self.result[txn])
        if Py_TYPE(steps) != &PyTuple_Type:
            return False
        size = TUPLE_SIZE(steps)
        for at in range(size):
            step = TUPLE_ITEM(steps, at)
            if Py_TYPE(step) != &PyTuple_Type or TUPLE_SIZE(step) != 3:
                return False
            entry = self._entry(TUPLE_ITEM(step, 1))
            if TUPLE_ITEM(step, 0) == self.word:
                self._hold(entry, TUPLE_ITEM(step, 2))
            elif not self._seen(entry, TUPLE_ITEM(step, 2)):
                fine = False
                break
        for at in range(size):
            self._entry(TUPLE_ITEM(TUPLE_ITEM(steps, at), 1)).own = 0
        return fine

    cdef bint _seen(self, Entry *entry, PyObject *seen) noexcept:
        """Whether a key holds this."""
        cdef Py_ssize_t size = entry.size + entry.own
        if not self.lists:
            return seen == (entry.held[size - 1] if size else <PyObject *> None)
        if seen == <PyObject *> None:
            return size == 0
        if Py_TYPE(seen) != &PyTuple_Type or TUPLE_SIZE(seen) != size:
            return False
        return size == 0 or memcmp(TUPLE_ITEMS(seen, 0), entry.held, size * sizeof(PyObject *)) == 0

    cdef int _hold(self, Entry *entry, PyObject *value) except -1:
        """Let the transaction at work write a key, of which it alone sees this."""
        cdef PyObject **held
        if not self.lists and entry.own:
            entry.own -= 1
        if entry.size + entry.own >= entry.room:
            held = <PyObject **> realloc(entry.held, (2 * entry.room + 4) * sizeof(PyObject *))
            if held == NULL:
                raise MemoryError
            entry.held, entry.room = held, 2 * entry.room + 4
        entry.held[entry.size + entry.own] = value
        entry.own += 1
        return 0

    cdef bint _commit(self, int32_t txn, int64_t begun) except -1:
        """Carry out the writes of a transaction; False if something was committed to their keys since it began, unless
        begun is -1."""
        cdef PyObject *steps = PyList_GET_ITEM(
            self.values, self.result[txn] if self.ended[txn] == OK else self.argument[txn]
        )
        cdef PyObject *step
        cdef Entry *entry
        cdef Py_ssize_t at
        if Py_TYPE(steps) != &PyTuple_Type:
            return False
        self.clock += 1
        for at in range(TUPLE_SIZE(steps)):
            step = TUPLE_ITEM(steps, at)
            if Py_TYPE(step) != &PyTuple_Type or TUPLE_SIZE(step) != 3:
                return False
            if TUPLE_ITEM(step, 0) != self.word:
                continue
            entry = self._entry(TUPLE_ITEM(step, 1))
            if begun >= 0 and entry.committed > begun and entry.committed < self.clock:
                return False
            entry.committed = self.clock
            if not self.lists:
                entry.size = 0
            self._hold(entry, TUPLE_ITEM(step, 2))
            entry.size, entry.own = entry.size + entry.own, 0
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
