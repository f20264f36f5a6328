"""Bank accounts, as Jepsen's `bank`: every read of all accounts shows the same total.

    read → {account: balance}      transfer {from, to, amount}

Under snapshot isolation or anything stronger no transfer is ever seen half done. Definition as in Jepsen's
`tests/bank` (jepsen-io/jepsen, `tests/bank.clj`): the total is constant, no balance is nil or, without
`negative-balances=true`, below zero. Unless `total` says otherwise the first read decides what the total is, and which
accounts there are. Reads show something only if money moved: if a transfer had been acknowledged, or accounts differ
from read to read.

Pitfall: the total alone. Two accounts can be wrong by the same amount, which is why negative balances are looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, some
from splitbrain.checkers.common.per_key import LOOK_EVERY, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import meant, shown
from splitbrain.checkers.domain.counters import exceeds, number
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness

READ, TRANSFER = "read", "transfer"


@dataclass(frozen=True)
class BankCheck:
    """Jepsen's `bank`. negative_balances: whether they are allowed. total: None for that of the first read."""

    negative_balances: bool = False
    total: int | float | None = None
    name: str = "bank"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for other operations than read and transfer."""
        hold_to(history, self.name, (READ, TRANSFER))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations, values = history.operations(), history.pool.values
        reads = [
            row for row in rows if values[operations.f[row]] == READ and operations.ended[row] == EventType.OK
        ]  # fmt: skip
        transfers = [row for row in rows if values[operations.f[row]] == TRANSFER]
        if not reads:
            return unobserved(self.name, "the accounts were never read: nothing could have refuted the model")
        reads.sort(key=operations.complete.__getitem__)
        first = balances(values[operations.result[reads[0]]])
        total = total_of(first) if self.total is None else self.total
        wrong: list[tuple[int, str]] = []
        for count, row in enumerate(reads):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(reads), "reads")
            objection = self._objection(balances(values[operations.result[row]]), first, total)
            if objection is not None:
                wrong.append((row, objection))
        details: dict[str, Value] = {
            "reads": len(reads), "transfers": len(transfers), "total": total, "errors": len(wrong)
        }  # fmt: skip
        if wrong:
            witness = wrong_read(history, *wrong[0], None if self.total is not None else reads[0])
            return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)
        if self.total is None and len(reads) == 1:
            return unobserved(self.name, "the accounts were read once only: there is nothing to compare with")
        last = operations.complete[reads[-1]]
        moved = any(operations.ended[row] == EventType.OK and operations.invoke[row] < last for row in transfers)
        if not moved and not changed([balances(values[operations.result[row]]) for row in reads]):
            return unobserved(
                self.name,
                "no transfer was acknowledged before the last read, or seen: nothing could have refuted the model",
            )
        reason = f"all {len(reads):,} reads show a total of {shown(total)}, with {len(transfers):,} transfers"
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)

    def _objection(self, seen: Mapping[Value, Value], first: Mapping[Value, Value], total: int | float) -> str | None:
        """An objection to a read, in words, or None."""
        if seen.keys() != first.keys():
            strange = sorted(seen.keys() ^ first.keys(), key=repr)
            return f"the accounts {some(strange)} are there in one read and not in another"
        empty = [account for account, balance in seen.items() if balance is None]
        if empty:
            return f"account {some(empty)} has no balance"
        found = total_of(seen)
        if differ(found, total):
            where = "" if self.total is not None else ", as in the first read"
            return f"the total is {shown(found)}, not {shown(total)}{where}"
        negative = [account for account, balance in seen.items() if balance < 0]
        if negative and not self.negative_balances:
            return f"account {shown(negative[0])} has {shown(seen[negative[0]])}, and none may be below zero"
        return None


def balances(value: Value) -> Mapping[Value, Value]:
    """Account → balance, as a read returned it; UsageError for anything else."""
    if not isinstance(value, dict):
        raise UsageError(f"a read of a bank returns its accounts and their balances, not {shown(value)}")
    total_of(value)
    return value


def total_of(accounts: Mapping[Value, Value]) -> int | float:
    """The sum of all balances; nil counts as nothing."""
    return sum(number(balance, "a balance is") for balance in accounts.values() if balance is not None)


def differ(one: int | float, other: int | float) -> bool:
    """Whether two totals differ by more than rounding."""
    return exceeds(one, other) or exceeds(other, one)


def changed(reads: Sequence[Mapping[Value, Value]]) -> bool:
    """Whether some read shows other balances than the first one."""
    return any(accounts != reads[0] for accounts in reads)


def wrong_read(history: History, row: int, objection: str, first: int | None) -> Witness:
    """The witness of a read that shows something impossible. first: the row that it is compared with, if any."""
    operations, values = history.operations(), history.pool.values
    rows = [row] if first is None or first == row else [first, row]
    spans = [(operations.invoke[each], operations.complete[each]) for each in rows]
    tell = EventFormat(history, [event for span in spans for event in span])
    invoke, complete = spans[-1]
    words = [f"{tell.who(invoke)} read the accounts at {tell.when(complete)}: {objection}"]
    for each, span in zip(rows, spans, strict=True):
        seen = values[operations.result[each]]
        shown_accounts = ", ".join(f"{shown(account)}: {shown(balance)}" for account, balance in seen.items())
        words.append(
            f"{tell.span(*span)}: {tell.who(span[0])} read → {{{shown_accounts}}}, {shown(total_of(seen))} in all"
        )
    return Witness(tuple(sorted(event for span in spans for event in span)), tuple(words), invoke)


def build(settings: Mapping[str, Setting]) -> BankCheck:
    """The check with these settings."""
    total = meant(settings["total"])
    return BankCheck(bool(settings["negative-balances"]), None if total is None else number(total, "option total is"))


NEGATIVE_BALANCES = Option("negative-balances", False, "whether an account may be overdrawn")
TOTAL = Option("total", None, "what all balances add up to; that of the first read if not given")

BANK = CatalogueEntry(
    "bank", "Jepsen's bank: every read of all accounts shows the same total, none below zero; snapshot isolation",
    (NEGATIVE_BALANCES, TOTAL), build,
)  # fmt: skip
