# What both engines share: a problem with its masks, what may be spent, and which operations are worth trying.
#
# A configuration is (k, state, done, must, used): the return owed, the state, the slots of operations that are
# linearized, and the crashed operations that took effect. `must` is empty for a table. For a register it splits the
# writes that are open and not done: those in `must` are still to be placed, the others are *absorbed*: they have a place
# where nobody saw them, or will get another. So a configuration stands for many plain ones, namely with any subset of
# the absorbed writes done; call them its meanings.
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
# too, so the last return that can be owed is the same for every engine.
#
# For a table all operations open are tried, and the argument is that of `search.py`.

from cpython.exc cimport PyErr_CheckSignals
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from splitbrain.checkers.porcupine.kernel.problem cimport (
    CAS, INVALID, NEVER, READ, REFUSED, STATES_KEPT, UNDECIDED, VALID, WRITE, Batch, Level, Op, Problem,
)
from splitbrain.checkers.porcupine.kernel.steps cimport ILLEGAL, UNASKED, Steps, Transitions, known, step

cdef enum:
    FOUND = 1
    NONE = 0
    PAUSED = 2
    STOPPED = 3

cdef enum:
    BY_NOTHING = 0
    BY_LIMIT = 1
    BY_SECONDS = 2
    BY_BYTES = 3
    BY_FAILURE = 4

cdef enum:
    LOOK_EVERY = 256


ctypedef struct Buffer:
    void *at
    size_t bytes


ctypedef struct Spent:
    # entered: configurations, at most `limit`. looked_at: nodes, entered or not. held: bytes, at most `allowed`.
    # asked: how often the model was, when the clock was last looked at. stopped: why, if it had to.
    int64_t entered, limit, looked_at, asked
    double until, signals
    size_t held, allowed
    int stopped


ctypedef struct Searched:
    const Op *ops
    const Level *levels
    const int32_t *crashed
    const int32_t *twin
    int32_t n, m, width, lost, initial
    bint absorbing
    Steps *steps
    Spent *spent
    Set *live           # of each level: operations open that may change the state
    Set *pure           # of each level: the others
    Buffer masks


cdef double seconds_now() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <double>now.tv_sec + <double>now.tv_nsec * 1e-9


cdef bint reserve(Spent *spent, Buffer *buffer, size_t bytes) noexcept nogil:
    """Make room, keeping what is there; whether there was memory."""
    cdef size_t wanted = max(bytes, 2 * buffer.bytes)
    cdef void *at
    if buffer.bytes >= bytes:
        return True
    if spent.held + wanted > spent.allowed:
        wanted = bytes
    if spent.held + wanted > spent.allowed:
        return False
    at = realloc(buffer.at, wanted)
    if at == NULL:
        return False
    spent.held += wanted - buffer.bytes
    buffer.at, buffer.bytes = at, wanted
    return True


cdef void release(Spent *spent, Buffer *buffer) noexcept nogil:
    free(buffer.at)
    spent.held -= buffer.bytes
    buffer.at, buffer.bytes = NULL, 0


cdef bint over(Spent *spent, const Steps *steps) noexcept nogil:
    """Whether a limit is reached; the clock is looked at when the model was asked, and every LOOK_EVERY times."""
    if spent.entered >= spent.limit:
        spent.stopped = BY_LIMIT
        return True
    if steps.asked != spent.asked or spent.entered % LOOK_EVERY == 0:
        return look(spent, steps)
    return False


cdef bint look(Spent *spent, const Steps *steps) noexcept nogil:
    cdef double now = seconds_now()
    spent.asked = steps.asked
    if now >= spent.signals:
        spent.signals = now + 0.2
        with gil:
            take_signals(steps)
    if steps.failed:
        spent.stopped = BY_FAILURE
    elif now >= spent.until:
        spent.stopped = BY_SECONDS
    elif spent.held + steps.held > spent.allowed:
        spent.stopped = BY_BYTES
    return spent.stopped != BY_NOTHING


cdef void take_signals(const Steps *steps) noexcept:
    """Let an interrupt from the keyboard through."""
    try:
        PyErr_CheckSignals()
    except BaseException as exception:  # `check` raises it again
        (<Transitions>steps.owner).interrupted(exception)


