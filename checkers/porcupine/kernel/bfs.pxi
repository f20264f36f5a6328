# Level by level: all configurations that owe the first return, then all that owe the second, and so on. Memory goes with
# the width of a level, not with the length of the history, and within a level those with fewer crashed operations used
# come first, so that a level keeps an antichain: none that is dominated. A history that is not linearizable, or has
# many crashed operations, mostly falls to this engine.
#
# At a point where nothing but crashed operations is open, a configuration is a state and the crashed operations used, so
# there a level is the set that a cut of the history at this point would carry over.
#
# The origin of each configuration is kept in a log, from which all that leads nowhere any more is dropped now and then.
#
# Included by the searches, after `visited` and `path`.


ctypedef struct Node:
    Set done, must, used
    int32_t state, log


ctypedef struct Row:
    Buffer buffer
    int64_t n


ctypedef struct Step:
    int32_t before, action


ctypedef struct Bfs:
    # here, following: nodes of this level and the next, by number of crashed operations used. row, at: the next node to
    # look at. opened: whether the level is prepared. end: the level that is the aim. last: how the end, or this level,
    # was reached, by place in the log.
    Window window
    Visited visited
    Buffer here_rows, following_rows, log, marks
    Row *here
    Row *following
    int64_t at, log_length, log_kept
    int32_t rows, rows_made, row, end, states, last
    int32_t seen[STATES_KEPT]
    bint opened


cdef bint bfs_begin(const Searched *q, Bfs *l) noexcept nogil:
    """Search from the initial state to the end; whether there was memory."""
    cdef Node first
    if not bfs_clear(q, l):
        return False
    set_clear(&first.done)
    set_clear(&first.must)
    set_clear(&first.used)
    first.state, first.log = q.initial, -1
    return push(q, &l.here[0], &first)


cdef bint bfs_clear(const Searched *q, Bfs *l) noexcept nogil:
    """Nothing but an empty first level; whether there was memory."""
    cdef size_t rows = <size_t>q.lost + 2
    l.visited.clean, l.last = 0, -1
    if not (reserve(q.spent, &l.here_rows, rows * sizeof(Row)) and reserve(q.spent, &l.following_rows, rows * sizeof(Row))
            and window_begin(q, &l.window) and visited_open(&l.visited, q.spent, 128, <uint64_t>1 << 32)):
        return False
    l.here, l.following = <Row *>l.here_rows.at, <Row *>l.following_rows.at
    if <int32_t>rows > l.rows_made:
        memset(l.here + l.rows_made, 0, (rows - l.rows_made) * sizeof(Row))
        memset(l.following + l.rows_made, 0, (rows - l.rows_made) * sizeof(Row))
        l.rows_made = <int32_t>rows
    l.rows = <int32_t>rows
    l.row = l.states = 0
    l.at = l.log_length = l.log_kept = 0
    l.opened, l.end = False, q.m
    for row in range(l.rows):
        l.here[row].n = l.following[row].n = 0
    return True


cdef inline bint push(const Searched *q, Row *row, const Node *node) noexcept nogil:
    if not reserve(q.spent, &row.buffer, <size_t>(row.n + 1) * sizeof(Node)):
        q.spent.stopped = BY_BYTES
        return False
    (<Node *>row.buffer.at)[row.n] = node[0]
    row.n += 1
    return True


cdef inline bint log_step(const Searched *q, Bfs *l, Node *node, int32_t action) noexcept nogil:
    """Note that this node comes from where its `log` points by an action, and point to that."""
    cdef Step *step
    if not reserve(q.spent, &l.log, <size_t>(l.log_length + 1) * sizeof(Step)):
        q.spent.stopped = BY_BYTES
        return False
    step = <Step *>l.log.at + l.log_length
    step.before, step.action = node.log, action
    node.log = <int32_t>l.log_length
    l.log_length += 1
    return True


