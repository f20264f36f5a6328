# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Monitor of string stores with append: keys on which each get tells which operations made what it returned. All keys
at once, from the columns.

A *piece* is a text that was put or appended. A key qualifies if it is used by get, put and append of texts alone, begins
with the empty text, and no piece is empty or the beginning of another. A text is then a concatenation of pieces in one
way at most: read from its front, only one fits at each place. If the pieces are all different, a get tells which
operations made what it saw, and in which order: a put, or none if there was none yet, and appends after it. Call a put,
the gets that saw it, and all appends that these saw, a *chain*; likewise the gets that saw no put.

**Necessary.** In a legal order no put or append stands in a chain, between its first operation and its last, but its own:
the last is a get, which would have seen another. So the chain stands together (every get is of the chain that it saw);
what a get saw is a beginning of what a longer get of the chain saw; its appends stand in the order in which they were
seen, and each get between the last that it saw and the next; no append is of two chains; and none of these operations
returned before one that stands earlier was invoked. A chain has a *zone* between f, its first return, and s, its last
invocation, as the cluster of a register has (see `fast/zones.py`), and for the reason said there no two forward zones
(f < s) overlap, and no backward one lies inside a forward one. A put or append that nobody saw is in no chain: its own
backward zone.

**Sufficient.** In a forward zone a chain is placed in its order, each operation at its invocation, where the one before it
is placed, or at f, whichever is latest: this is not later than s, and before its own return. A backward zone, all of
whose operations are open from s to f, is placed at s, or if that lies in a forward zone at the end of that, which comes
before its f. Chains then do not mix. Each begins with its put, so it matters to nobody what stood before; the chain
without a put is first, for its zone begins before everything; and an append that nobody saw stands where all that comes
later begins with a put.

**Texts put or appended more than once.** Who made what is then certain only sometimes, by times, as `put_by_nobody` and
`tell_apart` say: what they exclude is in no legal order, and if they leave one possibility everything above holds. A
second put of one text, or more than one possibility: the key does not qualify.

A crashed operation never returned. One that nobody saw is dropped: taken out of a legal order, it changes what no get saw.

A part of the history that holds with each get all that may have made what it saw is linearizable if the whole is, since
what is left out stood in no chain that is left. So a few gets with their pieces are a core.

