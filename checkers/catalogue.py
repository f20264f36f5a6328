"""Catalogue of checks by name, for `--model`: porcupine's models as linearizable, the checks of `domain`, the
weak models of registers, and those that other packages add.

Another package adds one with an entry point of the group `splitbrain.models` that names a CatalogueEntry. To add one
here: write a file with a CatalogueEntry, and add it to CATALOGUE.

Pitfall: `set`, `set-full` and `counter` are Jepsen's checks and weaker than linearizability; `lin-set` and
`lin-counter` are the linearizable ones.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from splitbrain.checkers import porcupine
from splitbrain.checkers import sequential as sequential_models
from splitbrain.checkers.causal.check import ENTRIES as CAUSAL
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.convergence.check import ENTRIES as CONVERGENCE
from splitbrain.checkers.domain import (
    bank,
    compacted_logs,
    conserved,
    consumption,
    counters,
    dirty_reads,
    echo,
    fencing,
    g2,
    index,
    jepsen_causal,
    jepsen_monotonic,
    jepsen_orders,
    locks,
    logs,
    long_fork,
    membership,
    pn_counter,
    queues,
    set_full,
    set_removals,
    sets,
    unique_ids,
    watches,
)
from splitbrain.checkers.lattice import lattice, resolve
from splitbrain.checkers.linearizability import BY_TYPE, Linearizability
from splitbrain.checkers.sessions.check import ENTRIES as SESSIONS
from splitbrain.checkers.spectrum import SPECTRUM
from splitbrain.checkers.staleness.check import ENTRIES as STALENESS
from splitbrain.checkers.transactions.check import ENTRIES as TRANSACTIONS
from splitbrain.checkers.transactions.closed_predicate import CLOSED_PREDICATE
from splitbrain.harness.checker import Checker
from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Setting
from splitbrain.harness.plugins import load_plugin, plugins
from splitbrain.harness.suggestion import did_you_mean

__all__ = ["CATALOGUE", "FORMER_NAMES", "CatalogueEntry", "catalogue", "entry", "entry_of"]


def linearizable(model: CatalogueEntry[porcupine.Model]) -> CatalogueEntry[Checker]:
    """The check for linearizability of one of porcupine's models."""
    return CatalogueEntry(
        model.name, model.summary, model.options, lambda settings: Linearizability(model.make(settings))
    )


CATALOGUE: dict[str, CatalogueEntry[Checker]] = {
    check.name: check
    for check in (
        *map(linearizable, porcupine.MODELS.values()),
        sets.SET,
        set_full.SET_FULL,
        set_removals.REMOVALS,
        counters.COUNTER,
        pn_counter.PN_COUNTER,
        queues.QUEUE,
        queues.TOTAL_QUEUE,
        bank.BANK,
        conserved.CONSERVED,
        membership.MEMBERSHIP,
        long_fork.LONG_FORK,
        g2.G2,
        dirty_reads.DIRTY_READS,
        unique_ids.UNIQUE_IDS,
        echo.ECHO_ENTRY,
        locks.LOCK,
        fencing.FENCING,
        logs.LOG,
        compacted_logs.COMPACTED,
        *consumption.CONSUMED,
        *index.INDEXES,
        watches.WATCH_ENTRY,
        jepsen_causal.JEPSEN_CAUSAL,
        jepsen_monotonic.JEPSEN_MONOTONIC,
        *jepsen_orders.ENTRIES,
        SPECTRUM,
        BY_TYPE,
        *sequential_models.ENTRIES,
        *CAUSAL,
        *SESSIONS,
        *STALENESS,
        *CONVERGENCE,
        *TRANSACTIONS,
        CLOSED_PREDICATE,
    )
}
"""Every check of ours by name, in the order of `list models`."""

FORMER_NAMES: dict[str, str] = {"append-list": "lin-list"}
"""Names of earlier releases, still understood."""


def catalogue() -> dict[str, CatalogueEntry[Checker]]:
    """Every check by name, those of other packages last; UsageError if one of these cannot be loaded."""
    return CATALOGUE | {name: _added(name) for name in plugins("models") if name not in CATALOGUE}


def entry(name: str) -> CatalogueEntry[Checker]:
    """The check of a name, or of one that it had in an earlier release; UsageError if there is none."""
    name = FORMER_NAMES.get(name, name)
    if name in CATALOGUE:
        return CATALOGUE[name]
    if name in plugins("models"):
        return _added(name)
    if meant := _meant(name):
        raise UsageError(f"there is no model {name!r}: {meant}")
    known = (*CATALOGUE, *plugins("models"))
    there_are = f"there are {', '.join(known)}"
    raise UsageError(f"there is no model {name!r}{did_you_mean(name, known, there_are)}")


def _meant(name: str) -> str:
    """The models that somebody may mean by the name of an isolation level, or of one of Jepsen's tests; empty if it is
    neither."""
    words = []
    if (jepsen := f"jepsen-{name}") in CATALOGUE:
        words.append(f"Jepsen's test of this name is {jepsen}")
    with suppress(KeyError):
        if lattice().models[level := resolve(name)].scope == "transaction":
            transactions = f"list-append and rw-register judge it with --set consistency={level}"
            words.append(f"it is an isolation level, and {transactions}")
    if (objects := f"{name}-consistency") in CATALOGUE:
        words.append(f"of registers and sets there is {objects}")
    return "; ".join(words)


def _added(name: str) -> CatalogueEntry[Checker]:
    """A check of another package, which may give a model of porcupine instead."""
    found = load_plugin(plugins("models")[name])
    if not isinstance(found, CatalogueEntry):
        raise UsageError(
            f"splitbrain.models {name} is no CatalogueEntry but {type(found).__name__}: "
            "name a CatalogueEntry of a checker or a Model"
        )
    return _renamed(name, found)


def entry_of(name: str, found: object) -> CatalogueEntry[Checker] | None:
    """The entry, under this name, of a Model, a checker, or a CatalogueEntry of either; None for anything else."""
    if isinstance(found, CatalogueEntry):
        return _renamed(name, found)
    if isinstance(found, porcupine.Model):
        return CatalogueEntry(name, found.summary, (), lambda settings: Linearizability(found))
    if not isinstance(found, type) and callable(getattr(found, "check", None)):
        checker: Any = found
        return CatalogueEntry(name, str(getattr(found, "name", name)), (), lambda settings: checker)
    return None


def _renamed(name: str, found: CatalogueEntry[Any]) -> CatalogueEntry[Checker]:
    def build(settings: Mapping[str, Setting]) -> Checker:
        made: Checker | porcupine.Model = found.build(settings)
        return Linearizability(made) if isinstance(made, porcupine.Model) else made

    return CatalogueEntry(name, found.summary, found.options, build)
