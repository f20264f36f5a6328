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


include "plain_values.pxi"


cdef class EventLines:
    """The lines of one file, taken block by block. history: what takes them. nemesis_number: of its process."""

    cdef object history, pool, ints, names
    cdef Sequences sequences
    cdef list values
    cdef tuple columns
    cdef int64_t nemesis_number
    cdef PlainValues numbers, texts
    cdef int32_t *small
    cdef int32_t *ids       # of the parts of the sequences that are open
    cdef Py_ssize_t top, room
    cdef const char *at
    cdef int32_t none, true, false
    cdef readonly object last
    """The time of the last event that was taken, or None."""

    def __init__(self, history, fields, nemesis_number):
        """fields: the names of the columns time, process, type, f, value, revision, and of those that may be absent."""
        self.history, self.pool, self.values = history, history.pool, history.pool.values
        self.ints, self.names, self.sequences = self.pool.tables[int], self.pool.names, self.pool.tables[list]
        self.columns, self.nemesis_number = fields, nemesis_number
        self.numbers, self.texts = PlainValues(), PlainValues()
        self.none = self.true = self.false = ABSENT
        self.room = 1 << 10
        self.small = <int32_t *>malloc(SMALL * sizeof(int32_t))
        self.ids = <int32_t *>malloc(self.room * sizeof(int32_t))
        if self.small == NULL or self.ids == NULL:
            raise MemoryError
        memset(self.small, 0xff, SMALL * sizeof(int32_t))

    def __dealloc__(self):
        free(self.small)
        free(self.ids)

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
                self.append(rows, count)
            return count, self.at - text
        finally:
            free(rows)

    cdef int append(self, const int64_t *rows, Py_ssize_t count) except -1:
        cdef array.array column
        cdef Py_ssize_t number, at, before, place
        for number in range(FIELDS - 1):
            place = number + 1
            column = getattr(self.history, self.columns[number])
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

    cdef inline void blank(self, int step) noexcept:
        """Go on, and over blanks."""
        self.at += step
        while self.at[0] == 32:
            self.at += 1

    cdef inline bint skip(self, const char *what) noexcept:
        if self.at[0] != what[0]:
            return False
        self.blank(1)
        return True

    cdef inline bint word(self, const char *what, int size) noexcept:
        """Whether this stands here; goes on behind it. Blocks end with a zero, so nothing behind them is looked at."""
        cdef int place
        for place in range(size):
            if self.at[place] != what[place]:
                return False
        self.at += size
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

    cdef bint number(self, int64_t *out) noexcept:
        """Whether an integer stands here."""
        cdef bint negative = self.at[0] == 45
        cdef const char *first = self.at + negative
        cdef const char *at = first
        cdef int64_t found = 0
        while 48 <= at[0] <= 57:
            if at - first == DIGITS:
                return False
            found = 10 * found + at[0] - 48
            at += 1
        if at == first or (first[0] == 48 and (negative or at > first + 1)):
            return False
        if at[0] == 46 or at[0] == 101 or at[0] == 69:
            return False
        out[0] = -found if negative else found
        self.at = at
        return True

    cdef int32_t value(self, int depth) except -3:
        """The id of the value that stands here, or STOP."""
        cdef char first = self.at[0]
        cdef int64_t number
        if first == 91:
            return self.sequence(depth)
        if first == 34:
            return self.text()
        if first == 110:
            return self.null() if self.word(b"null", 4) else STOP
        if first == 116 or first == 102:
            return self.truth(first == 116)
        return self.integer(number) if self.number(&number) else STOP

    cdef int32_t null(self) except -3:
        if self.none == ABSENT:
            self.none = self.pool.id(None)
        return self.none

    cdef int32_t truth(self, bint yes) except -3:
        if not (self.word(b"true", 4) if yes else self.word(b"false", 5)):
            return STOP
        if yes:
            if self.true == ABSENT:
                self.true = self.pool.id(True)
            return self.true
        if self.false == ABSENT:
            self.false = self.pool.id(False)
        return self.false

    cdef int32_t integer(self, int64_t number) except -3:
        """The id of an integer."""
        cdef int32_t found
        cdef uint64_t at
        if 0 <= number < SMALL:
            if self.small[number] == ABSENT:
                self.small[number] = self.ints[number]
            return self.small[number]
        at = self.numbers.home(number)
        while self.numbers.slots[at].id != ABSENT:
            if self.numbers.slots[at].mark == number:
                return self.numbers.slots[at].id
            at = (at + 1) & self.numbers.mask
        found = self.ints[number]
        self.numbers.add(number, found)
        return found

    cdef int32_t text(self) except -3:
        """The id of the text that stands here, or STOP."""
        cdef const unsigned char *first = <const unsigned char *>self.at + 1
        cdef const unsigned char *at = first
        cdef uint64_t hash = 0, place
        cdef PyObject *known
        cdef Py_ssize_t size
        cdef int32_t found
        while at[0] != 34:
            if at[0] < 32 or at[0] > 126 or at[0] == 92:
                return STOP
            hash = (hash ^ at[0]) * <uint64_t>0x100000001B3
            at += 1
        size = at - first
        self.at = <const char *>at + 1
        place = self.texts.home(hash)
        while self.texts.slots[place].id != ABSENT:
            if self.texts.slots[place].mark == <int64_t>hash:
                found = self.texts.slots[place].id
                known = PyList_GET_ITEM(<PyObject *>self.values, found)
                if PyUnicode_GET_LENGTH(known) == size and memcmp(PyUnicode_1BYTE_DATA(known), first, size) == 0:
                    return found
            place = (place + 1) & self.texts.mask
        found = self.names[PyUnicode_DecodeASCII(<const char *>first, size, NULL)]
        self.texts.add(<int64_t>hash, found)
        return found

    cdef int32_t sequence(self, int depth) except -3:
        """The id of the list that stands here, or STOP."""
        cdef Py_ssize_t base = self.top
        cdef bint flat = True
        cdef int32_t found
        cdef int32_t *moved
        if depth == NESTED:
            return STOP
        self.blank(1)
        if self.at[0] != 93:
            while True:
                flat = flat and self.at[0] != 91
                found = self.value(depth + 1)
                if found == STOP:
                    return STOP
                if self.top == self.room:
                    moved = <int32_t *>realloc(self.ids, 2 * self.room * sizeof(int32_t))
                    if moved == NULL:
                        raise MemoryError
                    self.ids, self.room = moved, 2 * self.room
                self.ids[self.top] = found
                self.top += 1
                if self.at[0] != 44:
                    break
                self.blank(1)
            if self.at[0] != 93:
                return STOP
        self.at += 1
        found = self.sequences.of_parts(self.ids + base, self.top - base, flat)
        self.top = base
        return found


cdef int64_t *grown(int64_t *rows, Py_ssize_t room) except NULL:
    cdef int64_t *moved = <int64_t *>realloc(rows, <size_t>room * FIELDS * sizeof(int64_t))
    if moved == NULL:
        raise MemoryError
    return moved
