# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of `k_order.KeySearch`, without its memory of states that led nowhere.

Gives up where more than 63 operations are ahead of the first that is not placed, or after BACK_MAX steps back: the twin
in Python does the work then. Works in steps, without the GIL, so that a caller can look at its budget in between.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc

cdef int64_t NEVER = (<int64_t> 1 << 62) - 1
cdef int64_t BACK_MAX = 100_000

MORE, FOUND, NONE, UNFIT = range(4)
cdef enum:
    C_MORE = 0
    C_FOUND = 1
    C_NONE = 2
    C_UNFIT = 3
    SPAN = 63


cdef struct Choice:
    int32_t first
    int32_t count
    int32_t at
    uint64_t ahead


cdef class NativeKeySearch:
    """The search for an order of the operations of one key, in order of invocation, with one k.

    ops: their numbers. The other columns are those of a RegisterHistory, and initial its initial value.
    """

    cdef int64_t *starts
    cdef int64_t *ends
    cdef int32_t *values
    cdef unsigned char *writes
    cdef object ops
    cdef int32_t count, first, placed_count, written_count
    cdef int64_t k, back
    cdef uint64_t ahead
    cdef int32_t *placed
    cdef int32_t *written
    cdef int32_t *window
    cdef int32_t *unread
    cdef int32_t *unwritten
    cdef Choice *choices
    cdef int64_t choice_count, choice_room

    def __cinit__(self, ops, list start, list end, list value, list write, initial, int64_t k):
        cdef int32_t at
        cdef Py_ssize_t op
        cdef dict number = {initial: 0}
        self.ops, self.count, self.k = ops, len(ops), k
        self.starts = <int64_t *> malloc((self.count + 1) * sizeof(int64_t))
        self.ends = <int64_t *> malloc((self.count + 1) * sizeof(int64_t))
        self.values = <int32_t *> malloc((self.count + 1) * sizeof(int32_t))
        self.writes = <unsigned char *> malloc(self.count + 1)
        self.placed = <int32_t *> malloc((self.count + 1) * sizeof(int32_t))
        self.written = <int32_t *> malloc((self.count + 1) * sizeof(int32_t))
        if not (self.starts and self.ends and self.values and self.writes and self.placed and self.written):
            raise MemoryError
        for at, op in enumerate(ops):
            self.starts[at], self.ends[at], self.writes[at] = start[op], end[op], write[op]
            self.values[at] = number.setdefault(value[op], len(number))
        self.window = <int32_t *> calloc(len(number), sizeof(int32_t))
        self.unread = <int32_t *> calloc(len(number), sizeof(int32_t))
        self.unwritten = <int32_t *> calloc(len(number), sizeof(int32_t))
        if not (self.window and self.unread and self.unwritten):
            raise MemoryError
        self.written[0], self.written_count, self.window[0] = 0, 1, 1
        for at in range(self.count):
            if self.writes[at]:
                self.unwritten[self.values[at]] += 1
            else:
                self.unread[self.values[at]] += 1

    def __dealloc__(self):
        free(self.starts)
        free(self.ends)
        free(self.values)
        free(self.writes)
        free(self.placed)
        free(self.written)
        free(self.window)
        free(self.unread)
        free(self.unwritten)
        free(self.choices)

    def step(self, int64_t most):
        """Place so many operations more, about. MORE, FOUND, NONE, or UNFIT."""
        cdef int code = C_MORE
        cdef int64_t stop = most
        with nogil:
            while code == C_MORE and stop > 0:
                code = self._advance(&stop)
        if code < 0:
            raise MemoryError
        return code

    def order(self):
        """The numbers of the operations, in the order that was found."""
        cdef int32_t at
        return [self.ops[self.placed[at]] for at in range(self.placed_count)]

    cdef int _advance(self, int64_t *stop) noexcept nogil:
        """One write more, after all reads that can be placed; or a step back. Negative without memory."""
        cdef int32_t found[64]
        cdef int32_t at = self.first, number = 0, i, j, dropped
        cdef int64_t owed = NEVER
        while at < self.count and self.starts[at] <= owed:
            if at - self.first >= SPAN:
                return C_UNFIT
            if not (self.ahead >> (at - self.first)) & 1:
                if not self.writes[at] and self.window[self.values[at]]:
                    self._place(at)
                    stop[0] -= 1
                    at, owed, number = self.first, NEVER, 0
                    continue
                if self.writes[at]:
                    found[number] = at
                    number += 1
                if self.ends[at] < owed:
                    owed = self.ends[at]
            at += 1
        if owed == NEVER:
            return C_FOUND
        if number and self.written_count >= self.k:
            dropped = self.written[self.written_count - self.k]
            if self.window[dropped] == 1 and self.unread[dropped] and not self.unwritten[dropped]:
                number = 0  # reads of what any write would drop are still to come
        if number == 0:
            return self._back()
        for i in range(1, number):  # what ended first comes first
            j, at = i, found[i]
            while j and self.ends[found[j - 1]] > self.ends[at]:
                found[j] = found[j - 1]
                j -= 1
            found[j] = at
        for i in range(number - 1, 0, -1):
            if not self._remember(found[i]):
                return -1
        self._place(found[0])
        stop[0] -= 1
        return C_MORE

    cdef int _back(self) noexcept nogil:
        cdef Choice choice
        if self.choice_count == 0:
            return C_NONE
        self.back += 1
        if self.back > BACK_MAX:
            return C_UNFIT
        self.choice_count -= 1
        choice = self.choices[self.choice_count]
        while self.placed_count > choice.count:
            self._take_back()
        self.first, self.ahead = choice.first, choice.ahead
        self._place(choice.at)
        return C_MORE

    cdef int _remember(self, int32_t at) noexcept nogil:
        cdef Choice *more
        if self.choice_count == self.choice_room:
            self.choice_room = 2 * self.choice_room + 64
            more = <Choice *> realloc(self.choices, self.choice_room * sizeof(Choice))
            if more == NULL:
                return 0
            self.choices = more
        self.choices[self.choice_count] = Choice(self.first, self.placed_count, at, self.ahead)
        self.choice_count += 1
        return 1

    cdef void _place(self, int32_t at) noexcept nogil:
        cdef int32_t value = self.values[at]
        self.placed[self.placed_count] = at
        self.placed_count += 1
        if self.writes[at]:
            self.written[self.written_count] = value
            self.written_count += 1
            self.unwritten[value] -= 1
            self.window[value] += 1
            if self.written_count > self.k:
                self.window[self.written[self.written_count - self.k - 1]] -= 1
        else:
            self.unread[value] -= 1
        self.ahead |= <uint64_t> 1 << (at - self.first)
        while self.ahead & 1:
            self.ahead >>= 1
            self.first += 1

    cdef void _take_back(self) noexcept nogil:
        """Undo the last placing, save for `first` and `ahead`."""
        cdef int32_t at, value
        self.placed_count -= 1
        at = self.placed[self.placed_count]
        value = self.values[at]
        if self.writes[at]:
            if self.written_count > self.k:
                self.window[self.written[self.written_count - self.k - 1]] += 1
            self.written_count -= 1
            self.unwritten[value] += 1
            self.window[value] -= 1
        else:
            self.unread[value] += 1