cdef bint fill_masks(Searched *q) noexcept nogil:
    """The operations open at each level; whether there was memory."""
    cdef Set live, pure
    cdef int32_t k, op = 0
    cdef const Op *one
    if not reserve(q.spent, &q.masks, 2 * <size_t>q.m * sizeof(Set)):
        return False
    q.live = <Set *>q.masks.at
    q.pure = q.live + q.m
    set_clear(&live)
    set_clear(&pure)
    for k in range(q.m):
        while op < q.levels[k].called:
            one = &q.ops[op]
            if not one.crashed:
                if one.pure:
                    set_add(&pure, one.slot)
                else:
                    set_add(&live, one.slot)
            op += 1
        q.live[k], q.pure[k] = live, pure
        one = &q.ops[q.levels[k].owed]
        set_remove(&live, one.slot)
        set_remove(&pure, one.slot)
    return True


cdef inline void settle(const Searched *q, const int32_t *holder, int32_t k, int32_t state, Set *done,
                        Set *must) noexcept nogil:
    """Take every pure operation that matches, and absorb every write of the current value."""
    cdef Set rest
    cdef int slot
    set_minus(&rest, &q.pure[k], done)
    slot = set_pop(&rest)
    while slot >= 0:
        if step(q.steps, &q.ops[holder[slot]], state) != ILLEGAL:
            set_add(done, slot)
        slot = set_pop(&rest)
    if q.absorbing:
        rest = must[0]
        slot = set_pop(&rest)
        while slot >= 0:
            if q.ops[holder[slot]].a == state:
                set_remove(must, slot)
            slot = set_pop(&rest)


cdef bint find_ways(const Searched *q, const int32_t *holder, int32_t k, int32_t state, const Set *done,
                    const Set *must, const Set *used, Set *ways, Set *lost_ways) noexcept nogil:
    """Which operations to try next: slots, and places among the crashed. Whether there are any."""
    cdef Set rest
    cdef int place
    set_minus(ways, &q.live[k], done)
    set_below(&rest, q.levels[k].crashed)
    set_minus(lost_ways, &rest, used)
    rest = lost_ways[0]
    place = set_pop(&rest)
    while place >= 0:
        if q.twin[place] >= 0 and not set_has(used, q.twin[place]):
            set_remove(lost_ways, place)
        place = set_pop(&rest)
    if q.absorbing and not keep_useful(q, holder, k, state, done, set_is_empty(must), ways, lost_ways):
        return False
    return not (set_is_empty(ways) and set_is_empty(lost_ways))


cdef bint keep_useful(const Searched *q, const int32_t *holder, int32_t k, int32_t state, const Set *done,
                      bint nothing_owed, Set *ways, Set *lost_ways) noexcept nogil:
    """Of the operations open on a register, those worth trying, as said above; False if the owed one can never be."""
    cdef const Op *op
    cdef const Op *owed = &q.ops[q.levels[k].owed]
    cdef Set rest
    cdef int slot, mark
    cdef uint64_t waited_for = 0, chosen_marks = 0
    cdef int chosen[64]
    cdef bint waits = owed.f == READ or (owed.f == CAS and owed.a != state), possible = not waits
    # What is waited for, by a mark of six bits of the value: now and then it lets something more through.
    set_minus(&rest, &q.pure[k], done)
    slot = set_pop(&rest)
    while slot >= 0:
        op = &q.ops[holder[slot]]
        waited_for |= <uint64_t>1 << (op.a & 63) if op.f == READ else ~<uint64_t>0
        slot = set_pop(&rest)
    rest = ways[0]
    slot = set_pop(&rest)
    while slot >= 0:
        op = &q.ops[holder[slot]]
        if op.f == CAS:
            waited_for |= <uint64_t>1 << (op.a & 63)
        slot = set_pop(&rest)
    rest = lost_ways[0]
    slot = set_pop(&rest)
    while slot >= 0:
        op = &q.ops[q.crashed[slot]]
        if op.f == CAS:
            waited_for |= <uint64_t>1 << (op.a & 63)
        slot = set_pop(&rest)
    rest = ways[0]
    slot = set_pop(&rest)
    while slot >= 0:
        op = &q.ops[holder[slot]]
        mark = op.a & 63
        if op.f == CAS:
            possible = possible or op.b == owed.a
            if op.a != state:
                set_remove(ways, slot)
        else:
            possible = possible or op.a == owed.a
            if (op.a == state and nothing_owed) or not (op == owed or waited_for >> mark & 1):
                set_remove(ways, slot)
            elif not chosen_marks >> mark & 1:
                chosen_marks |= <uint64_t>1 << mark
                chosen[mark] = slot
            elif q.ops[holder[chosen[mark]]].a == op.a:
                if q.ops[holder[chosen[mark]]].due < op.due:
                    set_remove(ways, slot)
                else:
                    set_remove(ways, chosen[mark])
                    chosen[mark] = slot
        slot = set_pop(&rest)
    rest = lost_ways[0]
    slot = set_pop(&rest)
    while slot >= 0:
        op = &q.ops[q.crashed[slot]]
        mark = op.a & 63
        if op.f == CAS:
            possible = possible or op.b == owed.a
            if op.a != state or op.b == state:
                set_remove(lost_ways, slot)
        else:
            possible = possible or op.a == owed.a
            if (op.a == state and nothing_owed) or not waited_for >> mark & 1 or (
                    chosen_marks >> mark & 1 and q.ops[holder[chosen[mark]]].a == op.a):
                set_remove(lost_ways, slot)
        slot = set_pop(&rest)
    return possible


