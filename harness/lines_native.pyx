# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Lines of our own format into the columns of a history, compiled, with no object for an event or for a value that was seen
before. The twin of msgspec, `Event` and `validate`, which say what is allowed.

Pitfall: it takes whole lines, and stops before the first with anything out of the ordinary: a name or a value that is not
plain (a fraction, an object, an escape, text beyond ASCII), a field twice or unknown, a broken rule. So there is one place
that says what is wrong.
"""

from cpython cimport array
from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memset

from splitbrain.harness.micro_operations_native cimport MicroOperations
from splitbrain.harness.sequences_native cimport Sequences

cdef extern from "Python.h":
    object PyUnicode_DecodeASCII(const char *text, Py_ssize_t size, const char *errors)
    void *PyUnicode_1BYTE_DATA(PyObject *text)
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject *text)
    PyObject *PyList_GET_ITEM(PyObject *values, Py_ssize_t place)

cdef enum:
    STOP = -2           # in place of an id: the line is left to Python
    ABSENT = -1
    FIELDS = 12
    INDEX = 0
    TIME = 1
    PROCESS = 2
    TYPE = 3
    F = 4
    VALUE = 5
    REVISION = 6
    OPTIONAL = 7        # key, node, error, token, session
    NODE = 8
    REQUIRED = 31       # the first five
    NESTED = 16         # deeper values are left to Python
    DIGITS = 18         # longer numbers are
    SMALL = 1 << 16     # integers below are looked up by their value


include "json_values.pxi"


cdef class EventLines(ValueReader):
    """The lines of one file, taken block by block. history: what takes them. nemesis_number: of its process."""

    cdef object history
    cdef tuple columns
    cdef int64_t nemesis_number
    cdef readonly object last
    """The time of the last event that was taken, or None."""

    def __init__(self, history, fields, nemesis_number):
        """fields: the names of the columns time, process, type, f, value, revision, and of those that may be absent."""
        self.history, self.columns, self.nemesis_number = history, fields, nemesis_number

    def take(self, bytes block, Py_ssize_t begin, last):
        """(how many lines were taken, where the first stands that was not). begin: where the first line stands. last:
        the time before it, or None. The last line that may be taken ends with a newline."""
        cdef const char *text = block
        cdef const char *end = text + len(block)
        cdef const char *line
        cdef int64_t row[FIELDS]
        cdef Py_ssize_t count = 0, room = 0, place
        cdef int64_t due = len(self.history), latest = -<int64_t>0x7fffffffffffffff - 1 if last is None else last
        cdef int64_t *rows = NULL
        self.at, self.last = text + begin, last
        self.flat = self.history.value_column.flat or MicroOperations()
        try:
            while self.at < end:
                line = self.at
                self.top = 0
                if not self.line(row) or row[INDEX] != due + count or row[TIME] < latest:
                    self.at = line
                    break
                if count == room:
                    room = 2 * room + 64
                    rows = grown(rows, room)
                latest = row[TIME]
                for place in range(FIELDS):
                    rows[FIELDS * count + place] = row[place]
                count += 1
            if count:
                self.last = latest
                if len(self.flat):
                    self.history.value_column.flat = self.flat
                self.append(rows, count)
            return count, self.at - text
        finally:
            free(rows)

    cdef int append(self, const int64_t *rows, Py_ssize_t count) except -1:
        cdef array.array column
        cdef Py_ssize_t number, at, before, place
        for number in range(FIELDS - 1):
            place = number + 1
            column = self.history.value_column.raw if place == VALUE else getattr(self.history, self.columns[number])
            before = len(column)
            array.resize_smart(column, before + count)
            if column.itemsize == 8:
                for at in range(count):
                    column.data.as_longlongs[before + at] = rows[FIELDS * at + place]
            elif column.itemsize == 4:
                for at in range(count):
                    column.data.as_ints[before + at] = <int32_t>rows[FIELDS * at + place]
            else:
                for at in range(count):
                    column.data.as_schars[before + at] = <int8_t>rows[FIELDS * at + place]
        return 0

    cdef bint line(self, int64_t *row) except -1:
        """Whether a line was read, up to behind its newline."""
        cdef int place, met = 0
        memset(row, 0xff, FIELDS * sizeof(int64_t))
        if not self.skip(b"{"):
            return False
        while True:
            place = self.field()
            if place < 0 or met >> place & 1:
                return False
            met |= 1 << place
            if place == TYPE:
                row[TYPE] = self.type()
                if row[TYPE] < 0:
                    return False
            elif place == PROCESS and self.at[0] == 34:
                if not self.word(b'"nemesis"', 9):
                    return False
                row[PROCESS] = self.nemesis_number
            elif place == F or place == NODE:
                if self.at[0] != 34:
                    return False
                row[place] = self.text()
                if row[place] == STOP:
                    return False
            elif place <= PROCESS or place == REVISION:
                if not self.number(&row[place]) or (row[place] < 0 and place != TIME):
                    return False
            else:
                row[place] = self.micro_operations() if place == VALUE and self.at[0] == 91 else STOP
                if row[place] == STOP:
                    row[place] = self.value(0)
                    if row[place] == STOP:
                        return False
            if self.at[0] == 44:
                self.blank(1)
            else:
                break
        if met & REQUIRED != REQUIRED or self.at[0] != 125 or self.at[1] != 10:
            return False
        if not met >> VALUE & 1:
            row[VALUE] = self.null()
        self.at += 2
        return True

    cdef int field(self) noexcept:
        """The number of the field whose name and colon stand here, or STOP."""
        cdef int found = STOP
        if self.at[0] != 34:
            return STOP
        self.at += 1
        if self.at[0] == 105:
            found = INDEX if self.word(b'index"', 6) else STOP
        elif self.at[0] == 112:
            found = PROCESS if self.word(b'process"', 8) else STOP
        elif self.at[0] == 102:
            found = F if self.word(b'f"', 2) else STOP
        elif self.at[0] == 118:
            found = VALUE if self.word(b'value"', 6) else STOP
        elif self.at[0] == 114:
            found = REVISION if self.word(b'revision"', 9) else STOP
        elif self.at[0] == 107:
            found = OPTIONAL if self.word(b'key"', 4) else STOP
        elif self.at[0] == 110:
            found = NODE if self.word(b'node"', 5) else STOP
        elif self.at[0] == 101:
            found = OPTIONAL + 2 if self.word(b'error"', 6) else STOP
        elif self.at[0] == 115:
            found = OPTIONAL + 4 if self.word(b'session"', 8) else STOP
        elif self.at[0] == 116 and self.at[1] == 105:
            found = TIME if self.word(b'time"', 5) else STOP
        elif self.at[0] == 116 and self.at[1] == 121:
            found = TYPE if self.word(b'type"', 5) else STOP
        elif self.at[0] == 116:
            found = OPTIONAL + 3 if self.word(b'token"', 6) else STOP
        return found if found != STOP and self.skip(b":") else STOP

    cdef int type(self) noexcept:
        """The number of an event's type, or STOP."""
        if self.word(b'"invoke"', 8):
            return 0
        if self.word(b'"ok"', 4):
            return 1
        if self.word(b'"fail"', 6):
            return 2
        return 3 if self.word(b'"info"', 6) else STOP


cdef int64_t *grown(int64_t *rows, Py_ssize_t room) except NULL:
    cdef int64_t *moved = <int64_t *>realloc(rows, <size_t>room * FIELDS * sizeof(int64_t))
    if moved == NULL:
        raise MemoryError
    return moved
