# Order of all operations from the path of a search: places for the absorbed writes that were passed.
#
# An order of operations has a gap before each and one at the end. A write w of v, passed when `at` operations had been
# linearized, goes into the last gap up to `at` that is followed by a write, which hides it, or in which the state is v.
#   - There is one: w was absorbed at one. It lies behind whatever had returned before w was invoked, for then w had not
#     been absorbed yet; and what was linearized up to `at` was invoked before w returned. So real time allows it.
#   - Several may share a gap. Either the next operation is a write, which hides them all, or they are of one value.
#     They stand there in order of return, which real time allows too.
#   - Of two with one returned before the other was invoked, the first passed before the other could be absorbed; so its
#     gap is not behind the other's.
#
# Included by the searches, after `path`.


ctypedef struct Reconstruction:
    # states: in each gap. head: of each gap the write put there last, or -1; next: the one before it, by operation.
    Buffer plain, states, heads, nexts


cdef bint reconstruct_order(const Searched *q, Reconstruction *p, const int32_t *walked, int32_t length, int32_t *out,
                        int32_t *placed) noexcept nogil:
    """Write down the order that a walk of so many steps makes, and how long it is; whether there was memory."""
    cdef int32_t *plain
    cdef int32_t *states
    cdef int32_t *heads
    cdef int32_t *nexts
    cdef int32_t number, op, gap, first, count = 0, written = 0
    cdef size_t bytes = (<size_t>length + 1) * sizeof(int32_t)
    placed[0] = 0
    if not q.absorbing:
        memcpy(out, walked, <size_t>length * sizeof(int32_t))
        placed[0] = length
        return True
    if not (reserve(q.spent, &p.plain, bytes) and reserve(q.spent, &p.states, bytes) and reserve(q.spent, &p.heads, bytes)
            and reserve(q.spent, &p.nexts, (<size_t>q.n + 1) * sizeof(int32_t))):
        return False
    plain, states = <int32_t *>p.plain.at, <int32_t *>p.states.at
    heads, nexts = <int32_t *>p.heads.at, <int32_t *>p.nexts.at
    states[0], heads[0] = q.initial, -1
    for number in range(length):
        op = walked[number]
        if op >= 0:
            states[count + 1] = states[count] if q.ops[op].pure else step(q.steps, &q.ops[op], states[count])
            plain[count] = op
            count += 1
            heads[count] = -1
            continue
        gap = count
        while gap > 0 and states[gap] != q.ops[~op].a and (gap == count or q.ops[plain[gap]].f != WRITE):
            gap -= 1
        nexts[~op] = heads[gap]
        heads[gap] = ~op
    for gap in range(count + 1):
        op, first = heads[gap], written
        while op >= 0:
            out[written] = op
            written += 1
            op = nexts[op]
        turn_round(out, first, written)
        if gap < count:
            out[written] = plain[gap]
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
