"""Convergence of sets, lists and counters.

    set       final reads have each element whose add was acknowledged, none that nobody added or only failed adds, and
              none twice; an element that was also removed counts as added where an add came after all removes, and as
              removed where a remove came after all adds and its session knew one of them: had added it, or had read it
    list      the same of appended elements, none of them twice, in one order
    counter   final reads are sums of the acknowledged increments and of some of unknown outcome

and no two of them differ, save by updates of unknown outcome, which may take effect in between.

Strong convergence (Shapiro et al. 2011): copies that applied the same updates read the same. Of lists each two reads
show it that returned the same elements; of all types the final reads show it, which have everything.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from splitbrain.checkers.common.data_types import DataType, elements_of
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.findings import Finding
from splitbrain.checkers.common.per_key import NEVER, hold_to
from splitbrain.checkers.common.registers import sessions_of
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.convergence.final import FinalReads, converged_ms
from splitbrain.checkers.domain.pn_counter import Sums, integer
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Witness

READ, REMOVE = "read", "remove"
UPDATES = {
    DataType.SET: ("add", REMOVE),
    DataType.LIST: ("append",),
    DataType.COUNTER: ("increment", "add"),
}
"""Operations that change each type."""


@dataclass(slots=True)
class Element:
    """The updates of one element: when the first update of each kind began and the last ended, NEVER if that is not
    known."""

    added: list[tuple[int, int]] = field(default_factory=list)
    removed: list[tuple[int, int]] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether it may still change."""
        return any(end == NEVER for _, end in (*self.added, *self.removed))

    @property
    def owed(self) -> bool:
        """Whether it is there for certain."""
        last = max((end for _, end in self.removed), default=-1)
        return any(begun > last and end < NEVER for begun, end in self.added)

    @property
    def removed_last(self) -> list[int]:
        """The starts of acknowledged removes that began after all adds had ended."""
        last = max((end for _, end in self.added), default=-1)
        return [begun for begun, end in self.removed if begun > last and end < NEVER]


def _reordered(two: tuple[Sequence[int], Sequence[int]]) -> bool:
    """Whether two lists have elements that stand in both in different orders."""
    one, other = two
    common = set(one) & set(other)
    return [each for each in one if each in common] != [each for each in other if each in common]


