# Portfolio of engines, in turns: depth-first until it is stuck, then close to where it is; then, if it has come no
# further since it was stuck before, level by level for as much and half as much again, and all with twice the patience.
# None wins everywhere. As long as the depth-first search gets on, a return costs a few hundred configurations at most;
# when it does not, each has a fixed share of what is entered, so the worse cost at most a few times the better. An engine
# that runs out of memory leaves the field to the others.
#
# Where nothing is absorbed and nothing crashed, no configuration dominates another. Then the depth-first search, which
# enters none twice, enters no more than a search by levels, which enters all up to the last level: so it is alone as long as
# there is memory.
#
# Included by the searches, after `dfs`, `bfs` and `local_refutation`.

cdef enum:
    MOST_PATIENCE = 1 << 28


cdef void clear_dfs(Spent *spent, Dfs *d) noexcept nogil:
    release(spent, &d.path.window.buffer)
    release(spent, &d.path.order_buffer)
    release(spent, &d.visited.buffer)
    release(spent, &d.frames)
    release(spent, &d.longest)


cdef void clear_bfs(Spent *spent, Bfs *l) noexcept nogil:
    cdef int32_t row
    for row in range(l.rows_made):
        release(spent, &l.here[row].buffer)
        release(spent, &l.following[row].buffer)
    release(spent, &l.window.buffer)
    release(spent, &l.visited.buffer)
    release(spent, &l.here_rows)
    release(spent, &l.following_rows)
    release(spent, &l.log)
    release(spent, &l.marks)
    l.rows_made = 0


cdef int run_portfolio(const Searched *q, Dfs *d, Bfs *l, LocalRefutation *n, bint *by_bfs) noexcept nogil:
    """FOUND, NONE or STOPPED, and which engine has the answer, or came as far as anyone knows."""
    cdef int64_t patience = tuned.patience
    cdef int32_t stuck = -1
    cdef int outcome
    cdef bint deep = tuned.dfs or q.m == 0, near = tuned.local and q.absorbing, wide = tuned.bfs
    cdef bint begun = False, fresh, alone = deep and not q.absorbing and q.lost == 0
    by_bfs[0] = not deep
    n.stuck = -1
    if deep and not dfs_begin(q, d):
        q.spent.stopped = BY_BYTES
        return STOPPED
    while True:
        fresh = False
        if deep:
            d.progress = q.spent.entered
            outcome = dfs_run(q, d, patience)
            fresh = d.deepest > stuck
            if fresh:
                patience, stuck = tuned.patience, d.deepest
            if outcome == PAUSED and near:
                outcome = refute_locally(q, n, d.deepest, tuned.share * max(patience, 1))
                if outcome == NONE:
                    tuned.refuted += 1
                elif outcome == STOPPED and q.spent.stopped == BY_BYTES:
                    clear_bfs(q.spent, &n.bfs)
                    near, q.spent.stopped, outcome = False, BY_NOTHING, PAUSED
            if outcome == STOPPED and q.spent.stopped == BY_BYTES and wide:
                clear_dfs(q.spent, d)
                deep, alone, q.spent.stopped = False, False, BY_NOTHING
            elif outcome != PAUSED:
                return outcome
        if wide and not fresh and not alone:
            if not begun and not bfs_begin(q, l):
                q.spent.stopped, outcome = BY_BYTES, STOPPED
            else:
                outcome = bfs_run(q, l, patience + patience // 2)
            begun = True
            if outcome == STOPPED and q.spent.stopped == BY_BYTES and deep:
                clear_bfs(q.spent, l)
                wide, q.spent.stopped = False, BY_NOTHING
            elif outcome != PAUSED:
                by_bfs[0] = outcome != STOPPED or not deep
                return outcome
        if patience < MOST_PATIENCE:
            patience *= 2
