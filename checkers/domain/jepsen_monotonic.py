"""Jepsen's `monotonic`, of CockroachDB: rows stand in the order of their values if ordered by their timestamps.

    add → [value timestamp …]        read → [[value timestamp …] …] in the order of timestamps

A row is a list that begins with value and timestamp, or a table with `val` and `sts`. Each add inserts the greatest
value that it sees, and one more, with the database's timestamp. In the last read that succeeded timestamps never fall,
values rise, no row stands there twice, no acknowledged row is missing, and no row of a failed add is there. Definition
as in Jepsen's `cockroach/monotonic.clj` (jepsen-io/jepsen); a set that was never read is unknown here, not invalid.

Pitfall: an add ends with the row that it saw as the greatest, as Jepsen's client has it; an invocation's value is a
number of its own, and no row.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, some
from splitbrain.checkers.common.per_key import Rows, hold_to, of_each_key, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness

ADD, READ = "add", "read"
Row = tuple[Any, Any]
"""Value and timestamp."""


@dataclass(frozen=True)
class JepsenMonotonicCheck:
    """Jepsen's `monotonic`."""

    name: str = "jepsen-monotonic"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for operations other than add and read, or for rows that are none."""
        hold_to(history, self.name, (ADD, READ))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations, values = history.operations(), history.pool.values
        done = [row for row in rows if operations.ended[row] == EventType.OK]
        reads = [row for row in done if values[operations.f[row]] == READ]
        if not reads:
            return unobserved(self.name, "the set was never read: nothing could have refuted the model")
        read = max(reads, key=operations.complete.__getitem__)
        listed = values[operations.result[read]]
        if listed is not None and not isinstance(listed, tuple | list):
            raise UsageError(f"a read returns rows in the order of their timestamps, as a list, not {shown(listed)}")
        found = [row_of(each) for each in listed or ()]
        added = {row_of(values[operations.result[row]])[0]: row for row in done if values[operations.f[row]] == ADD}
        failed = {
            row_of(values[operations.argument[row]])[0]: row
            for row in rows
            if operations.ended[row] == EventType.FAIL and is_row(values[operations.argument[row]])
        }
        there = Counter(value for value, _ in found)
        wrong = _wrong(found, there, added.keys() - there.keys(), failed.keys() & there.keys())
        details: dict[str, Value] = {"rows": len(found), "acknowledged": len(added)}
        if wrong is None and not found and not added:
            return unobserved(self.name, "nothing was added, and no row read: nothing could have refuted the model")
        if wrong is None:
            reason = f"{len(found):,} rows stand in the order of their values and of their timestamps"
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        told, about = wrong
        adds = sorted({row for value in about for row in (added.get(value), failed.get(value)) if row is not None})
        spans = [(operations.invoke[row], operations.complete[row]) for row in (*adds, read)]
        events = tuple(sorted(event for span in spans for event in span))
        tell = EventFormat(history, events)
        words = (f"in the last read, {told}", *(tell.line(row, key=False) for row in (*adds, read)))
        witness = Witness(events, words, operations.invoke[read])
        return Verdict(Validity.INVALID, words[0], self.name, self.name, witness=witness, details=details)


def _wrong(
    found: Sequence[Row], there: Counter[Any], lost: Set[Any], revived: Set[Any]
) -> tuple[str, Sequence[Any]] | None:
    """An objection to the rows of a read, with the first values that it is about; None if there is none."""
    for (one, earlier), (other, later) in pairwise(found):
        if later < earlier:
            words = f"timestamp {shown(later)} stands after {shown(earlier)}, though rows are read in their order"
            return words, (one, other)
        if other < one:
            words = f"value {shown(other)} of timestamp {shown(later)} stands after {shown(one)} of {shown(earlier)}"
            return f"{words}, though values rise with timestamps", (one, other)
    twice = [value for value, count in there.items() if count > 1]
    if twice:
        return f"these values stand more than once: {some(twice)}", twice[:1]
    for words, values in (
        ("these values were acknowledged and are missing", sorted(lost)),
        ("these values are there, though their adds failed", sorted(revived)),
    ):
        if values:
            return f"{words}: {some(values)}", values[:1]
    return None


def is_row(value: Value) -> bool:
    """Whether a value is a row."""
    if isinstance(value, Mapping):
        return {"val", "sts"} <= value.keys()
    return isinstance(value, tuple | list) and len(value) >= 2


def row_of(value: Value) -> Row:
    """The value and the timestamp of a row; UsageError if it is none."""
    if not is_row(value):
        raise UsageError(f"a row is a list of value and timestamp, or a table with val and sts, not {shown(value)}")
    row: Row = (value["val"], value["sts"]) if isinstance(value, Mapping) else (value[0], value[1])
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in row):
        raise UsageError(f"value and timestamp of a row are numbers, not {shown(value)}")
    return row


JEPSEN_MONOTONIC = CatalogueEntry(
    "jepsen-monotonic", "Jepsen's monotonic, of CockroachDB: values rise with timestamps, and no row is lost", (),
    lambda settings: JepsenMonotonicCheck(),
)  # fmt: skip
