"""Workloads: what clients do, and which checkers judge it. One file, one workload."""

from collections.abc import Mapping

WORKLOADS: Mapping[str, tuple[str, str]] = {
    "mixed": (
        "splitbrain.workloads.mixed:MIXED",
        "registers with unique values, lists and sets, short-lived and old; linearizable?",
    ),
    "register": (
        "splitbrain.workloads.register:REGISTER",
        "reads, writes and compare-and-sets of independent short-lived keys; linearizable?",
    ),
    "unique-register": (
        "splitbrain.workloads.unique_register:UNIQUE_REGISTER",
        "reads and unique writes of independent short-lived keys; linearizable?",
    ),
    "set": (
        "splitbrain.workloads.set:SET",
        "adds of unique elements to one set, read through every node at the end; anything lost?",
    ),
    "deletes": (
        "splitbrain.workloads.deletes:DELETES",
        "unique elements are added and removed, read through every node at the end; does one come back?",
    ),
    "list": (
        "splitbrain.workloads.list:LIST",
        "appends to and reads of independent short-lived lists; linearizable?",
    ),
    "counter": (
        "splitbrain.workloads.counter:COUNTER",
        "increments and reads of one counter; each read within bounds?",
    ),
    "list-append": (
        "splitbrain.workloads.transactions:LIST_APPEND",
        "transactions of appends to and reads of lists; which isolation level?",
    ),
    "rw-register": (
        "splitbrain.workloads.transactions:RW_REGISTER",
        "transactions of writes, mostly after a read, and reads; which isolation level?",
    ),
    "bank": (
        "splitbrain.workloads.bank:BANK",
        "clients move money between accounts and read all balances; is the total ever another?",
    ),
    "members": (
        "splitbrain.workloads.members:MEMBERSHIP",
        "which nodes are up, asked of each; is one that is left out for good?",
    ),
    "transfers": (
        "splitbrain.workloads.transfers:TRANSFERS",
        "clients move money between accounts without isolation; is all of it there in the end?",
    ),
    "long-fork": (
        "splitbrain.workloads.long_fork:LONG_FORK",
        "keys are written once and groups of them read; do two reads see two writes in opposite orders?",
    ),
    "g2": (
        "splitbrain.workloads.g2:G2",
        "pairs of inserts that a predicate keeps apart; do both succeed?",
    ),
    "dirty-reads": (
        "splitbrain.workloads.dirty_reads:DIRTY_READS",
        "transactions set all rows, others read all rows; does a read show what a failed one wrote?",
    ),
    "insert-cycle": (
        "splitbrain.workloads.held_open:INSERT_CYCLE",
        "a fixed schedule: two transactions miss each other's inserts, one of which is being replaced; serializable?",
    ),
    "overtaken": (
        "splitbrain.workloads.held_open:OVERTAKEN",
        "a fixed schedule: write skew with a transaction that is open while thousands commit; serializable?",
    ),
    "causal": (
        "splitbrain.workloads.causal:CAUSAL",
        "clients read, write, and hand a token to a client on another node; causally consistent?",
    ),
    "session": (
        "splitbrain.workloads.session:SESSION",
        "sessions that move between nodes; does each see what it saw and wrote?",
    ),
    "lock": (
        "splitbrain.workloads.lock:LOCK",
        "clients contend for locks and use what they guard; held by one at a time?",
    ),
    "log": (
        "splitbrain.workloads.log:LOG",
        "messages are sent to partitioned logs and polled; lost, doubled, out of order?",
    ),
    "batched-log": (
        "splitbrain.workloads.batched_log:BATCHED_LOG",
        "messages are sent to partitioned logs several at a time; lost, doubled, out of order?",
    ),
    "transactional-log": (
        "splitbrain.workloads.batched_log:TRANSACTIONAL_LOG",
        "messages are sent to partitioned logs in transactions, some aborted; lost, doubled, seen though aborted?",
    ),
    "compacted-log": (
        "splitbrain.workloads.compacted_log:COMPACTED_LOG",
        "messages with keys are sent to compacted logs and polled; is the last one of each key there?",
    ),
    "consume": (
        "splitbrain.workloads.consume:CONSUMED_LOG",
        "consumers of partitioned logs leave effects in a sink; is each message's there once?",
    ),
    "queue": (
        "splitbrain.workloads.queue:QUEUE",
        "unique elements are put into queues and taken out, all at the end; lost, or doubled?",
    ),
    "g-set": (
        "splitbrain.workloads.eventual:G_SET",
        "adds to a set that replicas merge, read through every node in the end; anything lost?",
    ),
    "broadcast": (
        "splitbrain.workloads.eventual:BROADCASTS",
        "messages are broadcast to all nodes, which are read in the end; anything lost?",
    ),
    "g-counter": (
        "splitbrain.workloads.eventual:G_COUNTER",
        "increments of a counter that replicas merge, read through every node in the end; the right sum?",
    ),
    "pn-counter": (
        "splitbrain.workloads.eventual:PN_COUNTER",
        "increments and decrements of a counter that replicas merge; the right sum in the end?",
    ),
    "unique-ids": (
        "splitbrain.workloads.unique_ids:UNIQUE_IDS",
        "clients ask for identifiers; is one given twice?",
    ),
    "echo": (
        "splitbrain.workloads.echo:ECHOES",
        "clients send something and get it back; the same?",
    ),
    "index": (
        "splitbrain.workloads.index:INDEX",
        "rows get values and are found by them; is one missing, or found without its row?",
    ),
    "watch": (
        "splitbrain.workloads.watch:WATCH_KEYS",
        "some clients write keys, the others watch them; every change seen once and in order?",
    ),
    "availability": (
        "splitbrain.workloads.availability:AVAILABILITY",
        "reads and unique writes of the same keys through every node; who is served, what is lost?",
    ),
}
"""Every workload of ours by name: where it is, as `module:attribute`, and its summary, so that `splitbrain list` need
import none. A test compares the summaries with the workloads."""
