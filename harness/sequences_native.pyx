# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Ids of lists and tuples, compiled: twin of what `interner` does with a dict of tuples, at a quarter of its memory."""

from cpython cimport array
from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

import array

from splitbrain.harness.memory cimport ask_large_pages

cdef extern from "Python.h":
    PyObject *PyList_GET_ITEM(PyObject *values, Py_ssize_t place)
    int PyObject_GC_IsTracked(PyObject *value)
    void PyObject_GC_UnTrack(PyObject *value)

cdef enum:
    ABSENT = -1
    NESTED = 16         # deeper values are left to Python
    FEW = 64            # longer sequences need memory of their own
    HEAD = 2            # numbers before the parts of a sequence: their count, and the id

cdef uint32_t FREE = 0xffffffff


cdef inline uint64_t hash_of(const int32_t *parts, Py_ssize_t size) noexcept nogil:
    cdef uint64_t found = <uint64_t>size * <uint64_t>0x9E3779B97F4A7C15
    cdef Py_ssize_t place
    for place in range(size):
        found = (found ^ <uint32_t>parts[place]) * <uint64_t>0x9E3779B97F4A7C15
        found ^= found >> 29
    return found


cdef class KnownSequences:
    """Parts → id. Also like a dict of tuples of ids, as far as `interner` uses one."""

    def __cinit__(self):
        self.mask, self.room = (1 << 8) - 1, 1 << 10
        self.slots = <KnownSlot *>malloc((self.mask + 1) * sizeof(KnownSlot))
        self.parts = <int32_t *>malloc(self.room * sizeof(int32_t))
        if self.slots == NULL or self.parts == NULL:
            raise MemoryError
        memset(self.slots, 0xff, (self.mask + 1) * sizeof(KnownSlot))

    def __dealloc__(self):
        free(self.slots)
        free(self.parts)

    def __len__(self):
        return self.count

    def get(self, tuple parts):
        """The id of a sequence; None if it was never seen."""
        cdef array.array flat = array.array("i", parts)
        cdef int32_t found = self.find(<int32_t *>flat.data.as_ints, len(parts))
        return None if found == ABSENT else found

    def __setitem__(self, tuple parts, int32_t id):
        cdef array.array flat = array.array("i", parts)
        if self.find(<int32_t *>flat.data.as_ints, len(parts)) == ABSENT:
            self.add(<int32_t *>flat.data.as_ints, len(parts), id)

    cdef int32_t find(self, const int32_t *parts, Py_ssize_t size) noexcept:
        """The id of a sequence, or ABSENT."""
        cdef uint64_t hash = hash_of(parts, size), at = hash & self.mask
        cdef uint32_t mark = <uint32_t>(hash >> 32)
        cdef const KnownSlot *slot
        while True:
            slot = &self.slots[at]
            if slot.place == FREE:
                return ABSENT
            if slot.mark == mark and self.parts[slot.place] == size and (
                memcmp(self.parts + slot.place + HEAD, parts, size * sizeof(int32_t)) == 0
            ):
                return self.parts[slot.place + 1]
            at = (at + 1) & self.mask

    cdef int add(self, const int32_t *parts, Py_ssize_t size, int32_t id) except -1:
        """Keep the id of a sequence never seen."""
        cdef uint64_t hash = hash_of(parts, size), at
        cdef int64_t room = self.room
        cdef int32_t *moved
        if 2 * <uint64_t>(self.count + 1) > self.mask:
            self.grow()
        if self.size + size + HEAD >= FREE or size > 0x7fffffff:
            raise MemoryError("sequences of more than 2^32 parts")
        if self.size + size + HEAD > room:
            while self.size + size + HEAD > room:
                room *= 2
            moved = <int32_t *>realloc(self.parts, room * sizeof(int32_t))
            if moved == NULL:
                raise MemoryError
            ask_large_pages(moved + self.size, (room - self.size) * sizeof(int32_t))
            self.parts, self.room = moved, room
        at = hash & self.mask
        while self.slots[at].place != FREE:
            at = (at + 1) & self.mask
        self.slots[at].mark, self.slots[at].place = <uint32_t>(hash >> 32), <uint32_t>self.size
        self.parts[self.size], self.parts[self.size + 1] = <int32_t>size, id
        memcpy(self.parts + self.size + HEAD, parts, size * sizeof(int32_t))
        self.size += size + HEAD
        self.count += 1
        return 0

    cdef int grow(self) except -1:
        """Take twice the slots."""
        cdef uint64_t before = self.mask + 1, at, place, mask = 2 * before - 1
        cdef KnownSlot *old = self.slots
        cdef KnownSlot *slots = <KnownSlot *>malloc(2 * before * sizeof(KnownSlot))
        cdef const int32_t *known
        if slots == NULL:
            raise MemoryError
        ask_large_pages(slots, 2 * before * sizeof(KnownSlot))
        memset(slots, 0xff, 2 * before * sizeof(KnownSlot))
        for at in range(before):
            if old[at].place != FREE:
                known = self.parts + old[at].place
                place = hash_of(known + HEAD, known[0]) & mask
                while slots[place].place != FREE:
                    place = (place + 1) & mask
                slots[place] = old[at]
        self.slots, self.mask = slots, mask
        free(old)
        return 0


