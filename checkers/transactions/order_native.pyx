# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of the barriers in `order_edges`, in two passes over the events."""

from libc.stdint cimport int32_t, int64_t

import numpy as np


def barriers(
    const int64_t[::1] txns, const int64_t[::1] start, const int64_t[::1] end, Py_ssize_t positions, int32_t first
):
    """(source, target) of the edges, and the position of each barrier. end: past all positions of what never ended.
    first: the number of the first barrier, those that follow have the next ones."""
    made = np.zeros(positions + 1, dtype=np.int32)
    cdef int32_t[::1] event = made  # the number of a row + 1 where it begins, the negative of that where it ends
    cdef Py_ssize_t row, at
    cdef int64_t edges = 0, count = 0, ends = 0, behind = 0, chain
    cdef bint begun = True
    for row in range(len(txns)):
        event[start[row]] = <int32_t> row + 1
        if end[row] < positions:
            event[end[row]] = -<int32_t> row - 1
    for at in range(positions):
        if event[at] > 0:
            if not begun:
                count += 1
                edges += ends
                ends = 0
            begun = True
            behind += count > 0
        elif event[at] < 0:
            begun = False
            ends += 1
    found_source = np.empty(edges + max(count - 1, 0) + behind, dtype=np.int32)
    found_target, found_times = np.empty(len(found_source), dtype=np.int32), np.empty(count, dtype=np.int64)
    if not len(found_source):
        return found_source, found_target, found_times
    cdef int32_t[::1] source = found_source
    cdef int32_t[::1] target = found_target
    cdef int64_t[::1] times = found_times
    cdef int64_t number = 0
    chain, behind = edges, edges + count - 1
    edges, begun = 0, True
    for at in range(positions):
        if event[at] > 0:
            if not begun:
                if number:
                    source[chain], target[chain] = <int32_t> (first + number - 1), <int32_t> (first + number)
                    chain += 1
                times[number] = at
                number += 1
            begun = True
            if number:
                source[behind], target[behind] = <int32_t> (first + number - 1), <int32_t> txns[event[at] - 1]
                behind += 1
        elif event[at] < 0:
            begun = False
            if number < count:
                source[edges], target[edges] = <int32_t> txns[-event[at] - 1], <int32_t> (first + number)
                edges += 1
    return found_source, found_target, found_times
