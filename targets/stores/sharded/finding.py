"""Searches by a local index: each asks all groups, and gathers what their slots have.

The answer is whole when every slot has answered. A slot that moves may be in the answer of two groups, each as it was
when that group was asked; the later owner counts. It may also be in none: then all are asked again, after a pause.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from splitbrain.targets.stores.messages import IN_DOUBT, Request, Response
from splitbrain.targets.stores.sharded.router import ATTEMPTS, OPEN_MAX


class OpenFind:
    """A find that has no answer yet. found: of each slot since when its owner has it, and the keys there."""

    __slots__ = ("attempts", "found", "request", "waiting")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.attempts = 0
        self.found: dict[int, tuple[int, list[Any]]] = {}
        self.waiting: set[str] = set()


class Finder:
    """The finds of one node's clients. groups: that have data. slots: how many there are."""

    def __init__(self, groups: Sequence[str], slots: int) -> None:
        self._groups = groups
        self._slots = slots
        self._open: OrderedDict[int, OpenFind] = OrderedDict()
        self._pausing: list[int] = []

    def begin(self, handle: int, request: Request) -> None:
        """Take a client's find."""
        self._open[handle] = OpenFind(request)
        if len(self._open) > OPEN_MAX:
            self._open.popitem(last=False)

    def has(self, handle: int) -> bool:
        """Whether a handle is that of a find."""
        return handle in self._open

    def next(self, handle: int) -> Sequence[tuple[str, Request]]:
        """The groups that are to be asked, each with what; none if nobody waits for it any more."""
        find = self._open.get(handle)
        if find is None:
            return ()
        find.attempts += 1
        find.found, find.waiting = {}, set(self._groups)
        return [(group, find.request) for group in self._groups]

    def answered(self, handle: int, group: str, response: Response) -> Response | None:
        """Take a group's answer; the client's, when it is clear."""
        find = self._open[handle]
        if response.error is not None:
            del self._open[handle]
            return response
        if group not in find.waiting:
            return None
        find.waiting.discard(group)
        for slot, epoch, keys in response.value:
            if epoch >= find.found.get(slot, (-1, []))[0]:
                find.found[slot] = epoch, keys
        if find.waiting:
            return None
        if self._whole(find):
            del self._open[handle]
            return Response([key for slot in sorted(find.found) for key in find.found[slot][1]])
        if find.attempts >= ATTEMPTS:
            del self._open[handle]
            return Response(error=IN_DOUBT, text="some slots were on the move all the time")
        self._pausing.append(handle)
        return None

    def _whole(self, find: OpenFind) -> bool:
        """Whether every slot has answered."""
        return len(find.found) == self._slots

    @property
    def pauses(self) -> bool:
        """Whether a find waits to ask again."""
        return bool(self._pausing)

    def resumed(self) -> list[int]:
        """The finds that have paused."""
        pausing, self._pausing = self._pausing, []
        return pausing
