"""Models of staleness on registers: regular, safe, k-atomicity and Δ-atomicity, and how stale the reads were.

    reads     regular and safe, and the distribution of staleness; any values
    k_order   k-atomicity by search, with a lower bound that needs none
    zones     Δ-atomicity by zones, unique writes
    check     the checkers, and their entries for `--model`

Time here is real time: an operation precedes another if its completion stands before the other's invocation.
"""
