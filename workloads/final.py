"""Final phases: reads after everything is healed, shared by workloads."""

from splitbrain.harness.generator import (
    Generator,
    deal,
    each_until_ok,
    limit,
    on_threads,
    per_thread,
    repeat,
    sleep,
    then,
    until_ok,
)
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.workloads.keys import latest
from splitbrain.workloads.workload import Size

COMPARED_KEYS = 10
READ_TRIES = 10
"""Tries of each read through a node until it succeeds."""


def read_latest_keys(size: Size, settings: object, history: History) -> Generator:
    """A `read` of each of the latest keys: acknowledged writes that were lost show here."""
    return deal([Operation("read", None, key) for key in latest(history)])


def read_latest_keys_and_compare(size: Size, settings: object, history: History) -> Generator:
    """`read_latest_keys`, then the latest `COMPARED_KEYS` of them through each node: copies that differ show."""
    compared = each_until_ok([Operation("read", None, key) for key in latest(history)[-COMPARED_KEYS:]])
    readers = range(min(size.nodes, size.concurrency))
    return then(read_latest_keys(size, settings, history), on_threads(readers, compared))


def read_settled_copies(size: Size, settle_s: float, history: History) -> Generator:
    """A `read` of the latest `COMPARED_KEYS` keys through each node, once copies have had so many seconds to settle."""
    compared = each_until_ok([Operation("read", None, key) for key in latest(history)[-COMPARED_KEYS:]])
    return on_threads(range(min(size.nodes, size.concurrency)), then(sleep(settle_s), compared))


def read_through_each_node(size: Size, operation: Operation) -> Generator:
    """The same read through every node, tried again until it succeeds."""
    readers = range(min(size.nodes, size.concurrency))
    return on_threads(readers, per_thread(until_ok(limit(READ_TRIES, repeat(operation)))))
