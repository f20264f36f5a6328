"""Session guarantees of Terry et al. (1994) on registers: read your writes, monotonic reads, monotonic writes, writes
follow reads.

    guarantees   each guarantee, in one pass, with the rate at which it is violated
    check        the checkers, and their entries for `--model`
"""
