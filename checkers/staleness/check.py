"""The checkers of regular, safe, k-atomicity and Δ-atomicity, and their entries for `--model`."""

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.findings import Finding, verdict_of
from splitbrain.checkers.common.registers import (
    INITIAL,
    INITIAL_OPTION,
    THIN_AIR,
    RegisterHistory,
    initial_of,
    registers,
)
from splitbrain.checkers.common.shrinking import Explained, shrunk
from splitbrain.checkers.staleness import k_order, zones
from splitbrain.checkers.staleness.certificate import objection
from splitbrain.checkers.staleness.reads import StaleRead, distribution, newer_writes, stale_reads
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Verdict, Witness

K = Option("k", 2, "how many of the latest values a read may return", least=1)
LISTED = 64
"""The number of operations that a witness lists, at most."""
DELTA = Option("delta", 1000.0, "by how many milliseconds a read may be stale", least=0)


@dataclass(frozen=True)
class RegularCheck:
    """A register with several writers that is regular, or safe. initial: the value of each key before any write."""

    safe: bool = False
    initial: Value = None

    @property
    def name(self) -> str:
        """`safe` or `regular`."""
        return "safe" if self.safe else "regular"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that is none of a register's."""
        return self.judge(registers(history, self.name, self.initial), budget.start())

    def judge(self, of: RegisterHistory, spending: BudgetMeter) -> Verdict:
        """The verdict on registers that were read from a history before."""
        stale = [found for found in stale_reads(of) if not (self.safe and found.overlapped)]
        reads = len(of.reads())
        details: dict[str, Value] = {"violations": len(stale), "staleness": distribution(of)}
        if reads:
            details["rate"] = len(stale) / reads
        witness = stale_witness(of, stale[0]) if stale else None
        return verdict_of(
            self.name, of, Finding(witness, reason=f"no read of {reads:,} is stale", details=details), reads
        )


def stale_witness(of: RegisterHistory, stale: StaleRead) -> Witness:
    """The witness that a read is not regular."""
    ops, start = [stale.read], of.start[stale.read]
    if stale.returned == THIN_AIR:
        return of.witness(ops, "{0} returned a value that nobody wrote", start)
    if stale.newer == ABSENT:
        return of.witness([*ops, stale.returned], "{0} ended before {1} began, whose value it returned", start)
    if stale.returned == INITIAL:
        sentence = "{0} returned the initial value, though {1} had ended before"
        return of.witness([*ops, stale.newer], sentence, start)
    sentence = "{0} returned what {1} wrote, though {2} came after that write and had ended before the read"
    return of.witness([*ops, stale.returned, stale.newer], sentence, start)


@dataclass(frozen=True)
class KAtomicity:
    """k-atomicity. k: None for any: the smallest is in the details. initial: as above."""

    k: int | None = 2
    initial: Value = None
    name: str = "k-atomicity"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that is none of a register's."""
        return self.judge(registers(history, self.name, self.initial), budget.start())

    def judge(self, of: RegisterHistory, spending: BudgetMeter) -> Verdict:
        """The verdict on registers that were read from a history before."""
        found = k_order.smallest_k(of, self.k, spending)
        details: dict[str, Value] = {"k": found.k, "least_k": found.least, "staleness": distribution(of)}
        witness: Witness | None = None
        if found.impossible is not None:
            witness = of.witness([found.impossible], "{0} returned what nobody had begun to write before it ended",
                                 of.start[found.impossible])  # fmt: skip
        elif found.k is None and found.doubt is None:
            witness = self._witness(of, found, spending)
        elif found.k is not None and (wrong := objection(of, found.order, found.k)):
            return verdict_of(self.name, of, Finding(doubt=f"an order was found but not verified: {wrong}"), 1)
        certificate = tuple(map(of.start.__getitem__, found.order))
        finding = Finding(witness, None, found.doubt, f"an order for k={found.k} was found and verified", details,
                          certificate)  # fmt: skip
        return verdict_of(self.name, of, finding, len(of.reads()))

    def _witness(self, of: RegisterHistory, found: k_order.SmallestK, spending: BudgetMeter) -> Witness:
        if found.worst is None:
            ops = shrunk(of, found.unexplained, self._explained(of), spending)
            sentence = f"no order that respects real time lets each read return one of the last {self.k} values"
            return of.witness(ops if len(ops) <= LISTED else ops[-1:], sentence, of.start[ops[-1]])
        newer = newer_writes(of, found.worst)[: self.k]
        source = [of.source[found.worst]] if of.source[found.worst] >= 0 else []
        sentence = f"{{0}} returned none of the last {self.k} values: {found.least - 1} or more newer writes had ended"
        return of.witness([found.worst, *source, *newer], sentence, of.start[found.worst])

    def _explained(self, of: RegisterHistory) -> Explained:
        """Whether some order explains operations of one key with this k."""
        return lambda ops, meter: k_order.order_of_key(of, ops, self.k or 1, meter) is not None


