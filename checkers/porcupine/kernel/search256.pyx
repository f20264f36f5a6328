# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The search for up to 256 operations open at once, and as many crashed: sets of 4 words.

The same source as its siblings, compiled for one width, so that a set is a value and loops over words are unrolled.
"""

cdef extern from *:
    """
    #define WORDS 4
    """

include "sets.pxi"
include "search.pxi"
include "visited.pxi"
include "window.pxi"
include "register.pxi"
include "path.pxi"
include "dfs.pxi"
include "bfs.pxi"
include "local_refutation.pxi"
include "reconstruct_order.pxi"
include "portfolio.pxi"
include "driver.pxi"
