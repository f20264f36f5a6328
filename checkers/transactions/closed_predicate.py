"""Closed predicates, as Elle's `closed-predicate`: cycles of transactions that read by predicates.

The verdict is that of one isolation level, the option `consistency`. A level is the absence of some cycles in the graph
of `predicates`; a certificate of a serializable level is an order of the transactions, carried out by a routine that
knows no graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.per_key import UNOBSERVED, hold_to, over_budget
from splitbrain.checkers.lattice import maximal, minimal
from splitbrain.checkers.transactions.check import level
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict, unknown

if TYPE_CHECKING:
    from splitbrain.checkers.transactions.predicate_levels import PredicateLevels

NAME = "closed-predicate"
DEFAULT = "serializable"
LEVELS = (
    "read-committed", "consistent-view", "snapshot-isolation", "repeatable-read", "serializable",
    "strong-session-snapshot-isolation", "strong-session-serializable", "strong-snapshot-isolation",
    "strict-serializable",
)  # fmt: skip


@dataclass(frozen=True)
class ClosedPredicateCheck:
    """Elle's `closed-predicate`. consistency: the level of the verdict."""

    consistency: str = DEFAULT
    name: str = NAME

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that is none of these transactions."""
        from splitbrain.checkers.transactions.predicate_levels import PredicateLevels
        from splitbrain.checkers.transactions.predicates import INIT, TXN, NotClosed, edges_of

        hold_to(history, self.name, (INIT, TXN))
        try:
            found, limit = edges_of(history, budget.start())
        except NotClosed as refused:
            return unknown(self.name, f"not judged: {refused}", self.consistency)
        if limit is not None:
            return over_budget(self.name, limit, len(found.words), len(found.words), "edges")
        return self._verdict(history, PredicateLevels(history, found))

    def _verdict(self, history: History, levels: "PredicateLevels") -> Verdict:
        from splitbrain.checkers.transactions.judgement import transaction_models

        refuted, anomalies = levels.judged(LEVELS)
        allowed = [name for name in LEVELS if name not in refuted]
        found = levels.found
        weakest, strongest = minimal(refuted), maximal(allowed)
        details: dict[str, object] = {
            "consistency": self.consistency,
            "anomalies": anomalies,
            "allowed": allowed,
            "strongest": [name for name in allowed if name in strongest],
            "refuted": {name: {"anomaly": why, "reason": levels.reason(why)} for name, why in refuted.items()},
            "weakest_refuted": [name for name in refuted if name in weakest],
            "undecided": {},
            "not_judged": [name for name in transaction_models() if name not in LEVELS],
            "transactions": sum(map(levels.member, range(len(history.operations())))),
            "reads": found.reads,
            "writes": found.writes,
            "counts": dict(sorted(found.counts.items())),
        }
        lines = "".join(f"\nanomaly: {levels.reason(name)}" for name in anomalies)
        if self.consistency in refuted:
            why = refuted[self.consistency]
            reason = f"not {self.consistency}: {levels.reason(why)}\nstill allowed: {', '.join(allowed) or 'nothing'}"
            witness = levels.witness(why)
            return Verdict(Validity.INVALID, reason, self.name, self.consistency, witness=witness, details=details)
        if not found.reads or not found.writes:
            details[UNOBSERVED] = True
            nothing = "no read succeeded, or nothing was written: nothing could have refuted the model"
            return Verdict(Validity.UNKNOWN, nothing, self.name, self.consistency, details=details)
        order, wrong = levels.certificate(self.consistency)
        if wrong is not None:
            words = f"an order was found but not verified, which is a bug of splitbrain: {wrong}"
            return Verdict(Validity.UNKNOWN, words, self.name, self.consistency, details=details)
        shown = ", shown by an order of them" if order is not None else ""
        reason = f"{details['transactions']:,} transactions are {self.consistency}{shown}{lines}"
        return Verdict(Validity.VALID, reason, self.name, self.consistency, certificate=order, details=details)


def build(settings: Mapping[str, Setting]) -> ClosedPredicateCheck:
    """The check with these settings; UsageError for a level that it does not judge."""
    wanted = level(str(settings["consistency"]))
    if wanted not in LEVELS:
        raise UsageError(f"model closed-predicate judges {', '.join(LEVELS)}, not {wanted}")
    return ClosedPredicateCheck(wanted)


CLOSED_PREDICATE = CatalogueEntry(
    NAME, "Elle's closed-predicate: transactions that read by predicates, with phantoms; serializability",
    (Option("consistency", DEFAULT, "the isolation level of the verdict, a name of the lattice or an alias of it"),),
    build,
)  # fmt: skip
