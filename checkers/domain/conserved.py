"""Money that is conserved without isolation: bank accounts as of `bank`, whose total counts before the first transfer
and after the last one.

    read → {account: balance}      transfer {from, to, amount}

While a transfer is under way its money may be nowhere, as in a saga (Garcia-Molina and Salem, SIGMOD 1987). So what the
reads on the way show is counted, not judged. Those that end before the first transfer begins say what the total is,
unless `total` does; those that begin after the last one has ended must show it, and no balance below zero.

Only transfers that were acknowledged, or accounts that changed, show that there was anything to lose.

Pitfall: a transfer whose end is unknown may go on after its client has given up; who records such a history waits for
that before the last reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.per_key import NEVER, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import meant, shown
from splitbrain.checkers.domain.bank import (
    READ,
    TOTAL,
    TRANSFER,
    balances,
    changed,
    differ,
    total_of,
    wrong_read,
)
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
        if limit := spending.exhausted():
            return over_budget(self.name, limit, 0, len(rows), "operations")
        transfers = [row for row in rows if values[operations.f[row]] == TRANSFER]
        seen = {
            row: balances(values[operations.result[row]])
            for row in rows
            if values[operations.f[row]] == READ and operations.ended[row] == EventType.OK
        }
        begins = min((operations.invoke[row] for row in transfers), default=NEVER)
        ends = max((_end(operations.complete[row]) for row in transfers), default=ABSENT)
        before = [row for row in seen if operations.complete[row] < begins]
        after = [row for row in seen if operations.invoke[row] > ends]
        if not after or (self.total is None and not before):
            reason = (
                "no read before the first transfer, or none after the last one: nothing could have refuted the model"
            )
            return unobserved(self.name, reason)
        total = total_of(seen[before[0]]) if self.total is None else self.total
        judged = dict.fromkeys((*before, *after))
        on_the_way = [accounts for row, accounts in seen.items() if row not in judged]
        torn = sum(differ(total_of(accounts), total) for accounts in on_the_way)
        details: dict[str, Value] = {
            "reads": len(seen), "transfers": len(transfers), "total": total, "intermediate_reads": torn,
        }  # fmt: skip
        for row in judged:
            if objection := objection_to(seen[row], total):
                witness = wrong_read(history, row, objection, before[0] if self.total is None else None)
                return Verdict(
                    Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details
                )
        moved = any(operations.ended[row] == EventType.OK for row in transfers)
        if not moved and not changed(list(seen.values())):
            return unobserved(self.name, "no transfer was acknowledged, or seen: nothing could have refuted the model")
        reason = (
            f"the total is {shown(total)} after {len(transfers):,} transfers as before; on the way {torn:,} of "
            f"{len(on_the_way):,} reads showed another one"
        )
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)


def objection_to(accounts: Mapping[Value, Value], total: int | float) -> str | None:
    """An objection to what a read before or after all transfers shows, in words, or None."""
    found = total_of(accounts)
    if differ(found, total):
        return f"the total is {shown(found)}, not {shown(total)}, as it is before and after all transfers"
    negative = [account for account, balance in accounts.items() if balance is not None and balance < 0]
    if not negative:
        return None
    return f"account {shown(negative[0])} has {shown(accounts[negative[0]])}, and none may be below zero"


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
