# Window: the operations open at the next return. Those invoked before it that have not returned before it; each holds
# a slot (see `window.py`). A window moves forward by a return at a time, and may be taken back.
#
# For a register it also keeps, by slot, the values that operations ask for and leave. Then the search for one that
# matches a state, or leaves a wanted value, is a comparison of a few vectors; branches that depend on values would be
# guessed wrong half the time.
#
# Included by the searches, after `search`.


ctypedef struct Window:
    # holder: the operation of each slot. asks: the value that must be the state (of a refused cas: must not), or that is
    # written. leaves: the value that is the state afterwards. live, pure: slots of operations open that may change the
    # state, and of the others. writes, refused: slots of operations that are that, if open.
    # k: the next return. invoked: how many operations were before it.
    Buffer buffer
    int32_t *holder
    int32_t *asks
    int32_t *leaves
    Set live, pure, writes, refused
    int32_t k, invoked


cdef bint window_begin(const Searched *q, Window *w) noexcept nogil:
    """Before the first return, with nothing invoked; whether there was memory."""
    cdef size_t room = (<size_t>q.width + 7) // 4 * 4  # whole fours, as `set_where` reads them
    if not reserve(q.spent, &w.buffer, 3 * room * sizeof(int32_t)):
        return False
    w.holder = <int32_t *>w.buffer.at
    w.asks = w.holder + room
    w.leaves = w.asks + room
    memset(w.holder, 0xff, 3 * room * sizeof(int32_t))
    set_clear(&w.live)
    set_clear(&w.pure)
    set_clear(&w.writes)
    set_clear(&w.refused)
    w.k = w.invoked = 0
    return True


cdef inline void window_put(Window *w, const Op *op, int32_t number) noexcept nogil:
    """Open an operation."""
    cdef int32_t slot = op.slot
    w.holder[slot], w.asks[slot] = number, op.a
    w.leaves[slot] = op.a if op.f == WRITE else op.b
    set_put(&w.pure, slot, op.pure)
    set_put(&w.live, slot, not op.pure)
    set_put(&w.writes, slot, op.f == WRITE)
    set_put(&w.refused, slot, op.f == REFUSED)


cdef inline void window_remove(Window *w, int32_t slot) noexcept nogil:
    """Free a slot: its operation is not open any more, or not yet."""
    set_remove(&w.live, slot)
    set_remove(&w.pure, slot)


cdef inline void window_back(const Searched *q, Window *w, int32_t k) noexcept nogil:
    """Go back to an earlier return, as it was then. A slot belongs to the operation that returns next from it, so one that
    comes back in reverse order of return finds it free."""
    cdef const Op *op
    while w.k > k:
        w.k -= 1
        while w.invoked > q.levels[w.k].called:
            w.invoked -= 1
            op = &q.ops[w.invoked]
            if not op.crashed:
                window_remove(w, op.slot)
        window_put(w, &q.ops[q.levels[w.k].next_return], q.levels[w.k].next_return)
