"""Lenient pairing: histories that Jepsen takes and whose operations are not told apart by process alone.

- A process that goes on after `info` goes on as a new one; the operation stays of unknown end. (Jepsen's rule since its
  histories are a library of their own.)
- An event without a process completes the open operation of the same name and value, else of the same name. Where
  several are open, which it was is not known: all of them then begin with the oldest, so that no order is claimed.
- A completion that nobody invoked is that of the one operation of this name that never completed, or else of one that
  began at an unknown time, before everything. A `fail` like that is left out.

Each of these is a note. Pitfall: a completion that nobody invoked is taken to repeat its argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from splitbrain.harness.histories.loose import BadEvent, Loose
from splitbrain.harness.operation import NEMESIS
from splitbrain.harness.pairing import busy, other


@dataclass
class _Open:
    """An operation that began. place: of its event among those kept."""

    place: int
    event: Loose


@dataclass
class LenientPairing:
    """Repair of processes: takes events in order; `finished` are the same events with processes that any reader can
    pair."""

    notes: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    """Names of new processes."""
    _kept: list[Loose] = field(default_factory=list)
    _anchors: list[int] = field(default_factory=list)
    """For each event kept, the place that it moves to: its own, or an earlier one."""
    _numbers: dict[int, int] = field(default_factory=dict)
    """Process of the file → its number now; negative for a new one, until the end is known."""
    _open: dict[int, _Open] = field(default_factory=dict)
    _retired: set[int] = field(default_factory=set)
    _alone: list[int] = field(default_factory=list)
    """Places of completions that nobody invoked."""
    _fresh: list[str] = field(default_factory=list)
    """Names of the new processes, in order."""
    _greatest: int = -1

    def take(self, events: Sequence[Loose], nameless: bool, names: dict[int, str]) -> None:
        """Take the next events, whose fields are in order. nameless: whether they have no process. names: of processes
        that have names. BadEvent for one that no rule admits; nothing can be taken after that."""
        for ordinal, event in enumerate(events):
            if event.process == NEMESIS:
                self._keep(event)
            elif nameless:
                self._take_nameless(event)
            else:
                self._greatest = max(self._greatest, event.process)
                self._take_named(ordinal, event, names.get(event.process, str(event.process)))

    def finished(self) -> list[Loose]:
        """All events, in order. BadEvent for a completion that nobody invoked and that does not say what was asked."""
        begun = [made for place in self._alone if (made := self._begin_of(place)) is not None]
        order = sorted(range(len(self._kept)), key=lambda place: (self._anchors[place], place))
        events = [self._kept[place] for place in order]
        for place, event in zip(order, events, strict=True):
            if self._anchors[place] < place:
                event.time = self._kept[self._anchors[place]].time
        for event in begun:
            event.time = events[0].time
        events = [*begun, *events]
        for number, name in enumerate(self._fresh, self._greatest + 1):
            if name:
                self.names[number] = name
        for event in events:
            if event.process != NEMESIS and event.process < 0:
                event.process = self._greatest - event.process
        return events

    def _take_named(self, ordinal: int, event: Loose, name: str) -> None:
        number = self._numbers.get(event.process, event.process)
        begun = self._open.get(number)
        if event.type == "invoke":
            if begun is not None:
                raise BadEvent(ordinal, busy(event.process, begun.place))
            if number in self._retired:
                number = self._numbers[event.process] = self._new(f"{name} after info")
                self._note("a process goes on after info: read as a new process, the operation stays of unknown end")
            event.process = number
            self._open[number] = _Open(self._keep(event), event)
        elif begun is None:
            if event.type == "fail":
                self._note("a fail of an operation that was never invoked is left out")
                return
            self._alone.append(self._keep(event))
            event.process = self._new(f"{name}, begun unseen")
        elif begun.event.f != event.f:
            raise BadEvent(ordinal, other(event.process, begun.place, begun.event.f, event.f))
        else:
            self._complete(number, event)

    def _take_nameless(self, event: Loose) -> None:
        if event.type == "invoke":
            event.process = self._new("")
            self._open[event.process] = _Open(self._keep(event), event)
            return
        possible = [number for number, begun in self._open.items() if _alike(begun.event, event)]
        exact = [number for number in possible if _same(self._open[number].event.value, event.value)]
        possible = exact or possible
        if not possible:
            if event.type != "fail":
                self._alone.append(self._keep(event))
                event.process = self._new("")
            return
        if len(possible) > 1:
            places = [self._open[number].place for number in possible]
            earliest = min(self._anchors[place] for place in places)
            for place in places:
                self._anchors[place] = earliest
            self._note("events have no process: operations that overlap begin together, for who is who is not known")
        self._complete(possible[0], event)

    def _complete(self, number: int, event: Loose) -> None:
        event.process = number
        self._keep(event)
        del self._open[number]
        if event.type == "info":
            self._retired.add(number)

    def _begin_of(self, place: int) -> Loose | None:
        """The invocation of a completion that nobody invoked; None if it is that of an operation that never ended."""
        event = self._kept[place]
        of_name = [number for number, begun in self._open.items() if _alike(begun.event, event)]
        alone = sum(_alike(self._kept[other_place], event) for other_place in self._alone)
        if len(of_name) == 1 and alone == 1 and self._open[of_name[0]].place < place:
            event.process = of_name[0]
            self._note(f"a completion of {event.f!r} is taken as that of the one {event.f!r} that never completed")
            return None
        if event.value is None or isinstance(event.value, bool):
            raise BadEvent(place, f"a completion of {event.f!r} that was never invoked does not say what was asked")
        self._note("a completion that was never invoked: its operation began at an unknown time, before everything")
        return Loose(process=event.process, type="invoke", f=event.f, value=event.value, key=event.key)

    def _keep(self, event: Loose) -> int:
        self._anchors.append(len(self._kept))
        self._kept.append(event)
        return len(self._kept) - 1

    def _new(self, name: str) -> int:
        self._fresh.append(name)
        return -len(self._fresh)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _alike(begun: Loose, event: Loose) -> bool:
    """Whether a completion can be that of an operation, as far as name and key say."""
    return begun.f == event.f and (event.key is UNSET or _same(begun.key, event.key))


def _same(a: object, b: object) -> bool:
    return type(a) is type(b) and a == b
