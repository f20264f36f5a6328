"""The checkers of the session guarantees, and their entries for `--model`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.data_types import DataType, data_type
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.findings import Finding, verdict_of
from splitbrain.checkers.common.registers import INITIAL_OPTION, THIN_AIR, RegisterHistory, initial_of, registers
from splitbrain.checkers.common.violations import Violations
from splitbrain.checkers.grow_only import check as grow_only
from splitbrain.checkers.sessions import guarantees
from splitbrain.checkers.sessions.guarantees import Guarantee
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Verdict, Witness


@dataclass(frozen=True)
class SessionCheck:
    """A session guarantee on registers. guarantee: finds what violates it. initial: the value of each key before any
    write."""

    name: str
    guarantee: Guarantee
    initial: Value = None

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for operations that are neither a register's nor a set's."""
        if data_type(history) is DataType.SET:
            return grow_only.judge(self.name, history, budget.start())
        return self.judge(registers(history, self.name, self.initial), budget.start())

    def judge(self, of: RegisterHistory, spending: BudgetMeter) -> Verdict:
        """The verdict on registers that were read from a history before."""
        found = self.guarantee(of)
        details: dict[str, Value] = {"violations": found.count, "judged": found.judged}
        if found.judged:
            details["rate"] = found.count / found.judged
        strange = sum(of.source[op] == THIN_AIR for op in of.reads())
        doubt = of.doubt
        if strange and not doubt:
            doubt = f"{strange:,} reads returned what nobody wrote, which says nothing about the order of writes"
        witness = self._witness(of, found)
        reason = f"all {found.judged:,} reads that had something to reflect reflected it"
        finding = Finding(witness, None, None if witness else doubt, reason, details)
        return verdict_of(self.name, of, finding, len(of.reads()), found.judged)

    def _witness(self, of: RegisterHistory, found: Violations) -> Witness | None:
        first = found.first
        if first is None:
            return None
        ops = with_sources(of, [first.read, first.missed, *first.through])
        share = f"{found.count:,} of {found.judged:,} reads that had something to reflect did not"
        missed = f"{{0}} did not reflect {{1}}, which it had to; {share}"
        return of.witness(ops, missed, of.start[first.read], first.why)


def with_sources(of: RegisterHistory, ops: Sequence[int]) -> list[int]:
    """Operations, and then the writes that reads among them returned: without these nothing says what was seen."""
    sources = (of.source[op] for op in ops if not of.write[op] and of.source[op] >= 0)
    return [*ops, *dict.fromkeys(source for source in sources if source not in ops)]


MODELS: Mapping[str, tuple[str, Guarantee]] = {
    "read-your-writes": ("a read reflects the earlier writes of its session", guarantees.read_your_writes),
    "monotonic-reads": ("a read reflects what its session saw before", guarantees.monotonic_reads),
    "monotonic-writes": ("who sees a write sees the earlier ones of its session", guarantees.monotonic_writes),
    "writes-follow-reads": ("who sees a write sees what its session had seen", guarantees.writes_follow_reads),
}


def entry(name: str) -> CatalogueEntry[SessionCheck]:
    """The entry of a guarantee."""
    summary, guarantee = MODELS[name]

    def build(settings: Mapping[str, Setting]) -> SessionCheck:
        return SessionCheck(name, guarantee, initial_of(settings["initial"]))

    return CatalogueEntry(name, f"{summary}; unique-value registers, sets", (INITIAL_OPTION,), build)


ENTRIES = tuple(map(entry, MODELS))
