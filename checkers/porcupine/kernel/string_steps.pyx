# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Transitions of strings that are put and appended to, without Python, with no more states than the history can tell
apart.

A text that no get saw, nor any cas expected, nor a longer one that began with it, is *lost*: whatever is appended, no get
and no cas matches until the next put or cas, which leaves the same whatever was there before. So in all lost texts the
same operations are legal and lead to the same or to lost texts (a refusal of a cas too: it did not find what was
expected, and nobody expected a lost text). Hence they are one state, and the search finds the same orders. All
others are beginnings of texts that were seen: the seen ones are sorted, so a beginning is known exactly by the first one
that begins with it and by its length, and nothing is hashed.

Pitfall: for people the lost state is shown as the first text that was lost, though it stands for others too.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memcmp

from splitbrain.checkers.porcupine.kernel.steps cimport ILLEGAL, Steps, Transition, Transitions, keep

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    bint PyUnicode_CheckExact(object value)

cdef enum:
    GET = 0
    PUT = 1
    APPEND = 2
    CAS = 3
    REFUSED = 4

cdef enum:
    LOST = -1
    REFUSED_RESULT = -3
    TEXT_MAX = 0x3fffffff

cdef struct Text:
    const char *at
    int32_t length

cdef struct Node:
    # A beginning of the seen texts from `low` on, before `high`; low is LOST for the lost text.
    int32_t low, high, length

cdef struct Kind:
    # What a call does. old: what a get saw, or a cas expects. new: what is put or appended, or what a cas leaves. wanted,
    # left: the same as beginnings, not of an append.
    Text old, new
    Node wanted, left
    int32_t f

cdef dict _CODES = {"get": GET, "put": PUT, "append": APPEND, "cas": CAS}


class NotStrings(Exception):
    """Refusal of a history in which something put, appended, got or expected is no text."""


