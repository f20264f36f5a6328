"""Money that is conserved without isolation: bank accounts as of `bank`, whose total counts before the first transfer
and after the last one.

    read → {account: balance}      transfer {from, to, amount}

While a transfer is under way its money may be nowhere, as in a saga (Garcia-Molina and Salem, SIGMOD 1987). So what the
reads on the way show is counted, not judged. Those that end before the first transfer begins say what the total is,
unless `total` does; those that begin after the last one has ended must show it, and no balance below zero.

Pitfall: a transfer whose end is unknown may go on after its client has given up; who records such a history waits for
that before the last reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.per_key import NEVER, Rows, hold_to, of_each_key, unobserved
from splitbrain.checkers.common.values import meant, shown
from splitbrain.checkers.domain.bank import READ, TOTAL, TRANSFER, balances, total_of, wrong_read
from splitbrain.checkers.domain.counters import number
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Validity, Verdict


@dataclass(frozen=True)
class ConservedCheck:
    """Conserved money. total: None for that of the first read."""

    total: int | float | None = None
    name: str = "conserved"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for other operations than read and transfer."""
        hold_to(history, self.name, (READ, TRANSFER))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations, values = history.operations(), history.pool.values
        transfers = [row for row in rows if values[operations.f[row]] == TRANSFER]
        reads = [row for row in rows if values[operations.f[row]] == READ and operations.ended[row] == EventType.OK]
        begins = min((operations.invoke[row] for row in transfers), default=NEVER)
        ends = max((_end(operations.complete[row]) for row in transfers), default=0)
        before = [row for row in reads if operations.complete[row] < begins]
        after = [row for row in reads if operations.invoke[row] > ends]
        totals = {row: total_of(balances(values[operations.result[row]])) for row in reads}
        if not transfers or not after or (self.total is None and not before):
            reason = (
                "no read before the first transfer, or none after the last one: nothing could have refuted the model"
            )
            return unobserved(self.name, reason)
        total = totals[before[0]] if self.total is None else self.total
        on_the_way = len(reads) - len(before) - len(after)
        seen = sum(found != total for row, found in totals.items() if row not in before and row not in after)
        details: dict[str, Value] = {
            "reads": len(reads), "transfers": len(transfers), "total": total, "intermediate_reads": seen,
        }  # fmt: skip
        for row in (*before, *after):
            accounts = balances(values[operations.result[row]])
            objection = f"the total is {shown(totals[row])}, not {shown(total)}" if totals[row] != total else None
            negative = [account for account, balance in accounts.items() if balance is not None and balance < 0]
            if objection is None and negative:
                objection = f"account {shown(negative[0])} has {shown(accounts[negative[0]])}"
            if objection is not None:
                witness = wrong_read(history, row, objection, before[0] if self.total is None else None)
                return Verdict(
                    Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details
                )
        reason = (
            f"the total is {shown(total)} after {len(transfers):,} transfers as before; on the way {seen:,} of "
            f"{on_the_way:,} reads showed another one"
        )
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)


def _end(complete: int) -> int:
    """The position at which a transfer ended."""
    return NEVER if complete == ABSENT else complete


def build(settings: Mapping[str, Setting]) -> ConservedCheck:
    """The check with these settings."""
    total = meant(settings["total"])
    return ConservedCheck(None if total is None else number(total, "option total is"))


CONSERVED = CatalogueEntry(
    "conserved", "bank accounts without isolation: the total is the same before all transfers and after them",
    (TOTAL,), build,
)  # fmt: skip
