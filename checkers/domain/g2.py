"""Adya's G2, as Jepsen's `adya` workload: of two inserts that a predicate keeps apart at most one succeeds.

    insert [id of table a, nil] or [nil, id of table b]        with a key, or as [key [id id]]

An insert reads both tables by the key, and inserts only if neither has a row. Two of one key that both succeed have not
seen each other: an anti-dependency cycle over predicates, which serializability forbids. Definition as in Jepsen's
`tests/adya` (jepsen-io/jepsen, `tests/adya.clj`).

Pitfall: only acknowledged inserts count; one whose end is unknown may have failed. So a key says something only if one
insert of it succeeded, and another one was turned down after the tables were looked at.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import LOOK_EVERY, hold_to, over_budget, unobserved
from splitbrain.checkers.common.values import frozen, shown
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import ErrorKind, EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness

INSERT = "insert"
UNREACHED = (ErrorKind.REFUSED, ErrorKind.NO_LEADER, ErrorKind.UNAVAILABLE)


@dataclass(frozen=True)
class G2Check:
    """Jepsen's `g2`."""

    name: str = "g2"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for other operations than inserts, or for values that are none."""
        hold_to(history, self.name, (INSERT,))
        operations, values = history.operations(), history.pool.values
        spending = budget.start()
        tried: set[Value] = set()
        turned_down: set[Value] = set()
        done: dict[Value, list[int]] = {}
        names: dict[Value, Value] = {}
        for row, argument in enumerate(operations.argument):
            if row % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, row, len(operations), "inserts")
            if values[argument] is None and operations.ended[row] == EventType.FAIL:
                continue
            given = operations.key[row]
            name = key_of(values[argument], None if given == ABSENT else values[given], keyed=given != ABSENT)
            key = frozen(name)
            names.setdefault(key, name)
            tried.add(key)
            if operations.ended[row] == EventType.FAIL and was_looked_at(history, row):
                turned_down.add(key)
            if operations.ended[row] == EventType.OK:
                done.setdefault(key, []).append(row)
        return self._verdict(history, len(tried), turned_down, done, names)

    def _verdict(
        self,
        history: History,
        tried: int,
        turned_down: Set[Value],
        done: dict[Value, list[int]],
        names: dict[Value, Value],
    ) -> Verdict:
        twice = {key: rows for key, rows in done.items() if len(rows) > 1}
        contested = sum(key in turned_down for key in done)
        details: dict[str, Value] = {"keys": tried, "inserted": len(done), "illegal": len(twice)}
        if twice:
            key, rows = next(iter(twice.items()))
            witness = both(history, names[key], rows)
            return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)
        if not contested:
            reason = (
                "no key was inserted for which another insert was turned down: nothing could have refuted the model"
            )
            return unobserved(self.name, reason)
        reason = f"of {len(done):,} keys each was inserted once, and of {contested:,} another insert was turned down"
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)


def was_looked_at(history: History, row: int) -> bool:
    """Whether an insert that failed may have read the tables: its error does not say that no server took it."""
    error = history.error[history.operations().complete[row]]
    value = None if error == ABSENT else history.pool.values[error]
    return not (isinstance(value, tuple) and len(value) > 0 and value[0] in UNREACHED)


def key_of(value: Value, key: Value, *, keyed: bool) -> Value:
    """The key of an insert; UsageError if its value is none. keyed: whether the operation has the key apart."""
    pair = value
    if not keyed and isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], tuple):
        key, pair = value
    elif not keyed:
        raise UsageError(f"an insert of g2 is [key [id of a, id of b]], not {shown(value)}")
    if not isinstance(pair, tuple) or len(pair) != 2 or (pair[0] is None) == (pair[1] is None):
        raise UsageError(f"an insert of g2 has the id of one row, [a nil] or [nil b], not {shown(pair)}")
    return key


def both(history: History, key: Value, rows: Sequence[int]) -> Witness:
    """The witness of inserts of one key that succeeded."""
    operations, values = history.operations(), history.pool.values
    spans = [(operations.invoke[row], operations.complete[row]) for row in rows[:2]]
    tell = EventFormat(history, [event for span in spans for event in span])
    words = [f"key {shown(key)}: {len(rows)} inserts succeeded, though each is made only where it sees no other"]
    for row, span in zip(rows, spans, strict=False):
        words.append(f"{tell.span(*span)}: {tell.who(span[0])} inserted {_row_of(values[operations.argument[row]])}")
    return Witness(tuple(sorted(event for span in spans for event in span)), tuple(words), spans[-1][0])


def _row_of(value: Value) -> str:
    """The row that an insert makes: its id and its table."""
    pair = value[1] if isinstance(value, tuple) and isinstance(value[1], tuple) else value
    first, second = pair if isinstance(pair, tuple) else (value, None)
    return f"row {shown(second)} into table b" if first is None else f"row {shown(first)} into table a"


G2 = CatalogueEntry(
    "g2", "Jepsen's g2: of two inserts that a predicate keeps apart at most one succeeds; serializability",
    (), lambda settings: G2Check(),
)  # fmt: skip
