"""The checkers of causal consistency, causal convergence, causal memory and PRAM, and their entries for `--model`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.causal.certificate import causal_objection, view_objection
from splitbrain.checkers.causal.clocks import arbitration, causal_order, thin_air
from splitbrain.checkers.causal.sessions import Views, memory, pram
from splitbrain.checkers.common.data_types import DataType, data_type
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.findings import Finding, verdict_of
from splitbrain.checkers.common.registers import INITIAL_OPTION, RegisterHistory, initial_of, registers
from splitbrain.checkers.common.session_order import KeyWrites
from splitbrain.checkers.grow_only import check as grow_only
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Verdict

VIEWS_MAX = 100_000
"""The number of operations that the orders of all sessions may have that a verdict keeps."""
Judging = Callable[[RegisterHistory, BudgetMeter], Finding]


def consistency(registers: RegisterHistory, spending: BudgetMeter) -> Finding:
    """CC: what each read returned is explained by some order of its causal past."""
    causal = causal_order(registers, spending)
    return causal.finding or _shown(registers, causal.order, False, "every read is explained by its causal past")


def convergence(registers: RegisterHistory, spending: BudgetMeter) -> Finding:
    """CCv: as CC, by one order of arbitration."""
    return _once("causal-convergence", _convergence, registers, spending)


def causal_memory(registers: RegisterHistory, spending: BudgetMeter) -> Finding:
    """CM: for each session one order explains all its reads."""
    return _once("causal-memory", _causal_memory, registers, spending)


def _once(name: str, judging: Judging, registers: RegisterHistory, spending: BudgetMeter) -> Finding:
    """The finding of a model that several ask for; found once, unless it was for want of budget."""
    found: Finding = registers.found.get(name) or judging(registers, spending)
    if found.doubt is None:
        registers.found[name] = found
    return found


def _convergence(registers: RegisterHistory, spending: BudgetMeter) -> Finding:
    causal = causal_order(registers, spending)
    found = causal.finding or arbitration(registers, causal)
    reason = "one order of arbitration explains every read by its causal past"
    return found if isinstance(found, Finding) else _shown(registers, found, True, reason)


def _causal_memory(registers: RegisterHistory, spending: BudgetMeter) -> Finding:
    causal = causal_order(registers, spending)
    found = causal.finding or memory(registers, causal, spending)
    reason = "for each session one causal order explains all its reads"
    return found if isinstance(found, Finding) else _seen(registers, found, True, reason)


def pipelined(registers: RegisterHistory, spending: BudgetMeter) -> Finding:
    """PRAM: each session sees the writes of each session in their order."""
    found = thin_air(registers) or pram(registers, KeyWrites(registers), spending)
    reason = "for each session one order of all writes explains all its reads"
    return found if isinstance(found, Finding) else _seen(registers, found, False, reason)


def _shown(registers: RegisterHistory, order: Sequence[int], by_arbitration: bool, reason: str) -> Finding:
    """The certificate of an order, once it is verified."""
    wrong = causal_objection(registers, order, arbitration=by_arbitration)
    if wrong is not None:
        return Finding(doubt=f"an order was found but not verified: {wrong}")
    return Finding(reason=reason, certificate=tuple(registers.start[op] for op in order))


def _seen(registers: RegisterHistory, views: Views, causal: bool, reason: str) -> Finding:
    """The certificate of the orders of sessions, once they are verified; they are kept where they are not too long."""
    for session, order in views.items():
        wrong = view_objection(registers, session, order, causal=causal)
        if wrong is not None:
            return Finding(doubt=f"the order of a session was found but not verified: {wrong}")
    if sum(map(len, views.values())) > VIEWS_MAX:
        return Finding(reason=reason)
    orders = {
        registers.session_name(session): [registers.start[op] for op in order] for session, order in views.items()
    }
    return Finding(reason=reason, details={"orders": orders})


@dataclass(frozen=True)
class CausalCheck:
    """A causal model of registers. judging: how it is decided. initial: the value of each key before any write."""

    name: str
    judging: Judging
    initial: Value = None

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for operations that are neither a register's nor a set's."""
        if data_type(history) is DataType.SET:
            return grow_only.judge(self.name, history, budget.start())
        return self.judge(registers(history, self.name, self.initial), budget.start())

    def judge(self, of: RegisterHistory, spending: BudgetMeter) -> Verdict:
        """The verdict on registers that were read from a history before."""
        finding = self.judging(of, spending)
        if finding.witness is None and finding.doubt is None and of.doubt:
            finding = Finding(doubt=of.doubt)
        return verdict_of(self.name, of, finding, len(of.reads()))


MODELS: Mapping[str, tuple[str, Judging]] = {
    "causal-consistency": ("CC: each read is explained by some order of its causal past", consistency),
    "causal-convergence": ("CCv: causal consistency with one order of arbitration for all", convergence),
    "causal-memory": ("CM: for each session one causal order explains all its reads", causal_memory),
    "pram": ("PRAM: each session sees the writes of each session in their order", pipelined),
}


def entry(name: str) -> CatalogueEntry[CausalCheck]:
    """The entry of a model."""
    summary, judging = MODELS[name]

    def build(settings: Mapping[str, Setting]) -> CausalCheck:
        return CausalCheck(name, judging, initial_of(settings["initial"]))

    return CatalogueEntry(name, f"{summary}; unique-value registers, sets", (INITIAL_OPTION,), build)


ENTRIES = tuple(map(entry, MODELS))
