# Depth first: from configuration to configuration, back where nothing is left to try. A linearizable history mostly
# falls at once. What failed is remembered when it has failed (a path never comes back to itself), so a search that goes
# straight on remembers nothing; only where crashed operations are in play is it remembered on entering, since a
# configuration dominates those that come after it on its own path.

cdef enum:
    UNCHOSEN = 0x7fffffff


ctypedef struct Frame:
    # ways, lost_ways: what is left to try, once `opened`; before that only the owed operation was. action: the operation
    # taken, ~operation of an absorbed write that was passed, or UNCHOSEN.
    Set done, must, used, ways, lost_ways
    int32_t k, state, action
    bint opened


ctypedef struct Depth:
    Memo memo
    Buffer frames, longest, holders
    int64_t top, longest_length, shared, progress
    int32_t *holder
    int32_t k, state, invoked, deepest, states
    Set done, must, used
    int32_t seen[STATES_KEPT]
    bint fresh, entering


cdef bint depth_begin(const Searched *q, Depth *d) noexcept nogil:
    d.memo.clean = 0
    d.top = d.longest_length = d.shared = 0
    d.progress = q.spent.entered
    d.k = d.invoked = d.states = 0
    d.deepest = -1
    d.state, d.fresh, d.entering = q.initial, False, True
    set_clear(&d.done)
    set_clear(&d.must)
    set_clear(&d.used)
    if not reserve(q.spent, &d.holders, <size_t>(q.width + 1) * sizeof(int32_t)):
        return False
    d.holder = <int32_t *>d.holders.at
    return memo_open(&d.memo, q.spent, 128, 1)


cdef int depth_run(const Searched *q, Depth *d, int64_t patience) noexcept nogil:
    """FOUND, NONE, STOPPED, or PAUSED after so many configurations without reaching a later return."""
    while True:
        if d.entering:
            depth_settle(q, d)
            if d.k == q.m:
                return FOUND
            q.spent.entered += 1
            if over(q.spent, q.steps):
                return STOPPED
            if not depth_enter(q, d):
                return STOPPED
        if not d.entering and not depth_back(q, d):
            return STOPPED if q.spent.stopped else NONE
        if q.spent.entered - d.progress > patience:
            return PAUSED


cdef void depth_settle(const Searched *q, Depth *d) noexcept nogil:
    """Pass the returns that are linearized; settle; until neither changes anything."""
    cdef const Op *op
    while True:
        while d.k < q.m and set_has(&d.done, q.ops[q.levels[d.k].owed].slot):
            set_remove(&d.done, q.ops[q.levels[d.k].owed].slot)
            set_remove(&d.must, q.ops[q.levels[d.k].owed].slot)
            d.k += 1
        if d.k == q.m:
            return
        while d.invoked < q.levels[d.k].called:
            op = &q.ops[d.invoked]
            if not op.crashed:
                d.holder[op.slot] = d.invoked
                if q.absorbing and op.f == WRITE:
                    set_add(&d.must, op.slot)
            d.invoked += 1
        settle(q, d.holder, d.k, d.state, &d.done, &d.must)
        if not set_has(&d.done, q.ops[q.levels[d.k].owed].slot):
            return


cdef void note_state(int32_t state, int32_t *seen, int32_t *states) noexcept nogil:
    cdef int32_t number
    for number in range(states[0]):
        if seen[number] == state:
            return
    if states[0] < STATES_KEPT:
        seen[states[0]] = state
        states[0] += 1


cdef bint depth_enter(const Searched *q, Depth *d) noexcept nogil:
    """Enter a configuration that is new: take the owed operation if it is legal, else prepare to go back into it. What
    is not new is left at once. Whether there was memory."""
    cdef Entry entry
    cdef Frame *frame
    cdef const Op *owed = &q.ops[q.levels[d.k].owed]
    cdef int32_t following
    d.entering = False
    if d.k > d.deepest:
        d.deepest, d.states, d.fresh, d.progress = d.k, 0, True, q.spent.entered
    if d.k == d.deepest:
        note_state(d.state, d.seen, &d.states)
    entry.head = head_of(d.k, d.state)
    if memo_holds(&d.memo, entry.head, &d.done, &d.must, &d.used):
        return True
    if q.levels[d.k].crashed > 0:
        entry.done, entry.must, entry.used = d.done, d.must, d.used
        if not memo_add(&d.memo, q.spent, &entry):
            q.spent.stopped = BY_BYTES
            return False
    if <size_t>(d.top + 1) * sizeof(Frame) > d.frames.bytes:
        if not reserve(q.spent, &d.frames, <size_t>(d.top + 1) * sizeof(Frame)):
            q.spent.stopped = BY_BYTES
            return False
    frame = <Frame *>d.frames.at + d.top
    frame.done, frame.must, frame.used, frame.k, frame.state = d.done, d.must, d.used, d.k, d.state
    if q.absorbing and owed.f == WRITE and not set_has(&d.must, owed.slot):
        frame.opened, frame.action = False, ~q.levels[d.k].owed
        set_add(&d.done, owed.slot)
    else:
        following = ILLEGAL if owed.pure else step(q.steps, owed, d.state)
        if following == ILLEGAL:
            frame.opened, frame.action = True, UNCHOSEN
            if find_ways(q, d.holder, d.k, d.state, &d.done, &d.must, &d.used, &frame.ways, &frame.lost_ways):
                set_remove(&frame.ways, owed.slot)
                d.top += 1
            return True
        frame.opened, frame.action = False, q.levels[d.k].owed
        depth_take(q, d, owed, following)
    d.top += 1
    d.entering = True
    return True