cdef class StringSteps(Transitions):
    """The transitions of the texts of one history, which must live as long. Calls are added when it is read; then
    `close` says that these are all."""

    cdef Text *seen
    cdef Kind *kinds
    cdef Node *nodes
    cdef list values
    cdef dict numbers
    cdef bytes lost
    cdef int32_t count, states, room, kinds_room

    def __init__(self, object model, object native):
        self.numbers, self.values, self.room, self.kinds_room = {}, [model.initial], 16, 64
        self.kinds = <Kind *>malloc(<size_t>self.kinds_room * sizeof(Kind))
        self.nodes = <Node *>malloc(<size_t>self.room * sizeof(Node))
        if self.kinds == NULL or self.nodes == NULL:
            raise MemoryError
        text_of(model.initial)

    def __dealloc__(self):
        free(self.seen)
        free(self.kinds)
        free(self.nodes)

    cdef int32_t value(self, object value) except -1:
        """The number of a value; nobody asks twice for the same."""
        self.values.append(value)
        return <int32_t>len(self.values) - 1

    cdef int new_class(self, const int64_t *wanted, object f) except -1:
        """Keep what a call does. NotTexts."""
        cdef Py_ssize_t number = len(self.classes)
        cdef Kind *kind
        if number == self.kinds_room:
            kind = <Kind *>realloc(self.kinds, 2 * <size_t>self.kinds_room * sizeof(Kind))
            if kind == NULL:
                raise MemoryError
            self.kinds = kind
            self.kinds_room *= 2
        kind = &self.kinds[number]
        kind.f = _CODES[f]
        argument = self.values[wanted[1]]
        if kind.f == GET:
            kind.old = kind.new = text_of(self.values[wanted[2]])
        elif kind.f != CAS:
            kind.old = kind.new = text_of(argument)
        elif type(argument) is tuple and len(<tuple>argument) == 2:
            kind.old, kind.new = text_of(argument[0]), text_of(argument[1])
            if wanted[2] == REFUSED_RESULT:
                kind.f = REFUSED
            elif wanted[2] < REFUSED_RESULT:  # it told what it found instead
                raise NotStrings
        else:
            raise NotStrings
        self.classes.append(None)
        return 0

    def close(self):
        """Note that all calls are there."""
        cdef int32_t number, kept = 0, kinds = <int32_t>len(self.classes)
        cdef Kind *kind
        self.seen = <Text *>malloc((<size_t>kinds + 1) * sizeof(Text))
        if self.seen == NULL:
            raise MemoryError
        for number in range(kinds):
            kind = &self.kinds[number]
            if kind.f != PUT and kind.f != APPEND:
                self.seen[self.count] = kind.old
                self.count += 1
        qsort(self.seen, <size_t>self.count, sizeof(Text), in_order)
        for number in range(self.count):
            if not kept or in_order(&self.seen[kept - 1], &self.seen[number]):
                self.seen[kept] = self.seen[number]
                kept += 1
        self.count = kept
        for number in range(kinds):
            kind = &self.kinds[number]
            if kind.f != APPEND:
                kind.wanted, kind.left = self.whole(kind.old), self.whole(kind.new)
        self.first()

    def begin(self):
        """A new turn."""
        self.steps.turn += 1

    def state(self, int32_t number):
        """A text that was reached."""
        return self.text(number).decode()

    def forget(self):
        """Forget all states and transitions, but not the calls."""
        Transitions.forget(self)
        self.first()

    cdef int first(self) except -1:
        cdef Text initial = text_of(self.model.initial)
        self.numbers, self.states = {}, 0
        self.number(self.whole(initial), initial)
        return 0

    cdef bytes text(self, int32_t state):
        """The text of a state, in UTF-8."""
        cdef Node *node = &self.nodes[state]
        return self.lost if node.low == LOST else self.seen[node.low].at[:node.length]

    cdef int32_t fill(self, int32_t state, int32_t number) except -3:
        cdef Kind *kind = &self.kinds[number]
        cdef Node node = self.nodes[state]
        cdef bint found
        cdef int32_t following = state
        if kind.f == APPEND:
            following = self.number(self.longer(node, kind.new), kind.new, state)
        elif kind.f == PUT:
            following = self.number(kind.left, kind.new)
        else:
            found = node.low == kind.wanted.low and node.length == kind.wanted.length
            if found == (kind.f == REFUSED):
                following = ILLEGAL
            elif kind.f == CAS:
                following = self.number(kind.left, kind.new)
        self.kept += 1
        if 2 * self.kept > self.steps.mask:
            self.grow()
        keep(&self.steps, state, number, following)
        self.steps.held = (self.steps.mask + 1) * sizeof(Transition) + <size_t>self.states * 256
        return following

    cdef int32_t number(self, Node node, Text text, int32_t before=-1) except -3:
        """The number of a state; text: what it is if it is lost, behind the text of the state before."""
        cdef uint64_t name = (<uint64_t>(node.low + 1) << 32) | <uint64_t>node.length
        cdef Node *nodes
        found = self.numbers.get(name)
        if found is not None:
            return found
        if self.states == self.room:
            nodes = <Node *>realloc(self.nodes, 2 * <size_t>self.room * sizeof(Node))
            if nodes == NULL:
                raise MemoryError
            self.nodes = nodes
            self.room *= 2
        if node.low == LOST:
            self.lost = (b"" if before < 0 else self.text(before)) + <bytes>text.at[:text.length]
        self.nodes[self.states] = node
        self.numbers[name] = self.states
        self.states += 1
        return self.states - 1

    cdef Node whole(self, Text text) noexcept:
        """A text from its front."""
        cdef Node empty
        empty.low, empty.high, empty.length = 0, self.count, 0
        return self.longer(empty, text)

    cdef Node longer(self, Node node, Text text) noexcept:
        """The beginning that comes of another one when this is appended."""
        cdef Node out
        cdef int32_t low = node.low, high = node.high, middle
        out.low, out.high, out.length = LOST, 0, 0
        if node.low == LOST:
            return out
        while low < high:
            middle = (low + high) // 2
            if self.order(middle, node.length, text) < 0:
                low = middle + 1
            else:
                high = middle
        out.low, high = low, node.high
        while low < high:
            middle = (low + high) // 2
            if self.order(middle, node.length, text) <= 0:
                low = middle + 1
            else:
                high = middle
        out.high, out.length = low, node.length + text.length
        if out.low == out.high:
            out.low, out.high, out.length = LOST, 0, 0
        return out

    cdef inline int order(self, int32_t number, int32_t behind, Text text) noexcept:
        """Whether a seen text goes on, behind so much of it, before this text (< 0), with it (0), or after it."""
        cdef int32_t left = self.seen[number].length - behind
        cdef int found = memcmp(self.seen[number].at + behind, text.at, min(left, text.length))
        return found if found or left >= text.length else -1


cdef Text text_of(object value) except *:
    """A text where it lies. NotTexts if it is none."""
    cdef Text out
    cdef Py_ssize_t length
    if not PyUnicode_CheckExact(value):
        raise NotStrings
    try:
        out.at = PyUnicode_AsUTF8AndSize(value, &length)
    except UnicodeEncodeError:
        raise NotStrings from None
    if length > TEXT_MAX:
        raise NotStrings
    out.length = <int32_t>length
    return out


cdef int in_order(const void *one, const void *other) noexcept nogil:
    cdef const Text *a = <const Text *>one
    cdef const Text *b = <const Text *>other
    cdef int found = memcmp(a.at, b.at, min(a.length, b.length))
    return found if found else (a.length > b.length) - (a.length < b.length)
