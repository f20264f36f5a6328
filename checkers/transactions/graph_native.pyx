# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compiled twin of what `graph` asks of scipy and of a heap: strongly connected components and topological orders."""

from cpython cimport array
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

import array

from splitbrain.harness.memory cimport ask_large_pages

cdef array.array INTS = array.array("i", [])


cdef class Followers:
    """The targets of each node, one after the other: `flat[starts[node]:starts[node + 1]]`."""

    cdef readonly array.array starts, flat
    cdef int32_t nodes
    cdef int32_t *start
    cdef int32_t *target

    def __init__(self, nodes, const int32_t[::1] source, const int32_t[::1] target):
        cdef int32_t count = nodes, node, place
        cdef Py_ssize_t edges = len(source), at
        self.nodes = nodes
        self.starts, self.flat = array.clone(INTS, count + 2, True), array.clone(INTS, edges, False)
        self.start, self.target = <int32_t *> self.starts.data.as_ints, <int32_t *> self.flat.data.as_ints
        ask_large_pages(self.target, edges * sizeof(int32_t))
        with nogil:
            for at in range(edges):
                self.start[source[at] + 2] += 1
            for node in range(2, count + 2):
                self.start[node] += self.start[node - 1]
            for at in range(edges):
                place = self.start[source[at] + 1]
                self.start[source[at] + 1] = place + 1
                self.target[place] = target[at]
        array.resize(self.starts, count + 1)
        self.start = <int32_t *> self.starts.data.as_ints


def grouped(count, numbers, places):
    """The order of these places by their numbers, which are below a count."""
    return Followers(count, numbers, places).flat


def components(nodes, source, target):
    """(the number of strongly connected components, that of each node); edges between components go to lower numbers."""
    cdef Followers after = Followers(nodes, source, target)
    cdef array.array labels = array.clone(INTS, after.nodes, False)
    cdef int32_t *block = <int32_t *> malloc((4 * <size_t> after.nodes + 1) * sizeof(int32_t))
    if block == NULL:
        raise MemoryError
    ask_large_pages(block, 4 * <size_t> after.nodes * sizeof(int32_t))
    ask_large_pages(labels.data.as_voidptr, after.nodes * sizeof(int32_t))
    cdef int32_t found
    with nogil:
        found = _tarjan(after.nodes, after.start, after.target, <int32_t *> labels.data.as_ints, block)
    free(block)
    return found, labels


cdef int32_t _tarjan(int32_t nodes, const int32_t *start, const int32_t *target, int32_t *label, int32_t *block) noexcept nogil:
    """Tarjan's algorithm without recursion. block: room for four numbers a node."""
    cdef int32_t *low = block                   # the least place reached; 0 before it was met
    cdef int32_t *next_edge = block + nodes
    cdef int32_t *stack = block + 2 * <size_t> nodes
    cdef int32_t *path = block + 3 * <size_t> nodes
    cdef int32_t root, node, other, met = 0, depth, height = 0, found = 0, place
    memset(low, 0, nodes * sizeof(int32_t))
    memset(label, 0xff, nodes * sizeof(int32_t))
    for root in range(nodes):
        if low[root]:
            continue
        depth = 0
        path[0] = stack[height] = root
        height += 1
        met += 1
        low[root], next_edge[root] = met, start[root]
        # Of a node on the path `label` holds -1 - its place until its component is known.
        label[root] = -1 - met
        while depth >= 0:
            node = path[depth]
            if next_edge[node] < start[node + 1]:
                other = target[next_edge[node]]
                next_edge[node] += 1
                if not low[other]:
                    met += 1
                    low[other], next_edge[other], label[other] = met, start[other], -1 - met
                    stack[height] = other
                    height += 1
                    depth += 1
                    path[depth] = other
                elif label[other] < 0 and -1 - label[other] < low[node]:
                    low[node] = -1 - label[other]
                continue
            depth -= 1
            if low[node] == -1 - label[node]:
                while True:
                    height -= 1
                    other = stack[height]
                    label[other] = found
                    if other == node:
                        break
                found += 1
            elif low[node] < low[path[depth]]:
                low[path[depth]] = low[node]
    return found


cdef struct Ready:
    int64_t rank
    int32_t node


def topological(nodes, source, target, const int64_t[::1] rank):
    """An order of the nodes along the edges; nodes on or behind a cycle are missing. rank: of those that may come next
    the one with the least comes, and of those the first."""
    cdef Followers after = Followers(nodes, source, target)
    cdef int32_t count = after.nodes, node, other, done = 0
    cdef Py_ssize_t at, size = 0
    cdef array.array order = array.clone(INTS, count, False)
    cdef int32_t *waiting = <int32_t *> malloc((count + 1) * sizeof(int32_t))
    cdef Ready *heap = <Ready *> malloc((count + 1) * sizeof(Ready))
    if waiting == NULL or heap == NULL:
        free(waiting)
        free(heap)
        raise MemoryError
    with nogil:
        memset(waiting, 0, count * sizeof(int32_t))
        for at in range(after.start[count]):
            waiting[after.target[at]] += 1
        for node in range(count):
            if not waiting[node]:
                size = _push(heap, size, rank[node], node)
        while size:
            node = heap[0].node
            size = _pop(heap, size)
            order.data.as_ints[done] = node
            done += 1
            for at in range(after.start[node], after.start[node + 1]):
                other = after.target[at]
                waiting[other] -= 1
                if not waiting[other]:
                    size = _push(heap, size, rank[other], other)
    free(waiting)
    free(heap)
    array.resize(order, done)
    return order


cdef inline bint _before(Ready one, Ready other) noexcept nogil:
    return one.rank < other.rank or (one.rank == other.rank and one.node < other.node)


cdef Py_ssize_t _push(Ready *heap, Py_ssize_t size, int64_t rank, int32_t node) noexcept nogil:
    cdef Ready new = Ready(rank, node)
    cdef Py_ssize_t at = size, above
    while at > 0:
        above = (at - 1) >> 1
        if not _before(new, heap[above]):
            break
        heap[at] = heap[above]
        at = above
    heap[at] = new
    return size + 1


cdef Py_ssize_t _pop(Ready *heap, Py_ssize_t size) noexcept nogil:
    """Take the first away."""
    cdef Ready moved = heap[size - 1]
    cdef Py_ssize_t at = 0, below
    size -= 1
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and _before(heap[below + 1], heap[below]):
            below += 1
        if not _before(heap[below], moved):
            break
        heap[at] = heap[below]
        at = below
    heap[at] = moved
    return size
