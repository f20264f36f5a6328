"""Which checks can be asked for by name, with `--model`? All of them in one place: every model of porcupine, judged for
linearizability, and the checks that are something else.

The trap: two checks that sound alike. `set`, `set-full` and `counter` are Jepsen's, and weaker than linearizability;
`lin-set` and `lin-counter` are the linearizable ones. To add a check: write a file with an Entry, and add it below.
"""

from splitbrain.checkers import porcupine
from splitbrain.checkers.common.entry import Entry
from splitbrain.checkers.domain import (
    bank,
    counters,
    fencing,
    locks,
    long_fork,
    set_full,
    set_removals,
    sets,
    unique_ids,
    watches,
)
from splitbrain.checkers.linearizability import Linearizability
from splitbrain.harness.checker import Checker

__all__ = ["CATALOGUE", "Entry"]


def linearizable(entry: Entry[porcupine.Model]) -> Entry[Checker]:
    """The check for linearizability of one of porcupine's models."""
    return Entry(entry.name, entry.summary, entry.options, lambda settings: Linearizability(entry.make(settings)))


CATALOGUE: dict[str, Entry[Checker]] = {
    entry.name: entry
    for entry in (
        *map(linearizable, porcupine.MODELS.values()),
        sets.SET,
        set_full.SET_FULL,
        set_removals.REMOVALS,
        counters.COUNTER,
        bank.BANK,
        long_fork.LONG_FORK,
        unique_ids.UNIQUE_IDS,
        locks.LOCK,
        fencing.FENCING,
        watches.WATCH_ENTRY,
    )
}
"""Every check by name, in the order of `list models`."""
