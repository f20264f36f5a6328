"""History: the recorded sequence of events, as columns of integers with interned values underneath and events on top.

Checkers work on the columns; people and files see events. A position in a history is an event's index. Values are
interned by type and canonical form, so `1`, `1.0`, `True` and `"1"` are four values and `[1, 2]` is one
wherever it occurs. Two values are equal if and only if their ids are.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.interner import Interner, Scalars, columns_native
from splitbrain.harness.operation import NEMESIS, EventType, Value
from splitbrain.harness.pairing import ABSENT, NEMESIS_PROCESS, IllFormed, Operations, Pairing
from splitbrain.harness.value_column import ValueColumn, gathered

__all__ = ["ABSENT", "NEMESIS_PROCESS", "Event", "History", "IllFormed", "Interner", "Operations"]

Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Nanoseconds = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of a history: an invocation, or how it ended.

    index: position, dense from 0. time: nanoseconds since the start of the run. process: an integer, or "nemesis".
    The fields and their order are those of the history file.
    """

    index: Count
    time: Nanoseconds
    process: Count | str
    type: str
    f: str
    key: Any = UNSET
    value: Any = None
    node: str | UnsetType = UNSET
    error: Any = UNSET
    revision: Count | UnsetType = UNSET
    token: Any = UNSET
    session: Any = UNSET


class History:
    """A recorded history. Append-only; the columns are public and must only be read."""

    __slots__ = (
        "_operations", "_pairing", "error", "f", "key", "late", "node", "pool", "process", "process_names", "revision",
        "session", "time", "timed", "token", "type", "value_column", "warnings",
    )  # fmt: skip

    def __init__(self) -> None:
        self.pool = Interner()
        self.type = array("b")
        self.process = array("q")
        self.f = array("i")
        self.value_column = ValueColumn(self.pool)
        self.key = array("i")
        self.time = array("q")
        self.node = array("i")
        self.error = array("i")
        self.revision = array("q")
        self.token = array("i")
        self.session = array("i")
        self.timed = True
        """Whether `time` was recorded and never runs backwards; else only the order of events means something."""
        self.process_names: dict[int, str] = {}
        """Names of processes that have names in the file they came from."""
        self.warnings: list[str] = []
        """Remarks of a reader on what it noticed and let pass, for people."""
        self.late: dict[int, int] = {}
        """Position of an invocation → by how many nanoseconds it began later than it was due, where it did. Of a
        history that was just recorded; files do not carry it."""
        self._pairing = (Pairing if columns_native is None else columns_native.NativePairing)(self.pool.values)
        self._operations: Operations | None = None

    def __len__(self) -> int:
        return len(self.type)

    def __iter__(self) -> Iterator[Event]:
        return map(self.event, range(len(self)))

    @property
    def value(self) -> "array[int]":
        """The value of each event."""
        return self.value_column.ids()

    @value.setter
    def value(self, ids: "array[int]") -> None:
        self.value_column = ValueColumn(self.pool)
        self.value_column.raw = ids

    @staticmethod
    def of(events: Iterable[Event]) -> "History":
        """The history of these events, in their order; their own `index` is not looked at."""
        history = History()
        history.extend(list(events))
        return history

    @staticmethod
    def within(whole: "History") -> "History":
        """An empty history whose values are interned together with those of another: ids mean the same in both."""
        part = History()
        part.pool, part.process_names = whole.pool, whole.process_names
        part.value_column = ValueColumn(part.pool)
        part._pairing = (Pairing if columns_native is None else columns_native.NativePairing)(part.pool.values)
        return part

    def append(self, event: Event) -> None:
        """Add an event at the end. ValueError for a type or a process that does not exist."""
        self.extend([event])

    def add(
        self,
        type: int,
        process: int,
        f: str,
        value: Value,
        key: Value,
        time: int,
        node: str | None,
        error: Value = None,
        revision: int = ABSENT,
        token: Value = None,
        session: Value = None,
    ) -> None:
        """Add one event by its parts, without making an Event: the way of recorders, which are in a hurry.

        None stands for no key, no node, no error, no token, no session.
        """
        pool = self.pool
        intern, names = pool.id, pool.names
        self.type.append(type)
        self.process.append(process)
        self.f.append(names[f])
        self.value_column.raw.append(intern(value))
        self.key.append(ABSENT if key is None else intern(key))
        self.time.append(time)
        self.node.append(ABSENT if node is None else names[node])
        self.error.append(ABSENT if error is None else intern(error))
        self.revision.append(revision)
        self.token.append(ABSENT if token is None else intern(token))
        self.session.append(ABSENT if session is None else intern(session))

    def extend(self, events: Sequence[Event]) -> None:
        """Add many events at the end, a column at a time. ValueError, with nothing added, if the type or the process
        of one of them does not exist."""
        if _INTAKE is not None and type(events) is list and _INTAKE.extend(self, events):
            return
        types = _types(events)
        processes = _processes(events)
        pool = self.pool
        self.type.fromlist(types)
        self.process.fromlist(processes)
        self.f.fromlist(list(map(pool.names.__getitem__, map(_F, events))))
        self.value_column.raw.fromlist(pool.ids(list(map(_VALUE, events))))
        self.time.fromlist(list(map(_TIME, events)))
        revisions = list(map(_REVISION, events))
        if revisions.count(UNSET) == len(revisions):
            self.revision.extend(array("q", [ABSENT]) * len(revisions))
        else:
            self.revision.fromlist([ABSENT if revision is UNSET else revision for revision in revisions])
        for column, field in (
            (self.key, _KEY),
            (self.node, _NODE),
            (self.error, _ERROR),
            (self.token, _TOKEN),
            (self.session, _SESSION),
        ):
            self._add_optional(column, list(map(field, events)))

    def _add_optional(self, column: "array[int]", values: list[Any]) -> None:
        absent = values.count(UNSET)
        if absent == len(values):
            column.extend(array("i", [ABSENT]) * absent)
        elif absent == 0:
            column.fromlist(self.pool.ids(values))
        else:
            intern = self.pool.id
            column.fromlist([ABSENT if value is UNSET else intern(value) for value in values])

    def event(self, position: int) -> Event:
        """The event at a position."""
        values = self.pool.values
        process = self.process[position]

        def optional(column: "array[int]") -> Any:
            found = column[position]
            return UNSET if found == ABSENT else values[found]

        revision = self.revision[position]
        return Event(
            index=position,
            time=self.time[position],
            process=NEMESIS if process == NEMESIS_PROCESS else process,
            type=EventType(self.type[position]).word,
            f=values[self.f[position]],
            key=optional(self.key),
            value=values[self.value_column.id_at(position)],
            node=optional(self.node),
            error=optional(self.error),
            revision=UNSET if revision == ABSENT else revision,
            token=optional(self.token),
            session=optional(self.session),
        )

    def table(self) -> dict[str, list[Any]]:
        """The events as columns of plain values, for `pandas.DataFrame(history.table())`: those of a line of the file,
        None where an event has none."""
        values = self.pool.values

        def column(ids: "array[int]") -> list[Any]:
            return [None if found == ABSENT else values[found] for found in ids]

        return {
            "index": list(range(len(self))),
            "time": list(self.time),
            "process": [NEMESIS if process == NEMESIS_PROCESS else process for process in self.process],
            "type": [EventType(kind).word for kind in self.type],
            "f": column(self.f),
            "key": column(self.key),
            "value": column(self.value),
            "node": column(self.node),
            "error": column(self.error),
            "revision": [None if revision == ABSENT else revision for revision in self.revision],
            "token": column(self.token),
            "session": column(self.session),
        }

    def process_name(self, position: int) -> str:
        """The process of an event, for people: `process 3`, `process client-1`, `the nemesis`."""
        process = self.process[position]
        if process == NEMESIS_PROCESS:
            return "the nemesis"
        return f"process {self.process_names.get(process, process)}"

    def pair(self) -> None:
        """Pair the events added since the last call; IllFormed at one that breaks the rules of `pairing`."""
        done = len(self._pairing.partner)
        if done < len(self.type):
            self._pairing.extend(self.type[done:], self.process[done:], self.f)

    @property
    def pairing(self) -> "Pairing | columns_native.NativePairing":
        """Completions and their invocations, of all events there are; HistoryError as `operations`."""
        pairing = self._pairing
        if len(pairing.partner) < len(self.type):
            try:
                self.pair()
            except IllFormed as wrong:
                raise HistoryError("history", None, f"event {wrong.position}: {wrong.text}") from None
        return pairing

    @property
    def partner(self) -> "array[int]":
        """The position, for each event, of the other event of its operation, or ABSENT; HistoryError as
        `operations`."""
        return self.pairing.partner

    def operations(self) -> Operations:
        """Invocations paired with completions; nemesis events are left out. Made once, then kept until events are
        added. HistoryError for a history that is not well-formed: one that `read` gave always is."""
        partner = self.partner
        known = self._operations
        if known is None or known.events != len(self):
            known = self._operations = self._paired(partner)
        return known

    def _paired(self, partner: "array[int]") -> Operations:
        out = Operations(self.value_column)
        out.events = len(self)
        out.invoke = invoke = self._pairing.invoke[:]
        out.complete = complete = gathered(partner, invoke)
        out.f, out.key, out.process = (gathered(column, invoke) for column in (self.f, self.key, self.process))
        out.ended = gathered(self.type, complete, EventType.INFO)
        out.revision = gathered(self.revision, complete)
        return out


