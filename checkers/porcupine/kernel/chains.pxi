# Chains: what each get saw, which operations made it, and between which moments they stand together.
#
# Included by kv_append_monitor, after `pieces`.

cdef class Found:
    """The refutation of each key: positions of invocations, or None."""

    cdef list cores

    def __init__(self, int32_t count):
        self.cores = [None] * count


cdef inline bint is_open(const Texts *t, int32_t part) noexcept nogil:
    return t.parts[part].fate == UNDECIDED


cdef int refute(Texts *t, Found found, int32_t part, set core) except -1:
    if is_open(t, part):
        t.parts[part].fate = REFUTED
        found.cores[part] = tuple(sorted(core))
    return 0


cdef int begin_chains(Texts *t, Found found) except -1:
    """Give each get to its chain."""
    cdef int32_t number, head
    cdef Done *one
    cdef Chain *chain
    for number in range(t.kept + t.count):
        chain = &t.chains[number]
        chain.longest = chain.early = chain.late = NOBODY
        chain.count, chain.repeats = 0, False
        if number >= t.kept:
            chain.part, chain.first, chain.last = number - t.kept, -1, -2
            t.parts[chain.part].holder = number
        elif t.done[number].f != GET:
            chain.part, chain.first, chain.last = t.done[number].part, t.done[number].returned, t.done[number].invoked
            chain.early = chain.late = number
    for number in range(t.kept):
        one = &t.done[number]
        if one.f != GET or not is_open(t, one.part):
            continue
        one.chain = t.kept + one.part
        if one.length:
            head = piece_at(t, one.part, one.text, one.length)
            if head == NOBODY:
                refute(t, found, one.part, {one.invoked})
                continue
            if t.pieces[head].put != NOBODY and not put_by_nobody(t, one, &t.pieces[head]):
                one.chain = t.pieces[head].put
        chain = &t.chains[one.chain]
        if chain.longest == NOBODY or t.done[chain.longest].length < one.length:
            chain.longest = number
    return 0


cdef bint put_by_nobody(Texts *t, const Done *get, const Piece *head) noexcept nogil:
    """Whether what a get begins with, which was both put and appended, was appended before any put. It was put if some
    put had returned before the get began; if neither is certain, the key does not qualify."""
    cdef int32_t first = t.parts[get.part].first_put
    if not head.appends:
        return False
    if t.done[first].returned < get.invoked:
        return False
    if t.done[head.put].invoked > get.returned:
        return True
    t.parts[get.part].fate = OUTSIDE
    return False


cdef int link(Texts *t, Found found, int32_t number) except -1:
    """Take the longest get of a chain apart."""
    cdef Chain *chain = &t.chains[number]
    cdef const Done *longest = &t.done[chain.longest]
    cdef Piece *piece
    cdef Done *one
    cdef int32_t offset = 0, at
    chain.begin = t.linked
    if number < t.kept:
        offset = t.done[number].length
        t.done[number].chain, t.done[number].place = number, 0
    add_link(t, chain, number if number < t.kept else NOBODY, offset)
    while offset < longest.length:
        at = piece_at(t, chain.part, longest.text + offset, longest.length - offset)
        if at == NOBODY or not t.pieces[at].appends:
            return refute(t, found, chain.part, seen_by(t, chain.longest))
        piece = &t.pieces[at]
        offset += piece.length
        if piece.appends > 1:
            chain.repeats = True
            if piece.appends > REPEATS_MAX or t.linked >= 2 * t.kept + t.count:
                t.parts[chain.part].fate = OUTSIDE
                return 0
            add_link(t, chain, unknown(at), offset)
            continue
        one = &t.done[piece.first]
        if one.chain != NOBODY:
            return refute(t, found, chain.part, seen_by(t, chain.longest) | seen_by(t, t.chains[one.chain].longest))
        one.chain, one.place = number, chain.count
        add_link(t, chain, piece.first, offset)
    return 0


cdef inline int32_t unknown(int32_t piece) noexcept nogil:
    """The number that stands for an append of a piece; and back."""
    return -2 - piece


cdef inline void add_link(Texts *t, Chain *chain, int32_t done, int32_t end) noexcept nogil:
    cdef Link *link = &t.links[t.linked]
    link.done, link.end, link.gets, link.before = done, end, NOBODY, NEVER
    chain.count += 1
    t.linked += 1


cdef int hang(Texts *t, Found found, int32_t number) except -1:
    """Put a get where it belongs in its chain."""
    cdef Done *one = &t.done[number]
    cdef const Chain *chain = &t.chains[one.chain]
    cdef Link *links = t.links + chain.begin
    cdef int32_t low = 0, high = chain.count, middle
    if memcmp(one.text, t.done[chain.longest].text, one.length) != 0:
        return refute(t, found, one.part, seen_by(t, number) | seen_by(t, chain.longest))
    while low < high:
        middle = (low + high) // 2
        if links[middle].end < one.length:
            low = middle + 1
        else:
            high = middle
    if links[low].end != one.length:
        return refute(t, found, one.part, seen_by(t, number))
    one.place, one.next = low, links[low].gets
    links[low].gets = number
    return 0


