# Pieces: the different texts that were put or appended to a key, found by hash and compared exactly.
#
# Included by kv_append_monitor. Needs its `_Columns`.

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    bint PyUnicode_CheckExact(object value)

cdef enum:
    GET = 0
    PUT = 1
    APPEND = 2

cdef enum:
    NOBODY = -1
    NEVER = 0x7fffffff
    LENGTHS_MAX = 32
    REPEATS_MAX = 64
    TEXT_MAX = 0x3fffffff

cdef enum:
    UNDECIDED = 0
    OUTSIDE = 1         # does not qualify
    REFUTED = 2

ctypedef struct Done:
    # An operation. text: what was put, appended or got. chain, place: where it stands, or NOBODY if nobody saw it.
    # next: of a get, another of the same state, invoked later; of an append, another of the same text, likewise.
    const char *text
    int32_t length, part, invoked, returned, chain, place, next
    int8_t f

ctypedef struct Piece:
    # A text: by which put, or NOBODY; by how many appends, of which the first and the last one invoked.
    const char *text
    uint64_t hash
    int32_t length, part, put, appends, first, last

ctypedef struct Link:
    # The put of a chain, or NOBODY, or an append; unknown(piece) while it is not known which. end: how long the text is
    # then. gets: the first that saw that. before: it was invoked before this, for something later had returned.
    int32_t done, end, gets, before

ctypedef struct Chain:
    # Known by the number of its put, or behind all these by that of its key. longest: the get that saw most, or NOBODY.
    # early, late: the operations that returned first and were invoked last. repeats: whether another append has the text
    # of one of its own.
    int32_t part, longest, begin, count, first, last, early, late
    bint repeats

ctypedef struct Part:
    # first_put: the put that returned first, or NOBODY. holder: the forward chain put down last.
    int32_t key, size, observations, first_put, holder
    int8_t fate

ctypedef struct Texts:
    Done *done
    Piece *pieces
    Link *links
    Chain *chains
    Part *parts
    int32_t *slots          # pieces by hash
    int32_t *number_of      # parts by value id of the key
    int32_t *at             # chains by position, for the sweep
    int32_t lengths[LENGTHS_MAX]
    int kinds               # how many different lengths pieces have
    uint32_t mask
    int32_t kept, count, piece_count, linked


cdef inline uint64_t begun(int32_t part) noexcept nogil:
    return <uint64_t>0xCBF29CE484222325 ^ (<uint64_t>part * <uint64_t>0x9E3779B97F4A7C15)


cdef inline uint64_t grown(uint64_t hash, char byte) noexcept nogil:
    return (hash ^ <unsigned char>byte) * <uint64_t>0x100000001B3


cdef inline uint32_t spread(uint64_t hash) noexcept nogil:
    return <uint32_t>(hash ^ (hash >> 32))


cdef inline int32_t found_at(const Texts *t, uint64_t hash, int32_t part, const char *text, int32_t length,
                             uint32_t *slot) noexcept nogil:
    """The piece that is this text, or NOBODY; `slot` is where it is, or would be."""
    cdef const Piece *piece
    slot[0] = spread(hash) & t.mask
    while t.slots[slot[0]] >= 0:
        piece = &t.pieces[t.slots[slot[0]]]
        if piece.hash == hash and piece.part == part and piece.length == length and (
                memcmp(piece.text, text, length) == 0):
            return t.slots[slot[0]]
        slot[0] = (slot[0] + 1) & t.mask
    return NOBODY


cdef int32_t piece_at(const Texts *t, int32_t part, const char *text, int32_t left) noexcept nogil:
    """The shortest piece that a text begins with, or NOBODY; of a key that qualifies it is the only one."""
    cdef uint64_t hash = begun(part)
    cdef int32_t at = 0, found
    cdef uint32_t slot
    cdef int kind
    for kind in range(t.kinds):
        if t.lengths[kind] > left:
            break
        while at < t.lengths[kind]:
            hash = grown(hash, text[at])
            at += 1
        found = found_at(t, hash, part, text, at, &slot)
        if found != NOBODY:
            return found
    return NOBODY


cdef void gather(Texts *t) noexcept nogil:
    """Find all pieces, and which keys do not qualify."""
    cdef int32_t number
    cdef Done *one
    for number in range(t.kept):
        one = &t.done[number]
        if one.f != GET and t.parts[one.part].fate == UNDECIDED and not (
                knows_length(t, one.length) and enter(t, number)):
            t.parts[one.part].fate = OUTSIDE
    for number in range(t.piece_count):
        if piece_at(t, t.pieces[number].part, t.pieces[number].text, t.pieces[number].length) != number:
            t.parts[t.pieces[number].part].fate = OUTSIDE  # another is its beginning


cdef bint knows_length(Texts *t, int32_t length) noexcept nogil:
    """Whether there is room for it among the lengths, which ascend."""
    cdef int place = t.kinds, other
    while place > 0 and t.lengths[place - 1] >= length:
        place -= 1
    if place < t.kinds and t.lengths[place] == length:
        return True
    if t.kinds == LENGTHS_MAX:
        return False
    for other in range(t.kinds, place, -1):
        t.lengths[other] = t.lengths[other - 1]
    t.lengths[place] = length
    t.kinds += 1
    return True


cdef bint enter(Texts *t, int32_t number) noexcept nogil:
    """Give a put or append to its piece, perhaps a new one; False for a second put of the same."""
    cdef Done *one = &t.done[number]
    cdef Piece *piece
    cdef uint64_t hash = begun(one.part)
    cdef int32_t at, found
    cdef uint32_t slot
    for at in range(one.length):
        hash = grown(hash, one.text[at])
    found = found_at(t, hash, one.part, one.text, one.length, &slot)
    if found == NOBODY:
        found = t.slots[slot] = t.piece_count
        t.piece_count += 1
        piece = &t.pieces[found]
        piece.text, piece.length, piece.part, piece.hash = one.text, one.length, one.part, hash
        piece.put = piece.first = piece.last = NOBODY
        piece.appends = 0
    piece = &t.pieces[found]
    if one.f == PUT:
        if piece.put != NOBODY:
            return False
        piece.put = number
        return True
    if piece.last == NOBODY:
        piece.first = number
    else:
        t.done[piece.last].next = number
    piece.last = number
    piece.appends += 1
    return True
