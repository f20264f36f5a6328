# Depth first: from configuration to configuration, back where nothing is left to try. A linearizable history mostly
# falls at once. What failed is remembered when it has failed (a path never comes back to itself), so a search that goes
# straight on remembers nothing; only where a crashed operation is taken the configuration is remembered before that,
# since it dominates those that come after it with nothing but crashed operations between.
#
# Included by the searches, after `visited` and `path`.

#
# Where what is seen has parts, as texts and tuples have, states that are the beginning of what is seen next are tried
# first. It is a guess about the model that is mostly right, and concerns the order of trying alone.

cdef enum:
    UNCHOSEN = 0x7fffffff
    AHEAD = 256         # levels that are looked through for what is seen next


ctypedef struct Frame:
    # A configuration with ways left. ways, lost_ways: these, once `opened`; before that only `action` was tried: an
    # operation, ~operation of an absorbed write that was passed, or UNCHOSEN. length: of the order up to here.
    # likely, lost_likely: those of them that lead to the beginning of what is seen next, if it is `aimed` there.
    # kept: whether it is remembered already.
    Set done, must, used, ways, lost_ways, likely, lost_likely
    int32_t k, state, action, length
    bint opened, kept, aimed


ctypedef struct Dfs:
    # longest: the order that came furthest, `longest_length` of it, which begins with `shared` of the present one, and
    # which is behind that if it is `fresh`. deepest: how far. seen: states at that return.
    # progress: how many configurations had been entered when it was reached. guided: whether anything is seen that has
    # parts.
    Path path
    Visited visited
    Buffer frames, longest
    int64_t top, progress
    int32_t longest_length, shared, deepest, states
    int32_t seen[STATES_KEPT]
    bint fresh, entering, guided


cdef bint dfs_begin(const Searched *q, Dfs *d) noexcept nogil:
    cdef int32_t number
    d.visited.clean = 0
    d.guided = False
    if tuned.aim and not q.absorbing:
        for number in range(q.n):
            d.guided = d.guided or q.ops[number].b
    d.top = d.longest_length = d.shared = d.states = 0
    d.progress = q.spent.entered
    d.deepest = -1
    d.fresh, d.entering = False, True
    return path_begin(q, &d.path) and visited_open(&d.visited, q.spent, 128, 1)


cdef int dfs_run(const Searched *q, Dfs *d, int64_t patience) noexcept nogil:
    """FOUND, NONE, STOPPED, or PAUSED after so many configurations without reaching a later return."""
    while True:
        if d.entering:
            if d.path.window.k == q.m:
                return FOUND
            q.spent.entered += 1
            if over(q.spent, q.steps) or not dfs_enter(q, d):
                return STOPPED
        if not d.entering and not dfs_back(q, d):
            return STOPPED if q.spent.stopped else NONE
        if q.spent.entered - d.progress >= patience:
            return PAUSED


cdef bint dfs_enter(const Searched *q, Dfs *d) noexcept nogil:
    """Enter a configuration if it is new: go on where it is plain how, else prepare to go back into it. Whether there
    was memory."""
    cdef Path *w = &d.path
    cdef int32_t k = w.window.k, first, following = ILLEGAL, aim = -1
    cdef const Op *next_return = &q.ops[q.levels[k].next_return]
    cdef Frame *frame
    d.entering = False
    if k > d.deepest:
        d.deepest, d.states, d.fresh, d.progress = k, 0, True, q.spent.entered
    if k == d.deepest:
        note_state(w.state, d.seen, &d.states)
    if visited_holds(&d.visited, head_of(k, w.state), &w.done, &w.must, &w.used):
        return True
    if not reserve(q.spent, &d.frames, <size_t>(d.top + 1) * sizeof(Frame)):
        q.spent.stopped = BY_BYTES
        return False
    frame = <Frame *>d.frames.at + d.top
    frame.done, frame.must, frame.used, frame.k, frame.state = w.done, w.must, w.used, k, w.state
    frame.length, frame.opened, frame.kept = w.length, False, False
    if q.absorbing and next_return.f == WRITE and not set_has(&w.must, next_return.slot):
        frame.action = ~q.levels[k].next_return
        d.top, d.entering = d.top + 1, True
        path_drop(q, w)
        return True
    first = straight_on(q, w, next_return) if q.absorbing else q.levels[k].next_return
    if first >= 0 and (q.absorbing or not next_return.pure):
        following = step(q.steps, &q.ops[first], w.state)
        if following != ILLEGAL and d.guided:
            aim = aim_at(q, &w.window, &w.done)
    if following != ILLEGAL and (aim < 0 or begins(q.steps, following, aim) != NO):
        frame.action = first
        d.top, d.entering = d.top + 1, True
        path_take(q, w, first, following)
        return True
    frame.action = UNCHOSEN
    if dfs_open(q, d, frame):
        if following == ILLEGAL:
            set_remove(&frame.ways, next_return.slot)
        d.top += 1
    return True


