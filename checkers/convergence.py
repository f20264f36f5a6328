"""Convergence of registers: what all copies hold once writes have ended and had time to be delivered.

Judged by the last read of each key at each node (each session, where the history has no nodes) among those that began
`settle` milliseconds after the last acknowledged write of the key had ended. Of these, none returns a value that was
superseded (see `staleness.reads`), that nobody wrote, or that only failed writes wrote; and no two return different
values, unless writes of unknown outcome may have taken effect in between.

Pitfall: a finite history never refutes that copies agree some day. `invalid` says that they did not by the end of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.findings import Finding, verdict_of
from splitbrain.checkers.common.per_key import NEVER, unobserved
from splitbrain.checkers.common.registers import INITIAL_OPTION, RegisterHistory, initial_of, registers
from splitbrain.checkers.staleness.check import stale_witness
from splitbrain.checkers.staleness.reads import stale_reads
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Verdict

SETTLE = Option("settle", 1000, "how many milliseconds after the last write the final reads begin, at least", least=0)


@dataclass(frozen=True)
class ConvergenceCheck:
    """Convergence. settle: milliseconds that copies have to settle. initial: the value of each key before any write."""

    settle: int = 1000
    initial: Value = None
    name: str = "convergence"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that is none of a register's."""
        return self.judge(registers(history, self.name, self.initial), budget.start())

    def judge(self, of: RegisterHistory, spending: BudgetMeter) -> Verdict:
        """The verdict on registers that were read from a history before."""
        final = self._final(of)
        compared = sum(len(reads) for reads in final.values() if len(reads) > 1)
        stale = {found.read: found for found in stale_reads(of)}
        doubt = None
        open_: dict[int, set[int]] = {}
        for op, write in enumerate(of.write):
            if write and of.end[op] == NEVER:
                open_.setdefault(of.key[op], set()).add(of.value[op])
        for key, reads in final.items():
            late = next((op for op in reads if op in stale), None)
            if late is not None:
                return verdict_of(self.name, of, Finding(stale_witness(of, stale[late])), len(reads))
            certain = [op for op in reads if of.value[op] not in open_.get(key, ())]
            other = next((op for op in certain if of.value[op] != of.value[certain[0]]), None)
            if other is not None:
                sentence = "{0} and {1} differ, though all writes of the key had ended before"
                witness = of.witness([certain[0], other], sentence, of.start[other])
                return verdict_of(self.name, of, Finding(witness), len(reads))
            if len({of.value[op] for op in reads}) > 1:
                doubt = doubt or "final reads differ by a write of unknown outcome, which may have happened in between"
        if not compared:
            reason = f"no two nodes read one key {self.settle} ms after its last write, or later"
            return unobserved(self.name, f"{reason}: nothing could have refuted the model")
        reason = f"{compared:,} final reads agree, key by key, and miss no acknowledged write"
        return verdict_of(self.name, of, Finding(doubt=doubt, reason=reason), compared)

    def _final(self, of: RegisterHistory) -> dict[int, list[int]]:
        """The last read of each key at each node."""
        history = of.history
        quiet: dict[int, int] = {}
        for op in of.writes():
            if quiet.get(of.key[op], -1) < of.end[op] < NEVER:
                quiet[of.key[op]] = of.end[op]
        last: dict[int, dict[tuple[bool, int], int]] = {}
        for op in of.reads():
            start, ended = of.start[op], quiet.get(of.key[op], -1)
            if start < ended or (ended >= 0 and not self._settled(history, ended, start)):
                continue
            node = history.node[start]
            at = (True, of.session[op]) if node == ABSENT else (False, node)
            of_key = last.setdefault(of.key[op], {})
            if at not in of_key or of.end[of_key[at]] < of.end[op]:
                of_key[at] = op
        return {key: list(of_key.values()) for key, of_key in last.items()}

    def _settled(self, history: History, quiet: int, start: int) -> bool:
        if self.settle == 0:
            return True
        return history.timed and history.time[start] - history.time[quiet] >= self.settle * 1_000_000


def build(settings: Mapping[str, Setting]) -> ConvergenceCheck:
    """The check with these settings."""
    return ConvergenceCheck(int(settings["settle"] or 0), initial_of(settings["initial"]))


CONVERGENCE = CatalogueEntry(
    "convergence", "final reads agree and miss no acknowledged write; registers", (SETTLE, INITIAL_OPTION), build
)
