"""Monitors: exact procedures that decide some histories without a search. Each file says which, and proves why.

    zones           registers and keys whose writes are all different           Gibbons & Korach 1997
    revisions       registers whose revisions were recorded: a try, no verdict
    queue           queues of different elements                                Henzinger, Sezgin & Vafeiadis 2013
    stack           stacks of different elements                                after Lee & Mathur 2025
    priority_queue  priority queues of different elements                       after Lee & Mathur 2025
    each_register   several registers at once: refutes one whose writes are all different
    elements        sets of which each operation is about one element           Herlihy & Wing 1990, locality
    grow_only       sets that only grow, read as a whole
    whole_reads     sets read as a whole, whatever is added and removed
    few_elements    such sets: refutes by one or two of their elements
    revision_order  stores whose revisions are the order of the writes
    repeating_queue queues whose elements repeat: puts and takes paired
    repeating_stack stacks whose elements repeat: all contents that one may have at once
    counter_reads   counters that only go up
    appends         lists of different elements, read as a whole
    owned_lock      locks that each owner acquires and releases in turn

Models name those that may fit (`Model.monitors`); `decide` runs them. See `monitor` for what they get and say.
"""
