"""What happened? The recorded sequence of events: columns of integers with interned values underneath, events on top.

Checkers work on the columns; people and files see events. A position in a history is an event's index. The trap:
values are interned by type and canonical form, so `1`, `1.0`, `True` and `"1"` are four values and `[1, 2]` is one
wherever it occurs. Two values are equal if and only if their ids are.
"""

from array import array
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from splitbrain.harness.operation import NEMESIS, EventType, Value

ABSENT = -1
"""Stands in a column where there is nothing: no key, no error, no completion."""
NEMESIS_PROCESS = -1


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a history: an invocation, or how it ended.

    index: position, dense from 0. time: nanoseconds since the start of the run. process: an integer, or "nemesis".
    The fields and their order are those of the history file.
    """

    index: int
    time: int
    process: int | str
    type: str
    f: str
    key: Any = UNSET
    value: Any = None
    node: str | UnsetType = UNSET
    error: Any = UNSET
    revision: int | UnsetType = UNSET
    token: Any = UNSET
    session: Any = UNSET


class Pool:
    """Values ↔ small integers, by type and canonical form."""

    __slots__ = ("_ids", "values")

    def __init__(self) -> None:
        self.values: list[Value] = []
        """The value of each id."""
        self._ids: dict[type, dict[Any, int]] = {}

    def __len__(self) -> int:
        return len(self.values)

    def id(self, value: Value) -> int:
        """The id of a value, a new one if it was never seen."""
        kind = type(value)
        if kind in _NESTED:
            return self._nested(value, kind)
        known = self._ids.get(kind)
        if known is None:
            known = self._ids[kind] = {}
        found = known.get(value)
        if found is None:
            found = known[value] = len(self.values)
            self.values.append(value)
        return found

    def _nested(self, value: Value, kind: type) -> int:
        if kind is list:
            value, kind = tuple(value), tuple
        if kind is tuple:
            canonical: Any = tuple(map(self.id, value))
        elif kind is dict:
            canonical = frozenset((self.id(k), self.id(v)) for k, v in value.items())
        else:
            kind = frozenset
            canonical = frozenset(map(self.id, value))
        known = self._ids.setdefault(kind, {})
        found = known.get(canonical)
        if found is None:
            if kind is tuple:
                value = tuple(self.values[i] for i in canonical)
            found = known[canonical] = len(self.values)
            self.values.append(value)
        return found


_NESTED = frozenset((list, tuple, dict, set, frozenset))


class Operations:
    """Invocations paired with their completions: one row per client operation, in order of invocation.

    All columns are integers. `invoke` and `complete` are positions in the history (`complete` is ABSENT for an
    operation still open at the end), and their order is real time. `ended` is the EventType of the completion; an open
    operation counts as INFO. `f`, `key`, `argument`, `result` are value ids (`key` and `result` may be ABSENT).
    """

    __slots__ = ("argument", "complete", "ended", "f", "invoke", "key", "process", "result")

    def __init__(self) -> None:
        self.invoke = array("q")
        self.complete = array("q")
        self.ended = array("b")
        self.process = array("q")
        self.f = array("i")
        self.key = array("i")
        self.argument = array("i")
        self.result = array("i")

    def __len__(self) -> int:
        return len(self.invoke)


class History:
    """A recorded history. Append-only; the columns are public and must only be read."""

    __slots__ = (
        "_operations", "error", "f", "key", "node", "pool", "process", "revision", "session", "time", "token", "type",
        "value", "warnings",
    )  # fmt: skip

    def __init__(self) -> None:
        self.pool = Pool()
        self.type = array("b")
        self.process = array("q")
        self.f = array("i")
        self.value = array("i")
        self.key = array("i")
        self.time = array("q")
        self.node = array("i")
        self.error = array("i")
        self.revision = array("q")
        self.token = array("i")
        self.session = array("i")
        self.warnings: list[str] = []
        """What a reader noticed and let pass, for people."""
        self._operations: Operations | None = None

    def __len__(self) -> int:
        return len(self.type)

    def __iter__(self) -> Iterator[Event]:
        return map(self.event, range(len(self)))

    @staticmethod
    def of(events: Iterable[Event]) -> "History":
        """The history of these events, in their order; their own `index` is not looked at."""
        history = History()
        for event in events:
            history.append(event)
        return history

    def append(self, event: Event) -> None:
        """Add an event at the end."""
        pool = self.pool.id
        process = event.process
        self.type.append(EventType.parse(event.type))
        self.process.append(process if type(process) is int else NEMESIS_PROCESS)
        self.f.append(pool(event.f))
        self.value.append(pool(event.value))
        self.key.append(ABSENT if event.key is UNSET else pool(event.key))
        self.time.append(event.time)
        self.node.append(ABSENT if event.node is UNSET else pool(event.node))
        self.error.append(ABSENT if event.error is UNSET else pool(event.error))
        self.revision.append(ABSENT if event.revision is UNSET else event.revision)
        self.token.append(ABSENT if event.token is UNSET else pool(event.token))
        self.session.append(ABSENT if event.session is UNSET else pool(event.session))
        self._operations = None

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
            value=values[self.value[position]],
            node=optional(self.node),
            error=optional(self.error),
            revision=UNSET if revision == ABSENT else revision,
            token=optional(self.token),
            session=optional(self.session),
        )

    def operations(self) -> Operations:
        """Invocations paired with completions; nemesis events are left out. Made once, then kept.

        The history must be well-formed (see `histories.validate`): a completion belongs to the open invocation of its
        process.
        """
        if self._operations is None:
            self._operations = self._paired()
        return self._operations

    def _paired(self) -> Operations:
        out = Operations()
        open_rows: dict[int, int] = {}
        invoke, info = int(EventType.INVOKE), int(EventType.INFO)
        columns = zip(self.type, self.process, self.f, self.key, self.value, strict=True)
        for position, (kind, process, f, key, value) in enumerate(columns):
            if process == NEMESIS_PROCESS:
                continue
            if kind == invoke:
                open_rows[process] = len(out.invoke)
                out.invoke.append(position)
                out.complete.append(ABSENT)
                out.ended.append(info)
                out.process.append(process)
                out.f.append(f)
                out.key.append(key)
                out.argument.append(value)
                out.result.append(ABSENT)
            else:
                row = open_rows.pop(process)
                out.complete[row] = position
                out.ended[row] = kind
                out.result[row] = value
        return out