Pitfall: texts are compared as UTF-8, which is exact; one that has none leaves its key to the search.
"""

from cpython cimport array
from libc.stdint cimport int8_t, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memset

include "pieces.pxi"
include "chains.pxi"

cdef enum:
    TYPE_INVOKE = 0
    TYPE_OK = 1
    TYPE_FAIL = 2
    TYPE_INFO = 3


cdef class _TextColumns:
    """Scratch memory of one call."""

    cdef Texts texts

    def __dealloc__(self):
        cdef Texts *t = &self.texts
        free(t.done)
        free(t.pieces)
        free(t.links)
        free(t.chains)
        free(t.parts)
        free(t.slots)
        free(t.number_of)
        free(t.at)

    cdef int reserve(self, Py_ssize_t operations, Py_ssize_t events, Py_ssize_t values) except -1:
        cdef Texts *t = &self.texts
        cdef size_t n = <size_t>operations + 1, slots = 16
        while slots < 2 * n:
            slots *= 2
        t.mask = <uint32_t>(slots - 1)
        t.done = <Done *>malloc(n * sizeof(Done))
        t.pieces = <Piece *>malloc(n * sizeof(Piece))
        t.links = <Link *>malloc(6 * n * sizeof(Link))
        t.chains = <Chain *>malloc(2 * n * sizeof(Chain))
        t.parts = <Part *>malloc(n * sizeof(Part))
        t.slots = <int32_t *>malloc(slots * sizeof(int32_t))
        t.number_of = <int32_t *>malloc((<size_t>values + 2) * sizeof(int32_t))
        t.at = <int32_t *>malloc((<size_t>events + 1) * sizeof(int32_t))
        if (t.done == NULL or t.pieces == NULL or t.links == NULL or t.chains == NULL or t.parts == NULL
                or t.slots == NULL or t.number_of == NULL or t.at == NULL):
            raise MemoryError
        memset(t.slots, 0xff, slots * sizeof(int32_t))
        memset(t.number_of, 0xff, (<size_t>values + 2) * sizeof(int32_t))
        memset(t.at, 0xff, (<size_t>events + 1) * sizeof(int32_t))
        return 0

    cdef Found judge(self, object history, int32_t get, int32_t put, int32_t append, bint by_key):
        """All but the zones; None if there are other operations."""
        cdef Texts *t = &self.texts
        cdef Py_ssize_t events = len(history.type)
        cdef Found found
        if events >= NEVER - 1:
            return None
        self.reserve(begun_in(history.type), events, len(history.pool.values))
        if not walk(t, history, get, put, append, by_key):
            return None
        found = Found(t.count)
        decide_chains(t, found)
        return found


cdef int walk(Texts *t, object history, int32_t get, int32_t put, int32_t append, bint by_key) except -1:
    """Keep what may have happened, with its text: 1, or 0 if something is neither a get, put nor append."""
    cdef array.array types = history.type, processes = history.process, fs = history.f, keys = history.key
    cdef array.array values = history.value, partners = history.partner
    cdef int8_t *kind = <int8_t *>types.data.as_schars
    cdef int64_t *process = <int64_t *>processes.data.as_longlongs
    cdef int64_t *partner = <int64_t *>partners.data.as_longlongs
    cdef int32_t *f = <int32_t *>fs.data.as_ints
    cdef int32_t *key = <int32_t *>keys.data.as_ints
    cdef int32_t *value = <int32_t *>values.data.as_ints
    cdef list texts = history.pool.values
    cdef Py_ssize_t position, events = len(types)
    cdef int64_t complete
    cdef int8_t ended, does
    cdef Done *one
    cdef Part *part
    for position in range(events):
        if process[position] < 0 or kind[position] != TYPE_INVOKE:
            continue
        if f[position] == get:
            does = GET
        elif f[position] == append:
            does = APPEND
        elif f[position] == put:
            does = PUT
        else:
            return 0
        complete = partner[position]
        ended = TYPE_INFO if complete < 0 else kind[complete]
        if ended == TYPE_FAIL or (ended == TYPE_INFO and does == GET):
            continue
        one = &t.done[t.kept]
        one.f, one.part, one.invoked = does, part_of(t, key[position] if by_key else NOBODY), <int32_t>position
        one.returned = NEVER if ended == TYPE_INFO else <int32_t>complete
        one.chain = one.place = one.next = NOBODY
        part = &t.parts[one.part]
        part.size += 1
        part.observations += does == GET
        if does == PUT and (part.first_put == NOBODY or t.done[part.first_put].returned > one.returned):
            part.first_put = t.kept
        if not read(one, texts[value[complete if does == GET else position]]) or (does != GET and not one.length):
            part.fate = OUTSIDE
        t.kept += 1
    return 1


cdef inline int32_t part_of(Texts *t, int32_t key) noexcept:
    cdef int32_t number = t.number_of[key + 1]
    cdef Part *part
    if number < 0:
        number = t.number_of[key + 1] = t.count
        t.count += 1
        part = &t.parts[number]
        part.key, part.size, part.observations, part.fate = key, 0, 0, UNDECIDED
        part.first_put = part.holder = NOBODY
    return number


cdef inline bint read(Done *one, object value) except -1:
    """Look at a text where it lies; whether it is one that can be compared."""
    cdef Py_ssize_t length
    one.length, one.text = 0, NULL
    if not PyUnicode_CheckExact(value):
        return False
    try:
        one.text = PyUnicode_AsUTF8AndSize(value, &length)
    except UnicodeEncodeError:
        return False
    if length > TEXT_MAX:
        return False
    one.length = <int32_t>length
    return True


cdef int decide_chains(Texts *t, Found found) except -1:
    """All that is not about zones."""
    cdef int32_t number
    cdef bint repeats = False
    gather(t)
    begin_chains(t, found)
    for number in range(t.kept + t.count):
        if t.chains[number].longest != NOBODY and is_open(t, t.chains[number].part):
            link(t, found, number)
            repeats = repeats or t.chains[number].repeats
    for number in range(t.kept - 1, -1, -1):
        if t.done[number].f == GET and is_open(t, t.done[number].part):
            hang(t, found, number)
    if repeats:
        for number in range(t.kept + t.count):
            if t.chains[number].repeats and is_open(t, t.chains[number].part):
                tell_apart(t, number)
    for number in range(t.kept + t.count):
        if t.chains[number].longest != NOBODY and is_open(t, t.chains[number].part):
            bound(t, found, number)
    return 0


cdef list sweep(Texts *t, Found found, Py_ssize_t events, bint ordered):
    """The order of each key, if it has one and orders are asked for."""
    cdef Py_ssize_t position
    cdef int32_t number
    cdef Chain *chain
    cdef Chain *held
    cdef Part *part
    cdef list orders = [[] for _ in range(t.count if ordered else 0)]
    for number in range(t.kept + t.count):
        chain = &t.chains[number]
        if number < t.kept and t.done[number].f == GET or not is_open(t, chain.part):
            continue
        if number >= t.kept:
            if ordered and chain.longest != NOBODY:
                put_down(t, chain, <list>orders[chain.part])
        elif chain.longest != NOBODY or (t.done[number].chain == NOBODY and chain.first != NEVER):
            t.at[chain.first if chain.first < chain.last else chain.last] = number
    for position in range(events):
        number = t.at[position]
        if number < 0:
            continue
        chain = &t.chains[number]
        part = &t.parts[chain.part]
        if part.fate != UNDECIDED:
            continue
        held = &t.chains[part.holder]
        if held.last > position and (chain.first == position or held.last > chain.first):
            refute(t, found, chain.part, ends(t, number) | ends(t, part.holder))
            continue
        if chain.first == position:
            part.holder = number
        if not ordered:
            continue
        if chain.longest == NOBODY:
            (<list>orders[chain.part]).append(t.done[number].invoked)
        else:
            put_down(t, chain, <list>orders[chain.part])
    return orders


cdef int put_down(const Texts *t, const Chain *chain, list order) except -1:
    """The operations of a chain in their order."""
    cdef int32_t place, done
    for place in range(chain.begin, chain.begin + chain.count):
        done = t.links[place].done
        if done != NOBODY:
            order.append(t.done[done].invoked)
        done = t.links[place].gets
        while done != NOBODY:
            order.append(t.done[done].invoked)
            done = t.done[done].next
    return 0


def decide(object history, int32_t get, int32_t put, int32_t append, bint by_key):
    """The results by key, in order of its first operation: (value id of the key or ABSENT, operations, observations, the
    order found or None, the core or None), both as positions of invocations. Neither: the key does not qualify.
    None if there are other operations in the history.

    get, put, append: the value ids of these names, ABSENT for one that does not occur. The first text is the empty one.
    """
    cdef _TextColumns columns = _TextColumns()
    cdef Texts *t = &columns.texts
    cdef Found found = columns.judge(history, get, put, append, by_key)
    cdef int32_t number
    if found is None:
        return None
    cdef list orders = sweep(t, found, len(history.type), True)
    return [
        (t.parts[number].key, t.parts[number].size, t.parts[number].observations,
         tuple(orders[number]) if is_open(t, number) else None, found.cores[number])
        for number in range(t.count)
    ]


def outcome(object history, int32_t get, int32_t put, int32_t append, bint by_key):
    """The outcome of a history: 0 if a key refutes, 1 if none does and something was observed, else -1."""
    cdef _TextColumns columns = _TextColumns()
    cdef Texts *t = &columns.texts
    cdef Found found = columns.judge(history, get, put, append, by_key)
    cdef int32_t number, observed = 0
    cdef bint sure = True
    if found is None:
        return -1
    sweep(t, found, len(history.type), False)
    for number in range(t.count):
        if t.parts[number].fate == REFUTED:
            return 0
        sure = sure and is_open(t, number)
        observed += t.parts[number].observations
    return 1 if sure and observed else -1


cdef Py_ssize_t begun_in(array.array types) noexcept:
    """The number of invocations."""
    cdef int8_t *kind = <int8_t *>types.data.as_schars
    cdef Py_ssize_t position, count = 0
    for position in range(len(types)):
        count += kind[position] == TYPE_INVOKE
    return count
