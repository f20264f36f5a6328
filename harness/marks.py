"""Marks: what programs make known of themselves while a simulated run goes on, and who listens.

A program returns the effect `Mark(name, *values)`; the simulator adds the node and the time and hands it to every
listener, in the order in which they subscribed, within the event in which it was made. The simulator itself marks
`start` when a node's process starts, and `emptied` when a node loses its disk to join anew. Listeners must be
deterministic, and must not change the cluster from within the call: plan it on the event loop instead.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

START = "start"
"""The mark of the simulator: a node's process starts. It has no values."""
EMPTIED = "emptied"
"""The mark of the simulator: an operator has emptied a node's disk, and the node owes nobody anything. It has no
values."""
OF_SIMULATOR = (START, EMPTIED)


class MarkEvent(Struct, frozen=True, gc=False):
    """A mark as it was made: by which node, when (nanoseconds since the start of the run), and what it said."""

    node: str
    time: int
    name: str
    values: tuple[Any, ...]


Listener = Callable[[MarkEvent], object]


class Marks:
    """The marks of one run."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._everything: list[Listener] = []
        self._by_name: dict[str, list[Listener]] = {}

    @property
    def counts(self) -> Counter[str]:
        """The number of marks of each name that were made so far."""
        return Counter(self._counts)

    def subscribe(self, listener: Listener, *names: str) -> None:
        """Call `listener` at every mark from now on; only at those of these names, if any are given."""
        if not names:
            self._everything.append(listener)
            for listeners in self._by_name.values():
                listeners.append(listener)
        for name in names:
            self._by_name.setdefault(name, list(self._everything)).append(listener)

    def publish(self, node: str, time: int, name: str, values: tuple[Any, ...]) -> None:
        """Count a mark that a node has made, and tell those who listen for it."""
        counts = self._counts
        counts[name] = counts[name] + 1 if name in counts else 1
        chosen = self._by_name.get(name, self._everything)
        if chosen:
            event = MarkEvent(node, time, name, values)
            for listener in chosen:
                listener(event)


@runtime_checkable
class Marking(Protocol):
    """An environment, or a cluster, in which marks are heard."""

    marks: Marks
