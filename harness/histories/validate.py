"""Validator of histories: puts decoded events into columns, and checks every rule on the way.

A history of our own is held to everything: dense indexes, time that never runs backwards. In one that somebody else
recorded the order of the file is the order, index and time are hints, and what is odd about them is a warning.
Pitfall: leniency must not turn into a verdict; a process that is not understood is an error, never skipped.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET

from splitbrain.harness.history import Event, History, IllFormed
from splitbrain.harness.interner import DEPTH_MAX
from splitbrain.harness.operation import NEMESIS, EventType

_COLUMN_END = 1 << 63
_WORDS = frozenset(kind.word for kind in EventType)
_TYPE, _PROCESS, _F, _TIME = (attrgetter(name) for name in ("type", "process", "f", "time"))
_INDEX, _REVISION = attrgetter("index"), attrgetter("revision")


class Loose(msgspec.Struct, kw_only=True, gc=False):
    """An event as others record it: anything may be missing, nothing is believed yet."""

    index: Any = UNSET
    time: Any = UNSET
    process: Any = None
    type: Any = None
    f: Any = None
    key: Any = UNSET
    value: Any = None
    node: Any = UNSET
    error: Any = UNSET
    revision: Any = UNSET
    token: Any = UNSET
    session: Any = UNSET


class BadEvent(Exception):
    """An event that a history must not hold. ordinal: its place in the batch, from 0."""

    def __init__(self, ordinal: int, text: str) -> None:
        super().__init__(text)
        self.ordinal = ordinal
        self.text = text


class Intake:
    """Takes the events of one file, in order; `history` is what has been taken."""

    def __init__(self, *, own: bool, keyed: bool = False) -> None:
        """own: whether the file is one of ours. keyed: whether each value is a `[key value]` pair."""
        self.history = History()
        self._own = own
        self._keyed = keyed
        self._time_last: int | None = None
        self._index_last: int | None = None
        self._nameless: bool | None = None
        self._key_open: dict[Any, Any] = {}

    def add(self, events: Sequence[Any]) -> None:
        """Take the next events, of type Event if `own`, else Loose (which are put in order in place). BadEvent at the
        first that breaks a rule; nothing can be added after that."""
        if not events:
            return
        begin, nameless = len(self.history), self._nameless
        try:
            if self._own:
                self._hold_to_rules(events)
            else:
                self._put_in_order(events)
            if self._keyed:
                self._split_keys(events)
            self.history.extend(events)
        except BadEvent as refused:
            if refused.ordinal:
                self._keyed, self._nameless = False, nameless  # what stands before was put in order above
                self.add(events[: refused.ordinal])
            raise
        except RecursionError:
            raise BadEvent(_deepest(events), "a value is nested too deeply") from None
        try:
            self.history.pair()
        except IllFormed as wrong:
            raise BadEvent(wrong.position - begin, wrong.text) from None

    def _hold_to_rules(self, events: Sequence[Event]) -> None:
        due, last = len(self.history), self._time_last
        times = list(map(_TIME, events))
        if (
            list(map(_INDEX, events)) != list(range(due, due + len(events)))
            or not set(map(_TYPE, events)) <= _WORDS
            or not {process for process in map(_PROCESS, events) if type(process) is not int} <= {NEMESIS}
            or not _ascend(last, times)
        ):
            self._find_breach(events, due, last)
        self._time_last = times[-1]

    @staticmethod
    def _find_breach(events: Sequence[Event], due: int, last: int | None) -> None:
        for ordinal, event in enumerate(events):
            if event.index != due + ordinal:
                raise BadEvent(
                    ordinal,
                    f"index {event.index} where {due + ordinal} is due (leave out index or time of all events to "
                    "have the order of the file taken as it is)",
                )
            if event.type not in _WORDS:
                raise BadEvent(ordinal, f"type is invoke, ok, fail or info, not {event.type!r}")
            if type(event.process) is not int and event.process != NEMESIS:
                raise BadEvent(ordinal, f'process is an integer or "nemesis", not {event.process!r}')
            if last is not None and event.time < last:
                raise BadEvent(ordinal, f"time runs backwards, from {last} to {event.time}")
            last = event.time

    def _put_in_order(self, events: Sequence[Loose]) -> None:
        if not set(map(type, map(_TYPE, events))) <= {str} or not set(map(_TYPE, events)) <= _WORDS:
            _name_types(events)
        if not set(map(type, map(_F, events))) <= {str} or any(f[:1] == ":" for f in set(map(_F, events))):
            _name_functions(events)
        kinds = set(map(type, map(_PROCESS, events)))
        if kinds != {int} or not _within(list(map(_PROCESS, events))) or self._nameless:
            self._number_processes(events)
        elif self._nameless is None:
            self._nameless = False
        self._look_at_indexes(list(map(_INDEX, events)))
        self._look_at_times(events)
        if not _all_absent(list(map(_REVISION, events))):
            for event in events:
                if type(event.revision) is not int or not _within([event.revision]):
                    event.revision = UNSET

    def _number_processes(self, events: Sequence[Loose]) -> None:
        for ordinal, event in enumerate(events):
            process = event.process
            if isinstance(process, str):
                process = process.removeprefix(":")
                if process.isdecimal() and len(process) < 19:
                    process = int(process)
            if process is None:
                if self._nameless is False:
                    raise BadEvent(ordinal, "the event has no process, though others have")
                self._nameless, process = True, 0
            elif process != NEMESIS:
                if type(process) is not int or not _within([process]):
                    raise BadEvent(ordinal, f"process is a number from 0 or nemesis, not {event.process!r}")
                if self._nameless:
                    raise BadEvent(ordinal, "the event has a process, though others have none")
                self._nameless = False
            event.process = process

    def _look_at_indexes(self, indexes: list[Any]) -> None:
        if _all_absent(indexes):
            return
        for index in indexes:
            if type(index) is int:
                if self._index_last is not None and index <= self._index_last:
                    self._warn("indexes do not increase; the order of the file is taken")
                self._index_last = index

    def _look_at_times(self, events: Sequence[Loose]) -> None:
        last = self._time_last
        times = list(map(_TIME, events))
        if set(map(type, times)) == {int} and _ascend(last, times) and times[-1] < _COLUMN_END:
            self._time_last = times[-1]
            return
        self.history.timed = False
        for event in events:
            if type(event.time) is not int or not -_COLUMN_END <= event.time < _COLUMN_END:
                if event.time is not UNSET and event.time is not None:
                    self._warn("time is not in integer nanoseconds and is not used")
                event.time = last or 0
            elif last is not None and event.time < last:
                self._warn("time runs backwards; the order of the file is taken")
            last = event.time
        self._time_last = last

    def _split_keys(self, events: Sequence[Loose]) -> None:
        """`[key value]` into key and value. A completion may lack the pair: then its key is that of its invocation."""
        for ordinal, event in enumerate(events):
            if event.process == NEMESIS or event.key is not UNSET:
                continue
            value = event.value
            if isinstance(value, list | tuple) and len(value) == 2:
                event.key, event.value = value
                self._key_open[event.process] = event.key
            elif event.type in ("fail", "info") and event.process in self._key_open:
                event.key = self._key_open[event.process]
            else:
                raise BadEvent(ordinal, f"keyed=true asks for [key value] as every value, not {_short(value)}")

    def _warn(self, text: str) -> None:
        if text not in self.history.warnings:
            self.history.warnings.append(text)


def _all_absent(values: list[Any]) -> bool:
    return values.count(UNSET) == len(values)


def _within(numbers: list[int]) -> bool:
    """Whether all are counts that a column can hold."""
    return min(numbers) >= 0 and max(numbers) < _COLUMN_END


def _ascend(last: int | None, times: list[int]) -> bool:
    """Whether time never runs backwards; a list in order is sorted by one pass without a move."""
    return times[0] >= (-_COLUMN_END if last is None else last) and times == sorted(times)


def _name_types(events: Sequence[Loose]) -> None:
    for ordinal, event in enumerate(events):
        word = event.type.removeprefix(":") if isinstance(event.type, str) else None
        if word not in _WORDS:
            missing = "the event has no type" if event.type is None else f"not {_short(event.type)}"
            raise BadEvent(ordinal, f"type is invoke, ok, fail or info: {missing}")
        event.type = word


def _name_functions(events: Sequence[Loose]) -> None:
    """An absent `f` is a transaction, as in the histories of Elle."""
    for ordinal, event in enumerate(events):
        if event.f is None:
            event.f = "txn"
        elif not isinstance(event.f, str):
            raise BadEvent(ordinal, f"f is the name of an operation, not {_short(event.f)}")
        event.f = event.f.removeprefix(":")


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except RecursionError:
        return "something nested very deeply"
    return text if len(text) <= 60 else text[:57] + "..."


def _deepest(events: Sequence[Any]) -> int:
    """The first event with a value that is nested too deeply to be taken."""
    for ordinal, event in enumerate(events):
        layer: list[Any] = [event.key, event.value, event.error, event.token, event.session, event.node]
        for _ in range(DEPTH_MAX):
            layer = [part for value in layer for part in _parts(value)]
        if layer:
            return ordinal
    return 0


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return list(value) if isinstance(value, list | tuple | frozenset | set) else []
