"""Closed predicates, as Elle's `closed-predicate`: cycles of transactions that read by predicates.

The verdict is that of one isolation level, the option `consistency`. A level is the absence of some cycles in the graph
of `predicates`; a certificate of a serializable level is an order of the transactions, carried out by a routine that
knows no graph.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.per_key import UNOBSERVED, hold_to, over_budget
from splitbrain.checkers.lattice import maximal, minimal, stronger, weaker
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
        judged, anomalies = levels.judged(LEVELS)
        reasons = {name: levels.reason(name) for name in {*judged.values(), *anomalies}}
        details = self._details(levels, judged, anomalies, reasons)
        if self.consistency in judged:
            why = judged[self.consistency]
            allowed = ", ".join(details["strongest"]) or "nothing"
            reason = f"not {self.consistency}: {reasons[why]}\nstill allowed: {allowed}"
            witness = levels.witness(why)
            return Verdict(Validity.INVALID, reason, self.name, self.consistency, witness=witness, details=details)
        if not levels.found.reads or not levels.found.writes:
            details[UNOBSERVED] = True
            nothing = "no read succeeded, or nothing was written: nothing could have refuted the model"
            return Verdict(Validity.UNKNOWN, nothing, self.name, self.consistency, details=details)
        order, wrong = levels.certificate(self.consistency)
        if wrong is not None:
            words = f"an order was found but not verified, which is a bug of splitbrain: {wrong}"
            return Verdict(Validity.UNKNOWN, words, self.name, self.consistency, details=details)
        lines = "".join(f"\nanomaly: {reasons[name]}" for name in anomalies)
        certified = ", shown by an order of them" if order is not None else ""
        reason = f"{details['transactions']:,} transactions are {self.consistency}{certified}{lines}"
        return Verdict(Validity.VALID, reason, self.name, self.consistency, certificate=order, details=details)

    def _details(
        self, levels: "PredicateLevels", judged: Mapping[str, str], anomalies: Sequence[str], reasons: Mapping[str, str]
    ) -> dict[str, Any]:
        """The fields of a spectrum. Repeatable read, which permits phantoms, does not imply consistent view here."""
        from splitbrain.checkers.transactions.judgement import transaction_models

        models, refuted = transaction_models(), dict(judged)
        for name, anomaly in judged.items():
            refuted |= {model: anomaly for model in stronger(name) if model not in (*LEVELS, *refuted)}
        holding = {name for name in LEVELS if name not in judged}
        implied = frozenset[str]().union(*map(weaker, holding - {"repeatable-read"}))
        allowed = [model for model in models if model in (holding | implied) - refuted.keys()]
        weakest, strongest, found = minimal(refuted), maximal(allowed), levels.found
        return {
            "consistency": self.consistency,
            "anomalies": [*anomalies],
            "allowed": allowed,
            "strongest": [name for name in allowed if name in strongest],
            "refuted": {
                name: {"anomaly": refuted[name], "reason": reasons[refuted[name]]} for name in models if name in refuted
            },
            "weakest_refuted": [name for name in models if name in weakest],
            "undecided": {},
            "not_judged": [model for model in models if model not in refuted and model not in allowed],
            "transactions": sum(map(levels.member, range(len(levels.history.operations())))),
            "reads": found.reads,
            "writes": found.writes,
            "counts": dict(sorted(found.counts.items())),
        }


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
