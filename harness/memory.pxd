"""Large pages and looks ahead for large memory, shared by compiled parts."""

cdef extern from *:
    """
    #include <stddef.h>
    #include <stdint.h>
    #ifdef __linux__
    #include <sys/mman.h>
    #endif
    /* Ask for large pages below a block that nobody touched yet: then its first use costs one fault for 2 MiB, not 512.
       A refusal means nothing. */
    static void ask_large_pages(void *block, size_t size) {
    #ifdef MADV_HUGEPAGE
        uintptr_t low = ((uintptr_t)block + 4095) & ~(uintptr_t)4095, high = ((uintptr_t)block + size) & ~(uintptr_t)4095;
        if (block != NULL && size >= ((size_t)1 << 22)) (void)madvise((void *)low, high - low, MADV_HUGEPAGE);
    #else
        (void)block, (void)size;
    #endif
    }
    #if defined(__GNUC__) || defined(__clang__)
    #define fetch_ahead(place) __builtin_prefetch(place)
    #else
    #define fetch_ahead(place) ((void)(place))
    #endif
    """
    void ask_large_pages(void *block, size_t size) noexcept nogil
    void fetch_ahead(const void *place) noexcept nogil
