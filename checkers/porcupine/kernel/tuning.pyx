# cython: language_level=3
"""Settings of the search, shared by the three widths that it is compiled for."""

cdef enum:
    PATIENCE = 100
    BACK = 24
    SHARE = 4


def tune(patience=PATIENCE, back=BACK, share=SHARE, dfs=True, local=True, bfs=True, aim=True):
    """Set what every search from now on uses, for tests and measurements; see `tuning.pxd`. Without arguments, the
    values that users get."""
    tuned.patience, tuned.back, tuned.share = patience, back, share
    tuned.dfs, tuned.local, tuned.bfs, tuned.aim = dfs, local, bfs, aim


def locally_refuted():
    """The number of problems that the local refutation has refuted so far; not exact where several threads search."""
    return tuned.refuted


tune()