# ---- where a search has been: a table in which a configuration is dominated by one with fewer crashed operations used

ctypedef struct Entry:
    uint64_t head       # (k + 1) << 32 | state
    Set done, must, used


ctypedef struct Memo:
    # An entry whose head is below `floor` is empty. clean: how many places hold nothing from an earlier problem.
    Buffer buffer
    uint64_t places, count, clean, floor


cdef inline uint64_t head_of(int32_t k, int32_t state) noexcept nogil:
    return (<uint64_t>(k + 1) << 32) | <uint64_t>state


cdef bint memo_open(Memo *memo, Spent *spent, uint64_t places, uint64_t floor) noexcept nogil:
    """Forget everything, beginning with so many places."""
    memo.places, memo.count, memo.floor = places, 0, floor
    return memo_clean(memo, spent, places)


cdef bint memo_clean(Memo *memo, Spent *spent, uint64_t places) noexcept nogil:
    if places > memo.clean:
        if not reserve(spent, &memo.buffer, places * sizeof(Entry)):
            return False
        memset(<Entry *>memo.buffer.at + memo.clean, 0, (places - memo.clean) * sizeof(Entry))
        memo.clean = places
    return True


cdef inline bint memo_holds(const Memo *memo, uint64_t head, const Set *done, const Set *must,
                            const Set *used) noexcept nogil:
    """Whether this configuration, or one that dominates it, is known. Compared exactly, not by hash."""
    cdef uint64_t at = spread(head, done, must) & (memo.places - 1)
    cdef const Entry *entry = <const Entry *>memo.buffer.at + at
    while entry.head >= memo.floor:
        if entry.head == head and set_equal(&entry.done, done) and set_equal(&entry.must, must) and set_subset(
                &entry.used, used):
            return True
        at = (at + 1) & (memo.places - 1)
        entry = <const Entry *>memo.buffer.at + at
    return False


cdef bint memo_add(Memo *memo, Spent *spent, const Entry *fresh) noexcept nogil:
    """Remember a configuration; whether there was memory."""
    cdef Entry *entries
    cdef uint64_t at
    if 2 * (memo.count + 1) > memo.places and not memo_grow(memo, spent):
        return False
    entries = <Entry *>memo.buffer.at
    at = spread(fresh.head, &fresh.done, &fresh.must) & (memo.places - 1)
    while entries[at].head >= memo.floor:
        at = (at + 1) & (memo.places - 1)
    entries[at] = fresh[0]
    memo.count += 1
    return True


cdef bint memo_grow(Memo *memo, Spent *spent) noexcept nogil:
    cdef uint64_t old, at, places = memo.places * 4
    cdef Entry *entries
    cdef Entry *before
    if spent.held + memo.places * sizeof(Entry) > spent.allowed:
        return False
    if not memo_clean(memo, spent, places):
        places = memo.places * 2
        if not memo_clean(memo, spent, places):
            return False
    before = <Entry *>malloc(memo.places * sizeof(Entry))
    if before == NULL:
        return False
    entries = <Entry *>memo.buffer.at
    memcpy(before, entries, memo.places * sizeof(Entry))
    for old in range(memo.places):
        entries[old].head = 0
    for old in range(memo.places):
        if before[old].head >= memo.floor:
            at = spread(before[old].head, &before[old].done, &before[old].must) & (places - 1)
            while entries[at].head >= memo.floor:
                at = (at + 1) & (places - 1)
            entries[at] = before[old]
    free(before)
    memo.places = places
    return True
