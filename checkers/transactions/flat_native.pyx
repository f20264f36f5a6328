# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Micro-operations of each transaction as numbers: those that a reader of lines left flat, or else those of tuples.

Of a transaction that succeeded its completion counts, of all others what was asked. Values of one pool are equal if and
only if they are one object, so that an atom (a name, a key, a value, an element of a list) is known by its address.
"""

from cpython cimport array
from cpython.list cimport PyList_GET_ITEM
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

from splitbrain.harness.memory cimport ask_large_pages, fetch_ahead
from splitbrain.harness.micro_operations_native cimport FIRST_CODE, MicroOperations

cdef extern from "Python.h":
    PyTypeObject PyTuple_Type
    PyTypeObject *Py_TYPE(PyObject *value)
    Py_ssize_t TUPLE_SIZE "PyTuple_GET_SIZE"(PyObject *value)
    PyObject *TUPLE_ITEM "PyTuple_GET_ITEM"(PyObject *value, Py_ssize_t place)

cdef enum:
    ABSENT = -1
    OK = 1
    FAIL = 2
    AHEAD = 8           # transactions

cdef int32_t NOWHERE = -0x7fffffff


include "number_table.pxi"


cdef class FlatTransactions:
    """Micro-operations by transaction. atoms: the objects that numbers stand for. value: number of the list of its
    micro-operations, ABSENT for one that has none. answered: whether what its reads saw counts. word, read_word, none: the
    numbers of a write, of a read and of None. Pitfall: ~0 is ABSENT, so one that is nowhere has a number of its own."""

    def __cinit__(self, Py_ssize_t count, *rest):
        self.count = count
        self.value = <int32_t *> malloc((count + 1) * sizeof(int32_t))
        self.answered = <char *> calloc(count + 1, 1)
        if self.value == NULL or self.answered == NULL:
            raise MemoryError
        memset(self.value, 0xff, (count + 1) * sizeof(int32_t))

    def __init__(self, count, list atoms, word, read_word, none):
        self.atoms, self.word, self.read_word, self.none = atoms, word, read_word, none if none != ABSENT else NOWHERE

    def __dealloc__(self):
        free(self.value)
        free(self.answered)


def left_flat(array.array ended, array.array argument, array.array result, MicroOperations steps, list atoms,
              int32_t word, int32_t read_word, int32_t none):
    """Transactions whose values a reader left flat; None if one of them is not. argument, result: codes, or the id of
    None."""
    cdef Py_ssize_t txn, count = len(ended)
    cdef FlatTransactions out = FlatTransactions(count, atoms, word, read_word, none)
    cdef const int8_t *kind = <int8_t *> ended.data.as_schars
    cdef const int32_t *asked = <int32_t *> argument.data.as_ints
    cdef const int32_t *told = <int32_t *> result.data.as_ints
    cdef int32_t code
    out.steps = steps
    for txn in range(count):
        out.answered[txn] = kind[txn] == OK and not (told[txn] == none and none != ABSENT)
        code = told[txn] if out.answered[txn] else asked[txn]
        if code <= FIRST_CODE:
            out.value[txn] = FIRST_CODE - code
        elif code != none or none == ABSENT or kind[txn] != FAIL:
            return None
    return out


def from_tuples(array.array ended, array.array argument, array.array result, list values, object word, object read_word,
                bint lists):
    """The same from the values of a pool; None if one of them is no list of micro-operations. word, read_word: the objects
    that name a write and a read. lists: whether a read may have seen a list."""
    cdef Py_ssize_t txn, count = len(ended)
    cdef _Taker taker = _Taker(values, word, read_word, lists)
    cdef FlatTransactions out = FlatTransactions(count, taker.atoms, taker.word, taker.read_word, taker.none)
    cdef const int8_t *kind = <int8_t *> ended.data.as_schars
    cdef const int32_t *asked = <int32_t *> argument.data.as_ints
    cdef const int32_t *told = <int32_t *> result.data.as_ints
    cdef PyObject *absent = <PyObject *> None
    cdef PyObject *value
    out.steps = taker.steps
    for txn in range(count):
        if txn + 2 * AHEAD < count:
            taker.fetch(told[txn + AHEAD] if kind[txn + AHEAD] == OK else asked[txn + AHEAD], True)
            taker.fetch(told[txn + 2 * AHEAD] if kind[txn + 2 * AHEAD] == OK else asked[txn + 2 * AHEAD], False)
        value = PyList_GET_ITEM(values, told[txn]) if kind[txn] == OK else absent
        out.answered[txn] = value != absent
        if value == absent:
            value = PyList_GET_ITEM(values, asked[txn])
        if value == absent and kind[txn] == FAIL:
            continue
        if not taker.take(value):
            return None
        out.value[txn] = <int32_t> taker.steps.count - 1
    return out


cdef class _Taker:
    cdef list atoms, values
    cdef NumberTable numbers
    cdef MicroOperations steps
    cdef bint lists
    cdef int32_t word, read_word, none

    def __init__(self, values, word, read_word, lists):
        self.values, self.lists = values, lists
        self.atoms, self.numbers, self.steps = [], NumberTable(), MicroOperations()
        self.none, self.word, self.read_word = self.number(<PyObject *> None), ABSENT, ABSENT
        self.word = self.number(<PyObject *> word)
        self.read_word = self.number(<PyObject *> read_word)

    cdef inline int32_t number(self, PyObject *atom) except -2:
        cdef int32_t found = self.numbers.find(<uint64_t> atom)
        if found == ABSENT:
            found = self.numbers.add(<uint64_t> atom)
            self.atoms.append(<object> atom)
        return found

    cdef void fetch(self, int32_t id, bint whole) noexcept:
        """Let a transaction be fetched that will be taken soon."""
        cdef PyObject *value = PyList_GET_ITEM(self.values, id)
        cdef Py_ssize_t place
        if not whole:
            fetch_ahead(value)
        elif Py_TYPE(value) == &PyTuple_Type:
            for place in range(TUPLE_SIZE(value)):
                fetch_ahead(<char *> TUPLE_ITEM(value, place) + 16)

    cdef bint take(self, PyObject *value) except -1:
        """Whether a value is a list of micro-operations; it was taken."""
        cdef Py_ssize_t place, at
        cdef PyObject *step
        cdef PyObject *inner
        cdef int32_t f
        if Py_TYPE(value) != &PyTuple_Type:
            return False
        for place in range(TUPLE_SIZE(value)):
            step = TUPLE_ITEM(value, place)
            if Py_TYPE(step) != &PyTuple_Type or TUPLE_SIZE(step) != 3:
                return False
            f = self.number(TUPLE_ITEM(step, 0))
            self.steps.push(f)
            self.steps.push(self.number(TUPLE_ITEM(step, 1)))
            inner = TUPLE_ITEM(step, 2)
            if self.lists and f == self.read_word and Py_TYPE(inner) == &PyTuple_Type:
                if TUPLE_SIZE(inner) > 0x7ffffff0:
                    return False
                self.steps.push(~<int32_t> TUPLE_SIZE(inner))
                for at in range(TUPLE_SIZE(inner)):
                    self.steps.push(self.number(TUPLE_ITEM(inner, at)))
            else:
                self.steps.push(self.number(inner))
        self.steps.end_value()
        return True
