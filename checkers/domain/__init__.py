"""Checkers of one kind of object each, by direct inspection of the history instead of a search over orders.

    sets  set_full  set_removals    additions to sets that may be lost, stale or undone
    counters  bank                  sums: bounds of a counter, total of accounts
    locks  fencing                  mutual exclusion, and tokens that must grow
    watches                         changes that a watcher must see
    service                         whether the system lived, and came back after heals
    long_fork  unique_ids           orders of writes that readers disagree on, identifiers given twice

Imports of ours: `common` and `harness` only, never `porcupine`.
"""
