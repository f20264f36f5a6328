"""Histories of overlapping operations on an atomic set or counter, as long as wanted, some of them corrupted in a
read."""

from random import Random
from typing import Any

from splitbrain.harness.history import Event, History

CALL = -1
"""In the place of a process: an operation begins."""


class Overlapping:
    """A history being made. few: elements of the set, or the largest delta of the counter, less one."""

    def __init__(self, kind: str, random: Random, clients: int, crash: float, few: int) -> None:
        self._kind, self._random, self._crash, self._few = kind, random, crash, few
        self._elements: set[int] = set()
        self._total = 0
        self._free = list(range(clients))
        self._next = clients
        self._open: dict[int, list[Any]] = {}
        """By process: f, argument, result, whether it took effect."""
        self._events: list[tuple[int, str, str, Any]] = []

    def made(self, operations: int) -> History:
        """The history."""
        started = 0
        while started < operations or self._open:
            waiting = [process for process, (_, _, _, done) in self._open.items() if not done]
            able = [*([CALL] * len(self._free) if started < operations else []), *waiting, *self._open]
            chosen = self._random.choice(able)
            if chosen == CALL:
                started += 1
                self._call(self._free.pop(self._random.randrange(len(self._free))))
            elif self._open[chosen][3]:
                self._end(chosen)
            else:
                self._take_effect(chosen)
        return History.of(
            Event(index=n, time=n, process=process, type=kind, f=f, value=value)  # type: ignore[arg-type]
            for n, (process, kind, f, value) in enumerate(self._events)
        )

    def _call(self, process: int) -> None:
        f = self._random.choice(["add", "remove", "read"] if self._kind == "set" else ["add", "add", "read"])
        value = None if f == "read" else self._random.randrange(self._few) + (self._kind == "counter")
        self._open[process] = [f, value, value, False]
        self._events.append((process, "invoke", f, value))

    def _take_effect(self, process: int) -> None:
        one = self._open[process]
        f, value = one[:2]
        if self._kind == "counter":
            self._total += value if f == "add" else 0
        elif f != "read":
            self._elements = self._elements | {value} if f == "add" else self._elements - {value}
        if f == "read":
            one[2] = self._total if self._kind == "counter" else tuple(sorted(self._elements))
        one[3] = True

    def _end(self, process: int) -> None:
        f, value, result, _ = self._open.pop(process)
        if self._random.random() < self._crash:
            self._events.append((process, "info", f, value))
            self._free.append(self._next)
            self._next += 1
        else:
            self._events.append((process, "ok", f, result))
            self._free.append(process)


def corrupted(history: History, random: Random, few: int) -> History:
    """The history with one of its last reads changed; itself if it has none."""
    events = list(history)
    reads = [n for n, event in enumerate(events) if event.type == "ok" and event.f == "read"]
    if not reads:
        return history
    chosen = random.choice(reads[-5:])
    value = events[chosen].value
    if isinstance(value, int):
        changed: Any = value + random.choice([-1, 1])
    else:
        changed = tuple(sorted({*value} ^ {random.randrange(few)}))  # type: ignore[misc]
    return History.of(
        Event(
            index=n, time=n, process=event.process, type=event.type, f=event.f,
            value=changed if n == chosen else event.value,
        )
        for n, event in enumerate(events)
    )  # fmt: skip
