"""Secondary index: the keys of rows that have a value, against the writes of rows; none missing, none without its row.

    write k v      find v → [k …]

A find takes its time, and rows change meanwhile, so each row is judged by itself, by what it certainly was all along:

- `missing`: a write of the value was acknowledged before the find began, and no write of another value to the row can
  have come after it before the find ended. The row is not in the answer.
- `without-row`: the row is in the answer, and had the value at no time of the find: nobody had tried to write it there,
  or each such write was acknowledged, and then another one of another value, before the find began.

A write of unknown end may take effect at any time after it began. `index-fresh` judges all finds: an index that changes
with its rows. `index-eventual` judges those that begin `settle` seconds after the last write began or ended: an index
that is told afterwards, and in the end of everything. There is no check of Jepsen's for this; the words are those of
Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 6.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, in_all
from splitbrain.checkers.common.per_key import NEVER, hold_to, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness

WRITE, FIND = "write", "find"
MISSING, WITHOUT_ROW = "missing", "without-row"
SECOND = 1_000_000_000
SETTLE = Option("settle", 1.0, "seconds after the last write from which on finds are judged", least=0)


@dataclass(frozen=True)
class RowWrite:
    """A write that may have happened. begin, end: positions in the history; `NEVER` where the end is unknown."""

    row: int
    value: int
    begin: int
    end: int


@dataclass(frozen=True)
class IndexAnomaly:
    """An anomaly: its kind, its words, and the rows of operations that show it."""

    kind: str
    words: str
    rows: tuple[int, ...]


class IndexedRows:
    """The writes of each row, in order of their begin, and the finds; keys and values as value ids."""

    def __init__(self, history: History) -> None:
        self.history = history
        operations, values = history.operations(), history.pool.values
        self.writes: dict[int, list[RowWrite]] = defaultdict(list)
        self.finds: list[int] = []
        self.last = ABSENT
        """The position at which the last write began or ended."""
        for row, ended in enumerate(operations.ended):
            begin, complete = operations.invoke[row], operations.complete[row]
            if values[operations.f[row]] == FIND:
                if ended == EventType.OK:
                    self.finds.append(row)
                continue
            self.last = max(self.last, begin, complete)
            if ended != EventType.FAIL:
                end = complete if ended == EventType.OK else NEVER
                self.writes[operations.key[row]].append(RowWrite(row, operations.argument[row], begin, end))
        self._of_value: dict[int, dict[int, None]] = defaultdict(dict)
        for key, writes in self.writes.items():
            for write in writes:
                self._of_value[write.value][key] = None

    def settled(self, settle: float) -> list[int]:
        """The finds that began so many seconds after the last write began or ended."""
        time, invoke = self.history.time, self.history.operations().invoke
        after = time[self.last] + round(settle * SECOND) if self.last != ABSENT else 0
        return [row for row in self.finds if invoke[row] > self.last and time[invoke[row]] >= after]

    def observes(self, find: int) -> bool:
        """Whether a find looks for a value that a row may have had by then, so that it could be wrong about it."""
        operations = self.history.operations()
        keys, end = self._of_value.get(operations.argument[find], ()), operations.complete[find]
        return any(one.begin < end for key in keys for one in self.writes[key])

    def anomalies(self, find: int) -> Iterator[IndexAnomaly]:
        """The anomalies of a find."""
        operations = self.history.operations()
        begin, end = operations.invoke[find], operations.complete[find]
        value = operations.argument[find]
        found = dict.fromkeys(self._keys(operations.result[find]))
        for key in self._of_value.get(value, ()):
            write = self._certain(self.writes[key], value, begin, end) if key not in found else None
            if write is not None:
                words = (
                    f"row {self._word(key)} had {self._word(value)} all the time that a find of "
                    f"{self._word(value)} took, and is missing from its answer"
                )
                yield IndexAnomaly(MISSING, words, (write.row, find))
        for key in found:
            yield from self._without_row(key, value, find)

    def _certain(self, writes: list[RowWrite], value: int, begin: int, end: int) -> RowWrite | None:
        """The last write of a value that was acknowledged before a find, if the row certainly had it all along."""
        last = max((one for one in writes if one.value == value and one.end < begin), key=_begin, default=None)
        if last is None:
            return None
        others = [one for one in writes if one.value != value and one.begin < end]
        return last if all(one.end < last.begin for one in others) else None

    def _without_row(self, key: int, value: int, find: int) -> Iterator[IndexAnomaly]:
        operations = self.history.operations()
        begin, end = operations.invoke[find], operations.complete[find]
        writes = self.writes.get(key, [])
        had = [one for one in writes if one.value == value and one.begin < end]
        over = sorted(
            (one for one in writes if one.value != value and one.end < begin), key=_begin
        )  # fmt: skip
        told = f"row {self._word(key)} is in the answer to a find of {self._word(value)}"
        if not had:
            yield IndexAnomaly(WITHOUT_ROW, f"{told}, and nobody had tried to write that to it", (find,))
            return
        begins = [one.begin for one in over]
        places = [bisect_left(begins, one.end) for one in had]
        if all(place < len(over) for place in places):
            last = max(had, key=_begin)
            rows = (last.row, over[max(places)].row, find)
            yield IndexAnomaly(WITHOUT_ROW, f"{told}, and had got another value before the find began", rows)

    def _keys(self, result: int) -> list[int]:
        pool = self.history.pool
        value = pool.values[result] if result != ABSENT else None
        if value is not None and not isinstance(value, tuple | list):
            raise UsageError(f"a find returns a list of keys, not {shown(value)}")
        return list(pool.ids(list(value or ())))

    def _word(self, value: int) -> str:
        return shown(self.history.pool.values[value])


def _begin(write: RowWrite) -> int:
    return write.begin


@dataclass(frozen=True)
class IndexCheck:
    """A secondary index. settle: seconds after the last write from which on finds are judged; None for all finds."""

    name: str
    settle: float | None = None

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for operations it does not know."""
        hold_to(history, self.name, (WRITE, FIND))
        spending = budget.start()
        rows = IndexedRows(history)
        finds = rows.finds if self.settle is None else rows.settled(self.settle)
        if not finds or not rows.writes:
            return unobserved(self.name, "no find to judge, or no write before: nothing could have refuted the model")
        found: list[IndexAnomaly] = []
        for count, find in enumerate(finds):
            if limit := spending.exhausted():
                return over_budget(self.name, limit, count, len(finds), "finds")
            found += rows.anomalies(find)
        counts = Counter(one.kind for one in found)
        details: dict[str, Value] = {
            "finds": len(finds), "rows": len(rows.writes), "anomalies": dict(sorted(counts.items())),
        }  # fmt: skip
        if not found and not any(map(rows.observes, finds)):
            return unobserved(self.name, "all finds looked for what no row had: nothing could have refuted the model")
        if not found:
            reason = f"{len(finds):,} finds of {len(rows.writes):,} rows; none was missing, and none had another value"
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        witness = _witness(history, found[0], counts)
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


def _witness(history: History, first: IndexAnomaly, counts: Counter[str]) -> Witness:
    """The witness of an anomaly, with the number of all."""
    operations = history.operations()
    rows = sorted(set(first.rows), key=lambda row: operations.invoke[row])
    events = sorted({event for row in rows for event in (operations.invoke[row], operations.complete[row])} - {ABSENT})
    tell = EventFormat(history, events)
    words = [first.words, *map(tell.line, rows), in_all(sorted(counts.items()))]
    return Witness(tuple(events), tuple(words), operations.invoke[first.rows[-1]])


FRESH, EVENTUAL = "index-fresh", "index-eventual"


def eventual(settings: Mapping[str, Setting]) -> IndexCheck:
    """The check with these settings."""
    return IndexCheck(EVENTUAL, float(settings["settle"] or 0))


INDEXES = (
    CatalogueEntry(
        FRESH, "a secondary index: every find shows the rows that have the value, and no others", (),
        lambda settings: IndexCheck(FRESH),
    ),
    CatalogueEntry(
        EVENTUAL, "a secondary index that is told afterwards: finds some time after the last write are right",
        (SETTLE,), eventual,
    ),
)  # fmt: skip
