"""Models of sessions and causality on grow-only sets: unique elements are added, and reads return all elements.

    history    the adds and reads of a history, with what each read saw
    visible    the session guarantees and PRAM, in passes over the reads
    order      causal consistency by clocks, sequential consistency by placing; the orders verified
    check      the check of one model

An element is added once, and no order of adds is seen, so that causal convergence and causal memory are causal
consistency, and an order that respects which read saw which add is all that sequential consistency asks: both are
decided without a search.
"""