cdef int bfs_run(const Searched *q, Bfs *l, int64_t slice) noexcept nogil:
    """FOUND, NONE, STOPPED, or PAUSED after so many configurations."""
    cdef int64_t until = q.spent.entered + slice
    cdef Node node
    cdef Row *row
    cdef int outcome
    while True:
        if not l.opened and not bfs_open(q, l):
            q.spent.stopped = BY_BYTES
            return STOPPED
        while l.row <= q.levels[l.window.k].crashed:
            row = &l.here[l.row]
            while l.at < row.n:
                node = (<Node *>row.buffer.at)[l.at]
                l.at += 1
                outcome = bfs_visit(q, l, &node)
                if outcome != NONE:
                    return outcome
                if q.spent.entered > until:
                    return PAUSED
            l.row, l.at = l.row + 1, 0
        if not bfs_close(q, l):
            return NONE


cdef bint bfs_open(const Searched *q, Bfs *l) noexcept nogil:
    """Invoke what is invoked before the next return, and forget where the last level has been."""
    cdef Set fresh
    cdef int32_t row
    cdef int64_t at, nodes = 0
    cdef uint64_t places = 128
    cdef const Op *op
    set_clear(&fresh)
    while l.window.invoked < q.levels[l.window.k].called:
        op = &q.ops[l.window.invoked]
        if not op.crashed:
            window_put(&l.window, op, l.window.invoked)
            if q.absorbing and op.f == WRITE:
                set_add(&fresh, op.slot)
        l.window.invoked += 1
    for row in range(l.rows):
        nodes += l.here[row].n
        for at in range(l.here[row].n):
            set_join(&(<Node *>l.here[row].buffer.at)[at].must, &fresh)
    while places < 4 * <uint64_t>nodes:
        places *= 2
    if l.log_length > 2 * l.log_kept + 65536 and not compact(q, l):
        return False
    for row in range(l.rows - 1, -1, -1):
        if l.here[row].n > 0:
            l.last = (<Node *>l.here[row].buffer.at)[0].log
    l.row, l.at, l.states, l.opened = 0, 0, 0, True
    return visited_open(&l.visited, q.spent, places, head_of(l.window.k, 0))


cdef bint bfs_close(const Searched *q, Bfs *l) noexcept nogil:
    """Go on to the next level; False if nothing leads there: then this level is kept."""
    cdef Row *rows
    cdef int32_t row
    cdef bint any = False
    for row in range(l.rows):
        any = any or l.following[row].n > 0
    if not any:
        return False
    for row in range(l.rows):
        l.here[row].n = 0
    rows = l.here
    l.here, l.following = l.following, rows
    window_remove(&l.window, q.ops[q.levels[l.window.k].next_return].slot)
    l.window.k += 1
    l.opened = False
    return True


cdef int bfs_visit(const Searched *q, Bfs *l, Node *node) noexcept nogil:
    """Settle a node, pass it on if nothing is owed any more, else enter it if it is new. NONE, STOPPED, or FOUND."""
    cdef VisitedEntry entry
    cdef Set fresh
    cdef int32_t next_return = q.levels[l.window.k].next_return
    cdef int slot = q.ops[next_return].slot
    q.spent.looked_at += 1
    if q.spent.looked_at % LOOK_EVERY == 0 and look(q.spent, q.steps):
        return STOPPED
    if not set_has(&node.done, slot):
        settle(q, &l.window, node.state, &node.done, &node.must, &fresh)
    if set_has(&node.done, slot):
        return bfs_pass(q, l, node, slot)
    entry.head = head_of(l.window.k, node.state)
    if visited_holds(&l.visited, entry.head, &node.done, &node.must, &node.used):
        return NONE
    entry.done, entry.must, entry.used = node.done, node.must, node.used
    if not visited_add(&l.visited, q.spent, &entry):
        q.spent.stopped = BY_BYTES
        return STOPPED
    q.spent.entered += 1
    if over(q.spent, q.steps):
        return STOPPED
    note_state(node.state, l.seen, &l.states)
    return bfs_expand(q, l, node, next_return)


cdef int bfs_pass(const Searched *q, Bfs *l, Node *node, int slot) noexcept nogil:
    set_remove(&node.done, slot)
    set_remove(&node.must, slot)
    if l.window.k + 1 == l.end:
        l.last = node.log
        return FOUND
    return NONE if push(q, &l.following[l.row], node) else STOPPED


