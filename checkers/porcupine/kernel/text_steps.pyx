# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""What is the next state of a text? Known by heart, without Python, and with no more states than the history can tell apart.

A text that no get saw, nor any cas expected, nor a longer one that began with it, is *lost*: whatever is appended, no get
and no cas matches until the next put or cas, which leaves the same whatever was there before. So in all lost texts the
same operations are legal and lead to the same or to lost texts (a refusal of a cas too: it did not find what was
expected, and nobody expected a lost text). Hence they are one state, and the search finds the same orders. All
others are beginnings of texts that were seen: the seen ones are sorted, so a beginning is known exactly by the first one
that begins with it and by its length, and nothing is hashed.

The trap: for people the lost state is shown as the first text that was lost, though it stands for others too.
"""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp

from splitbrain.checkers.porcupine.kernel.steps cimport ILLEGAL, Steps, Transition, Transitions, keep

cdef enum:
    GET = 0
    PUT = 1
    APPEND = 2
    CAS = 3
    REFUSED = 4

cdef enum:
    LOST = -1

cdef struct Text:
    const char *at
    int32_t length

cdef struct Node:
    # A beginning of the seen texts from `low` on, before `high`; low is LOST for the lost text.
    int32_t low, high, length

cdef struct Kind:
    # given: what is appended. left: what a put or cas leaves. wanted: what a get saw or a cas expects.
    Text given
    Node left, wanted
    int32_t f


cdef class TextSteps(Transitions):
    """The transitions of a text. table: a `TextTable` of Python, which keeps the memory that this looks at."""

    cdef Text *seen
    cdef Kind *kinds
    cdef Node *nodes
    cdef object table
    cdef dict numbers
    cdef bytes lost
    cdef int32_t count, states, room, filled

    def __init__(self, object model, object table):
        cdef list seen = table.seen
        self.table = table
        cdef Py_ssize_t number
        cdef Kind *kind
        self.numbers, self.count, self.room = {}, <int32_t>len(seen), 64
        self.seen = <Text *>malloc((<size_t>self.count + 1) * sizeof(Text))
        self.kinds = <Kind *>malloc((<size_t>len(table.kinds) + 1) * sizeof(Kind))
        self.nodes = <Node *>malloc(<size_t>self.room * sizeof(Node))
        if self.seen == NULL or self.kinds == NULL or self.nodes == NULL:
            raise MemoryError
        for number in range(self.count):
            self.seen[number] = text_of(seen[number])
        for number, (f, first, second) in enumerate(table.kinds):
            kind = &self.kinds[number]
            kind.f, kind.given = f, text_of(first)
            kind.wanted = self.whole(kind.given)
            kind.left = self.whole(text_of(second)) if f == CAS else kind.wanted
        self.number(self.whole(text_of(table.initial)), table.initial)

    def __dealloc__(self):
        free(self.seen)
        free(self.kinds)
        free(self.nodes)

    def begin(self):
        """A new turn."""
        self.steps.turn += 1

    def state(self, int32_t number):
        """A text that was reached."""
        return self.text(number).decode()

    cdef bytes text(self, int32_t state):
        """The text of a state, in UTF-8."""
        cdef Node *node = &self.nodes[state]
        return self.lost if node.low == LOST else self.seen[node.low].at[:node.length]

    cdef int32_t fill(self, int32_t state, int32_t number) except -3:
        cdef Kind *kind = &self.kinds[number]
        cdef Node node = self.nodes[state]
        cdef bint found = node.low == kind.wanted.low and node.length == kind.wanted.length
        cdef int32_t following = state
        if kind.f == APPEND:
            following = self.number(self.longer(node, kind.given), kind.given.at[:kind.given.length], state)
        elif kind.f == PUT:
            following = self.number(kind.left, kind.given.at[:kind.given.length])
        elif (found and node.low != LOST) == (kind.f == REFUSED):
            following = ILLEGAL
        elif kind.f == CAS:
            following = self.number(kind.left, b"")
        self.filled += 1
        if 2 * <uint64_t>self.filled > self.steps.mask:
            self.grow()
        keep(&self.steps, state, number, following)
        self.steps.held = (self.steps.mask + 1) * sizeof(Transition) + <size_t>self.states * 256
        return following

    cdef int32_t number(self, Node node, bytes text, int32_t before=-1) except -3:
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
            self.lost = text if before < 0 else self.text(before) + text
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
        """What a beginning becomes when this is appended."""
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


cdef Text text_of(bytes text) noexcept:
    cdef Text out
    out.at, out.length = PyBytes_AS_STRING(text), <int32_t>len(text)
    return out