_F, _VALUE, _TIME, _REVISION = (attrgetter(name) for name in ("f", "value", "time", "revision"))
_KEY, _NODE, _ERROR, _TOKEN, _SESSION = (attrgetter(name) for name in ("key", "node", "error", "token", "session"))
_TYPE, _PROCESS = attrgetter("type"), attrgetter("process")
_TYPES = {kind.word: int(kind) for kind in EventType}
COLUMNS = ("time", "process", "type", "f", "value", "revision", "key", "node", "error", "token", "session")
"""The columns of a history, in the order in which compiled parts have them."""
_INTAKE = (
    None
    if columns_native is None
    else columns_native.EventFields(COLUMNS, UNSET, _TYPES, NEMESIS, NEMESIS_PROCESS, Scalars)
)
"""The quick way to read events, where that is built."""


def _types(events: Sequence[Event]) -> list[int]:
    try:
        return list(map(_TYPES.__getitem__, map(_TYPE, events)))
    except KeyError as unknown:
        raise ValueError(f"an event's type is invoke, ok, fail or info, not {unknown.args[0]!r}") from None


def _processes(events: Sequence[Event]) -> list[int]:
    processes: list[Any] = list(map(_PROCESS, events))
    if set(map(type, processes)) == {int}:
        return processes
    unknown = {process for process in processes if type(process) is not int} - {NEMESIS}
    if unknown:
        raise ValueError(f'a process is an integer or "nemesis", not {unknown.pop()!r}')
    return [NEMESIS_PROCESS if process == NEMESIS else process for process in processes]
