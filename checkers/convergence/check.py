"""The checks of convergence and strong convergence, and their entries for `--model`."""

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.common.data_types import DataType, data_type
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.findings import Finding, verdict_of
from splitbrain.checkers.common.per_key import unobserved
from splitbrain.checkers.common.registers import INITIAL_OPTION, RegisterHistory, initial_of, registers
from splitbrain.checkers.convergence import registers as of_registers
from splitbrain.checkers.convergence.collections import FinalCopies
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Verdict

SETTLE = Option(
    "settle",
    1000,
    "how many milliseconds after the last update and the last fault final reads begin, at least",
    least=0,
)


@dataclass(frozen=True)
class ConvergenceCheck:
    """Convergence. settle: milliseconds that copies have to settle. initial: the value of each register before any
    write. strong: whether copies with the same updates must read the same at any time."""

    settle: int = 1000
    initial: Value = None
    strong: bool = False

    @property
    def name(self) -> str:
        """`convergence` or `strong-convergence`."""
        return "strong-convergence" if self.strong else "convergence"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for operations that are none of a register's, set's, list's or counter's."""
        kind = data_type(history)
        if kind is DataType.REGISTER:
            return self.judge(registers(history, self.name, self.initial), budget.start())
        copies = FinalCopies.of(history, self.name, kind, self.settle)
        early = copies.same_elements() if self.strong and kind is DataType.LIST else None
        return self._verdict(early or copies.judge(), copies.found.compared, history)

    def judge(self, of: RegisterHistory, spending: BudgetMeter) -> Verdict:
        """The verdict on registers that were read from a history before."""
        finding, compared = of_registers.judge(of, self.settle, spending)
        return self._verdict(finding, compared, of.history)

    def _verdict(self, finding: Finding, compared: int, history: History) -> Verdict:
        if not compared and finding.witness is None and self.settle and not history.timed:
            reason = f"the history has no times to tell what came {self.settle} ms after the last update"
            return unobserved(self.name, f"{reason}: with settle=0 all later reads are final")
        if not compared and finding.witness is None:
            reason = f"no two nodes read one key {self.settle} ms after its last update and the last fault, or later"
            return unobserved(self.name, f"{reason}: nothing could have refuted the model")
        return verdict_of(self.name, None, finding, compared)


def entry(name: str, summary: str, strong: bool) -> CatalogueEntry[ConvergenceCheck]:
    """The entry of a check."""

    def build(settings: Mapping[str, Setting]) -> ConvergenceCheck:
        return ConvergenceCheck(int(settings["settle"] or 0), initial_of(settings["initial"]), strong)

    return CatalogueEntry(name, summary, (SETTLE, INITIAL_OPTION), build)


ENTRIES = (
    entry("convergence", "final reads agree and miss nothing acknowledged; registers, sets, lists, counters", False),
    entry("strong-convergence", "convergence, and reads of a list with the same elements have them in one order", True),
)
