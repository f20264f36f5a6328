# Sets of slots, as wide as WORDS words of 64 bits; and how a table of configurations spreads them.
#
# Included by search64, search256 and search1024, first. Needs WORDS, the number of words of a set.

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    static __inline int lowest_bit(uint64_t x) { unsigned long i; _BitScanForward64(&i, x); return (int)i; }
    static __inline int count_bits(uint64_t x) { return (int)__popcnt64(x); }
    #else
    #define lowest_bit(x) __builtin_ctzll(x)
    #define count_bits(x) __builtin_popcountll(x)
    #endif

    #if defined(__SSE2__)
    #include <emmintrin.h>
    #endif

    typedef struct { uint64_t w[WORDS]; } Set;

    static CYTHON_INLINE int set_has(const Set *s, int i) { return (int)(s->w[i >> 6] >> (i & 63)) & 1; }
    static CYTHON_INLINE void set_add(Set *s, int i) { s->w[i >> 6] |= (uint64_t)1 << (i & 63); }
    static CYTHON_INLINE void set_remove(Set *s, int i) { s->w[i >> 6] &= ~((uint64_t)1 << (i & 63)); }
    /* In or out, without a branch. */
    static CYTHON_INLINE void set_put(Set *s, int i, int in) {
        s->w[i >> 6] = (s->w[i >> 6] & ~((uint64_t)1 << (i & 63))) | (uint64_t)(in != 0) << (i & 63);
    }
    static CYTHON_INLINE void set_clear(Set *s) { for (int j = 0; j < WORDS; j++) s->w[j] = 0; }
    static CYTHON_INLINE int set_is_empty(const Set *s) {
        uint64_t any = 0;
        for (int j = 0; j < WORDS; j++) any |= s->w[j];
        return any == 0;
    }
    static CYTHON_INLINE int set_equal(const Set *a, const Set *b) {
        uint64_t differ = 0;
        for (int j = 0; j < WORDS; j++) differ |= a->w[j] ^ b->w[j];
        return differ == 0;
    }
    static CYTHON_INLINE int set_subset(const Set *a, const Set *b) {
        uint64_t beyond = 0;
        for (int j = 0; j < WORDS; j++) beyond |= a->w[j] & ~b->w[j];
        return beyond == 0;
    }
    static CYTHON_INLINE void set_minus(Set *out, const Set *a, const Set *b) {
        for (int j = 0; j < WORDS; j++) out->w[j] = a->w[j] & ~b->w[j];
    }
    static CYTHON_INLINE void set_join(Set *out, const Set *a) { for (int j = 0; j < WORDS; j++) out->w[j] |= a->w[j]; }
    static CYTHON_INLINE void set_meet(Set *out, const Set *a) { for (int j = 0; j < WORDS; j++) out->w[j] &= a->w[j]; }
    static CYTHON_INLINE void set_differ(Set *out, const Set *a) { for (int j = 0; j < WORDS; j++) out->w[j] ^= a->w[j]; }
    /* The places below n that hold a value; reads up to the next multiple of four. */
    static CYTHON_INLINE void set_where(Set *out, const int32_t *values, int n, int32_t value) {
        int i = 0;
        set_clear(out);
    #if defined(__SSE2__)
        const __m128i wanted = _mm_set1_epi32(value);
        for (; i < n; i += 4) {
            const __m128i four = _mm_loadu_si128((const __m128i *)(values + i));
            out->w[i >> 6] |= (uint64_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(four, wanted))) << (i & 63);
        }
    #else
        for (; i < n; i++) out->w[i >> 6] |= (uint64_t)(values[i] == value) << (i & 63);
    #endif
    }
    /* All below n. */
    static CYTHON_INLINE void set_below(Set *s, int n) {
        for (int j = 0; j < WORDS; j++)
            s->w[j] = n >= 64 * (j + 1) ? ~(uint64_t)0 : n <= 64 * j ? 0 : ((uint64_t)1 << (n - 64 * j)) - 1;
    }
    static CYTHON_INLINE int set_count(const Set *s) {
        int n = 0;
        for (int j = 0; j < WORDS; j++) n += count_bits(s->w[j]);
        return n;
    }
    /* The lowest element, which is taken out; -1 if there is none. */
    static CYTHON_INLINE int set_pop(Set *s) {
        for (int j = 0; j < WORDS; j++)
            if (s->w[j]) { int i = lowest_bit(s->w[j]); s->w[j] &= s->w[j] - 1; return 64 * j + i; }
        return -1;
    }
    static CYTHON_INLINE uint64_t spread(uint64_t head, const Set *done, const Set *must) {
        uint64_t h = head * 0x9E3779B97F4A7C15ull;
        h ^= h >> 32;
        for (int j = 0; j < WORDS; j++) {
            h = (h + done->w[j]) * 0xFF51AFD7ED558CCDull;
            h ^= h >> 29;
            h = (h + must->w[j]) * 0xC4CEB9FE1A85EC53ull;
            h ^= h >> 31;
        }
        return h;
    }
    """
    enum:
        WORDS
    ctypedef struct Set:
        uint64_t w[1]
    bint set_has(const Set *s, int i) noexcept nogil
    void set_add(Set *s, int i) noexcept nogil
    void set_remove(Set *s, int i) noexcept nogil
    void set_put(Set *s, int i, bint inside) noexcept nogil
    void set_clear(Set *s) noexcept nogil
    bint set_is_empty(const Set *s) noexcept nogil
    bint set_equal(const Set *a, const Set *b) noexcept nogil
    bint set_subset(const Set *a, const Set *b) noexcept nogil
    void set_minus(Set *out, const Set *a, const Set *b) noexcept nogil
    void set_join(Set *out, const Set *a) noexcept nogil
    void set_meet(Set *out, const Set *a) noexcept nogil
    void set_differ(Set *out, const Set *a) noexcept nogil
    void set_where(Set *out, const int32_t *values, int n, int32_t value) noexcept nogil
    void set_below(Set *s, int n) noexcept nogil
    int set_count(const Set *s) noexcept nogil
    int set_pop(Set *s) noexcept nogil
    uint64_t spread(uint64_t head, const Set *done, const Set *must) noexcept nogil
