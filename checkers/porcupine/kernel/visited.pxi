# Table of the configurations that a search has visited, compared exactly, in which one is dominated by another that differs
# only in that fewer crashed operations took effect: whatever completes the one completes the other.
#
# Included by the searches, after `search`.


ctypedef struct VisitedEntry:
    uint64_t head       # (k + 1) << 32 | state
    Set done, must, used


ctypedef struct Visited:
    # An entry whose head is below `floor` is empty. clean: how many places hold nothing from an earlier problem.
    # last: the latest return that an entry owes, as a head; a search that goes straight on is behind it.
    Buffer buffer
    uint64_t places, count, clean, floor, last


cdef inline uint64_t head_of(int32_t k, int32_t state) noexcept nogil:
    return (<uint64_t>(k + 1) << 32) | <uint64_t>state


cdef bint visited_open(Visited *visited, Spent *spent, uint64_t places, uint64_t floor) noexcept nogil:
    """Forget everything, beginning with so many places."""
    visited.places, visited.count, visited.floor, visited.last = places, 0, floor, 0
    return visited_clean(visited, spent, places)


cdef bint visited_clean(Visited *visited, Spent *spent, uint64_t places) noexcept nogil:
    if places > visited.clean:
        if not reserve(spent, &visited.buffer, places * sizeof(VisitedEntry)):
            return False
        memset(<VisitedEntry *>visited.buffer.at + visited.clean, 0, (places - visited.clean) * sizeof(VisitedEntry))
        visited.clean = places
    return True


cdef inline bint visited_holds(const Visited *visited, uint64_t head, const Set *done, const Set *must,
                            const Set *used) noexcept nogil:
    """Whether this configuration, or one that dominates it, is known. Compared exactly, not by hash."""
    cdef uint64_t at
    cdef const VisitedEntry *entry
    if head > visited.last:
        return False
    at = spread(head, done, must) & (visited.places - 1)
    entry = <const VisitedEntry *>visited.buffer.at + at
    while entry.head >= visited.floor:
        if entry.head == head and set_equal(&entry.done, done) and set_equal(&entry.must, must) and set_subset(
                &entry.used, used):
            return True
        at = (at + 1) & (visited.places - 1)
        entry = <const VisitedEntry *>visited.buffer.at + at
    return False


cdef bint visited_add(Visited *visited, Spent *spent, const VisitedEntry *fresh) noexcept nogil:
    """Remember a configuration; whether there was memory."""
    cdef VisitedEntry *entries
    cdef uint64_t at
    if 2 * (visited.count + 1) > visited.places and not visited_grow(visited, spent):
        return False
    entries = <VisitedEntry *>visited.buffer.at
    at = spread(fresh.head, &fresh.done, &fresh.must) & (visited.places - 1)
    while entries[at].head >= visited.floor:
        at = (at + 1) & (visited.places - 1)
    entries[at] = fresh[0]
    visited.count += 1
    if fresh.head > visited.last:
        visited.last = fresh.head | <uint64_t>0xffffffff
    return True


cdef bint visited_grow(Visited *visited, Spent *spent) noexcept nogil:
    cdef uint64_t old, at, places = visited.places * 4
    cdef VisitedEntry *entries
    cdef VisitedEntry *before
    if spent.held + visited.places * sizeof(VisitedEntry) > spent.allowed:
        return False
    if not visited_clean(visited, spent, places):
        places = visited.places * 2
        if not visited_clean(visited, spent, places):
            return False
    before = <VisitedEntry *>malloc(visited.places * sizeof(VisitedEntry))
    if before == NULL:
        return False
    entries = <VisitedEntry *>visited.buffer.at
    memcpy(before, entries, visited.places * sizeof(VisitedEntry))
    for old in range(visited.places):
        entries[old].head = 0
    for old in range(visited.places):
        if before[old].head >= visited.floor:
            at = spread(before[old].head, &before[old].done, &before[old].must) & (places - 1)
            while entries[at].head >= visited.floor:
                at = (at + 1) & (places - 1)
            entries[at] = before[old]
    free(before)
    visited.places = places
    return True
