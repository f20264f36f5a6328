# Where has a search been? A table of configurations, compared exactly, in which one is dominated by another that differs
# only in that fewer crashed operations took effect: whatever completes the one completes the other.


ctypedef struct Entry:
    uint64_t head       # (k + 1) << 32 | state
    Set done, must, used


ctypedef struct Memo:
    # An entry whose head is below `floor` is empty. clean: how many places hold nothing from an earlier problem.
    # last: the latest return that an entry owes, as a head; a search that goes straight on is behind it.
    Buffer buffer
    uint64_t places, count, clean, floor, last


cdef inline uint64_t head_of(int32_t k, int32_t state) noexcept nogil:
    return (<uint64_t>(k + 1) << 32) | <uint64_t>state


cdef bint memo_open(Memo *memo, Spent *spent, uint64_t places, uint64_t floor) noexcept nogil:
    """Forget everything, beginning with so many places."""
    memo.places, memo.count, memo.floor, memo.last = places, 0, floor, 0
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
    cdef uint64_t at
    cdef const Entry *entry
    if head > memo.last:
        return False
    at = spread(head, done, must) & (memo.places - 1)
    entry = <const Entry *>memo.buffer.at + at
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
    if fresh.head > memo.last:
        memo.last = fresh.head | <uint64_t>0xffffffff
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
