"""Service met: whether the cluster answers, and which faults have struck while it did."""

from collections.abc import Callable

from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.history import NEMESIS_PROCESS, History
from splitbrain.harness.operation import EventType

RECENT = 20
"""A cluster serves if one of so many operations that ended last was answered."""


def serves(history: History) -> bool:
    """Whether the cluster serves, as of a history's last event: one of the `RECENT` operations that ended last was
    answered, or none has ended yet."""
    ended = 0
    for kind, process in zip(reversed(history.type), reversed(history.process), strict=True):
        if process == NEMESIS_PROCESS or kind == EventType.INVOKE:
            continue
        if kind == EventType.OK:
            return True
        ended += 1
        if ended == RECENT:
            return False
    return not ended


class ServiceMet:
    """The faults that have met a serving cluster, by name. serving: whether it serves now."""

    def __init__(self, serving: Callable[[], bool]) -> None:
        self._serving = serving
        self._names: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def strikes(self, name: str) -> None:
        """A fault comes now."""
        if self._serving():
            self._names.add(name)

    def waits(self, slot: ScheduledFault, at: int) -> bool:
        """Whether a slot that is due has the patience to wait, so that its fault meets a serving cluster at least once.
        at: nanoseconds since the beginning."""
        patient = not slot.moment and at < slot.start + slot.patience
        return patient and slot.fault.name not in self and not self._serving()
