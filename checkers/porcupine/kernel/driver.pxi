# Many problems, one after the other, in memory that is asked for once; and what is found out about each.
#
# Included by the searches, last.

cdef enum:
    KEPT_BYTES = 1 << 26


cdef class _Arena:
    """Memory that searches use one after the other, so that it is asked for once."""

    cdef Dfs dfs
    cdef Bfs bfs
    cdef LocalRefutation local
    cdef Reconstruction reconstruction
    cdef Buffer actions
    cdef Spent spent

    def __dealloc__(self):
        self.clear()

    cdef void clear(self) noexcept nogil:
        clear_dfs(&self.spent, &self.dfs)
        clear_bfs(&self.spent, &self.bfs)
        clear_bfs(&self.spent, &self.local.bfs)
        release(&self.spent, &self.reconstruction.plain)
        release(&self.spent, &self.reconstruction.states)
        release(&self.spent, &self.reconstruction.heads)
        release(&self.spent, &self.reconstruction.nexts)
        release(&self.spent, &self.actions)


cdef list _spare = []


def run(Batch batch, Transitions transitions, list numbers, int64_t limit, int64_t factor, int64_t most, double seconds,
        size_t allowed):
    """Search these problems (None: all that these sets can hold), each entering at most `limit` + `factor` × its
    operations configurations.

    most, seconds, allowed: configurations, time and bytes left for all of it; the problems are not counted in. The answers are
    written into the batch. Returns how many configurations were entered and why the search of the last problem looked at
    had to stop before its limit: "", "configurations", "seconds", "bytes" or "failure"; then those after it were not
    looked at, except that bytes are there again for the next.
    """
    cdef _Arena arena
    cdef Problem *problem
    cdef int64_t entered = 0
    cdef int stopped = BY_NOTHING
    cdef bint lacking = False
    cdef Py_ssize_t count = batch.count if numbers is None else len(numbers), number
    cdef double until = seconds_now() + seconds
    cdef int32_t *chosen = NULL
    if numbers is not None:
        chosen = <int32_t *>malloc(<size_t>(count + 1) * sizeof(int32_t))
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
            problem = &batch.problems[number if chosen == NULL else chosen[number]]
            if chosen == NULL and <size_t>max(problem.width, problem.crashed) > 8 * sizeof(Set):
                continue
            stopped = decide(batch, arena, &transitions.steps, problem, limit, factor, most, &entered)
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
    cdef bint by_bfs
    q.ops, q.levels = batch.ops + problem.first, batch.levels + problem.first
    q.crashed, q.twin = batch.crashed + problem.first, batch.twin + problem.first
    q.n, q.m, q.width, q.lost = problem.n, problem.levels, problem.width, problem.crashed
    q.initial = problem.initial
    q.absorbing = batch.native
    q.steps, q.spent = steps, spent
    spent.entered, spent.limit, spent.asked, spent.stopped = 0, min(limit + factor * problem.n, most - entered[0]), steps.asked, BY_NOTHING
    if look(spent, steps):
        return spent.stopped
    outcome = run_portfolio(&q, &arena.dfs, &arena.bfs, &arena.local, &by_bfs)
    answer(&q, arena, batch, problem, outcome, by_bfs)
    problem.configurations += spent.entered
    problem.lacked = spent.stopped == BY_BYTES
    entered[0] += spent.entered
    return spent.stopped


cdef void answer(const Searched *q, _Arena arena, Batch batch, Problem *problem, int outcome,
                 bint by_bfs) noexcept nogil:
    """Write down what was found: order, what was owed, in which states."""
    cdef Dfs *d = &arena.dfs
    cdef Bfs *l = &arena.bfs
    cdef Path *w = &d.path
    cdef int32_t at, length = 0
    cdef const int32_t *walked = w.order
    cdef bint known = True
    if by_bfs:
        known = retrace(q, l, w, &arena.actions)
        walked, length = w.order, w.length
    elif outcome == FOUND:
        length = w.length
    else:
        known = not d.fresh or dfs_keep(q, d)
        walked, length = <const int32_t *>d.longest.at, d.longest_length
    if not known or not reconstruct_order(q, &arena.reconstruction, walked, length, batch.order + problem.first, &problem.placed):
        problem.placed = 0
        if outcome == FOUND:
            q.spent.stopped = BY_BYTES
            return
    if outcome == FOUND:
        problem.verdict = VALID
    elif outcome == NONE:
        problem.verdict = INVALID
        problem.blocked = q.levels[l.window.k if by_bfs else d.deepest].next_return
        problem.states = l.states if by_bfs else d.states
        for at in range(problem.states):
            problem.state[at] = l.seen[at] if by_bfs else d.seen[at]
