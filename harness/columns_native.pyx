# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Columns of events, and pairs of completions and invocations, compiled: twins of what `history`, `interner` and `pairing`
do in Python, which say what it means; without a C compiler those do the work.

An event's fields are read where its class keeps them, and every value that was seen before is found by one or two look-ups.
Pitfall: whatever is out of the ordinary (an unknown type, a value never seen, a broken rule) is left to Python, from the
beginning of the batch, so that there is one place that says what is wrong.
"""

from cpython cimport array
from cpython.dict cimport PyDict_GetItemWithError
from cpython.long cimport PyLong_AsLongLong
from cpython.object cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memset

from splitbrain.harness.memory cimport ask_large_pages
from splitbrain.harness.sequences_native cimport Sequences

from splitbrain.harness.pairing import IllFormed, busy, other, unasked

cdef extern from *:
    """
    #include <structmember.h>
    static Py_ssize_t member_offset(PyObject *descriptor) {
        if (!PyObject_TypeCheck(descriptor, &PyMemberDescr_Type)) return -1;
        PyMemberDef *member = ((PyMemberDescrObject *)descriptor)->d_member;
        return member->type == T_OBJECT_EX || member->type == T_OBJECT ? member->offset : -1;
    }
    static PyObject *member_at(PyObject *object, Py_ssize_t offset) {
        return *(PyObject **)((char *)object + offset);
    }
    """
    Py_ssize_t member_offset(object descriptor)
    PyObject *member_at(PyObject *object, Py_ssize_t offset)


cdef enum:
    FIELDS = 11
    TIME = 0
    PROCESS = 1
    TYPE = 2
    F = 3
    VALUE = 4
    REVISION = 5
    OPTIONAL = 6    # key, node, error, token, session

cdef enum:
    ABSENT = -1
    INVOKE = 0
    INFO = 3
    FREE = -2           # in place of an open invocation: there is none
    DENSE = 1 << 22     # processes with a number below this are looked up by it
    PLACES = 256


cdef struct Offsets:
    Py_ssize_t at[FIELDS]


cdef struct Met:
    # An object that was met in this batch, which keeps it alive, and its id.
    PyObject *value
    int32_t id


cdef struct Columns:
    # The new part of each column of a history.
    int64_t *time
    int64_t *process
    int64_t *revision
    int32_t *f
    int32_t *value
    int32_t *optional[FIELDS - OPTIONAL]
    int8_t *type


cdef class EventFields:
    """Names and classes by which a history's events are read. fields: their names, which are those of the columns too, in
    the order time, process, type, f, value, revision, and those that may be absent. absent: what stands for no value.
    types: word → number. nemesis: the process of the nemesis, in words and as a number. scalars: the class of tables of
    plain values."""

    cdef tuple fields
    cdef object absent, nemesis, scalars
    cdef set plain
    cdef dict types, known
    cdef int64_t nemesis_number

    def __init__(self, fields, absent, types, nemesis, nemesis_number, scalars):
        self.fields, self.absent, self.types = fields, absent, types
        self.nemesis, self.nemesis_number, self.scalars, self.known = nemesis, nemesis_number, scalars, {}
        self.plain = {str, int, float, bool, type(None)}

    def extend(self, history, list events):
        """Add these events to a history; whether they were: if not, nothing was added."""
        cdef Py_ssize_t count = len(events), place
        cdef Offsets offsets
        cdef Columns columns
        cdef int8_t *block
        if count == 0:
            return True
        if not self.find_offsets(type(events[0]), &offsets):
            return False
        # Eight bytes each for the first three columns, four for the next seven, one for the type.
        block = <int8_t *>malloc(<size_t>count * (3 * 8 + (2 + FIELDS - OPTIONAL) * 4 + 1))
        if block == NULL:
            raise MemoryError
        columns.time = <int64_t *>block
        columns.process, columns.revision = columns.time + count, columns.time + 2 * count
        columns.f = <int32_t *>(columns.time + 3 * count)
        columns.value = columns.f + count
        for place in range(FIELDS - OPTIONAL):
            columns.optional[place] = columns.f + (2 + place) * count
        columns.type = <int8_t *>(columns.f + (2 + FIELDS - OPTIONAL) * count)
        try:
            if not self.read(history.pool, events, &offsets, &columns):
                return False
            self.append(history, &columns, count)
            return True
        finally:
            free(block)

    cdef bint find_offsets(self, object kind, Offsets *out) except -1:
        """Find the offsets at which a class keeps its fields; whether they are known."""
        cdef Py_ssize_t number
        found = self.known.get(kind)
        if found is None:
            found = self.known[kind] = tuple(
                [member_offset(kind.__dict__[field]) if field in kind.__dict__ else -1 for field in self.fields]
            )
        for number in range(FIELDS):
            out.at[number] = found[number]
            if out.at[number] < 0:
                return False
        return True

    cdef bint read(self, object pool, list events, const Offsets *offsets, const Columns *out) except -1:
        """Read all fields of all events; False if one of them needs a closer look."""
        cdef PyObject *event
        cdef PyObject *field[FIELDS]
        cdef Met met[PLACES]
        cdef PyObject *found
        cdef PyObject *absent = <PyObject *>self.absent
        cdef object tables = pool.tables
        cdef Py_ssize_t place, number
        cdef object first = type(events[0])
        memset(met, 0, sizeof(met))
        for place in range(len(events)):
            event = <PyObject *>events[place]
            if type(<object>event) is not first:
                return False
            for number in range(FIELDS):
                field[number] = member_at(event, offsets.at[number])
                if field[number] == NULL:
                    return False
            if type(<object>field[TIME]) is not int or type(<object>field[F]) is not str:
                return False
            out.time[place] = PyLong_AsLongLong(<object>field[TIME])
            if type(<object>field[PROCESS]) is int:
                out.process[place] = PyLong_AsLongLong(<object>field[PROCESS])
            elif <object>field[PROCESS] == self.nemesis:
                out.process[place] = self.nemesis_number
            else:
                return False
            found = PyDict_GetItemWithError(self.types, <object>field[TYPE])
            if found == NULL:
                return False
            out.type[place] = <int8_t>PyLong_AsLongLong(<object>found)
            out.f[place] = self.id(tables, field[F], met)
            out.value[place] = self.id(tables, field[VALUE], met)
            if field[REVISION] == absent:
                out.revision[place] = ABSENT
            elif type(<object>field[REVISION]) is int:
                out.revision[place] = PyLong_AsLongLong(<object>field[REVISION])
            else:
                return False
            for number in range(OPTIONAL, FIELDS):
                out.optional[number - OPTIONAL][place] = (
                    ABSENT if field[number] == absent else self.id(tables, field[number], met)
                )
        return True

    cdef inline int32_t id(self, object tables, PyObject *value, Met *met) except -2:
        """The id of a value, a new one if it was never seen."""
        cdef Met *place = &met[(<size_t>value >> 4) % PLACES]
        if place.value != value:
            place.value = NULL
            self.look_up(tables, value, place)
        return place.id

    cdef int look_up(self, object tables, PyObject *value, Met *out) except -1:
        """Find the id; and note the value, if it cannot change: then the same object has the same id."""
        cdef PyObject *table = PyDict_GetItemWithError(tables, <object>type(<object>value))
        cdef PyObject *found = NULL
        if table == NULL:
            out.id = tables[type(<object>value)][<object>value]
            return 0
        if type(<object>table) is self.scalars:
            found = PyDict_GetItemWithError(<object>table, <object>value)
            if type(<object>value) in self.plain:
                out.value = value
        elif type(<object>table) is Sequences:
            flat = (<Sequences>table).id(<object>value, 0)
            if flat is not None:
                out.id = flat
                if type(<object>value) is tuple:
                    out.value = value
                return 0
        out.id = (<object>table)[<object>value] if found == NULL else <object>found
        return 0

    cdef int append(self, object history, Columns *columns, Py_ssize_t count) except -1:
        cdef void *parts[FIELDS]
        cdef Py_ssize_t number
        cdef array.array column
        parts[TIME], parts[PROCESS], parts[TYPE] = columns.time, columns.process, columns.type
        parts[F], parts[VALUE], parts[REVISION] = columns.f, columns.value, columns.revision
        for number in range(OPTIONAL, FIELDS):
            parts[number] = columns.optional[number - OPTIONAL]
        for number in range(FIELDS):
            column = history.value_column.raw if number == VALUE else getattr(history, self.fields[number])
            array.extend_buffer(column, <char *>parts[number], count)
        return 0


cdef class NativePairing:
    """Pairing as `pairing.Pairing`, batch by batch in one pass."""

    cdef readonly array.array partner, invoke
    cdef object names
    # Of each process below `room` the position of its open invocation, ABSENT if it was retired by an `info`, FREE else;
    # those of others by number.
    cdef int64_t *begun
    cdef Py_ssize_t room
    cdef dict far

    def __init__(self, names):
        self.partner, self.invoke, self.names, self.far = array.array("q"), array.array("q"), names, {}

    def __dealloc__(self):
        free(self.begun)

    def extend(self, types, processes, f):
        """Pair the events of arrays, as `pairing.Pairing.extend`."""
        cdef array.array kinds = types, whose = processes, what = f, partners = self.partner, invoked = self.invoke
        cdef Py_ssize_t count = len(whose), number, position = len(partners), begins = len(invoked), more = 0
        cdef int8_t *kind = <int8_t *>kinds.data.as_schars
        cdef int64_t *process = <int64_t *>whose.data.as_longlongs
        cdef int32_t *name = <int32_t *>what.data.as_ints
        cdef int64_t *partner
        cdef int64_t *invocation
        cdef int64_t start
        for number in range(count):
            more += kind[number] == INVOKE and process[number] >= 0
        array.resize_smart(partners, position + count)
        array.resize_smart(invoked, begins + more)
        partner, invocation = <int64_t *>partners.data.as_longlongs, <int64_t *>invoked.data.as_longlongs
        memset(partner + position, 0xff, <size_t>count * sizeof(int64_t))
        more = 0
        try:
            for number in range(count):
                if process[number] >= 0:
                    start = self.open_of(process[number])
                    if kind[number] == INVOKE:
                        if start != FREE:
                            raise IllFormed(position, busy(process[number], start))
                        self.keep(process[number], position)
                        invocation[begins + more] = position
                        more += 1
                    else:
                        if start < 0:
                            raise IllFormed(position, unasked(process[number], start == ABSENT))
                        if name[start] != name[position]:
                            raise IllFormed(position, other(
                                process[number], start, self.names[name[start]], self.names[name[position]]
                            ))
                        partner[start], partner[position] = position, start
                        self.keep(process[number], ABSENT if kind[number] == INFO else FREE)
                position += 1
        finally:
            array.resize(invoked, begins + more)

    cdef inline int64_t open_of(self, int64_t process) except -3:
        if process < self.room:
            return self.begun[process]
        if process < DENSE:
            return FREE
        return self.far.get(process, FREE)

    cdef inline int keep(self, int64_t process, int64_t position) except -1:
        cdef int64_t *begun
        cdef Py_ssize_t room = 256, place
        if process < self.room:
            self.begun[process] = position
            return 0
        if process >= DENSE:
            self.far[process] = position
            return 0
        while room <= process:
            room *= 2
        begun = <int64_t *>realloc(self.begun, <size_t>room * sizeof(int64_t))
        if begun == NULL:
            raise MemoryError
        for place in range(self.room, room):
            begun[place] = FREE
        self.begun, self.room = begun, room
        self.begun[process] = position
        return 0


def gathered(array.array column, array.array positions, absent):
    """The entries of a column at these positions; `absent` where a position is ABSENT."""
    cdef array.array out = array.clone(column, len(positions), False)
    cdef const int64_t *at = <const int64_t *>positions.data.as_longlongs
    cdef Py_ssize_t place, count = len(positions)
    cdef int64_t none = absent
    ask_large_pages(out.data.as_voidptr, <size_t>count * column.itemsize)
    if column.itemsize == 8:
        for place in range(count):
            out.data.as_longlongs[place] = none if at[place] == ABSENT else column.data.as_longlongs[at[place]]
    elif column.itemsize == 4:
        for place in range(count):
            out.data.as_ints[place] = <int>none if at[place] == ABSENT else column.data.as_ints[at[place]]
    else:
        for place in range(count):
            out.data.as_schars[place] = <signed char>none if at[place] == ABSENT else column.data.as_schars[at[place]]
    return out


def differences(array.array column, array.array later, array.array earlier):
    """The entries of a column of 64 bits at these positions less those at others, none of them ABSENT."""
    cdef array.array out = array.clone(column, len(later), False)
    cdef const int64_t *one = <const int64_t *>later.data.as_longlongs
    cdef const int64_t *other = <const int64_t *>earlier.data.as_longlongs
    cdef Py_ssize_t place
    ask_large_pages(out.data.as_voidptr, <size_t>len(later) * sizeof(int64_t))
    for place in range(len(later)):
        out.data.as_longlongs[place] = column.data.as_longlongs[one[place]] - column.data.as_longlongs[other[place]]
    return out