@dataclass(frozen=True)
class FinalCopies:
    """The final reads of a history of a set, list or counter. updates, reads: rows of those that happened or may have,
    and of those that succeeded. sessions: of each row."""

    history: History
    type: DataType
    updates: Sequence[int]
    reads: Sequence[int]
    sessions: Sequence[int]
    found: FinalReads

    @staticmethod
    def of(history: History, model: str, of_type: DataType, settle: int) -> "FinalCopies":
        """The updates of a history; UsageError for operations that are none of its type's."""
        names = UPDATES[of_type]
        hold_to(history, model, (*names, READ))
        operations, values = history.operations(), history.pool.values
        sessions = sessions_of(history)
        updates = [
            row for row, f in enumerate(operations.f) if values[f] in names and operations.ended[row] != EventType.FAIL
        ]
        reads = [
            row for row, f in enumerate(operations.f) if values[f] == READ and operations.ended[row] == EventType.OK
        ]
        ended = (
            (operations.key[row], operations.complete[row])
            for row in updates if operations.ended[row] == EventType.OK
        )  # fmt: skip
        asked = (
            (row, operations.key[row], operations.invoke[row], operations.complete[row], sessions[row]) for row in reads
        )
        return FinalCopies(history, of_type, updates, reads, sessions, FinalReads.of(history, ended, asked, settle))

    def judge(self) -> Finding:
        """The verdict of the final reads."""
        differs = doubt = None
        for key, rows in self.found.final.items():
            wrong = next(self._counter(key, rows) if self.type is DataType.COUNTER else self._elements(key, rows), None)
            if wrong is not None:
                return Finding(wrong)
            differs, said = self._apart(key, rows)
            if differs is not None:
                return Finding(differs)
            doubt = doubt or said
        reason = f"{self.found.compared:,} final reads agree, key by key, and have all that was acknowledged"
        last = converged_ms(self.history, self.found, self._differing())
        return Finding(doubt=doubt, reason=reason, details={} if last is None else {"converged_ms": last})

    def same_elements(self) -> Finding | None:
        """Two reads of a list that returned the same elements in different orders."""
        first: dict[tuple[int, frozenset[Any]], int] = {}
        for row in self.reads:
            value = self._value(row)
            at = (self.history.operations().key[row], frozenset(Counter(value).items()))
            other = first.setdefault(at, row)
            if self._value(other) != value:
                return Finding(self._witness([other, row], "two reads returned the same elements in different orders"))
        return None

    def _value(self, row: int) -> Any:
        """The value that a read returned: ids of elements, in order for a list; a number."""
        value = self.history.pool.values[self.history.operations().result[row]]
        if self.type is DataType.COUNTER:
            return integer(0 if value is None else value, "a read of a counter")
        return self._ids(row) if self.type is DataType.LIST else frozenset(self._ids(row))

    def _ids(self, row: int) -> tuple[int, ...]:
        """The elements that a read returned, as they stood there."""
        history = self.history
        return tuple(history.pool.ids(elements_of(history.pool.values[history.operations().result[row]])))

    def _of_key(self, key: int) -> Iterator[int]:
        return (row for row in self.updates if self.history.operations().key[row] == key)

    def _known(self, key: int) -> dict[int, Element]:
        """The elements of a key."""
        operations, values = self.history.operations(), self.history.pool.values
        found: dict[int, Element] = {}
        for row in self._of_key(key):
            end = operations.complete[row] if operations.ended[row] == EventType.OK else NEVER
            element = found.setdefault(operations.argument[row], Element())
            removes = values[operations.f[row]] == REMOVE
            (element.removed if removes else element.added).append((operations.invoke[row], end))
        return found

    def _gone(self, key: int, element: int, of: Element | None) -> bool:
        """Whether an element is not there for certain. A copy may take away only what it has: an add that its remover
        did not know of may come later."""
        if of is None or not of.added:
            return True
        starts = set(of.removed_last)
        removes = (
            [row for row in self._of_key(key) if self.history.operations().invoke[row] in starts] if starts else []
        )
        return any(self._knew(key, element, row) for row in removes)

    def _knew(self, key: int, element: int, remove: int) -> bool:
        """Whether the session of a remove had added the element before, or read it."""
        operations, session = self.history.operations(), self.sessions[remove]
        began = operations.invoke[remove]

        def before(row: int) -> bool:
            return self.sessions[row] == session and ABSENT < operations.complete[row] < began

        return any(
            before(row) and operations.argument[row] == element and operations.f[row] != operations.f[remove]
            for row in self._of_key(key)
        ) or any(before(row) and operations.key[row] == key and element in self._value(row) for row in self.reads)

    def _elements(self, key: int, rows: Sequence[int]) -> Iterator[Witness]:
        known, values = self._known(key), self.history.pool.values
        for row in rows:
            value = self._value(row)
            there = set(value)
            missing = [element for element, of in known.items() if of.owed and element not in there]
            if missing:
                some = shown(values[missing[0]])
                more = f", nor {len(missing) - 1:,} more" if len(missing) > 1 else ""
                yield self._witness([row], f"a final read has not {some}, which was acknowledged{more}", missing[0])
            strange = [element for element in value if self._gone(key, element, known.get(element))]
            if strange:
                said = "it was removed" if strange[0] in known and known[strange[0]].added else "nobody added it"
                yield self._witness([row], f"a final read has {shown(values[strange[0]])}, though {said}", strange[0])
            many = ((element, count) for element, count in Counter(self._ids(row)).items() if count > 1)
            twice = [e for e, count in many if self.type is DataType.SET or count > len(known[e].added)]
            if twice:
                said = "twice" if self.type is DataType.SET else "more often than it was added"
                yield self._witness([row], f"a final read has {shown(values[twice[0]])} {said}")

    def _counter(self, key: int, rows: Sequence[int]) -> Iterator[Witness]:
        operations = self.history.operations()
        certain, open_ = 0, list[tuple[int, int]]()
        for row in self._of_key(key):
            delta = integer(self.history.pool.values[operations.argument[row]], "an increment")
            if operations.ended[row] == EventType.OK:
                certain += delta
            else:
                open_.append((operations.invoke[row], delta))
        for row in rows:
            some = [delta for begun, delta in open_ if begun < operations.complete[row]]
            value, sums = self._value(row), Sums()
            least, most = (certain + sum(far(0, delta) for delta in some) for far in (min, max))
            if not least <= value <= most:
                between = f"{least:,}" if least == most else f"between {least:,} and {most:,}"
                yield self._witness([row], f"a final read is {value:,}, but what was added is {between}")
            elif all(map(sums.add, some)) and value - certain not in sums:
                said = f"no sum of {certain:,} acknowledged and of some of {len(some):,} updates of unknown outcome"
                yield self._witness([row], f"a final read is {value:,}, which is {said}")

    def _apart(self, key: int, rows: Sequence[int]) -> tuple[Witness | None, str | None]:
        """Two final reads that differ, and why that may be."""
        in_doubt = "final reads differ by an update of unknown outcome, which may have happened in between"
        values = [self._value(row) for row in rows]
        if all(value == values[0] for value in values):
            return None, None
        if self.type is DataType.COUNTER:
            unknown = any(self.history.operations().ended[row] != EventType.OK for row in self._of_key(key))
            certain = [] if unknown else values
        else:
            open_ = {element for element, of in self._known(key).items() if of.open}
            certain = [type(value)(element for element in value if element not in open_) for value in values]
        other = next((at for at, value in enumerate(certain) if value != certain[0]), None)
        if other is not None:
            said = "two final reads differ, though all updates had ended before"
            return self._witness([rows[0], rows[other]], said), None
        if self.type is DataType.LIST and (pair := next(filter(_reordered, combinations(values, 2)), None)):
            two = [rows[values.index(value)] for value in pair]
            return self._witness(two, "two final reads have elements in different orders"), None
        return None, in_doubt

    def _differing(self) -> Iterator[tuple[int, int]]:
        """Key and start of reads that did not return what final reads returned."""
        operations = self.history.operations()
        final = {key: {self._value(row) for row in rows} for key, rows in self.found.final.items()}
        for row in self.reads:
            key, start = operations.key[row], operations.invoke[row]
            if key in final and start > self.found.calm.get(key, ABSENT) and self._value(row) not in final[key]:
                yield key, start

    def _witness(self, rows: Sequence[int], sentence: str, element: int = ABSENT) -> Witness:
        """A witness of reads, with the updates of an element."""
        operations, values = self.history.operations(), self.history.pool.values
        about = [row for row in self.updates if element != ABSENT and operations.argument[row] == element
                 and operations.key[row] == operations.key[rows[0]]]  # fmt: skip
        spans = {row: (operations.invoke[row], operations.complete[row]) for row in (*about, *rows)}
        events = tuple(sorted(event for span in spans.values() for event in span if event >= 0))
        tell = EventFormat(self.history, events)
        key = operations.key[rows[0]]
        place = "" if key == ABSENT else f" of {shown(values[key])}"
        lines = []
        for row, (start, end) in sorted(spans.items(), key=lambda item: item[1][0]):
            value: Value = values[operations.argument[row]] if row in about else values[operations.result[row]]
            said = f"{values[operations.f[row]]} {'' if row in about else '→ '}{shown(value)}"
            lines.append(f"{tell.span(start, end)}: {tell.who(start)} {said}")
        first = f"{sentence}: read{place} of {tell.who(spans[rows[-1]][0])}"
        return Witness(events, (first, *lines), spans[rows[-1]][0])