cdef int bfs_expand(const Searched *q, Bfs *l, const Node *node, int32_t next_return) noexcept nogil:
    """All that comes after a configuration."""
    cdef Set ways, lost_ways
    cdef Node child
    cdef int place
    cdef int32_t following
    cdef const Op *op = &q.ops[next_return]
    cdef int outcome
    if q.absorbing and op.f == WRITE and not set_has(&node.must, op.slot):
        child = node[0]
        if not log_step(q, l, &child, ~next_return):
            return STOPPED
        outcome = bfs_pass(q, l, &child, op.slot)
        if outcome != NONE:
            return outcome
    if not find_ways(q, &l.window, node.state, &node.done, &node.must, &node.used, &ways, &lost_ways):
        return NONE
    place = set_pop(&ways)
    while place >= 0:
        op = &q.ops[l.window.holder[place]]
        following = step(q.steps, op, node.state)
        if following != ILLEGAL and not bfs_push(q, l, node, l.window.holder[place], following):
            return STOPPED
        place = set_pop(&ways)
    place = set_pop(&lost_ways)
    while place >= 0:
        op = &q.ops[q.crashed[place]]
        following = step(q.steps, op, node.state)
        if following != ILLEGAL and (following != node.state or q.absorbing):
            if not bfs_push(q, l, node, q.crashed[place], following):
                return STOPPED
        place = set_pop(&lost_ways)
    return NONE


cdef bint bfs_push(const Searched *q, Bfs *l, const Node *node, int32_t action, int32_t following) noexcept nogil:
    cdef Node child = node[0]
    cdef const Op *op = &q.ops[action]
    if op.crashed:
        set_add(&child.used, op.slot)
    else:
        set_add(&child.done, op.slot)
    if q.absorbing and op.f == WRITE:
        set_clear(&child.must)
    child.state = following
    return log_step(q, l, &child, action) and push(q, &l.here[l.row + op.crashed], &child)


cdef bint retrace(const Searched *q, const Bfs *l, Path *w, Buffer *actions) noexcept nogil:
    """Walk to the end, or to where this level was reached, once more, which writes down the order; whether there was
    memory."""
    cdef const Step *log = <const Step *>l.log.at
    cdef int64_t at = l.last, count = 0, place
    cdef int32_t action
    cdef int32_t *taken
    while at >= 0:
        count += 1
        at = log[at].before
    if not reserve(q.spent, actions, <size_t>(count + 1) * sizeof(int32_t)) or not path_begin(q, w):
        return False
    taken = <int32_t *>actions.at
    at, place = l.last, count
    while at >= 0:
        place -= 1
        taken[place] = log[at].action
        at = log[at].before
    for place in range(count):
        action = taken[place]
        if action < 0:
            path_drop(q, w)
        else:
            path_take(q, w, action, step(q.steps, &q.ops[action], w.state))
    return True


cdef bint compact(const Searched *q, Bfs *l) noexcept nogil:
    """Drop from the log what no node of this level came from."""
    cdef Step *log = <Step *>l.log.at
    cdef int32_t *moved
    cdef int32_t row, kept = 0
    cdef int64_t at
    cdef Node *node
    if not reserve(q.spent, &l.marks, <size_t>l.log_length * sizeof(int32_t)):
        return False
    moved = <int32_t *>l.marks.at
    memset(moved, 0, <size_t>l.log_length * sizeof(int32_t))
    for row in range(l.rows):
        for at in range(l.here[row].n):
            node = <Node *>l.here[row].buffer.at + at
            if node.log >= 0:
                moved[node.log] = 1
    for at in range(l.log_length - 1, -1, -1):
        if moved[at] and log[at].before >= 0:
            moved[log[at].before] = 1
    for at in range(l.log_length):
        if moved[at]:
            log[kept] = log[at]
            if log[kept].before >= 0:
                log[kept].before = moved[log[kept].before]
            moved[at] = kept
            kept += 1
    for row in range(l.rows):
        for at in range(l.here[row].n):
            node = <Node *>l.here[row].buffer.at + at
            if node.log >= 0:
                node.log = moved[node.log]
    l.log_length = l.log_kept = kept
    return True
