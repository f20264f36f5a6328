"""Bugs of the replicated data types: crdt."""

from collections.abc import Mapping
from typing import Any

from splitbrain.harness.program import Effects, Now
from splitbrain.targets.stores.crdt import CounterState, CrdtNode, ListState, SetState
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.multi_leader import OneWinner, identity
from splitbrain.targets.stores.updates import Update


class CrdtForgetsRemovals(CrdtNode):
    """Join after a restart the additions that are on disk, and not the removals."""

    starting = False

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Begin again."""
        self.starting = True
        effects = super().on_start(now, disk)
        self.starting = False
        return effects

    def apply(self, update: Update) -> None:
        """Join it, unless it is a removal that was on disk."""
        if not (self.starting and update.f == "remove"):
            super().apply(update)


class LastIncrementCounts(CounterState):
    """Take the last increment of an origin for its sum."""

    def apply(self, update: Update) -> None:
        """Put it in the place of the sum."""
        self._sums.setdefault(update.key, {})[update.origin] = update.value


class OneSumForAll(CounterState):
    """Keep one sum, and take the greater of two when it hears of another one."""

    def apply(self, update: Update) -> None:
        """Join by the maximum, as if the counter had one writer."""
        sums = self._sums.setdefault(update.key, {})
        sums["all"] = max(sums.get("all", 0), update.value)

    def changed(self, key: str, request: Request) -> Any:
        """The new sum."""
        return (self.read(key) or 0) + request.value


class WholeSetSent(SetState):
    """Send the whole set, and the set that came last counts."""

    def apply(self, update: Update) -> None:
        """Replace what is there."""
        self._additions[update.key] = {(update.origin, at): element for at, element in enumerate(update.value)}

    def changed(self, key: str, request: Request) -> Any:
        """All elements, with the new one or without the removed one."""
        kept = [element for element in self.read(key) or () if identity(element) != identity(request.value)]
        return [*kept, request.value] if request.f == "add" else kept


class ListByArrival(ListState):
    """Put elements that hang on the same one in the order in which they came."""

    def arrange(self, children: list[Update]) -> None:
        """Leave them as they are."""


class ListByStampAlone(ListState):
    """Order elements by their stamps, and leave the order of equal ones to chance."""

    def arrange(self, children: list[Update]) -> None:
        """Sort by the stamp."""
        children.sort(key=lambda update: update.stamp, reverse=True)


class LocalReceiveTime(OneWinner):
    """Stamp a write with the time at which it came."""

    def apply(self, update: Update) -> None:
        """Let the one that came last win."""
        self._winners[update.key] = update
