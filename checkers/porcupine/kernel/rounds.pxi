# Which engine decides? All, in turns: depth first until it is stuck, then close to where it is; then, if it has come no
# further since it was stuck before, level by level for as much and half as much again, and all with twice the patience.
# None wins everywhere. As long as the depth-first search gets on, a return costs a few hundred configurations at most;
# when it does not, each has a fixed share of what is entered, so the worse cost at most a few times the better. An engine
# that runs out of memory leaves the field to the others.
#
# Where nothing is absorbed and nothing crashed, no configuration dominates another. Then the depth-first search, which
# enters none twice, enters no more than a search by levels, which enters all up to the last level: so it is alone as long as
# there is memory.

cdef enum:
    PATIENCE = 100      # configurations without progress that the depth-first search gets at first
    SHARE = 4           # times as many may be entered close to where it is stuck
    MOST_PATIENCE = 1 << 28

cdef enum:
    DEEP = 1
    NEAR = 2
    WIDE = 4


cdef int64_t first_patience = PATIENCE, share = SHARE
cdef int engines = DEEP | NEAR | WIDE


def tune(patience=PATIENCE, back=BACK, times=SHARE, deep=True, near=True, wide=True):
    """For tests, whose histories are short: how patient the depth-first search is at first, how many levels before
    where it is stuck the search there begins, how many times that patience it gets, and which engines there are. Of
    every search from now on."""
    global first_patience, first_back, share, engines
    first_patience, first_back, share = patience, back, times
    engines = deep * DEEP | near * NEAR | wide * WIDE


cdef int64_t nearby = 0


def refuted_nearby():
    """For tests: how many problems the search close to where another was stuck has refuted, without threads."""
    return nearby


cdef void clear_depth(Spent *spent, Depth *d) noexcept nogil:
    release(spent, &d.walk.window.buffer)
    release(spent, &d.walk.order_buffer)
    release(spent, &d.memo.buffer)
    release(spent, &d.frames)
    release(spent, &d.longest)


cdef void clear_levels(Spent *spent, Levels *l) noexcept nogil:
    cdef int32_t row
    for row in range(l.rows_made):
        release(spent, &l.here[row].buffer)
        release(spent, &l.following[row].buffer)
    release(spent, &l.window.buffer)
    release(spent, &l.memo.buffer)
    release(spent, &l.here_rows)
    release(spent, &l.following_rows)
    release(spent, &l.log)
    release(spent, &l.marks)
    l.rows_made = 0


cdef int alternate(const Searched *q, Depth *d, Levels *l, Near *n, bint *by_levels) noexcept nogil:
    """FOUND, NONE or STOPPED, and which engine has the answer, or came as far as anyone knows."""
    global nearby
    cdef int64_t patience = first_patience
    cdef int32_t stuck = -1
    cdef int outcome
    cdef bint deep = engines & DEEP or q.m == 0, near = engines & NEAR and q.absorbing, wide = engines & WIDE
    cdef bint begun = False, fresh, alone = deep and not q.absorbing and q.lost == 0
    by_levels[0] = not deep
    n.stuck = -1
    if deep and not depth_begin(q, d):
        q.spent.stopped = BY_BYTES
        return STOPPED
    while True:
        fresh = False
        if deep:
            d.progress = q.spent.entered
            outcome = depth_run(q, d, patience)
            fresh = d.deepest > stuck
            if fresh:
                patience, stuck = first_patience, d.deepest
            if outcome == PAUSED and near:
                outcome = near_run(q, n, d.deepest, share * max(patience, 1))
                if outcome == NONE:
                    nearby += 1
                elif outcome == STOPPED and q.spent.stopped == BY_BYTES:
                    clear_levels(q.spent, &n.levels)
                    near, q.spent.stopped, outcome = False, BY_NOTHING, PAUSED
            if outcome == STOPPED and q.spent.stopped == BY_BYTES and wide:
                clear_depth(q.spent, d)
                deep, alone, q.spent.stopped = False, False, BY_NOTHING
            elif outcome != PAUSED:
                return outcome
        if wide and not fresh and not alone:
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
