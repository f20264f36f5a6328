# From configuration to configuration: an operation is taken, pure ones that match are too, returns that are linearized are
# passed; and the order is written down on the way. An absorbed write that is passed (see `register.pxi`) stands in it as
# ~operation until it gets its place, see `reconstruct_order.pxi`.
#
# Included by the searches, after `register`.


ctypedef struct Path:
    # order: what was linearized so far, `length` of it.
    Window window
    Buffer order_buffer
    int32_t *order
    int32_t state, length
    Set done, must, used


cdef bint path_begin(const Searched *q, Path *w) noexcept nogil:
    """Go to the first configuration; whether there was memory."""
    if not window_begin(q, &w.window) or not reserve(
            q.spent, &w.order_buffer, (<size_t>q.n + 1) * sizeof(int32_t)):
        return False
    w.order = <int32_t *>w.order_buffer.at
    w.state, w.length = q.initial, 0
    set_clear(&w.done)
    set_clear(&w.must)
    set_clear(&w.used)
    if q.m > 0:
        path_invoke(q, w)
        path_advance(q, w)
    return True


cdef inline void path_take(const Searched *q, Path *w, int32_t number, int32_t following) noexcept nogil:
    """Linearize an operation, and all that settles then."""
    cdef const Op *op = &q.ops[number]
    if op.crashed:
        set_add(&w.used, op.slot)
    else:
        set_add(&w.done, op.slot)
    if q.absorbing and op.f == WRITE:
        set_clear(&w.must)
    w.order[w.length] = number
    w.length += 1
    w.state = following
    path_settle(q, w)
    path_advance(q, w)


cdef inline void path_drop(const Searched *q, Path *w) noexcept nogil:
    """Pass the owed write, which is absorbed."""
    cdef int32_t next_return = q.levels[w.window.k].next_return
    set_add(&w.done, q.ops[next_return].slot)
    w.order[w.length] = ~next_return
    w.length += 1
    path_advance(q, w)


cdef inline void path_settle(const Searched *q, Path *w) noexcept nogil:
    """Take every pure operation that is open and matches the state, and absorb every write of it."""
    cdef Set fresh
    cdef int slot
    settle(q, &w.window, w.state, &w.done, &w.must, &fresh)
    slot = set_pop(&fresh)
    while slot >= 0:
        w.order[w.length] = w.window.holder[slot]
        w.length += 1
        slot = set_pop(&fresh)


cdef inline void path_advance(const Searched *q, Path *w) noexcept nogil:
    """Pass the returns that are linearized, to one that is not or to the end."""
    cdef Window *window = &w.window
    cdef int32_t slot
    while True:
        slot = q.ops[q.levels[window.k].next_return].slot
        if not set_has(&w.done, slot):
            return
        set_remove(&w.done, slot)
        set_remove(&w.must, slot)
        window_remove(window, slot)
        window.k += 1
        if window.k == q.m:
            return
        path_invoke(q, w)


cdef inline void path_invoke(const Searched *q, Path *w) noexcept nogil:
    """Open what is invoked before the next return; each is settled at once, for the others are."""
    cdef Window *window = &w.window
    cdef int32_t called = q.levels[window.k].called
    cdef const Op *op
    cdef bint matches
    while window.invoked < called:
        op = &q.ops[window.invoked]
        if not op.crashed:
            window_put(window, op, window.invoked)
            if q.absorbing:
                matches = (op.a == w.state) != (op.f == REFUSED)
                set_put(&w.must, op.slot, op.f == WRITE and not matches)
            else:
                matches = op.pure and step(q.steps, op, w.state) != ILLEGAL
            matches = matches and op.pure
            set_put(&w.done, op.slot, matches)
            w.order[w.length] = window.invoked
            w.length += matches
        window.invoked += 1


cdef inline void settle(const Searched *q, const Window *w, int32_t state, Set *done, Set *must,
                        Set *fresh) noexcept nogil:
    """Add the pure operations that are open and match a state to those done: the fresh ones; and absorb its writes."""
    cdef Set rest
    cdef int slot
    set_minus(fresh, &w.pure, done)
    if q.absorbing:
        set_where(&rest, w.asks, q.width, state)
        set_minus(must, must, &rest)
        set_differ(&rest, &w.refused)
        set_meet(fresh, &rest)
    else:
        rest = fresh[0]
        slot = set_pop(&rest)
        while slot >= 0:
            if step(q.steps, &q.ops[w.holder[slot]], state) == ILLEGAL:
                set_remove(fresh, slot)
            slot = set_pop(&rest)
    set_join(done, fresh)
