"""Uniqueness of identifiers, as Jepsen's `unique-ids`: no identifier is given twice.

    generate → id

Pitfall: `1` and `"1"` are two identifiers. Definition as in Jepsen's `checker/unique-ids` (jepsen-io/jepsen,
`checker.clj`); keys, if there are any, are generators of their own.
"""

from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, some
from splitbrain.checkers.common.per_key import LOOK_EVERY, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness

GENERATE = "generate"


@dataclass(frozen=True)
class UniqueIdsCheck:
    """Jepsen's `unique-ids`."""

    name: str = "unique-ids"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for other operations than generate."""
        hold_to(history, self.name, (GENERATE,))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations = history.operations()
        first: dict[int, int] = {}
        again: dict[int, int] = {}
        given = 0
        for count, row in enumerate(rows):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(rows), "operations")
            if operations.ended[row] != EventType.OK:
                continue
            given += 1
            if first.setdefault(operations.result[row], row) != row:
                again.setdefault(operations.result[row], row)
        if given < 2:
            return unobserved(self.name, f"{given} identifiers were given: nothing could have been given twice")
        details: dict[str, Value] = {"attempts": len(rows), "given": given, "duplicated": len(again)}
        if not again:
            reason = f"all {given:,} identifiers are different"
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        witness = twice(history, first, again)
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


def twice(history: History, first: dict[int, int], again: dict[int, int]) -> Witness:
    """The witness of an identifier that was given twice."""
    operations, values = history.operations(), history.pool.values
    identifier, later = next(iter(again.items()))
    earlier = first[identifier]
    spans = [(operations.invoke[row], operations.complete[row]) for row in (earlier, later)]
    tell = EventFormat(history, [event for span in spans for event in span])
    name = shown(values[identifier])
    words = [
        f"{tell.who(spans[1][0])} was given {name} at {tell.when(spans[1][1])}, "
        f"which {tell.who(spans[0][0])} was given too, at {tell.when(spans[0][1])}",
        *(f"{tell.span(*span)}: {tell.who(span[0])} generate → {name}" for span in spans),
    ]
    if len(again) > 1:
        words.append(f"given more than once in all, {len(again):,}: {some([values[i] for i in again])}")
    return Witness(tuple(sorted(event for span in spans for event in span)), tuple(words), spans[1][0])


UNIQUE_IDS = CatalogueEntry(
    "unique-ids", "Jepsen's unique-ids: no identifier is given twice; not linearizability", (),
    lambda settings: UniqueIdsCheck(),
)  # fmt: skip