cdef inline void depth_take(const Searched *q, Depth *d, const Op *op, int32_t following) noexcept nogil:
    if op.crashed:
        set_add(&d.used, op.slot)
    else:
        set_add(&d.done, op.slot)
    if q.absorbing and op.f == WRITE:
        set_clear(&d.must)
    d.state = following


cdef bint depth_keep(const Searched *q, Depth *d) noexcept nogil:
    """Keep the current path: none has come as far. Whether there was memory."""
    cdef const Frame *frames = <const Frame *>d.frames.at
    cdef int64_t length = d.top
    if length and frames[length - 1].action == UNCHOSEN:
        length -= 1  # its way is still to be chosen
    if not reserve(q.spent, &d.longest, <size_t>(length + 1) * sizeof(int32_t)):
        q.spent.stopped = BY_BYTES
        return False
    while d.shared < length:
        (<int32_t *>d.longest.at)[d.shared] = frames[d.shared].action
        d.shared += 1
    d.longest_length, d.fresh = length, False
    return True


cdef bint depth_back(const Searched *q, Depth *d) noexcept nogil:
    """Go back to the last configuration with a way left, and take it; False if there is none, or no memory."""
    cdef Frame *frame
    cdef Entry entry
    if d.fresh and not depth_keep(q, d):
        return False
    while d.top > 0:
        frame = <Frame *>d.frames.at + d.top - 1
        while d.invoked > q.levels[frame.k].called:
            d.invoked -= 1
            if not q.ops[d.invoked].crashed:
                d.holder[q.ops[d.invoked].slot] = q.ops[d.invoked].before
        d.shared = min(d.shared, d.top - 1)
        if not frame.opened:
            frame.opened = True
            if not find_ways(q, d.holder, frame.k, frame.state, &frame.done, &frame.must, &frame.used, &frame.ways,
                             &frame.lost_ways):
                set_clear(&frame.ways)
                set_clear(&frame.lost_ways)
            elif frame.action >= 0:
                set_remove(&frame.ways, q.ops[frame.action].slot)
        if depth_choose(q, d, frame):
            d.entering = True
            return True
        d.top -= 1
        if q.levels[frame.k].crashed == 0:
            entry.head = head_of(frame.k, frame.state)
            entry.done, entry.must, entry.used = frame.done, frame.must, frame.used
            if not memo_add(&d.memo, q.spent, &entry):
                q.spent.stopped = BY_BYTES
                return False
    return False


cdef bint depth_choose(const Searched *q, Depth *d, Frame *frame) noexcept nogil:
    """Take the best way left at a frame: an operation after which the owed one is legal, live before crashed, then
    others; of equals the one that returns first. False if none is legal."""
    cdef Set rest
    cdef int slot, rank, best_rank
    cdef int32_t op, best, following
    cdef const Op *owed = &q.ops[q.levels[frame.k].owed]
    while True:
        best, best_rank = -1, 4
        rest = frame.ways
        slot = set_pop(&rest)
        while slot >= 0:
            op = d.holder[slot]
            rank = 0 if enables(q, &q.ops[op], frame.state, owed) else 2
            if rank < best_rank or (rank == best_rank and q.ops[op].due < q.ops[best].due):
                best, best_rank = op, rank
            slot = set_pop(&rest)
        if best_rank > 0:
            rest = frame.lost_ways
            slot = set_pop(&rest)
            while slot >= 0:
                op = q.crashed[slot]
                rank = 1 if enables(q, &q.ops[op], frame.state, owed) else 3
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
        d.done, d.must, d.used, d.k = frame.done, frame.must, frame.used, frame.k
        frame.action = best
        depth_take(q, d, &q.ops[best], following)
        return True


cdef inline bint enables(const Searched *q, const Op *op, int32_t state, const Op *owed) noexcept nogil:
    """Whether the owed operation is known to be legal after this one."""
    cdef int32_t following
    if q.steps.native:
        following = op.a if op.f == WRITE else op.b
        return owed.f == WRITE or (following == owed.a) == (owed.f != REFUSED)
    following = known(q.steps, state, op.a)
    return following >= 0 and known(q.steps, following, owed.a) >= 0
