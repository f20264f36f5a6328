# From the operations of a problem, in order of invocation, to what a search sees: what nobody can have needed is left
# out, and levels and slots are laid out at once, so that a search has only to fill in its masks.
#
# Included by build_problem. Needs its imports from `problem`.


cdef int drop_unneeded(Batch out, Problem *problem, int32_t *last, int32_t *moved, int32_t *crashed) except -1:
    """Leave out crashed writes and cas of a register whose value nobody can have observed. last, moved, crashed:
    scratch, by value (all ABSENT, as it is left) and twice by operation.

    Let w be a crashed operation that leaves v, and let every read of v and every cas expecting v have returned
    before w was invoked (or there be none), and let no refusal be recorded. Take a legal order with w. What follows
    w directly is legal in state v and comes after w, so it is no observer of v; it is no observer of another value
    either, for that would be illegal; so it is a write, or w is last. A write is legal in every state, so the order
    without w is legal. Hence the history is linearizable with w if and only if it is without, and so is each of its
    prefixes. A cas that was left out observes nothing any more, so then it is done again, a few times at most: each
    round alone is sound.
    """
    cdef Op *ops = out.ops + problem.first
    cdef int32_t *ret = out.order + problem.first
    cdef int32_t *returns = out.crashed + problem.first
    cdef int32_t n = problem.n, op, left, first = n, round, place, count = 0
    cdef bint sees, again
    for op in range(n):
        if ops[op].f == REFUSED:
            return 0
        crashed[count] = op
        count += ops[op].crashed
    for round in range(8):
        again = False
        for op in range(n):
            sees = ops[op].f != WRITE and ops[op].f != TABULATED
            last[ops[op].a] = max(last[ops[op].a], ret[op] if sees else ABSENT)
        for place in range(count):
            op = crashed[place]
            if ops[op].f != TABULATED and last[ops[op].a if ops[op].f == WRITE else ops[op].b] < ops[op].invoked:
                again = again or ops[op].f == CAS
                ops[op].f = TABULATED  # the mark of what is left out
                first = min(first, op)
        for op in range(n):
            last[ops[op].a] = ABSENT
        if not again:
            break
    if first == n:
        return 0
    left = first
    for op in range(first, n):
        moved[op] = left
        ops[left], ret[left] = ops[op], ret[op]
        left += ops[op].f != TABULATED
    problem.n = left
    for op in range(problem.levels):
        if returns[op] > first:
            returns[op] = moved[returns[op]]
    return 0


cdef int lay_out(Batch out, Problem *problem, int32_t *holder, int32_t *unused) except -1:
    """Levels and slots, as `window.py` says. holder, unused: scratch, by operation: the last holder of each slot, and
    the free slots."""
    cdef Op *ops = out.ops + problem.first
    cdef Level *levels = out.levels + problem.first
    cdef int32_t *ret = out.order + problem.first
    cdef int32_t *crashed = out.crashed + problem.first
    cdef int32_t *twin = out.twin + problem.first
    cdef int32_t n = problem.n, op = 0, k, slot, width = 0, spare = 0, lost = 0, next_return, back
    for k in range(problem.levels):
        levels[k].next_return = crashed[k]
    for k in range(problem.levels):
        next_return = levels[k].next_return
        while op < n and ops[op].invoked < ret[next_return]:
            if ops[op].crashed:
                ops[op].slot = lost
                twin[lost] = ABSENT
                for back in range(lost - 1, max(-1, lost - LOOK_BACK), -1):
                    if ops[crashed[back]].a == ops[op].a and ops[crashed[back]].b == ops[op].b and (
                            ops[crashed[back]].f == ops[op].f):
                        twin[lost] = back
                        break
                crashed[lost] = op
                lost += 1
            else:
                if spare == 0:
                    unused[0] = width
                    holder[width] = ABSENT
                    spare, width = 1, width + 1
                spare -= 1
                slot = unused[spare]
                ops[op].slot, ops[op].before = slot, holder[slot]
                holder[slot] = op
            op += 1
        ops[next_return].due = k
        levels[k].called, levels[k].crashed = op, lost
        unused[spare] = ops[next_return].slot
        spare += 1
    problem.width, problem.crashed = width, lost
    return 0
