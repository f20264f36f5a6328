"""Pairing of invocations and completions: takes the events of a history as they come, and refuses those that no
sequence of operations can have produced.

Pitfall: `info` completes an operation for the record, yet the operation stays concurrent with everything
after it, so its process must never be heard of again.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import Protocol

from splitbrain.harness.operation import EventType, Value

ABSENT = -1
"""Number that stands in a column where there is nothing: no key, no error, no completion."""
NEMESIS_PROCESS = -1

_INVOKE = int(EventType.INVOKE)
_INFO = int(EventType.INFO)


class IllFormed(Exception):
    """An event that cannot stand where it stands. position: its index in the history."""

    def __init__(self, position: int, text: str) -> None:
        super().__init__(text)
        self.position = position
        self.text = text


class Pairing:
    """Pairing of events batch by batch, in one pass. `partner` holds, for each event, the position of the other event
    of its operation, or ABSENT; `invoke` the positions of the invocations of clients, in order."""

    __slots__ = ("_begun", "_names", "invoke", "partner")

    def __init__(self, names: Sequence[Value]) -> None:
        """names: the name of each `f`, for messages."""
        self._names = names
        self.partner = array("q")
        self.invoke = array("q")
        self._begun: dict[int, int] = {}
        """process → position of its open invocation, or ABSENT for a process retired by `info`."""

    def extend(self, types: Iterable[int], processes: Sequence[int], f: Sequence[int]) -> None:
        """Pair the next events. f: the column of the whole history, the next events included; the others hold the next
        events alone. IllFormed at the first event that breaks a rule; nothing can be added after that."""
        partner, begun = self.partner, self._begun
        invoked = self.invoke.append
        position = len(partner)
        partner.extend(array("q", [ABSENT]) * len(processes))
        for kind, process in zip(types, processes, strict=True):
            if process >= 0:
                if kind == _INVOKE:
                    if process in begun:
                        raise IllFormed(position, busy(process, begun[process]))
                    begun[process] = position
                    invoked(position)
                else:
                    start = begun.get(process, ABSENT)
                    if start < 0:
                        raise IllFormed(position, unasked(process, process in begun))
                    if f[start] != f[position]:
                        names = self._names
                        raise IllFormed(position, other(process, start, names[f[start]], names[f[position]]))
                    partner[start] = position
                    partner[position] = start
                    if kind == _INFO:
                        begun[process] = ABSENT
                    else:
                        del begun[process]
            position += 1


def busy(process: int, start: int) -> str:
    """The reason that a process cannot invoke. start: where the operation began that is open, or ABSENT if one ended as
    info."""
    if start < 0:
        return f"process {process} invokes again after an operation of it ended as info; it needs a new number"
    return f"process {process} invokes while its operation of event {start} is still open"


def unasked(process: int, retired: bool) -> str:
    """The reason that a process cannot complete anything."""
    if retired:
        return f"process {process} completes an operation that already ended as info"
    return f"process {process} completes an operation that it never invoked"


def other(process: int, start: int, asked: Value, answered: Value) -> str:
    """The reason that a process cannot complete this."""
    return f"process {process} completes {answered!r}, but at event {start} it invoked {asked!r}"


class Operations:
    """Invocations paired with their completions: one row per client operation, in order of invocation.

    All columns are integers. `invoke` and `complete` are positions in the history (`complete` is ABSENT for an
    operation still open at the end), and their order is real time. `ended` is the EventType of the completion; an open
    operation counts as INFO. `f`, `key`, `argument`, `result` are value ids (`key` and `result` may be ABSENT);
    `result` is an observation only where `ended` is OK. `revision` is the one the completion carries, or ABSENT.
    """

    __slots__ = (
        "_argument", "_result", "complete", "ended", "events", "f", "invoke", "key", "process", "revision", "values",
    )  # fmt: skip

    def __init__(self, values: "EventValues") -> None:
        self.values = values
        self.events = 0
        """The number of events of the history that these rows were made from."""
        self.invoke = array("q")
        self.complete = array("q")
        self.ended = array("b")
        self.process = array("q")
        self.f = array("i")
        self.key = array("i")
        self.revision = array("q")
        self._argument: array[int] | None = None
        self._result: array[int] | None = None

    def __len__(self) -> int:
        return len(self.invoke)

    @property
    def argument(self) -> "array[int]":
        """The value of each invocation."""
        if self._argument is None:
            self._argument = self.values.ids_at(self.invoke)
        return self._argument

    @property
    def result(self) -> "array[int]":
        """The value of each completion, or ABSENT."""
        if self._result is None:
            self._result = self.values.ids_at(self.complete)
        return self._result


class EventValues(Protocol):
    """The values of events, as ids."""

    def ids_at(self, positions: "array[int]") -> "array[int]":
        """The ids of some events, ABSENT for ABSENT."""
