"""Values of JSON, as ids of a pool. Included by lines_native.pyx, which has what memory and texts need.

Pitfall: whatever is no plain value or list of such (a fraction, an object, an escape, text beyond ASCII) stops it.
"""

include "plain_values.pxi"


cdef class ValueReader:
    """Values as they stand in a text that ends with a zero; `at` is where it is. Lists of micro-operations go to `flat`."""

    cdef object pool, ints, names
    cdef Sequences sequences
    cdef MicroOperations flat
    cdef list values
    cdef PlainValues numbers, texts
    cdef int32_t *small
    cdef int32_t *ids       # of the parts of the sequences that are open
    cdef Py_ssize_t top, room
    cdef const char *at
    cdef int32_t none, true, false, read

    def __cinit__(self, history, *rest):
        self.pool = history.pool
        self.values = self.pool.values
        self.ints, self.names, self.sequences = self.pool.tables[int], self.pool.names, self.pool.tables[list]
        self.numbers, self.texts = PlainValues(), PlainValues()
        self.none = self.true = self.false = self.read = ABSENT
        self.room = 1 << 10
        self.small = <int32_t *>malloc(SMALL * sizeof(int32_t))
        self.ids = <int32_t *>malloc(self.room * sizeof(int32_t))
        if self.small == NULL or self.ids == NULL:
            raise MemoryError
        memset(self.small, 0xff, SMALL * sizeof(int32_t))

    def __dealloc__(self):
        free(self.small)
        free(self.ids)

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

    cdef int64_t micro_operations(self) except -1:
        """The code of the list of micro-operations that stands here, which is kept flat; STOP where something else does."""
        cdef const char *begin = self.at
        cdef bint fine = True
        self.blank(1)
        if self.at[0] != 93:
            fine = self.micro_operation()
            while fine and self.at[0] == 44:
                self.blank(1)
                fine = self.micro_operation()
        if fine and self.at[0] == 93:
            self.at += 1
            return self.flat.end_value()
        self.flat.give_up()
        self.at = begin
        return STOP

    cdef bint micro_operation(self) except -1:
        """Whether a micro-operation stands here: text, a plain value, and another or, of a read, a list of such."""
        cdef int32_t f, key
        if self.at[0] != 91:
            return False
        self.blank(1)
        if self.at[0] != 34:
            return False
        f = self.text()
        if f == STOP or self.at[0] != 44:
            return False
        self.blank(1)
        if self.at[0] == 91:
            return False
        key = self.value(0)
        if key == STOP or self.at[0] != 44:
            return False
        self.blank(1)
        self.flat.push(f)
        self.flat.push(key)
        if not (self.plain() if self.at[0] != 91 else f == self.read_name() and self.plain_list()):
            return False
        if self.at[0] != 93:
            return False
        self.at += 1
        return True

    cdef inline bint plain(self) except -1:
        """Whether a plain value stands here, which is kept flat."""
        cdef const char *at = self.at
        cdef int32_t found = 0
        while 48 <= at[0] <= 57 and found < SMALL // 16:    # mostly it is a small number that was met before
            found = 10 * found + at[0] - 48
            at += 1
        if at != self.at and self.at[0] != 48 and (at[0] == 44 or at[0] == 93) and self.small[found] != ABSENT:
            self.at, found = at, self.small[found]
        else:
            found = STOP if self.at[0] == 91 else self.value(0)
        if found != STOP:
            self.flat.push(found)
        return found != STOP

    cdef bint plain_list(self) except -1:
        """Whether a list of plain values stands here, which is kept flat."""
        cdef int64_t place = self.flat.size
        self.flat.push(0)
        self.blank(1)
        if self.at[0] != 93:
            if not self.plain():
                return False
            while self.at[0] == 44:
                self.blank(1)
                if not self.plain():
                    return False
            if self.at[0] != 93:
                return False
        self.at += 1
        if self.flat.size - place > 0x7fffffff:
            return False
        self.flat.numbers[place] = ~<int32_t>(self.flat.size - place - 1)
        return True

    cdef inline int32_t read_name(self) except -3:
        """The id of the name of a read."""
        if self.read == ABSENT:
            self.read = self.names["r"]
        return self.read
