# cython: language_level=3, boundscheck=False, wraparound=False
"""Compiled twin of the clocks of `sessions`: what comes before each operation of a topological order, by chains."""

from cpython cimport array
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy

import array

cdef array.array INTS = array.array("i", [])


def clocks(const int32_t[:] order, const int32_t[:] chain, const int32_t[:] position, int width,
           const int32_t[:] starts, const int32_t[:] needs):
    """The clock of each operation, as rows of one matrix; of an operation that is not in the order it means nothing.

    order: topological, each chain in its own order. starts, needs: of each operation of the order, those of other
    chains that come before it.
    """
    cdef array.array out = array.clone(INTS, <int64_t> len(chain) * width, zero=False)
    cdef array.array begun = array.array("i", [-1]) * width
    cdef int32_t *rows = <int32_t *> out.data.as_ints
    cdef int32_t *last = <int32_t *> begun.data.as_ints
    cdef int32_t *row
    cdef int32_t *other
    cdef int64_t i, j, k, of_chain, count = len(order)
    cdef int32_t op, earlier
    for i in range(count):
        op = order[i]
        of_chain = chain[op]
        row = rows + <int64_t> op * width
        if last[of_chain] >= 0:
            memcpy(row, rows + <int64_t> last[of_chain] * width, width * sizeof(int32_t))
        else:
            for k in range(width):
                row[k] = -1
        for j in range(starts[i], starts[i + 1]):
            earlier = needs[j]
            if row[chain[earlier]] < position[earlier]:
                other = rows + <int64_t> earlier * width
                for k in range(width):
                    if other[k] > row[k]:
                        row[k] = other[k]
        row[of_chain] = position[op]
        last[of_chain] = op
    matrix = memoryview(out)
    return [matrix[i * width : (i + 1) * width] for i in range(len(chain))]
