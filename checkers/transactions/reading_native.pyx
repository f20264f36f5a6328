# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of the reader in `history`: micro-operations into columns.

Values of one pool are equal if and only if they are one object, so that a key, an element or a whole list is known by
its address. Pitfall: whatever is out of the ordinary (a strange micro-operation, a value written twice) is left to
Python, from the beginning, so that there is one place that says what is wrong.
"""

from cpython cimport array
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

import array

from splitbrain.harness.memory cimport ask_large_pages, fetch_ahead

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
    AHEAD = 8           # transactions

cdef array.array INTS = array.array("i", [])


cdef array.array new_ints(Py_ssize_t size):
    """An array of integers that nobody has set."""
    cdef array.array out = array.clone(INTS, size, False)
    ask_large_pages(out.data.as_voidptr, size * sizeof(int32_t))
    return out


include "pair_numbers.pxi"


cdef struct Made:
    int32_t txn
    int32_t version


cdef class ColumnReader:
    """Columns of micro-operations, as `TransactionHistory` has them."""

    cdef readonly array.array starts, owner, key, low, high, elements, longest, base
    cdef readonly array.array version_key, version_writer, version_op, after
    cdef readonly bytearray write, own, last, member
    cdef readonly list keys, version_value
    cdef bint lists
    cdef object above
    cdef Numbers key_numbers, versions
    cdef PyObject **seen

    def __init__(self, lists, above):
        """above: whether the first of two lists of one length is to stand for the order rather than the other."""
        self.lists, self.above = lists, above
        self.key_numbers, self.versions = Numbers(), Numbers()
        self.keys, self.version_value = [], []
        self.version_key, self.version_writer, self.version_op = INTS[:], INTS[:], INTS[:]

    def __dealloc__(self):
        free(self.seen)

    def read(self, list values, const int32_t[:] argument, const int32_t[:] result, const int8_t[:] ended,
             object word, object read_word):
        """Whether the history was read; False for what is left to Python. word, read_word: the objects of the pool that
        name a write and a read, or None."""
        cdef Py_ssize_t count = len(ended), txn, most = 0, size, place
        cdef PyObject *value
        cdef PyObject *step
        cdef PyObject *inner
        cdef PyObject *absent = <PyObject *> None
        cdef PyObject *write_f = <PyObject *> word
        cdef PyObject *read_f = <PyObject *> read_word
        cdef bint answered
        cdef int32_t op = 0, key
        for txn in range(count):
            value = PyList_GET_ITEM(values, result[txn] if ended[txn] == OK else argument[txn])
            if Py_TYPE(value) == &PyTuple_Type:
                most += TUPLE_SIZE(value)
            elif ended[txn] == OK:  # asked for, and answered by nothing
                value = PyList_GET_ITEM(values, argument[txn])
                if Py_TYPE(value) != &PyTuple_Type:
                    return False
                most += TUPLE_SIZE(value)
        if most >= 1 << 30:
            return False
        self.starts = new_ints(count + 1)
        self.owner, self.key = new_ints(most), new_ints(most)
        self.low, self.high = new_ints(most), new_ints(most)
        self.write = bytearray(most)
        self.seen = <PyObject **> malloc((most + 1) * sizeof(PyObject *))
        if self.seen == NULL:
            raise MemoryError
        ask_large_pages(self.seen, (most + 1) * sizeof(PyObject *))
        cdef int32_t *starts = <int32_t *> self.starts.data.as_ints
        cdef int32_t *owners = <int32_t *> self.owner.data.as_ints
        cdef int32_t *key_of = <int32_t *> self.key.data.as_ints
        cdef int32_t *low = <int32_t *> self.low.data.as_ints
        cdef int32_t *high = <int32_t *> self.high.data.as_ints
        cdef char *write = self.write
        starts[0] = 0
        for txn in range(count):
            if txn + 2 * AHEAD < count:
                place = txn + 2 * AHEAD
                fetch_ahead(PyList_GET_ITEM(values, result[place] if ended[place] == OK else argument[place]))
                place = txn + AHEAD
                self._fetch(PyList_GET_ITEM(values, result[place] if ended[place] == OK else argument[place]))
            answered = ended[txn] == OK
            value = PyList_GET_ITEM(values, result[txn] if answered else argument[txn])
            if answered and value == absent:
                answered, value = False, PyList_GET_ITEM(values, argument[txn])
            if value == absent and ended[txn] == FAIL:
                starts[txn + 1] = op
                continue
            if Py_TYPE(value) != &PyTuple_Type:
                return False
            size = TUPLE_SIZE(value)
            for place in range(size):
                step = TUPLE_ITEM(value, place)
                if Py_TYPE(step) != &PyTuple_Type or TUPLE_SIZE(step) != 3:
                    return False
                inner = TUPLE_ITEM(step, 1)
                key = self.key_numbers.find(0, inner)
                if key == ABSENT:
                    key = self.key_numbers.add(0, inner)
                    self.keys.append(<object> inner)
                inner = TUPLE_ITEM(step, 2)
                if TUPLE_ITEM(step, 0) == write_f:
                    if inner == absent:
                        return False
                    write[op], high[op], self.seen[op] = 1, ABSENT, inner
                elif TUPLE_ITEM(step, 0) == read_f:
                    if not answered:
                        continue
                    if self.lists and inner != absent and Py_TYPE(inner) != &PyTuple_Type:
                        return False
                    write[op], low[op], high[op], self.seen[op] = 0, ABSENT, ABSENT, inner
                else:
                    return False
                owners[op], key_of[op] = txn, key
                op += 1
            starts[txn + 1] = op
        if not self._number_versions(op):
            return False
        self._finish(op, count, ended)
        return True

    cdef bint _number_versions(self, int32_t ops) except -1:
        """Whether each write wrote a value never written to its key; it makes a version."""
        cdef int32_t op
        cdef const int32_t *key = <int32_t *> self.key.data.as_ints
        cdef int32_t *low = <int32_t *> self.low.data.as_ints
        cdef const char *write = self.write
        for op in range(ops):
            if op + 2 * AHEAD < ops and write[op + 2 * AHEAD]:
                self.versions.fetch(key[op + 2 * AHEAD], self.seen[op + 2 * AHEAD])
            if write[op]:
                low[op] = self.versions.add(key[op], self.seen[op])
                if low[op] == ABSENT:
                    return False
                self.version_value.append(<object> self.seen[op])
                self.seen[op] = NULL
        return True

    cdef inline void _fetch(self, PyObject *value) noexcept:
        """Let the micro-operations of a transaction be fetched that will be read soon."""
        cdef Py_ssize_t place
        if Py_TYPE(value) == &PyTuple_Type:
            for place in range(TUPLE_SIZE(value)):
                fetch_ahead(<char *> TUPLE_ITEM(value, place) + 16)

    cdef inline void _fetch_seen(self, int32_t op, bint whole) noexcept:
        """Let a list be fetched that was read."""
        if self.seen[op] != NULL:
            fetch_ahead(<char *> self.seen[op] + 16)
            if whole:
                fetch_ahead(<char *> self.seen[op] + 80)
                fetch_ahead(<char *> self.seen[op] + 144)

    cdef int _finish(self, int32_t ops, Py_ssize_t count, const int8_t[:] ended) except -1:
        cdef int32_t op, version, at
        for column in (self.owner, self.key, self.low, self.high):
            array.resize(column, ops)
        del self.write[ops:]
        cdef int32_t written = self.versions.count
        self.version_key, self.version_writer = new_ints(written), new_ints(written)
        self.version_op = new_ints(written)
        for op in range(ops):
            if self.seen[op] == NULL:
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

    cdef int32_t _version(self, int32_t key, PyObject *value) except -2:
        """The version of a value that was read."""
        cdef int32_t found = self.versions.find(key, value)
        if found == ABSENT:
            found = self.versions.add(key, value)
            self.version_value.append(<object> value)
            self.version_key.append(key)
            self.version_writer.append(ABSENT)
            self.version_op.append(ABSENT)
        return found

    cdef int _lay_out_registers(self, int32_t ops) except -1:
        cdef PyObject *absent = <PyObject *> None
        cdef int32_t op, at = 0
        self.elements = new_ints(ops)
        for op in range(ops):
            if self.seen[op] != NULL:
                self.low.data.as_ints[op] = at
                if self.seen[op] != absent:
                    self.elements.data.as_ints[at] = self._version(self.key.data.as_ints[op], self.seen[op])
                    at += 1
                self.high.data.as_ints[op] = at
        array.resize(self.elements, at)
        self.longest, self.base = INTS[:], INTS[:]
        return 0

    cdef int _lay_out_lists(self, int32_t ops) except -1:
        """The longest list of each key, which all its prefixes share, then all other lists."""
        cdef PyObject *absent = <PyObject *> None
        cdef PyObject *seen
        cdef PyObject *known
        cdef int32_t op, key, keys = len(self.keys)
        cdef Py_ssize_t more, size, at = 0, place
        cdef int32_t *key_of = <int32_t *> self.key.data.as_ints
        self.longest, self.base = new_ints(keys), new_ints(keys)
        cdef int32_t *longest = <int32_t *> self.longest.data.as_ints
        cdef int32_t *base = <int32_t *> self.base.data.as_ints
        memset(longest, 0xff, keys * sizeof(int32_t))
        for op in range(ops):
            if op + 2 * AHEAD < ops:
                self._fetch_seen(op + 2 * AHEAD, False)
            seen = self.seen[op]
            if seen == NULL:
                continue
            key = key_of[op]
            if longest[key] == ABSENT:
                longest[key] = op
                continue
            known = self.seen[longest[key]]
            if seen == known or seen == absent:
                continue
            more = TUPLE_SIZE(seen) - (0 if known == absent else TUPLE_SIZE(known))
            if more > 0 or (more == 0 and known != absent and self.above(<object> seen, <object> known)):
                longest[key] = op
        for key in range(keys):
            seen = self.seen[longest[key]] if longest[key] != ABSENT else absent
            base[key] = <int32_t> at
            at += 0 if seen == absent else TUPLE_SIZE(seen)
        for op in range(ops):
            if op + AHEAD < ops:
                self._fetch_seen(op + AHEAD, True)
            seen = self.seen[op]
            if seen != NULL and seen != absent:
                size = TUPLE_SIZE(seen)
                if memcmp(TUPLE_ITEMS(seen, 0), TUPLE_ITEMS(self.seen[longest[key_of[op]]], 0),
                          size * sizeof(PyObject *)):
                    self.low.data.as_ints[op] = <int32_t> at
                    at += size
                    if at >= 1 << 30:
                        raise MemoryError("lists that contradict each other have more than 2^30 elements")
                    self.high.data.as_ints[op] = <int32_t> at
                    continue
                self.high.data.as_ints[op] = <int32_t> size
            elif seen != NULL:
                self.high.data.as_ints[op] = 0
            if seen != NULL:
                self.low.data.as_ints[op] = base[key_of[op]]
                self.high.data.as_ints[op] += base[key_of[op]]
        self.elements = new_ints(at)
        for key in range(keys):
            if longest[key] != ABSENT and self.seen[longest[key]] != absent:
                self._lay(key, self.seen[longest[key]], base[key])
        for op in range(ops):
            if self.seen[op] != NULL and self.low.data.as_ints[op] != base[key_of[op]]:
                self._lay(key_of[op], self.seen[op], self.low.data.as_ints[op])
        return 0

    cdef int _lay(self, int32_t key, PyObject *seen, Py_ssize_t at) except -1:
        cdef Py_ssize_t place
        for place in range(TUPLE_SIZE(seen)):
            self.versions.fetch(key, TUPLE_ITEM(seen, place))
        for place in range(TUPLE_SIZE(seen)):
            self.elements.data.as_ints[at + place] = self._version(key, TUPLE_ITEM(seen, place))
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
