from libc.stdint cimport int64_t


ctypedef struct Tuning:
    # patience: configurations without progress that the depth-first search gets at first. back: returns before the one
    # where it is stuck at which the local refutation begins at first. share: how many times the patience that gets.
    # dfs, local, bfs: which engines there are. aim: whether states that begin what is seen next are tried first.
    # refuted: how many problems the local refutation has refuted, counted without threads only.
    int64_t patience, back, share, refuted
    bint dfs, local, bfs, aim


cdef Tuning tuned