@dataclass(frozen=True)
class DeltaAtomicity:
    """Δ-atomicity. milliseconds: the Δ, None for any: the smallest is in the details. initial: as above."""

    milliseconds: float | None = 1000.0
    initial: Value = None
    name: str = "delta-atomicity"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that is none of a register's."""
        return self.judge(registers(history, self.name, self.initial), budget.start())

    def judge(self, of: RegisterHistory, spending: BudgetMeter) -> Verdict:
        """The verdict on registers that were read from a history before."""
        if not of.history.timed:
            return verdict_of(self.name, of, Finding(doubt="the history has no times"), len(of.reads()))
        strange = next((op for op in of.reads() if of.source[op] == THIN_AIR), None)
        if strange is not None:
            thin = of.witness([strange], "{0} returned a value that nobody wrote", of.start[strange])
            return verdict_of(self.name, of, Finding(thin), 1)
        found = zones.clusters(of)
        delta = zones.smallest_delta(found)
        doubt = of.unforced()
        details: dict[str, Value] = {"delta_ms": None if delta is None or doubt else delta / 1e6}
        witness = self._witness(of, found, delta)
        reason = f"linearizable once reads may be stale by {(delta or 0) / 1e6:g} ms"
        finding = Finding(witness, None, None if witness else doubt, reason, details)
        return verdict_of(self.name, of, finding, len(of.reads()))

    def _witness(self, of: RegisterHistory, found: list[list[zones.ValueZone]], delta: int | None) -> Witness | None:
        if delta is None:
            early = next(each for of_key in found for each in of_key if each.early is not None)
            read = early.read if early.early is None else early.early
            sentence = "{0} ended before {1} began, whose value it returned"
            return of.witness([read, early.write], sentence, of.start[read])
        allowed = None if self.milliseconds is None else round(self.milliseconds * 1e6)
        if allowed is None or delta <= allowed:
            return None
        one, other = next(pair for of_key in found if (pair := zones.conflict(of_key, allowed)))
        named = (one.write, one.first, one.read, other.write, other.first, other.read)
        ops = list(dict.fromkeys(op for op in named if op >= 0))
        sentence = f"two values were both in force at one time, even if reads may be stale by {self.milliseconds:g} ms"
        return of.witness(ops, sentence, of.start[ops[-1]])


def delta_of(text: object) -> float:
    """The Δ that a setting means, in milliseconds."""
    value = float(str(text))
    if not 0 <= value < 1e12:
        raise UsageError(f"option delta is a number of milliseconds, not {value}")
    return value


def _k(settings: Mapping[str, Setting]) -> KAtomicity:
    return KAtomicity(int(settings["k"] or 1), initial_of(settings["initial"]))


def _delta(settings: Mapping[str, Setting]) -> DeltaAtomicity:
    return DeltaAtomicity(delta_of(settings["delta"]), initial_of(settings["initial"]))


ENTRIES: tuple[CatalogueEntry[RegularCheck] | CatalogueEntry[KAtomicity] | CatalogueEntry[DeltaAtomicity], ...] = (
    CatalogueEntry("regular", "a read returns the last write before it, or an overlapping one (Shao et al. 2011, weak)",
          (INITIAL_OPTION,), lambda settings: RegularCheck(False, initial_of(settings["initial"]))),
    CatalogueEntry("safe", "as regular, of reads that overlap with no write",
          (INITIAL_OPTION,), lambda settings: RegularCheck(True, initial_of(settings["initial"]))),
    CatalogueEntry("k-atomicity", "a read returns one of the last k values written", (K, INITIAL_OPTION), _k),
    CatalogueEntry("delta-atomicity", "linearizable once reads may be stale by delta; registers with unique writes",
          (DELTA, INITIAL_OPTION), _delta),
)  # fmt: skip