cdef bint dfs_open(const Searched *q, const Dfs *d, Frame *frame) noexcept nogil:
    """Find the ways from a frame, and which of them are likely. Whether there are any."""
    cdef const Window *w = &d.path.window
    cdef Set rest
    cdef int32_t aim, following
    cdef int slot
    frame.opened, frame.aimed = True, False
    if not find_ways(q, w, frame.state, &frame.done, &frame.must, &frame.used, &frame.ways, &frame.lost_ways):
        set_clear(&frame.ways)
        set_clear(&frame.lost_ways)
        return False
    aim = aim_at(q, w, &frame.done) if d.guided else -1
    if aim < 0 or begins(q.steps, frame.state, aim) == UNLIKE:
        return True
    frame.aimed = True
    set_clear(&frame.likely)
    set_clear(&frame.lost_likely)
    rest = frame.ways
    slot = set_pop(&rest)
    while slot >= 0:
        following = step(q.steps, &q.ops[w.holder[slot]], frame.state)
        set_put(&frame.likely, slot, following != ILLEGAL and begins(q.steps, following, aim) == YES)
        slot = set_pop(&rest)
    rest = frame.lost_ways
    slot = set_pop(&rest)
    while slot >= 0:
        following = step(q.steps, &q.ops[q.crashed[slot]], frame.state)
        set_put(&frame.lost_likely, slot, following != ILLEGAL and begins(q.steps, following, aim) == YES)
        slot = set_pop(&rest)
    return True


cdef int32_t aim_at(const Searched *q, const Window *w, const Set *done) noexcept nogil:
    """The class of the call that sees something of parts, is not linearized, and returns next; -1 if there is none soon."""
    cdef int32_t k, number
    for k in range(w.k, min(q.m, w.k + AHEAD)):
        number = q.levels[k].next_return
        if q.ops[number].b and not (number < w.invoked and set_has(done, q.ops[number].slot)):
            return q.ops[number].a
    return -1


cdef bint dfs_keep(const Searched *q, Dfs *d) noexcept nogil:
    """Keep the present order: none has come as far. Whether there was memory."""
    if not reserve(q.spent, &d.longest, (<size_t>q.n + 1) * sizeof(int32_t)):
        q.spent.stopped = BY_BYTES
        return False
    memcpy(<int32_t *>d.longest.at + d.shared, d.path.order + d.shared,
           <size_t>(d.path.length - d.shared) * sizeof(int32_t))
    d.shared = d.longest_length = d.path.length
    d.fresh = False
    return True


cdef bint dfs_back(const Searched *q, Dfs *d) noexcept nogil:
    """Go back to the last configuration with a way left, and take it; False if there is none, or no memory."""
    cdef Frame *frame
    if d.fresh and not dfs_keep(q, d):
        return False
    while d.top > 0:
        frame = <Frame *>d.frames.at + d.top - 1
        window_back(q, &d.path.window, frame.k)
        d.shared = min(d.shared, frame.length)
        if not frame.opened and dfs_open(q, d, frame) and frame.action >= 0:
            set_remove(&frame.ways, q.ops[frame.action].slot)
        if dfs_choose(q, d, frame):
            return not q.spent.stopped
        d.top -= 1
        if not remember(q, d, frame):
            return False
    return False


cdef bint remember(const Searched *q, Dfs *d, Frame *frame) noexcept nogil:
    """Whether there was memory for it."""
    cdef VisitedEntry entry
    if frame.kept:
        return True
    entry.head, frame.kept = head_of(frame.k, frame.state), True
    entry.done, entry.must, entry.used = frame.done, frame.must, frame.used
    if not visited_add(&d.visited, q.spent, &entry):
        q.spent.stopped = BY_BYTES
        return False
    return True


cdef bint dfs_choose(const Searched *q, Dfs *d, Frame *frame) noexcept nogil:
    """Take the best way left at a frame: a likely operation, or one after which the owed one is legal, live before crashed, then
    others; of equals the one that returns first. False if none is legal."""
    cdef Path *w = &d.path
    cdef Set rest
    cdef int slot, rank, best_rank
    cdef int32_t op, best, following
    cdef const Op *next_return = &q.ops[q.levels[frame.k].next_return]
    cdef bint likely
    while True:
        best, best_rank = -1, 4
        rest = frame.ways
        slot = set_pop(&rest)
        while slot >= 0:
            op = w.window.holder[slot]
            likely = set_has(&frame.likely, slot) if frame.aimed else enables(q, &q.ops[op], frame.state, next_return)
            rank = 0 if likely else 2
            if rank < best_rank or (rank == best_rank and q.ops[op].due < q.ops[best].due):
                best, best_rank = op, rank
            slot = set_pop(&rest)
        if best_rank > 0:
            rest = frame.lost_ways
            slot = set_pop(&rest)
            while slot >= 0:
                op = q.crashed[slot]
                likely = set_has(&frame.lost_likely, slot) if frame.aimed else enables(q, &q.ops[op], frame.state, next_return)
                rank = 1 if likely else 3
                if rank < best_rank:
                    best, best_rank = op, rank
                slot = set_pop(&rest)
        if best < 0:
            return False
        if q.ops[best].crashed:
            set_remove(&frame.lost_ways, q.ops[best].slot)
        else:
            set_remove(&frame.ways, q.ops[best].slot)
        following = step(q.steps, &q.ops[best], frame.state)
        if following == ILLEGAL or (q.ops[best].crashed and following == frame.state and not q.absorbing):
            continue
        if q.ops[best].crashed and not remember(q, d, frame):
            return True
        w.done, w.must, w.used = frame.done, frame.must, frame.used
        w.state, w.length = frame.state, frame.length
        frame.action, d.entering = best, True
        path_take(q, w, best, following)
        return True


cdef inline bint enables(const Searched *q, const Op *op, int32_t state, const Op *next_return) noexcept nogil:
    """Whether the owed operation is known to be legal after this one."""
    cdef int32_t following
    if q.steps.native:
        following = op.a if op.f == WRITE else op.b
        return next_return.f == WRITE or (following == next_return.a) == (next_return.f != REFUSED)
    following = known(q.steps, state, op.a)
    return following >= 0 and known(q.steps, following, next_return.a) >= 0
