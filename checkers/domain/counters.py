"""Bounds of a counter, as Jepsen's `counter`: each read lies within them.

    add delta      increment delta      read → sum

Of the adds, those acknowledged before the read began must be in its sum, those that had begun when it ended may be;
failed ones are not. So the least sum has of the latter only the negative deltas, the greatest only the positive ones.
This is Jepsen's `checker/counter` (jepsen-io/jepsen, `checker.clj`), which knows no negative deltas. The bounds are
necessary, not sufficient: `lin-counter` asks the whole question, which is hard.

Pitfall: an add that ends during the read. It is owed by nobody, yet allowed; and an add that ended in `info` may still
take effect at any time.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import LOOK_EVERY, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import counted, meant, shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness

ADDS, READ = ("add", "increment"), "read"
SHOWN_ERRORS = 100


@dataclass
class Ledger:
    """A running total of deltas by position in the history."""

    positions: list[int]
    totals: list[int | float]

    @staticmethod
    def of(entries: list[tuple[int, int | float]]) -> "Ledger":
        """The ledger of (position, delta)."""
        entries.sort(key=lambda entry: entry[0])
        return Ledger([position for position, _ in entries], [0, *accumulate(delta for _, delta in entries)])

    def before(self, position: int) -> int | float:
        """The total of everything before a position."""
        return self.totals[bisect_left(self.positions, position)]


@dataclass
class Book:
    """The adds of one counter: positive and negative deltas apart, by invocation and by acknowledgement."""

    begun: tuple[Ledger, Ledger]
    acknowledged: tuple[Ledger, Ledger]

    @staticmethod
    def of(history: History, adds: Sequence[int]) -> "Book":
        """The book of these rows; failed adds are left out."""
        operations, values = history.operations(), history.pool.values
        begun: tuple[list[tuple[int, int | float]], ...] = ([], [])
        acknowledged: tuple[list[tuple[int, int | float]], ...] = ([], [])
        for row in adds:
            delta = number(values[operations.argument[row]], "an add takes")
            if operations.ended[row] == EventType.FAIL:
                continue
            sign = delta < 0
            begun[sign].append((operations.invoke[row], delta))
            if operations.ended[row] == EventType.OK:
                acknowledged[sign].append((operations.complete[row], delta))
        return Book(
            (Ledger.of(begun[0]), Ledger.of(begun[1])), (Ledger.of(acknowledged[0]), Ledger.of(acknowledged[1]))
        )

    def bounds(self, invoke: int, complete: int) -> tuple[int | float, int | float]:
        """The least and the greatest sum that a read of this span can see, without the initial value."""
        low = self.acknowledged[0].before(invoke) + self.begun[1].before(complete)
        high = self.begun[0].before(complete) + self.acknowledged[1].before(invoke)
        return low, high


def number(value: Value, what: str) -> int | float:
    """A number of a history; UsageError if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{what} a number, not {shown(value)}")
    return value


def exceeds(a: int | float, b: int | float) -> bool:
    """Whether a is greater than b, or one of them is no number at all; sums that are not of integers alone are allowed
    the rounding of a billionth."""
    if math.isnan(a) or math.isnan(b):
        return True
    return a > b and (type(a) is type(b) is int or a - b > 1e-9 * max(1.0, abs(a), abs(b)))


@dataclass(frozen=True)
class CounterCheck:
    """Jepsen's `counter`. initial: the sum before any add. unread: what a history without a read is."""

    initial: int | float = 0
    unread: str = "valid"
    name: str = "counter"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for operations it does not know."""
        hold_to(history, self.name, (*ADDS, READ))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations, values = history.operations(), history.pool.values
        adds = [row for row in rows if values[operations.f[row]] != READ]
        reads = [
            row for row in rows if values[operations.f[row]] == READ and operations.ended[row] == EventType.OK
        ]  # fmt: skip
        book = Book.of(history, adds)
        if not reads:
            return self._never_read(len(adds))
        wrong: list[tuple[int, int | float, int | float]] = []
        for count, row in enumerate(reads):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(reads), "reads")
            seen = self._sum(values[operations.result[row]])
            low, high = book.bounds(operations.invoke[row], operations.complete[row])
            if exceeds(self.initial + low, seen) or exceeds(seen, self.initial + high):
                wrong.append((row, self.initial + low, self.initial + high))
        details: dict[str, Value] = {"adds": len(adds), "reads": len(reads), "errors": len(wrong)}
        if not wrong:
            reason = f"all {len(reads):,} reads lie within their bounds, with {len(adds):,} adds"
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        row, low, high = wrong[0]
        witness = outside(history, adds, row, self._sum(values[operations.result[row]]) < low, (low, high))
        details["worst"] = [
            [low, values[operations.result[row]], high] for row, low, high in wrong[:SHOWN_ERRORS]
        ]  # fmt: skip
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)

    def _sum(self, value: Value) -> int | float:
        """The sum that a read returned; nil is a counter that nobody has touched."""
        return self.initial if value is None else number(value, "a read of a counter returns")

    def _never_read(self, adds: int) -> Verdict:
        blind = "the counter was never read: nothing could have refuted the model"
        if self.unread == "unknown" or adds == 0:
            return unobserved(self.name, blind)
        details = {"adds": adds, "reads": 0, "errors": 0}
        return Verdict(
            Validity.VALID, f"{blind}, which Jepsen's counter lets pass", self.name, self.name, details=details
        )


def outside(
    history: History, adds: Sequence[int], row: int, below: bool, bounds: tuple[int | float, int | float]
) -> Witness:
    """The witness of a read outside its bounds: the read, and the adds that it owes or may have seen."""
    operations, values = history.operations(), history.pool.values
    invoke, complete = operations.invoke[row], operations.complete[row]
    seen, (low, high) = shown(values[operations.result[row]]), map(shown, bounds)
    begun = [
        add for add in adds if operations.ended[add] != EventType.FAIL and operations.invoke[add] < complete
    ]  # fmt: skip
    events = [invoke, complete]
    for add in begun:
        events += [operations.invoke[add], *([operations.complete[add]] if operations.complete[add] >= 0 else [])]
    tell = EventFormat(history, (invoke, complete))
    limit = f"it was at least {low} when the read began" if below else f"it cannot have been more than {high} by then"
    words = [
        f"{tell.who(invoke)} read {seen} at {tell.when(complete)}, yet {limit}",
        f"{tell.span(invoke, complete)}: {tell.who(invoke)} read → {seen}; with the {counted(len(begun), 'add')} begun "
        f"before its end, the sum is {low if low == high else f'from {low} to {high}'}",
    ]
    return Witness(tuple(sorted(set(events))), tuple(words), invoke)


def build(settings: Mapping[str, Setting]) -> CounterCheck:
    """The check with these settings."""
    return CounterCheck(number(meant(settings["initial"]), "option initial is"), str(settings["unread"]))


INITIAL = Option("initial", 0, "the sum before any add", least=None)
UNREAD = Option("unread", "valid", "what a history without a read is: valid as Jepsen has it", ("valid", "unknown"))

COUNTER = CatalogueEntry(
    "counter", "Jepsen's counter: each read within the sums of acknowledged and of attempted adds; not linearizability",
    (INITIAL, UNREAD), build,
)  # fmt: skip
