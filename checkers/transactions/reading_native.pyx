# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of the reader in `reading`: micro-operations into columns.

Pitfall: whatever is out of the ordinary (a strange micro-operation, a value written twice) is left to Python, from the
beginning, so that there is one place that says what is wrong.
"""

from cpython cimport array
from libc.stdint cimport int8_t, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp, memset

import array

from splitbrain.checkers.transactions.flat_native cimport FlatTransactions
from splitbrain.harness.memory cimport ask_large_pages, fetch_ahead

cdef enum:
    ABSENT = -1
    OK = 1
    FAIL = 2
    AHEAD = 8           # micro-operations
    WRITE = -1          # in place of what was read

cdef array.array INTS = array.array("i", [])


cdef array.array new_ints(Py_ssize_t size):
    """An array of integers that nobody has set."""
    cdef array.array out = array.clone(INTS, size, False)
    ask_large_pages(out.data.as_voidptr, size * sizeof(int32_t))
    return out


include "number_table.pxi"


cdef struct Made:
    int32_t txn
    int32_t version


cdef class ColumnReader:
    """Columns of micro-operations, as `TransactionHistory` has them."""

    cdef readonly array.array starts, owner, key, low, high, elements, longest, base
    cdef readonly array.array version_key, version_writer, version_op, after
    cdef readonly bytearray write, own, last, member
    cdef readonly list keys, version_value
    cdef FlatTransactions flat
    cdef bint lists
    cdef object above
    cdef NumberTable versions
    cdef const int32_t *numbers
    cdef int64_t *seen      # where the value of each micro-operation stands in `numbers`; of a write WRITE, in the end
    cdef int32_t *key_numbers

    def __init__(self, lists, above):
        """above: whether the first of two lists of one length is to stand for the order rather than the other."""
        self.lists, self.above = lists, above
        self.versions = NumberTable()
        self.keys, self.version_value = [], []
        self.version_key, self.version_writer, self.version_op = INTS[:], INTS[:], INTS[:]

    def __dealloc__(self):
        free(self.seen)
        free(self.key_numbers)

    def read(self, FlatTransactions flat, const int8_t[:] ended):
        """Whether the history was read; False for what is left to Python."""
        cdef Py_ssize_t txn, count = flat.count
        cdef int64_t most = 0
        cdef int32_t op = 0
        for txn in range(count):
            if flat.value[txn] != ABSENT:
                most += (flat.steps.begins[flat.value[txn] + 1] - flat.steps.begins[flat.value[txn]]) / 3
        if most >= 1 << 30:
            return False
        self.flat, self.numbers = flat, flat.steps.numbers
        self.starts = new_ints(count + 1)
        self.owner, self.key = new_ints(most), new_ints(most)
        self.low, self.high = new_ints(most), new_ints(most)
        self.write = bytearray(most)
        self.seen = <int64_t *> malloc((most + 1) * sizeof(int64_t))
        self.key_numbers = <int32_t *> malloc((len(flat.atoms) + 1) * sizeof(int32_t))
        if self.seen == NULL or self.key_numbers == NULL:
            raise MemoryError
        ask_large_pages(self.seen, (most + 1) * sizeof(int64_t))
        memset(self.key_numbers, 0xff, (len(flat.atoms) + 1) * sizeof(int32_t))
        self.starts.data.as_ints[0] = 0
        for txn in range(count):
            if flat.value[txn] != ABSENT:
                op = self._take(<int32_t> txn, op)
                if op == ABSENT:
                    return False
            self.starts.data.as_ints[txn + 1] = op
        if not self._number_versions(op):
            return False
        self._finish(op, count, ended)
        return True

    cdef int32_t _take(self, int32_t txn, int32_t op) except -2:
        """Take the micro-operations of a transaction; the number of the next one, or ABSENT for a strange one."""
        cdef int64_t at = self.flat.steps.begins[self.flat.value[txn]]
        cdef int64_t end = self.flat.steps.begins[self.flat.value[txn] + 1]
        cdef int32_t f, key, what
        while at < end:
            f, key, what = self.numbers[at], self.key_numbers[self.numbers[at + 1]], self.numbers[at + 2]
            if key == ABSENT:
                key = self.key_numbers[self.numbers[at + 1]] = <int32_t> len(self.keys)
                self.keys.append(self.flat.atoms[self.numbers[at + 1]])
            if f == self.flat.word:
                if what == self.flat.none or what < 0:
                    return ABSENT
                (<char *> self.write)[op] = 1
            elif f != self.flat.read_word:
                return ABSENT
            elif self.flat.answered[txn] and (what >= 0) == self.lists and what != self.flat.none:
                return ABSENT
            if f == self.flat.word or self.flat.answered[txn]:
                self.seen[op] = at + 2
                self.low.data.as_ints[op] = self.high.data.as_ints[op] = ABSENT
                self.owner.data.as_ints[op], self.key.data.as_ints[op] = txn, key
                op += 1
            at += 3 + (~what if what < 0 else 0)
        return op

    cdef inline uint64_t _mark(self, int32_t key, int32_t value) noexcept nogil:
        """The mark of a version."""
        return <uint64_t> (key + 1) << 32 | <uint32_t> value

    cdef bint _number_versions(self, int32_t ops) except -1:
        """Whether each write wrote a value never written to its key; it makes a version."""
        cdef int32_t op, soon, count = 0
        cdef const int32_t *key = <int32_t *> self.key.data.as_ints
        cdef int32_t *low = <int32_t *> self.low.data.as_ints
        cdef const char *write = self.write
        for op in range(ops):
            count += write[op]
        self.versions.reserve(count)
        for op in range(ops):
            soon = op + 2 * AHEAD
            if soon < ops and write[soon]:
                self.versions.fetch(self._mark(key[soon], self.numbers[self.seen[soon]]))
            if write[op]:
                low[op] = self.versions.add(self._mark(key[op], self.numbers[self.seen[op]]))
                if low[op] == ABSENT:
                    return False
                self.version_value.append(self.flat.atoms[self.numbers[self.seen[op]]])
                self.seen[op] = WRITE
        return True

    cdef int _finish(self, int32_t ops, Py_ssize_t count, const int8_t[:] ended) except -1:
        cdef int32_t op, version, at
        for column in (self.owner, self.key, self.low, self.high):
            array.resize(column, ops)
        del self.write[ops:]
        cdef int32_t written = self.versions.count
        self.version_key, self.version_writer = new_ints(written), new_ints(written)
        self.version_op = new_ints(written)
        for op in range(ops):
            if self.seen[op] == WRITE:
                version = self.low.data.as_ints[op]
                self.version_key.data.as_ints[version] = self.key.data.as_ints[op]
                self.version_writer.data.as_ints[version] = self.owner.data.as_ints[op]
                self.version_op.data.as_ints[version] = op
        if self.lists:
            self._lay_out_lists(ops)
        else:
            self._lay_out_registers(ops)
        free(self.seen)
        self.seen = NULL
        self._find_members(ops, count, ended)
        return 0

    cdef int32_t _version(self, int32_t key, int32_t value) except -2:
        """The version of a value that was read."""
        cdef uint64_t mark = self._mark(key, value)
        cdef int32_t found = self.versions.find(mark)
        if found == ABSENT:
            found = self.versions.add(mark)
            self.version_value.append(self.flat.atoms[value])
            self.version_key.append(key)
            self.version_writer.append(ABSENT)
            self.version_op.append(ABSENT)
        return found

    cdef int _lay_out_registers(self, int32_t ops) except -1:
        cdef int32_t op, soon, at = 0
        self.elements = new_ints(ops)
        for op in range(ops):
            soon = op + AHEAD
            if soon < ops and self.seen[soon] != WRITE:
                self.versions.fetch(self._mark(self.key.data.as_ints[soon], self.numbers[self.seen[soon]]))
            if self.seen[op] != WRITE:
                self.low.data.as_ints[op] = at
                if self.numbers[self.seen[op]] != self.flat.none:
                    self.elements.data.as_ints[at] = self._version(self.key.data.as_ints[op], self.numbers[self.seen[op]])
                    at += 1
                self.high.data.as_ints[op] = at
        array.resize(self.elements, at)
        self.longest, self.base = INTS[:], INTS[:]
        return 0

    cdef inline int32_t _size(self, int32_t op) noexcept nogil:
        """The length of a list that was read."""
        cdef int32_t what = self.numbers[self.seen[op]]
        return ~what if what < 0 else 0

    cdef inline bint _alike(self, int32_t op, int32_t other, int32_t size) noexcept nogil:
        """Whether two lists begin alike."""
        return memcmp(self.numbers + self.seen[op] + 1, self.numbers + self.seen[other] + 1, size * sizeof(int32_t)) == 0

    cdef tuple _list(self, int32_t op):
        """A list that was read, as it stands in the history."""
        return tuple([self.flat.atoms[self.numbers[self.seen[op] + 1 + place]] for place in range(self._size(op))])

    cdef int _find_longest(self, int32_t ops) except -1:
        """Find the longest list of each key."""
        cdef int32_t op, more, size
        cdef int32_t *known
        self.longest = new_ints(len(self.keys))
        memset(self.longest.data.as_voidptr, 0xff, len(self.keys) * sizeof(int32_t))
        for op in range(ops):
            if self.seen[op] == WRITE:
                continue
            known = &(<int32_t *> self.longest.data.as_ints)[self.key.data.as_ints[op]]
            if known[0] == ABSENT:
                known[0] = op
                continue
            size = self._size(op)
            more = size - self._size(known[0])
            if more > 0 or (
                more == 0 and not self._alike(op, known[0], size) and self.above(self._list(op), self._list(known[0]))
            ):
                known[0] = op
        return 0

    cdef int _lay_out_lists(self, int32_t ops) except -1:
        """The longest list of each key, which all its prefixes share, then all other lists."""
        cdef int32_t op, key, size, keys = len(self.keys)
        cdef int64_t at = 0
        self._find_longest(ops)
        self.base = new_ints(keys)
        cdef const int32_t *key_of = <int32_t *> self.key.data.as_ints
        cdef const int32_t *longest = <int32_t *> self.longest.data.as_ints
        cdef int32_t *base = <int32_t *> self.base.data.as_ints
        cdef int32_t *low = <int32_t *> self.low.data.as_ints
        for key in range(keys):
            base[key] = <int32_t> at
            at += self._size(longest[key]) if longest[key] != ABSENT else 0
        for op in range(ops):
            if self.seen[op] != WRITE:
                size = self._size(op)
                low[op] = base[key_of[op]]
                if not self._alike(op, longest[key_of[op]], size):
                    low[op] = <int32_t> at
                    at += size
                if at >= 1 << 30:
                    raise MemoryError("lists that contradict each other have more than 2^30 elements")
                self.high.data.as_ints[op] = low[op] + size
        self.elements = new_ints(at)
        for key in range(keys):
            if longest[key] != ABSENT:
                self._lay(longest[key], base[key])
        for op in range(ops):
            if self.seen[op] != WRITE and low[op] != base[key_of[op]]:
                self._lay(op, low[op])
        return 0

    cdef int _lay(self, int32_t op, int64_t at) except -1:
        cdef int32_t place, key = self.key.data.as_ints[op], size = self._size(op)
        cdef const int32_t *values = self.numbers + self.seen[op] + 1
        for place in range(size):
            self.versions.fetch(self._mark(key, values[place]))
        for place in range(size):
            self.elements.data.as_ints[at + place] = self._version(key, values[place])
        return 0

    cdef int _find_members(self, int32_t ops, Py_ssize_t count, const int8_t[:] ended) except -1:
        cdef int32_t txn, op, key, at, keys = len(self.keys), versions = len(self.version_value)
        cdef int32_t *starts = <int32_t *> self.starts.data.as_ints
        self.member, self.last, self.own = bytearray(count), bytearray(versions), bytearray(ops)
        self.after = new_ints(ops)
        cdef char *member = self.member
        cdef char *last = self.last
        cdef char *own = self.own
        cdef char *write = self.write
        cdef int32_t *key_of = <int32_t *> self.key.data.as_ints
        cdef Made *met = <Made *> malloc((keys + 1) * sizeof(Made))
        if met == NULL:
            raise MemoryError
        memset(met, 0xff, keys * sizeof(Made))
        for txn in range(count):
            if ended[txn] == OK:
                member[txn] = 1
            for op in range(starts[txn + 1] - 1, starts[txn] - 1, -1):
                key = key_of[op]
                self.after.data.as_ints[op] = met[key].version if met[key].txn == txn else ABSENT
                if write[op] and met[key].txn != txn:
                    met[key].txn, met[key].version = txn, self.low.data.as_ints[op]
                    last[met[key].version] = 1
            for op in range(starts[txn], starts[txn + 1]):
                key = key_of[op]
                own[op] = met[key].txn == txn and met[key].version == ABSENT
                if write[op]:
                    met[key].version = ABSENT  # which says that it was written before what follows
        free(met)
        for at in range(len(self.elements)):
            txn = self.version_writer.data.as_ints[self.elements.data.as_ints[at]]
            if txn != ABSENT and (self.lists or ended[txn] != FAIL):
                member[txn] = 1
        return 0
