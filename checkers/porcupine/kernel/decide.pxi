# Which engine decides? Both, in turns: depth first until it is stuck, then level by level for as much and half as much
# again, then both with twice the patience. Neither wins everywhere, and the worse costs at most a few times the better.
# An engine that runs out of memory leaves the field to the other.

cdef enum:
    PATIENCE = 400      # configurations without progress that the depth-first search gets at first
    KEPT_BYTES = 1 << 26
    MOST_PATIENCE = 1 << 28


cdef class _Arena:
    """Memory that searches use one after the other, so that it is asked for once."""

    cdef Depth depth
    cdef Levels levels
    cdef Replay replay
    cdef Buffer masks, actions
    cdef Spent spent

    def __dealloc__(self):
        self.clear()

    cdef void clear(self) noexcept nogil:
        clear_depth(&self.spent, &self.depth)
        clear_levels(&self.spent, &self.levels)
        release(&self.spent, &self.replay.sequence)
        release(&self.spent, &self.replay.heads)
        release(&self.spent, &self.replay.nexts)
        release(&self.spent, &self.replay.holders)
        release(&self.spent, &self.replay.gaps)
        release(&self.spent, &self.masks)
        release(&self.spent, &self.actions)


cdef void clear_depth(Spent *spent, Depth *d) noexcept nogil:
    release(spent, &d.memo.buffer)
    release(spent, &d.frames)
    release(spent, &d.longest)
    release(spent, &d.holders)


cdef void clear_levels(Spent *spent, Levels *l) noexcept nogil:
    cdef int32_t row
    for row in range(l.rows_made):
        release(spent, &l.here[row].buffer)
        release(spent, &l.following[row].buffer)
    release(spent, &l.memo.buffer)
    release(spent, &l.here_rows)
    release(spent, &l.following_rows)
    release(spent, &l.holders)
    release(spent, &l.log)
    release(spent, &l.marks)
    l.rows_made = 0


cdef list _spare = []


def run(Batch batch, Transitions transitions, list numbers, int64_t limit, int64_t factor, int64_t most, double seconds,
        size_t allowed):
    """Search these problems, each entering at most `limit` + `factor` × its operations configurations.

    most, seconds, allowed: configurations, time and bytes left for all of it; the problems are not counted in. The answers are
    written into the batch. Returns how many configurations were entered and why the search of the last problem looked at
    had to stop before its limit: "", "configurations", "seconds", "bytes" or "failure"; then those after it were not
    looked at, except that bytes are there again for the next.
    """
    cdef _Arena arena
    cdef int64_t entered = 0
    cdef int stopped = BY_NOTHING
    cdef bint lacking = False
    cdef Py_ssize_t count = len(numbers), number
    cdef double until = seconds_now() + seconds
    cdef int32_t *chosen = <int32_t *>malloc(<size_t>(count + 1) * sizeof(int32_t))
    if chosen == NULL:
        raise MemoryError
    for number in range(count):
        chosen[number] = numbers[number]
    try:
        arena = _spare.pop()
    except IndexError:
        arena = _Arena()
    if arena.spent.held > allowed // 2:
        arena.clear()
    arena.spent.until, arena.spent.signals, arena.spent.allowed = until, until - seconds + 0.2, allowed
    with nogil:
        for number in range(count):
            stopped = decide(batch, arena, &transitions.steps, &batch.problems[chosen[number]], limit, factor, most,
                             &entered)
            if stopped != BY_BYTES and (stopped > BY_LIMIT or entered >= most):
                break
            if stopped == BY_BYTES:
                lacking = True
    free(chosen)
    if arena.spent.held > KEPT_BYTES:
        arena.clear()
    if len(_spare) < 4:
        _spare.append(arena)
    if stopped in (BY_NOTHING, BY_LIMIT):
        stopped = BY_BYTES if lacking else BY_LIMIT if entered >= most else BY_NOTHING
    return entered, ("", "configurations", "seconds", "bytes", "failure")[stopped]


