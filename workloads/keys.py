"""Short-lived keys: which key a thread works on, each shared by a group of threads.

An operation whose end is unknown stays concurrent with everything after it, and a key that collects many of those
cannot be decided. So a key lives for about a given number of operations, counted by invocations.

Pitfall: the threads of a node that is cut off fall behind, and work on older keys alone. So a group has two threads a
node, one of which only reads, and all threads of a group advance by their own count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.harness.generator import Context
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import Value
from splitbrain.harness.random_stream import log_uniform
from splitbrain.workloads.workload import Size

FINAL_KEYS_MAX = 1000
"""The number of latest keys that are read at the end: a fast run uses thousands."""


def drawn_life(draw: float) -> int:
    """The number of operations that a key lives for, by a draw in [0, 1)."""
    return round(log_uniform(60, 250)(draw))


@dataclass(frozen=True)
class Assignment:
    """The assignment of a thread: the group of threads that it belongs to, and the number of their key.

    group: counted from 0. number: unique over all groups. reader: whether the thread only reads.
    """

    group: int
    number: int
    reader: bool

    @property
    def key(self) -> str:
        """ "k0", "k1", …"""
        return f"k{self.number}"


def assign(context: Context, size: Size, life: int) -> Assignment:
    """The assignment of the asking thread, see `assign_to`."""
    return assign_to(context.thread, context.ordinal, size, life)


def assign_to(thread: int, ordinal: int, size: Size, life: int) -> Assignment:
    """Groups of threads, two per node, each group on a key of its own at a time: the first half of a group
    changes it, the second half only reads. life: how many operations a key lives for."""
    width = min(2 * size.nodes, size.concurrency)
    groups = size.concurrency // width
    group = min(thread // width, groups - 1)
    members = width if group < groups - 1 else size.concurrency - group * width
    number = group + groups * (ordinal * members // life)
    return Assignment(group, number, members > 1 and (thread - group * width) >= (members + 1) // 2)


def latest(history: History) -> Sequence[Value]:
    """The keys that were used last, in order of their first use."""
    return used(history)[-FINAL_KEYS_MAX:]


def used(history: History) -> Sequence[Value]:
    """All keys, in order of their first use."""
    keys = dict.fromkeys(history.operations().key)
    keys.pop(ABSENT, None)
    return [history.pool.values[key] for key in keys]
