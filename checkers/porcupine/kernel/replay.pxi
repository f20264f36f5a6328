# From actions to an order: what the search left implicit is put in again. Pure operations stand where they first
# matched. An absorbed write stands where it was absorbed: directly before the write that hid it, or where its value was
# the state already.
#
# An order of n operations has n + 1 gaps. An absorbed write is put into the gap that it was absorbed at. Several writes
# may share one: then either the next operation is a write, which hides them all, or they are all of the state's value.
# Within a gap they stand in order of return, which no order of real time contradicts.


ctypedef struct Replay:
    # gap: of each slot, where its write was absorbed. head, next: the writes put into each gap.
    Buffer sequence, heads, nexts, holders, gaps
    int32_t length


cdef bint replay(const Searched *q, Replay *r, const int32_t *actions, int64_t count, int32_t *out,
                 int32_t *placed) noexcept nogil:
    """Write down the order that these actions make, and how long it is; whether there was memory."""
    cdef int32_t *holder
    cdef int32_t *gap
    cdef int32_t *sequence
    cdef int32_t *heads
    cdef int32_t *nexts
    cdef int32_t k = 0, state = q.initial, invoked = 0, action, op, inner, written = 0, first
    cdef int64_t number = 0
    cdef int slot
    cdef Set done, must, rest
    cdef size_t n = (<size_t>q.n + 1) * sizeof(int32_t)
    if not (reserve(q.spent, &r.sequence, n) and reserve(q.spent, &r.heads, n) and reserve(q.spent, &r.nexts, n)
            and reserve(q.spent, &r.holders, (<size_t>q.width + 1) * sizeof(int32_t))
            and reserve(q.spent, &r.gaps, (<size_t>q.width + 1) * sizeof(int32_t))):
        return False
    holder, gap = <int32_t *>r.holders.at, <int32_t *>r.gaps.at
    sequence, heads, nexts = <int32_t *>r.sequence.at, <int32_t *>r.heads.at, <int32_t *>r.nexts.at
    memset(heads, 0xff, n)
    set_clear(&done)
    set_clear(&must)
    r.length = 0
    while True:
        k = replay_settle(q, r, k, state, &invoked, &done, &must)
        if number == count or k == q.m:
            break
        action = actions[number]
        number += 1
        op = ~action if action < 0 else action
        slot = q.ops[op].slot
        if action < 0:
            nexts[op] = heads[gap[slot]]
            heads[gap[slot]] = op
            set_add(&done, slot)
            continue
        if q.absorbing and q.ops[op].f == WRITE:
            rest = must
            set_clear(&must)
            inner = set_pop(&rest)
            while inner >= 0:
                gap[inner] = r.length
                inner = set_pop(&rest)
        if not q.ops[op].crashed:
            set_add(&done, slot)
        state = step(q.steps, &q.ops[op], state)
        sequence[r.length] = op
        r.length += 1
    for number in range(r.length + 1):
        op, first = heads[number], written
        while op >= 0:
            out[written] = op
            written += 1
            op = nexts[op]
        turn_round(out, first, written)
        if number < r.length:
            out[written] = sequence[number]
            written += 1
    placed[0] = written
    return True


cdef void turn_round(int32_t *out, int32_t first, int32_t end) noexcept nogil:
    cdef int32_t op
    end -= 1
    while first < end:
        op = out[first]
        out[first], out[end] = out[end], op
        first, end = first + 1, end - 1


cdef int32_t replay_settle(const Searched *q, Replay *r, int32_t k, int32_t state, int32_t *invoked, Set *done,
                           Set *must) noexcept nogil:
    """As a search settles, writing down what it takes: the new k."""
    cdef int32_t *holder = <int32_t *>r.holders.at
    cdef int32_t *gap = <int32_t *>r.gaps.at
    cdef Set before, must_before
    cdef int slot
    while True:
        while k < q.m and set_has(done, q.ops[q.levels[k].owed].slot):
            set_remove(done, q.ops[q.levels[k].owed].slot)
            set_remove(must, q.ops[q.levels[k].owed].slot)
            k += 1
        if k == q.m:
            return k
        while invoked[0] < q.levels[k].called:
            if not q.ops[invoked[0]].crashed:
                holder[q.ops[invoked[0]].slot] = invoked[0]
                if q.absorbing and q.ops[invoked[0]].f == WRITE:
                    set_add(must, q.ops[invoked[0]].slot)
            invoked[0] += 1
        before, must_before = done[0], must[0]
        settle(q, holder, k, state, done, must)
        set_minus(&before, done, &before)
        slot = set_pop(&before)
        while slot >= 0:
            (<int32_t *>r.sequence.at)[r.length] = holder[slot]
            r.length += 1
            slot = set_pop(&before)
        set_minus(&must_before, &must_before, must)
        slot = set_pop(&must_before)
        while slot >= 0:
            gap[slot] = r.length
            slot = set_pop(&must_before)
        if not set_has(done, q.ops[q.levels[k].owed].slot):
            return k
