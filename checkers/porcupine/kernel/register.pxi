# Operations worth trying on a register, with the proof that nothing is lost.
#
# `must` splits the writes that are open and not done: those in it are still to be placed, the others are *absorbed*:
# they have a place where nobody saw them, or will get another. So a configuration stands for many plain ones, namely
# with any subset of the absorbed writes done; call them its meanings.
#
# Absorption is sound, for every meaning is reachable: when a write y is linearized, any writes that are open and not
# done may be put directly before it, in any order, and y hides them; so after y all open writes are absorbed. And when
# the state is v, an open write of v may be put right there and changes nothing. Nothing else makes a write absorbed.
#
# Nothing is lost. Let a meaning of a settled configuration have a completion π, a shortest one; x is owed.
#   - x is absorbed and done in this meaning: x is passed (the *drop*), and π completes what is reached.
#   - Else x stands in π. What π begins with is no pure operation: one that is legal here is done already. If it is a
#     cas, live or crashed, it is taken. If it is a write, π begins with writes y1 … yj, where yj is x or is followed by
#     something that is no write, and j is minimal. Taking yj leads to a configuration one of whose meanings has the live
#     ones of y1 … yj-1 done, and the rest of π completes it (crashed ones before yj need not have happened).
# Hence only these writes are tried: x itself, and those for which an operation that is open (or crashed) and not done
# waits: a read of that value, a cas from it, or any refusal; for what follows yj in π is one and precedes x. Also:
#   - Of several open writes of one value that which returns first is tried alone: where π places it later, the other may
#     stand in its place, for it is open all that time.
#   - A crashed write is not tried if an open one of its value is, by the same exchange: what crashed may stand anywhere
#     later.
#   - A write of the current value is not tried when `must` is empty: it changes nothing, and absorbs nothing.
#   - If x waits for a value that no operation open and not done leaves, nothing can be placed: π would have one before x.
# Each step leads to a configuration with a shorter completion (or a later k). So among all configurations that were
# entered take one with a shortest completion: the next one has a shorter one, and was entered or is dominated by one
# that was; a contradiction, if the search ended without an order. The argument holds for every prefix of the returns
# too, so the last return that can be owed is the same for every engine. And it holds for whatever configurations a
# search begins with.
#
# Included by the searches, after `window`.


cdef inline int32_t straight_on(const Searched *q, const Path *w, const Op *next_return) noexcept nogil:
    """The operation to try first on a register: the owed one if it is legal, else one after which it is, of several
    that which returns first; -1 if none of those that are open will do. All of them are among the ways."""
    cdef Set rest
    cdef int slot
    cdef int32_t number, best = -1, due = NEVER
    if next_return.f == WRITE or (next_return.f == CAS and next_return.a == w.state):
        return q.levels[w.window.k].next_return
    if next_return.f == REFUSED:
        return -1
    set_where(&rest, w.window.leaves, q.width, next_return.a)
    set_meet(&rest, &w.window.live)
    set_minus(&rest, &rest, &w.done)
    slot = set_pop(&rest)
    while slot >= 0:
        number = w.window.holder[slot]
        if q.ops[number].due < due and (q.ops[number].f == WRITE or q.ops[number].a == w.state):
            best, due = number, q.ops[number].due
        slot = set_pop(&rest)
    return best


cdef bint keep_useful(const Searched *q, const Window *w, int32_t state, const Set *done, bint nothing_owed, Set *ways,
                      Set *lost_ways) noexcept nogil:
    """Keep the open operations of a register that are worth trying, as said above; False if the owed one can never be."""
    cdef const Op *op
    cdef const Op *next_return = &q.ops[q.levels[w.k].next_return]
    cdef Set rest, matching
    cdef int slot, mark
    cdef uint64_t waited_for = 0, chosen_marks = 0
    cdef int chosen[64]
    cdef bint possible = next_return.f != READ and (next_return.f != CAS or next_return.a == state)
    if not possible:
        set_where(&rest, w.leaves, q.width, next_return.a)
        set_meet(&rest, ways)
        possible = not set_is_empty(&rest)
    # What is waited for, by a mark of six bits of the value: now and then it lets something more through.
    set_minus(&rest, &w.pure, done)
    matching = rest
    set_meet(&matching, &w.refused)
    if not set_is_empty(&matching):
        waited_for = ~<uint64_t>0
    slot = set_pop(&rest)
    while slot >= 0:
        waited_for |= <uint64_t>1 << (w.asks[slot] & 63)
        slot = set_pop(&rest)
    set_minus(&rest, ways, &w.writes)
    slot = set_pop(&rest)
    while slot >= 0:
        waited_for |= <uint64_t>1 << (w.asks[slot] & 63)
        slot = set_pop(&rest)
    rest = lost_ways[0]
    slot = set_pop(&rest)
    while slot >= 0:
        op = &q.ops[q.crashed[slot]]
        if op.f == CAS:
            waited_for |= <uint64_t>1 << (op.a & 63)
            possible = possible or op.b == next_return.a
        else:
            possible = possible or op.a == next_return.a
        slot = set_pop(&rest)
    if not possible:
        return False
    set_where(&matching, w.asks, q.width, state)
    rest = ways[0]
    set_meet(&rest, &w.writes)
    if nothing_owed:
        set_minus(&rest, &rest, &matching)
    set_meet(&matching, ways)
    set_minus(ways, &matching, &w.writes)
    slot = set_pop(&rest)
    while slot >= 0:
        op = &q.ops[w.holder[slot]]
        mark = op.a & 63
        if op == next_return or waited_for >> mark & 1:
            if not chosen_marks >> mark & 1:
                chosen_marks |= <uint64_t>1 << mark
                chosen[mark] = slot
                set_add(ways, slot)
            elif q.ops[w.holder[chosen[mark]]].a != op.a:
                set_add(ways, slot)
            elif op.due < q.ops[w.holder[chosen[mark]]].due:
                set_remove(ways, chosen[mark])
                chosen[mark] = slot
                set_add(ways, slot)
        slot = set_pop(&rest)
    rest = lost_ways[0]
    slot = set_pop(&rest)
    while slot >= 0:
        op = &q.ops[q.crashed[slot]]
        mark = op.a & 63
        if op.f == CAS:
            if op.a != state or op.b == state:
                set_remove(lost_ways, slot)
        elif (op.a == state and nothing_owed) or not waited_for >> mark & 1 or (
                chosen_marks >> mark & 1 and q.ops[w.holder[chosen[mark]]].a == op.a):
            set_remove(lost_ways, slot)
        slot = set_pop(&rest)
    return True
