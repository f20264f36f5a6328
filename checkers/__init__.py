"""Checkers: which consistency models a recorded history satisfies, and a proof where it does not satisfy one.

Pure functions of history and budget; no I/O.
"""

from collections.abc import Mapping

SUMMARIES: Mapping[str, str] = {
    "register": "a register: read, write",
    "cas-register": "a register with read, write, cas [old, new]",
    "versioned-register": "a register whose revision rises with every write: read, write, cas",
    "multi-register": "several registers read and written in one step: read, write {register value}, txn",
    "kv": "a key-value store, key by key: get, put, append, cas, delete, range",
    "versioned-kv": "a key-value store with one revision for all keys, as etcd: get, put, cas, cas-revision, "
    "delete, range",
    "mutex": "a lock without owners: acquire, release",
    "owner-mutex": "a lock that only its holder can release: acquire, release",
    "reentrant-lock": "a lock that its holder can acquire again: acquire, release",
    "semaphore": "permits, given back by those who took them: acquire, release",
    "lin-set": "a set: add, remove, contains, read of the whole",
    "fifo-queue": "a first-in-first-out queue: enqueue, dequeue, peek, size",
    "stack": "a last-in-first-out stack: push, pop, peek, size",
    "deque": "a double-ended queue: addFirst, addLast, pollFirst, pollLast, peekFirst, peekLast, size",
    "priority-queue": "a priority queue of numbers: enqueue, dequeue the smallest, peek, size",
    "lin-list": "an append-only list: append, read of the whole",
    "lin-counter": "a counter: add any number, read the sum",
    "fetch-and-add": "a sum: fetch-and-add returns what it was before, read",
    "lin-bank": "bank accounts: transfer {from, to, amount}, read of all balances",
    "set": "Jepsen's set: what was added and acknowledged is in the final read; not linearizability",
    "set-full": "Jepsen's set-full: each element that was added stays, judged over all reads; not linearizability",
    "removals": "a set from which elements are removed: what is gone stays away, what is there stays",
    "counter": "Jepsen's counter: each read within the sums of acknowledged and of attempted adds; not linearizability",
    "pn-counter": "a counter that replicas merge: reads are sums that can be, final ones have all acknowledged adds",
    "queue": "Jepsen's queue without order: every element taken was put in; not linearizability",
    "total-queue": "Jepsen's total-queue: what was acknowledged comes out, and nothing else",
    "bank": "Jepsen's bank: every read of all accounts shows the same total, none below zero; snapshot isolation",
    "long-fork": "Jepsen's long-fork: no two reads see two writes in opposite orders; snapshot isolation",
    "unique-ids": "Jepsen's unique-ids: no identifier is given twice; not linearizability",
    "lock": "mutual exclusion: no two clients hold a lock at the same time, as far as they know",
    "fencing": "fencing tokens: what a guarded resource accepts never comes from an older holder than before",
    "watch": "watchers see every acknowledged change once, in order of revision, with nothing missing between",
    "jepsen-causal-reverse": "Jepsen's causal-reverse: no write is seen without those that had ended before it",
    "jepsen-comments": "Jepsen's comments, of CockroachDB: the rule of causal-reverse",
    "jepsen-sequential": "Jepsen's sequential, of CockroachDB: no subkey is seen without those written before it",
    "spectrum": "every model: which are allowed, and what refutes the others; registers, sets, lists, counters",
    "sequential": "one order respects each session and explains each read; registers with unique writes",
    "per-key-sequential": "the operations on each key alone are sequential; registers with unique writes",
    "causal-consistency": "CC: each read is explained by some order of its causal past; registers with unique writes",
    "causal-convergence": "CCv: causal consistency with one order of arbitration for all; registers with unique writes",
    "causal-memory": "CM: for each session one causal order explains all its reads; registers with unique writes",
    "pram": "PRAM: each session sees the writes of each session in their order; registers with unique writes",
    "read-your-writes": "a read reflects the earlier writes of its session; registers with unique writes",
    "monotonic-reads": "a read reflects what its session saw before; registers with unique writes",
    "monotonic-writes": "who sees a write sees the earlier ones of its session; registers with unique writes",
    "writes-follow-reads": "who sees a write sees what its session had seen; registers with unique writes",
    "regular": "a read returns the last write before it, or an overlapping one (Shao et al. 2011, weak)",
    "safe": "as regular, of reads that overlap with no write",
    "k-atomicity": "a read returns one of the last k values written",
    "delta-atomicity": "linearizable once reads may be stale by delta; registers with unique writes",
    "convergence": "final reads agree and miss nothing acknowledged; registers, sets, lists, counters",
    "strong-convergence": "convergence, and reads of a list with the same elements have them in one order",
}
"""Every check of `catalogue` by name, with its summary, so that `splitbrain list` need import none. A test compares
them."""
