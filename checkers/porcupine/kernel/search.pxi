# Common parts of all engines: a problem, its budget, and the operations that are worth trying.
#
# A configuration is (k, state, done, must, used): the next return, the state, the slots of operations that are
# linearized, and the crashed operations that took effect. For a register see `register.pxi`. For a table `must` is empty,
# and all operations open are tried, but of those that are the same call only the one that returns first; that nothing
# else is lost is said in `search.py`. Let a and b be open, the same call, a the one that returns first. In an order that
# goes on with b, exchange the two, or put a in the place of b if it has none (of the first K returns, none of them a's).
# The states are the same. a may stand here, for it is open; b may stand where a stood, for a returns before b.
#
# Included by the searches, after `sets`.

from cpython.exc cimport PyErr_CheckSignals
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from splitbrain.checkers.porcupine.kernel.problem cimport (
    CAS, INVALID, NEVER, READ, REFUSED, STATES_KEPT, UNDECIDED, VALID, WRITE, Batch, Level, Op, Problem,
)
from splitbrain.checkers.porcupine.kernel.steps cimport (
    ILLEGAL, NO, UNASKED, UNLIKE, YES, Steps, Transitions, begins, known, step,
)
from splitbrain.checkers.porcupine.kernel.tuning cimport tuned

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
    WIDEST = 1024       # slots of the widest search


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
    # absorbing: whether it is a register, whose step is known built in.
    const Op *ops
    const Level *levels
    const int32_t *crashed
    const int32_t *twin
    int32_t n, m, width, lost, initial
    bint absorbing
    Steps *steps
    Spent *spent


cdef double seconds_now() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <double>now.tv_sec + <double>now.tv_nsec * 1e-9


cdef inline bint reserve(Spent *spent, Buffer *buffer, size_t bytes) noexcept nogil:
    """Make room, keeping what is there; whether there was memory."""
    return buffer.bytes >= bytes or enlarge(spent, buffer, bytes)


cdef bint enlarge(Spent *spent, Buffer *buffer, size_t bytes) noexcept nogil:
    cdef size_t wanted = max(bytes, 2 * buffer.bytes)
    cdef void *at
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


cdef inline bint over(Spent *spent, const Steps *steps) noexcept nogil:
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


cdef void note_state(int32_t state, int32_t *seen, int32_t *states) noexcept nogil:
    cdef int32_t number
    for number in range(states[0]):
        if seen[number] == state:
            return
    if states[0] < STATES_KEPT:
        seen[states[0]] = state
        states[0] += 1


cdef bint find_ways(const Searched *q, const Window *w, int32_t state, const Set *done, const Set *must,
                    const Set *used, Set *ways, Set *lost_ways) noexcept nogil:
    """Find the operations to try next: slots, and places among the crashed. Whether there are any."""
    cdef Set rest
    cdef int place
    set_minus(ways, &w.live, done)
    set_below(&rest, q.levels[w.k].crashed)
    set_minus(lost_ways, &rest, used)
    rest = lost_ways[0]
    place = set_pop(&rest)
    while place >= 0:
        if q.twin[place] >= 0 and not set_has(used, q.twin[place]):
            set_remove(lost_ways, place)
        place = set_pop(&rest)
    if not q.absorbing:
        keep_first(q, w, ways)
    elif not keep_useful(q, w, state, done, set_is_empty(must), ways, lost_ways):
        return False
    return not (set_is_empty(ways) and set_is_empty(lost_ways))


cdef void keep_first(const Searched *q, const Window *w, Set *ways) noexcept nogil:
    """Keep, of open operations that are the same call, the one that returns first. Classes that share their last six
    bits are told apart: what is tried must not depend on the numbers of classes, which the histories before gave."""
    cdef Set rest = ways[0]
    cdef uint64_t marks = 0
    cdef int newest[64]
    cdef int before[WIDEST]
    cdef int chosen[WIDEST]
    cdef int slot = set_pop(&rest), mark, first
    while slot >= 0:
        mark = w.asks[slot] & 63
        before[slot] = newest[mark] if marks >> mark & 1 else -1
        first = before[slot]
        while first >= 0 and w.asks[first] != w.asks[slot]:
            first = before[first]
        if first < 0:
            marks |= <uint64_t>1 << mark
            newest[mark] = chosen[slot] = slot
        elif q.ops[w.holder[slot]].due < q.ops[w.holder[chosen[first]]].due:
            set_remove(ways, chosen[first])
            chosen[first] = slot
        else:
            set_remove(ways, slot)
        slot = set_pop(&rest)
