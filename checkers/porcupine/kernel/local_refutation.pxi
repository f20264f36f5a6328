# Local refutation: that nothing gets past the return where the depth-first search is stuck can mostly be proved from the
# last few levels before it, whatever came earlier: only a register's value can tell of that.
#
# Let a level lie some way back. Every plain configuration that any search can reach at it is dominated by a meaning of
# one of these, which have:
#   - as state, the initial value or one that an operation invoked before the level's return leaves; or any other at all,
#     for those that no read or cas asks for which is invoked before the return in question and not done: what is legal
#     in such a state is legal in all of these, and only a refusal may be legal in that other state and not in it;
#   - as done, all pure operations open, which need not be placed any more then; any set of the cas that are open;
#   - as must, nothing: so with any set of open writes done;
#   - as used, nothing.
# What completes a configuration completes one that dominates it. So a search by levels that begins with all of these,
# and does not get past the return in question, proves that no order does: the history is not linearizable. As the
# depth-first search has come there, it is the very return that all engines name. If the search gets past, nothing is
# known; as long as the depth-first search comes no further, it begins further back every time.
#
# Included by the searches, after `bfs`.

cdef enum:
    FURTHER = 4         # how many times as many, next
    CAS_OPEN = 6        # how many may be open at the level that it begins at,
    LEVELS_TRIED = 256  # which is looked for among so many
    VALUES_ASKED = 127
    OTHER = 0x7fffffff  # a value that nobody asks for


ctypedef struct LocalRefutation:
    # stuck: the return in question. back: how many levels it begins before that. value: the states that it begins with, and first
    # those that are asked for. marks: their last six bits.
    Bfs bfs
    int64_t back
    uint64_t marks
    int32_t stuck, values
    int32_t value[VALUES_ASKED + 1]


cdef int refute_locally(const Searched *q, LocalRefutation *n, int32_t stuck, int64_t slice) noexcept nogil:
    """NONE if no order gets past this return; PAUSED if that is not known after so many configurations, or STOPPED."""
    cdef int outcome
    if stuck != n.stuck:
        n.stuck, n.back = stuck, tuned.back
    if n.back >= stuck:
        return PAUSED
    if not local_begin(q, n, stuck):
        return STOPPED if q.spent.stopped else PAUSED
    outcome = bfs_run(q, &n.bfs, slice)
    if outcome == FOUND:
        n.back *= FURTHER
        return PAUSED
    return outcome


cdef bint local_begin(const Searched *q, LocalRefutation *n, int32_t stuck) noexcept nogil:
    """Set up the first level; False if there is none that will do, or no memory."""
    cdef Bfs *l = &n.bfs
    cdef int32_t first = stuck - <int32_t>n.back, last = first - LEVELS_TRIED, number, place, chosen, cas = CAS_OPEN + 1
    cdef int32_t open_cas[CAS_OPEN]
    cdef Node node
    while first > max(last, 0) and cas > CAS_OPEN:
        if not bfs_clear(q, l):
            q.spent.stopped = BY_BYTES
            return False
        cas = local_open(q, &l.window, first, open_cas)
        first -= cas > CAS_OPEN
    if cas > CAS_OPEN or not local_values(q, n, stuck, open_cas, cas):
        return False
    l.end = stuck + 1
    node.done, node.log = l.window.pure, -1
    set_clear(&node.must)
    set_clear(&node.used)
    for number in range(n.values):
        node.state = n.value[number]
        for chosen in range(1 << cas):
            for place in range(cas):
                set_put(&node.done, q.ops[open_cas[place]].slot, chosen >> place & 1)
            if not push(q, &l.here[0], &node):
                return False
    return True


cdef int32_t local_open(const Searched *q, Window *w, int32_t first, int32_t *open_cas) noexcept nogil:
    """Open the window at a level, and collect the cas that are open: how many, or CAS_OPEN + 1 if they are too many."""
    cdef int32_t number = q.levels[first].called, left = number - q.levels[first].crashed - first, cas = 0
    w.k, w.invoked = first, number
    while left > 0:
        number -= 1
        if q.ops[number].crashed or q.ops[number].due < first:
            continue
        left -= 1
        window_put(w, &q.ops[number], number)
        if q.ops[number].f == CAS:
            if cas == CAS_OPEN:
                return CAS_OPEN + 1
            open_cas[cas] = number
            cas += 1
    return cas


cdef bint local_values(const Searched *q, LocalRefutation *n, int32_t stuck, const int32_t *open_cas, int32_t cas) noexcept nogil:
    """Collect the states to begin with; False if they are too many."""
    cdef int32_t number, place, left, found = 0, begun = n.bfs.window.invoked
    n.values, n.marks = 0, 0
    for number in range(begun, q.levels[stuck].called):
        if not q.ops[number].crashed and not asked_for(n, &q.ops[number]):
            return False
    for place in range(cas):
        if not asked_for(n, &q.ops[open_cas[place]]):
            return False
    for place in range(q.levels[stuck].crashed):
        if not asked_for(n, &q.ops[q.crashed[place]]):
            return False
    found = left_before(n, q.initial, found)
    while begun > 0 and found < n.values:
        begun -= 1
        if not q.ops[begun].pure:
            found = left_before(n, q.ops[begun].a if q.ops[begun].f == WRITE else q.ops[begun].b, found)
    n.value[found] = OTHER
    n.values = found + 1
    return True


cdef inline bint asked_for(LocalRefutation *n, const Op *op) noexcept nogil:
    """Add the value that an operation waits for, if it does; False if there is no room."""
    cdef int32_t place
    if op.f != READ and op.f != CAS:
        return True
    if n.marks >> (op.a & 63) & 1:
        for place in range(n.values):
            if n.value[place] == op.a:
                return True
    if n.values == VALUES_ASKED:
        return False
    n.value[n.values] = op.a
    n.values += 1
    n.marks |= <uint64_t>1 << (op.a & 63)
    return True


cdef inline int32_t left_before(LocalRefutation *n, int32_t value, int32_t found) noexcept nogil:
    """Put this value among the `found` ones, which come first, if it is asked for and not yet there; how many there are."""
    cdef int32_t place
    if n.marks >> (value & 63) & 1:
        for place in range(found, n.values):
            if n.value[place] == value:
                n.value[place], n.value[found] = n.value[found], value
                return found + 1
    return found
