"""Descriptions of events for witnesses: node and process, `n3 (process 7)`, and time, `12.345 s`.

Pitfall: two events that look simultaneous. Times have as many digits as it takes to tell those of a witness apart.
"""

from collections.abc import Iterable, Sequence

from splitbrain.checkers.common.operation_format import SHOWN_ITEMS, operation, short
from splitbrain.checkers.common.values import shown
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value

UNSUCCESSFUL = {EventType.FAIL: " (failed)", EventType.INFO: " (unknown end)"}


class EventFormat:
    """Words about some events of a history."""

    def __init__(self, history: History, events: Iterable[int]) -> None:
        """events: positions of all events that will be told of."""
        self._history = history
        times = {history.time[event] for event in events}
        self._digits = next((d for d in (3, 6) if len({f"{t / 1e9:.{d}f}" for t in times}) == len(times)), 9)

    def when(self, event: int) -> str:
        """The time of an event, or its position where times mean nothing."""
        if not self._history.timed:
            return f"event {event}"
        return f"{self._history.time[event] / 1e9:.{self._digits}f} s"

    def who(self, event: int) -> str:
        """Node and process of an event."""
        told = self._history.event(event)
        process = self._history.process_name(event)
        return f"{told.node} ({process})" if isinstance(told.node, str) else process

    def span(self, start: int, end: int) -> str:
        """`1.0 s to 1.2 s`; ABSENT as the end is an end that nobody knows."""
        return f"{self.when(start)} to {self.when(end) if end >= 0 else '?'}"

    def line(self, row: int, *, key: bool = True) -> str:
        """An operation in a line: when, who, what was asked and what came back. key: whether to name its key, which
        goes without saying where the verdict is about one."""
        history = self._history
        operations, values = history.operations(), history.pool.values
        invoke, complete = operations.invoke[row], operations.complete[row]
        f, ended = str(values[operations.f[row]]), EventType(operations.ended[row])
        if key and operations.key[row] != ABSENT and values[operations.key[row]] is not None:
            f += f" {shown(values[operations.key[row]])}"
        result = None if operations.result[row] == ABSENT else values[operations.result[row]]
        told = operation(f, values[operations.argument[row]], result, ended, short) + carried(history, row)
        return f"{self.span(invoke, complete)}: {self.who(invoke)} {told}{UNSUCCESSFUL.get(ended, '')}"


def in_all(counts: Iterable[tuple[str, int]]) -> str:
    """The last sentence of a witness: how many of each kind were found, `found in all: lost 2, duplicate 1`."""
    return f"found in all: {', '.join(f'{kind} {count:,}' for kind, count in counts if count)}"


def some(items: Sequence[Value]) -> str:
    """`1, 2, 3 … and 5 more`."""
    words = ", ".join(map(shown, items[:SHOWN_ITEMS]))
    return f"{words} … and {len(items) - SHOWN_ITEMS} more" if len(items) > SHOWN_ITEMS else words


def carried(history: History, row: int) -> str:
    """The token and the revision that came with an answer: ` (token 34)`."""
    operations = history.operations()
    complete = operations.complete[row]
    if complete == ABSENT or operations.ended[row] == EventType.INFO:
        return ""
    token, revision = history.token[complete], operations.revision[row]
    words = [] if token == ABSENT else [f" (token {shown(history.pool.values[token])})"]
    return "".join([*words, *([] if revision == ABSENT else [f" (revision {revision})"])])
