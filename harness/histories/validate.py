"""Validator of histories: puts decoded events into columns, and checks every rule on the way.

A history of our own is held to everything: dense indexes, time that never runs backwards. In one that somebody else
recorded the order of the file is the order, index and time are hints, and what is odd about them is a warning.
Pitfall: leniency must not turn into a verdict; a process that is not understood is an error, never skipped.
"""

import re
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from msgspec import UNSET

from splitbrain.harness.histories.lenient import LenientPairing
from splitbrain.harness.histories.loose import BadEvent, Loose
from splitbrain.harness.history import COLUMNS, NEMESIS_PROCESS, Event, History, IllFormed
from splitbrain.harness.interner import DEPTH_MAX
from splitbrain.harness.operation import NEMESIS, EventType

try:
    from splitbrain.harness import lines_native
except ImportError:  # installed without a C compiler
    lines_native = None  # type: ignore[assignment]

_COLUMN_END = 1 << 63
_WORDS = frozenset(kind.word for kind in EventType)
_TYPE, _PROCESS, _F, _TIME = (attrgetter(name) for name in ("type", "process", "f", "time"))
_INDEX, _REVISION = attrgetter("index"), attrgetter("revision")


class Intake:
    """Check of the events of one file, taken in order; `history` is what has been taken."""

    def __init__(self, *, own: bool, keyed: bool = False, lenient: bool = False) -> None:
        """own: whether the file is one of ours. keyed: whether each value is a `[key value]` pair. lenient: whether
        operations are paired by the rules of `lenient`; then the history is there after `finish`."""
        self.history = History()
        self.taken = 0
        """The number of events that were taken."""
        self._own = own
        self._lenient = LenientPairing() if lenient and not own else None
        self._numbers: dict[str, int] = {}
        """The number of each process that has a name."""
        self._numbered = False
        self._again = False
        """Whether events are taken whose fields were put in order already."""
        self._keyed = keyed
        self._time_last: int | None = None
        self._index_last: int | None = None
        self._nameless: bool | None = None
        self._key_open: dict[Any, Any] = {}
        self._lines: lines_native.EventLines | None = None
        if own and not keyed and lines_native is not None:
            self._lines = lines_native.EventLines(self.history, COLUMNS, NEMESIS_PROCESS)

    @property
    def takes_lines(self) -> bool:
        """Whether `add_lines` takes anything at all."""
        return self._lines is not None

    def add_lines(self, block: bytes, begin: int) -> tuple[int, int]:
        """Take lines of a block, from where the first stands, as far as they hold nothing out of the ordinary; (how
        many, where the first stands that was not taken). BadEvent as for `add`."""
        if self._lines is None:
            return 0, begin
        first = self.taken
        count, end = self._lines.take(block, begin, self._time_last)
        self.taken += count
        self._time_last = self._lines.last
        self._pair(first)
        return count, end

    def add(self, events: Sequence[Any]) -> None:
        """Take the next events, of type Event if `own`, else Loose (which are put in order in place). BadEvent at the
        first that breaks a rule; nothing can be added after that."""
        if not events:
            return
        begin, nameless = self.taken, self._nameless
        try:
            if self._own:
                self._hold_to_rules(events)
            else:
                self._put_in_order(events)
            if self._keyed:
                self._split_keys(events)
            if self._lenient is not None:
                self._lenient.take(events, bool(self._nameless), self.history.process_names)
            else:
                self.history.extend(events)
            self.taken += len(events)
        except BadEvent as refused:
            if refused.ordinal and self._lenient is None:
                self._keyed, self._again = False, True  # what stands before was put in order above
                self._nameless = nameless
                self.add(events[: refused.ordinal])
            raise
        except RecursionError:
            raise BadEvent(_deepest(events), "a value is nested too deeply") from None
        self._pair(begin)

    def _pair(self, begin: int) -> None:
        """Pair the events from a position on; BadEvent where they do not pair."""
        try:
            self.history.pair()
        except IllFormed as wrong:
            raise BadEvent(wrong.position - begin, self._told(wrong.text)) from None

    def finish(self) -> None:
        """End the history, as all events were taken. BadEvent if the rules of lenient pairing cannot place one; its
        ordinal is that in the whole file."""
        if self._lenient is not None and self.taken:
            events: list[Any] = self._lenient.finished()
            self.history.extend(events)
            self.history.process_names.update(self._lenient.names)
            self.history.warnings += self._lenient.notes
            self.history.pair()
        elif self._nameless:
            self.history.warnings.append("events have no process: each operation is read as over before the next")

    def _told(self, text: str) -> str:
        """The reason that events do not pair, with the name of the process, and what reads them all the same."""
        if self._own:
            return text
        hint = "" if "while its operation" in text and not self._nameless else "; --lenient reads such histories"
        if self._nameless:
            return f"events have no process, so each operation ends before the next begins, but {text}{hint}"
        names = self.history.process_names
        return re.sub(r"^process (\d+)", lambda found: f"process {names.get(int(found[1]), found[1])}", text) + hint

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
        if kinds != {int} or not _within(list(map(_PROCESS, events))) or self._nameless or self._numbers:
            self._number_processes(events)
        else:
            self._nameless, self._numbered = False, True
        self._look_at_indexes(list(map(_INDEX, events)))
        self._look_at_times(events)
        if not _all_absent(list(map(_REVISION, events))):
            for event in events:
                event.revision = self._revision_of(event.revision)

    def _revision_of(self, given: Any) -> Any:
        """A revision as a number, also of one in digits as gateways to JSON write it; UNSET, with a note, for what is
        none."""
        number = int(given) if isinstance(given, str) and given.isdecimal() and len(given) < 19 else given
        if type(number) is int and _within([number]):
            return number
        if given is not UNSET and given is not None:
            self._warn("a revision is a whole number from 0 on; what is none is not used")
        return UNSET

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
                if isinstance(process, str) and process:
                    process = self._number_of(ordinal, process)
                elif type(process) is not int or not _within([process]):
                    raise BadEvent(
                        ordinal, f"process is a number from 0, a name or nemesis, not {_short(event.process)}"
                    )
                elif self._numbers and not self._again:
                    raise BadEvent(ordinal, f"processes have names, like {next(iter(self._numbers))!r}, or numbers, "
                                            f"like {process}; not both in one history")  # fmt: skip
                else:
                    self._numbered = True
                if self._nameless:
                    raise BadEvent(ordinal, "the event has a process, though others have none")
                self._nameless = False
            event.process = process

    def _number_of(self, ordinal: int, name: str) -> int:
        """The number of a process that has a name."""
        if self._numbered:
            raise BadEvent(ordinal, f"process is a number in events before, so it cannot be {_short(name)} here")
        number = self._numbers.setdefault(name, len(self._numbers))
        self.history.process_names[number] = name
        return number

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
            elif event.type in ("fail", "info") and event.process in self._key_open and not self._nameless:
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
    """Name the function of each event: an absent `f` is a transaction, as in the histories of Elle."""
    for ordinal, event in enumerate(events):
        if event.f is None:
            if event.process != NEMESIS and not isinstance(event.value, list | tuple):
                raise BadEvent(ordinal, "the event has no f, the name of its operation; only transactions go without")
            event.f = "txn"
        elif not isinstance(event.f, str):
            raise BadEvent(ordinal, f"f is the name of an operation, not {_short(event.f)}")
        event.f = event.f.removeprefix(":")


def _short(value: Any) -> str:
    try:
        text = "nil" if value is None else repr(value)
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