cdef void tell_apart(Texts *t, int32_t number) noexcept nogil:
    """Tell which of several appends of one text stands where in a chain; if that is not certain, the key does not qualify.

    One that stands at a place was invoked before anything returned that is known to come later in the chain, and did
    not return before anything was invoked that is known to come earlier; and it is none that stands elsewhere for certain.
    """
    cdef Chain *chain = &t.chains[number]
    cdef Link *links = t.links + chain.begin
    cdef int32_t place, done, chosen, latest = -1
    note_returns(t, chain)
    for place in range(chain.count):
        if links[place].done < NOBODY:
            chosen = NOBODY
            done = t.pieces[unknown(links[place].done)].first
            while done != NOBODY and t.done[done].invoked < links[place].before:
                if t.done[done].returned > latest and t.done[done].chain == NOBODY:
                    if chosen != NOBODY:
                        t.parts[chain.part].fate = OUTSIDE
                        return
                    chosen = done
                done = t.done[done].next
            if chosen == NOBODY:
                t.parts[chain.part].fate = OUTSIDE
                return
            links[place].done, t.done[chosen].chain, t.done[chosen].place = chosen, number, place
        done = links[place].done
        if done != NOBODY:
            latest = max(latest, t.done[done].invoked)
        done = links[place].gets
        while done != NOBODY:
            latest = max(latest, t.done[done].invoked)
            done = t.done[done].next


cdef void note_returns(Texts *t, Chain *chain) noexcept nogil:
    """The first return, for each place of a chain, of something that is known to come later."""
    cdef Link *links = t.links + chain.begin
    cdef int32_t place, done, first = NEVER
    for place in range(chain.count - 1, -1, -1):
        done = links[place].gets
        while done != NOBODY:
            first = min(first, t.done[done].returned)
            done = t.done[done].next
        links[place].before = first
        if links[place].done >= 0:
            first = min(first, t.done[links[place].done].returned)


cdef int bound(Texts *t, Found found, int32_t number) except -1:
    """Whether a chain has an order; and its zone."""
    cdef Chain *chain = &t.chains[number]
    cdef const Link *links = t.links + chain.begin
    cdef int32_t place, done, late = NOBODY, latest = -2
    for place in range(chain.count):
        done = links[place].done
        if done != NOBODY:
            if t.done[done].returned < latest:
                return refute(t, found, chain.part, shown_by(t, chain, done, late))
            if t.done[done].returned < chain.first:
                chain.first, chain.early = t.done[done].returned, done
            if t.done[done].invoked > latest:
                latest, late = t.done[done].invoked, done
        done = links[place].gets
        while done != NOBODY:
            if t.done[done].returned < latest:
                return refute(t, found, chain.part, shown_by(t, chain, done, late))
            if t.done[done].returned < chain.first:
                chain.first, chain.early = t.done[done].returned, done
            done = t.done[done].next
        done = links[place].gets
        while done != NOBODY:
            if t.done[done].invoked > latest:
                latest, late = t.done[done].invoked, done
            done = t.done[done].next
    chain.last, chain.late = latest, late
    return 0


# ---- what refutes: operations, with all that made what they saw

cdef set seen_by(const Texts *t, int32_t number):
    """A get and all that may have made what it saw."""
    cdef const Done *one = &t.done[number]
    cdef const Piece *piece
    cdef int32_t offset = 0, at
    cdef set out = {one.invoked}
    while offset < one.length:
        at = piece_at(t, one.part, one.text + offset, one.length - offset)
        if at == NOBODY:
            break
        piece = &t.pieces[at]
        add_piece(t, piece, out)
        if not offset and piece.put != NOBODY and piece.appends:
            out.add(t.done[t.parts[one.part].first_put].invoked)
        offset += piece.length
    return out


cdef int add_piece(const Texts *t, const Piece *piece, set out) except -1:
    cdef int32_t done = piece.first
    if piece.put != NOBODY:
        out.add(t.done[piece.put].invoked)
    while done != NOBODY:
        out.add(t.done[done].invoked)
        done = t.done[done].next
    return 0


cdef set shown_by(const Texts *t, const Chain *chain, int32_t one, int32_t other):
    """Two operations of a chain, with a get that saw them, and all that may have made what they saw. Where it had to be
    told apart which append stands where, the whole chain."""
    cdef int32_t place = t.done[one].place, done
    cdef set out = {t.done[one].invoked}
    if other != NOBODY:
        out.add(t.done[other].invoked)
        place = max(place, t.done[other].place)
    if not chain.repeats:
        while t.links[chain.begin + place].gets == NOBODY:
            place += 1
        return out | seen_by(t, t.links[chain.begin + place].gets)
    out |= seen_by(t, chain.longest)
    for place in range(chain.begin, chain.begin + chain.count):
        done = t.links[place].gets
        while done != NOBODY:
            out.add(t.done[done].invoked)
            done = t.done[done].next
    return out


cdef set ends(const Texts *t, int32_t number):
    """The operations that show the zone of a chain, or one that nobody saw."""
    cdef const Chain *chain = &t.chains[number]
    if chain.longest == NOBODY:
        return {t.done[number].invoked}
    if chain.early == NOBODY:
        return shown_by(t, chain, chain.late, NOBODY)
    return shown_by(t, chain, chain.early, chain.late)