cdef class Sequences:
    """Ids of lists and tuples; see `pool`. Those of plain values, and of lists and tuples of such, are found and made
    here; slow: what answers for all others."""

    def __init__(self, pool, tables, slow, scalars):
        self.pool, self.tables, self.slow, self.scalars = pool, tables, slow, scalars
        self.known, self.values = KnownSequences(), pool.values
        slow.known = self.known

    def __getitem__(self, value):
        # What is inside a value that is left to Python is left to it altogether, for it counts how deep that is.
        cdef object found = None if self.pool.depth else self.id(value, 0)
        return self.slow[value] if found is None else found

    cdef object id(self, object value, int depth):
        """The id of a sequence, a new one if it was never seen; None if it holds what is neither plain nor a sequence,
        or is nested deeply."""
        cdef PyObject *table
        cdef PyObject *part
        cdef Py_ssize_t place = 0, size
        cdef int32_t few[FEW]
        cdef int32_t *parts = few
        cdef object found
        cdef bint flat = True
        if type(value) is tuple:
            size = len(<tuple>value)
        elif type(value) is list:
            size = len(<list>value)
        else:
            return None
        if depth == NESTED:
            return None
        if size > FEW:
            parts = <int32_t *>malloc(<size_t>size * sizeof(int32_t))
            if parts == NULL:
                raise MemoryError
        try:
            for each in value:
                table = PyDict_GetItemWithError(self.tables, <object>type(each))
                if table != NULL and type(<object>table) is self.scalars:
                    part = PyDict_GetItemWithError(<object>table, each)
                    found = (<object>table)[each] if part == NULL else <object>part
                else:
                    flat, found = False, self.id(each, depth + 1)
                    if found is None:
                        return None
                parts[place] = found
                place += 1
            return self.of_parts(parts, size, flat)
        finally:
            if parts != few:
                free(parts)

    cdef int32_t of_parts(self, const int32_t *parts, Py_ssize_t size, bint flat) except -2:
        """The id of the sequence of these parts, a new one if it was never seen. flat: whether no part has parts."""
        cdef int32_t found = self.known.find(parts, size)
        cdef Py_ssize_t place
        cdef tuple value
        cdef bint tracked = False
        cdef PyObject *each
        if found != ABSENT:
            return found
        if len(self.values) >= 0x7fffffff:
            raise MemoryError("more than 2^31 values")
        found = <int32_t>len(self.values)
        value = PyTuple_New(size)
        for place in range(size):
            each = PyList_GET_ITEM(<PyObject *>self.values, parts[place])
            tracked = tracked or PyObject_GC_IsTracked(each)
            Py_INCREF(<object>each)
            PyTuple_SET_ITEM(value, place, <object>each)
        if size and not tracked:
            PyObject_GC_UnTrack(<PyObject *>value)  # nothing in it can refer to what refers to it
        self.values.append(value)
        self.known.add(parts, size, found)
        if size == 2 and flat:
            self.keep_pair(found, parts[0], parts[1])
        return found

    cdef int keep_pair(self, Py_ssize_t whole, int32_t first, int32_t second) except -1:
        cdef array.array pairs = self.pool.pairs
        cdef Py_ssize_t before = len(pairs)
        if before <= 2 * whole:
            array.resize_smart(pairs, 2 * (whole + 1))
            memset(pairs.data.as_ints + before, 0xff, <size_t>(2 * (whole + 1) - before) * sizeof(int32_t))
        pairs.data.as_ints[2 * whole], pairs.data.as_ints[2 * whole + 1] = first, second
        return 0
