"""Transactions in parts: operations `begin` and `commit` of one process, between which others run, as one `txn`.

Both have micro-operations as their values; the transaction begins with the invocation of the first and ends with the
completion of the second. Pitfall: one that was never asked to commit did not, so it failed, whatever it read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, Event, History
from splitbrain.harness.operation import NEMESIS, EventType
from splitbrain.harness.verdict import Verdict

BEGIN, COMMIT, TXN = "begin", "commit", "txn"
changed = msgspec.structs.replace


@dataclass(frozen=True)
class Joined:
    """A history whose transactions are whole, event by event in the places of the original.

    inner: invocation of a transaction → the events between its parts. Others stand in their places that mean nothing.
    """

    history: History
    inner: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def original(self, verdict: Verdict) -> Verdict:
        """The verdict with the events of all parts in its witness."""
        witness = verdict.witness
        if witness is None or not self.inner:
            return verdict
        events = {*witness.events, *(event for start in witness.events for event in self.inner.get(start, ()))}
        return replace(verdict, witness=replace(witness, events=tuple(sorted(events))))


def joined(history: History) -> Joined:
    """The history with each `begin` and its `commit` as one `txn`; itself if it has none. UsageError for a commit that
    succeeded where no transaction was open."""
    names = [history.pool.tables[str].get(word) for word in (BEGIN, COMMIT)]  # type: ignore[attr-defined]
    if not any(name is not None and name in history.f for name in names):
        return Joined(history)
    joiner = _Joiner(history)
    operations, values = history.operations(), history.pool.values
    for f, process, start, end in zip(
        operations.f, operations.process, operations.invoke, operations.complete, strict=True
    ):
        joiner.add(str(values[f]), process, start, end)
    for begun in list(joiner.open):
        joiner.give_up(begun)
    whole = History.within(history)
    whole.timed, whole.warnings = history.timed, history.warnings
    whole.extend(joiner.events)
    return Joined(whole, joiner.inner)


class _Joiner:
    """Replace events, operation by operation. open: process → where its transaction began, and that part ended."""

    def __init__(self, history: History) -> None:
        self.events = list(history)
        self.open: dict[int, tuple[int, int]] = {}
        self.inner: dict[int, tuple[int, ...]] = {}

    def add(self, f: str, process: int, start: int, end: int) -> None:
        """Take the next operation of a process."""
        if f == COMMIT:
            self._commit(process, start, end)
            return
        self.give_up(process)
        if f == BEGIN:
            self._put((start, end), f=TXN)
            ended = EventType.FAIL.word if end == ABSENT else self.events[end].type
            if ended != EventType.FAIL.word:
                self.open[process] = (start, end)
            if ended == EventType.INFO.word:
                self.give_up(process)  # its process goes on as another one, which cannot commit it

    def give_up(self, process: int) -> None:
        """Fail the transaction of a process that is open."""
        if process in self.open:
            _, end = self.open.pop(process)
            self._put((end,), type=EventType.FAIL.word, error=("other", "it was never asked to commit"))

    def _commit(self, process: int, start: int, end: int) -> None:
        events = self.events
        ended = EventType.INFO.word if end == ABSENT else events[end].type
        if process not in self.open:
            if ended != EventType.FAIL.word:
                raise UsageError(f"event {start} commits, but process {process} has no open transaction")
            self._blank((start, end))
            return
        begun, between = self.open.pop(process)
        asked = (*_steps(events[begun]), *_steps(events[start]))
        done = (*_steps(events[between]), *_steps(events[end])) if ended == EventType.OK.word else asked
        self._put((begun,), value=asked)
        self._put((end,), f=TXN, value=done)
        self._blank((between, start))
        self.inner[begun] = (between, start)

    def _put(self, places: Iterable[int], **fields: object) -> None:
        for place in places:
            if place != ABSENT:
                self.events[place] = changed(self.events[place], **fields)

    def _blank(self, places: Iterable[int]) -> None:
        """Make events such that no operation has."""
        for place in places:
            if place != ABSENT:
                event = self.events[place]
                self.events[place] = Event(
                    index=event.index, time=event.time, process=NEMESIS, type=EventType.INFO.word, f=event.f
                )  # fmt: skip


def _steps(event: Event) -> tuple[object, ...]:
    """The micro-operations of a part; UsageError if its value is no list."""
    if type(event.value) is not tuple:
        raise UsageError(f"event {event.index} is part of a transaction, and its value no list of micro-operations")
    return event.value