cdef int decide(Batch batch, _Arena arena, Steps *steps, Problem *problem, int64_t limit, int64_t factor,
                int64_t most, int64_t *entered) noexcept nogil:
    """Decide one problem, or come as far as the limits allow: why it stopped."""
    cdef Searched q
    cdef Spent *spent = &arena.spent
    cdef int outcome
    cdef bint by_levels
    q.ops, q.levels = batch.ops + problem.first, batch.levels + problem.first
    q.crashed, q.twin = batch.crashed + problem.first, batch.twin + problem.first
    q.n, q.m, q.width, q.lost = problem.n, problem.levels, problem.width, problem.crashed
    q.initial = batch.initial
    q.absorbing = batch.native
    q.steps, q.spent, q.masks = steps, spent, arena.masks
    spent.entered, spent.limit, spent.asked, spent.stopped = 0, min(limit + factor * problem.n, most - entered[0]), steps.asked, BY_NOTHING
    if look(spent, steps):
        return spent.stopped
    if fill_masks(&q):
        arena.masks = q.masks
        outcome = alternate(&q, &arena.depth, &arena.levels, &by_levels)
        answer(&q, arena, batch, problem, outcome, by_levels)
    else:
        spent.stopped = BY_BYTES
    problem.configurations += spent.entered
    problem.lacked = spent.stopped == BY_BYTES
    entered[0] += spent.entered
    return spent.stopped


cdef int alternate(const Searched *q, Depth *d, Levels *l, bint *by_levels) noexcept nogil:
    """FOUND, NONE or STOPPED, and which engine has the answer, or came as far as anyone knows."""
    cdef int64_t patience = PATIENCE
    cdef int outcome
    cdef bint deep = True, wide = True, begun = False
    by_levels[0] = False
    if not depth_begin(q, d):
        q.spent.stopped = BY_BYTES
        return STOPPED
    while True:
        if deep:
            d.progress = q.spent.entered
            outcome = depth_run(q, d, patience)
            if outcome == STOPPED and q.spent.stopped == BY_BYTES and wide:
                clear_depth(q.spent, d)
                deep, q.spent.stopped = False, BY_NOTHING
            elif outcome != PAUSED:
                return outcome
        if wide:
            if not begun and not levels_begin(q, l):
                q.spent.stopped, outcome = BY_BYTES, STOPPED
            else:
                outcome = levels_run(q, l, patience + patience // 2)
            begun = True
            if outcome == STOPPED and q.spent.stopped == BY_BYTES and deep:
                clear_levels(q.spent, l)
                wide, q.spent.stopped = False, BY_NOTHING
            elif outcome != PAUSED:
                by_levels[0] = outcome != STOPPED or not deep
                return outcome
        if patience < MOST_PATIENCE:
            patience *= 2


cdef void answer(const Searched *q, _Arena arena, Batch batch, Problem *problem, int outcome,
                 bint by_levels) noexcept nogil:
    """Write down what was found: order, what was owed, in which states."""
    cdef Depth *d = &arena.depth
    cdef Levels *l = &arena.levels
    cdef int64_t at, count = levels_actions(q, arena, l) if by_levels else depth_actions(q, arena, d, outcome)
    if count < 0 or not replay(q, &arena.replay, <int32_t *>arena.actions.at, count, batch.order + problem.first,
                               &problem.placed):
        problem.placed = 0
        if outcome == FOUND:
            q.spent.stopped = BY_BYTES
            return
    if outcome == FOUND:
        problem.verdict = VALID
    elif outcome == NONE:
        problem.verdict = INVALID
        problem.blocked = q.levels[l.k if by_levels else d.deepest].owed
        problem.states = l.states if by_levels else d.states
        for at in range(problem.states):
            problem.state[at] = l.seen[at] if by_levels else d.seen[at]


cdef int64_t depth_actions(const Searched *q, _Arena arena, Depth *d, int outcome) noexcept nogil:
    """How many actions lead to the end, or along the longest path; -1 if there was no memory for them."""
    cdef int64_t at, count = d.top
    if outcome != FOUND:
        if d.fresh and not depth_keep(q, d):
            return -1
        count = d.longest_length
    if not reserve(q.spent, &arena.actions, <size_t>(count + 1) * sizeof(int32_t)):
        return -1
    for at in range(count):
        (<int32_t *>arena.actions.at)[at] = (
            (<Frame *>d.frames.at)[at].action if outcome == FOUND else (<int32_t *>d.longest.at)[at])
    return count


cdef int64_t levels_actions(const Searched *q, _Arena arena, Levels *l) noexcept nogil:
    """The same for a node of the level reached."""
    cdef const Step *log = <const Step *>l.log.at
    cdef int64_t at = l.last, count = 0, place
    while at >= 0:
        count += 1
        at = log[at].before
    if not reserve(q.spent, &arena.actions, <size_t>(count + 1) * sizeof(int32_t)):
        return -1
    at, place = l.last, count
    while at >= 0:
        place -= 1
        (<int32_t *>arena.actions.at)[place] = log[at].action
        at = log[at].before
    return count
