# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twins of `atomic.atomic_orders` and of `certificate.objection`.

The two functions share nothing, for the second judges what the first finds. Positions of events are 32 bits wide: a
longer history is left to the twins in Python.
"""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

cdef enum:
    INITIAL = -1
    NEVER = 0x7FFFFFFF

cdef int64_t NEVER_OF_COLUMNS = (<int64_t> 1 << 62) - 1

RIGHT, INCOMPLETE, EARLY, UNEXPLAINED = range(4)


cdef class _Zones:
    """Room for the zones of values. Clusters: those of the writes, by number, then one a key for its initial value.

    first, last: first end and last start of each cluster. begin: where its reads stand in `readers`. at: the write
    whose zone has its place at a position. held: of each key, the end of the last forward zone that was met.
    """

    cdef int32_t *first
    cdef int32_t *last
    cdef int32_t *begin
    cdef int32_t *readers
    cdef int32_t *at
    cdef int32_t *held

    def __cinit__(self, Py_ssize_t operations, Py_ssize_t keys, Py_ssize_t events):
        self.first = <int32_t *> malloc((operations + 1) * sizeof(int32_t))
        self.last = <int32_t *> malloc((operations + 1) * sizeof(int32_t))
        self.begin = <int32_t *> calloc(operations + keys + 2, sizeof(int32_t))
        self.readers = <int32_t *> malloc((operations + 1) * sizeof(int32_t))
        self.at = <int32_t *> malloc((events + 1) * sizeof(int32_t))
        self.held = <int32_t *> malloc((keys + 1) * sizeof(int32_t))
        if not (self.first and self.last and self.begin and self.readers and self.at and self.held):
            raise MemoryError
        memset(self.at, 0xFF, (events + 1) * sizeof(int32_t))
        memset(self.held, 0xFF, (keys + 1) * sizeof(int32_t))

    def __dealloc__(self):
        free(self.first)
        free(self.last)
        free(self.begin)
        free(self.readers)
        free(self.at)
        free(self.held)


def atomic_orders(list write, list key, list source, list start, list end, bytearray passed_over):
    """Key → the order that shows it to be 1-atomic, or None; keys without a zone are left out. None instead of all, if
    the history is too long.

    The columns of a RegisterHistory. passed_over: whether a key, a value id plus one, is to be left out; as long as
    the largest key asks.
    """
    cdef Py_ssize_t operations = len(write), keys = len(passed_over), op, seen, at, pos, events = 0
    cdef int32_t k, held, ended
    cdef int64_t stop
    cdef bytearray excluded = bytearray(passed_over), known = bytearray(keys)
    cdef list orders = [None] * keys, order
    for op in range(operations):
        stop = end[op]
        stop = start[op] if stop >= NEVER_OF_COLUMNS else stop
        events = max(events, stop + 1)
    if events >= NEVER:
        return None
    cdef _Zones zones = _Zones(operations, keys, events)
    for op in range(operations):
        stop = end[op]
        zones.first[op] = NEVER if stop >= NEVER_OF_COLUMNS else <int32_t> stop
        zones.last[op] = start[op]
    for op in range(operations):
        k = <int32_t> key[op] + 1
        if write[op] or passed_over[k]:
            continue
        seen, ended = source[op], zones.first[op]
        if seen >= 0:
            if ended < <int32_t> start[seen]:
                excluded[k] = 1
            if ended < zones.first[seen]:
                zones.first[seen] = ended
            if zones.last[op] > zones.last[seen]:
                zones.last[seen] = zones.last[op]
        elif seen == INITIAL:
            known[k] = 1
            zones.held[k] = zones.last[op]
            seen = operations + k
        else:
            excluded[k] = 1
            continue
        zones.begin[seen + 1] += 1
    for at in range(operations + keys):
        zones.begin[at + 1] += zones.begin[at]
    _sort_readers(zones, write, key, source, passed_over)
    for op in range(operations):
        k = <int32_t> key[op] + 1
        if write[op] and not passed_over[k] and zones.first[op] < NEVER:
            known[k] = 1
            zones.at[min(zones.first[op], zones.last[op])] = op
    for k in range(keys):
        if known[k]:
            at = operations + k
            orders[k] = [zones.readers[pos] for pos in range(zones.begin[at], zones.begin[at + 1])]
    for pos in range(events):
        op = zones.at[pos]
        if op < 0:
            continue
        k = <int32_t> key[op] + 1
        if excluded[k]:
            continue
        held = zones.held[k]
        if held > pos and (zones.first[op] == pos or held > zones.first[op]):
            excluded[k] = 1
            continue
        if zones.first[op] == pos:
            zones.held[k] = zones.last[op]
        order = orders[k]
        order.append(op)
        for at in range(zones.begin[op], zones.begin[op + 1]):
            order.append(zones.readers[at])
    return {k - 1: None if excluded[k] else orders[k] for k in range(keys) if known[k] or excluded[k]}


cdef int _sort_readers(_Zones zones, list write, list key, list source, bytearray passed_over) except -1:
    """Put the reads of each cluster side by side, in order of invocation."""
    cdef Py_ssize_t operations = len(write), keys = len(passed_over), op, seen
    cdef int32_t k
    cdef int32_t *filled = <int32_t *> calloc(operations + keys + 1, sizeof(int32_t))
    if filled == NULL:
        raise MemoryError
    for op in range(operations):
        k = <int32_t> key[op] + 1
        if write[op] or passed_over[k]:
            continue
        seen = source[op]
        if seen < INITIAL:
            continue
        seen = operations + k if seen == INITIAL else seen
        zones.readers[zones.begin[seen] + filled[seen]] = op
        filled[seen] += 1
    free(filled)
    return 0


cdef class _Walk:
    """Room for a walk along an order. there: how often each operation stands in it. latest: of each key, the last start
    so far. newest: its last write so far, or -1. before: of each write, the one that it followed."""

    cdef unsigned char *there
    cdef int64_t *latest
    cdef int32_t *newest
    cdef int32_t *before

    def __cinit__(self, Py_ssize_t operations, Py_ssize_t keys):
        self.there = <unsigned char *> calloc(operations + 1, 1)
        self.latest = <int64_t *> malloc((keys + 1) * sizeof(int64_t))
        self.newest = <int32_t *> malloc((keys + 1) * sizeof(int32_t))
        self.before = <int32_t *> malloc((operations + 1) * sizeof(int32_t))
        if not (self.there and self.latest and self.newest and self.before):
            raise MemoryError
        memset(self.latest, 0xFF, (keys + 1) * sizeof(int64_t))
        memset(self.newest, 0xFF, (keys + 1) * sizeof(int32_t))

    def __dealloc__(self):
        free(self.there)
        free(self.latest)
        free(self.newest)
        free(self.before)


def objection(list write, list key, list value, list start, list end, int64_t initial, order, int64_t k, keys):
    """The verdict on an order, and the operation that is wrong: RIGHT, INCOMPLETE, EARLY or UNEXPLAINED.

    The columns of a RegisterHistory. initial: its initial value. keys: more than any key.
    """
    cdef Py_ssize_t operations = len(write), op, of_key
    cdef int64_t wanted, ended, left
    cdef int32_t at
    cdef _Walk walk = _Walk(operations, keys + 1)
    for op in order:
        if op < 0 or op >= operations or walk.there[op]:
            return INCOMPLETE, op
        walk.there[op] = 1
    for op in range(operations):
        if not walk.there[op]:
            ended = end[op]
            if not write[op] or ended < NEVER_OF_COLUMNS:
                return INCOMPLETE, op
    for op in order:
        of_key = <Py_ssize_t> key[op] + 1
        ended = end[op]
        if ended < walk.latest[of_key]:
            return EARLY, op
        if <int64_t> start[op] > walk.latest[of_key]:
            walk.latest[of_key] = start[op]
        if write[op]:
            walk.before[op] = walk.newest[of_key]
            walk.newest[of_key] = op
            continue
        wanted, left, at = value[op], k, walk.newest[of_key]
        while left > 0 and at >= 0 and <int64_t> value[at] != wanted:
            at = walk.before[at]
            left -= 1
        if left <= 0 or (at < 0 and wanted != initial):
            return UNEXPLAINED, op
    return RIGHT, -1
