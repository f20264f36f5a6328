"""Service met: whether the cluster answers, and which faults have struck while it did."""

from collections.abc import Callable, Collection

from splitbrain.harness.generator.schedule import ScheduledFault


def serves(recent: Collection[bool]) -> bool:
    """Whether the cluster serves: one of the operations that ended last was answered, or none has ended yet. recent:
    see `Recorder.recent`."""
    return not recent or any(recent)


class ServiceMet:
    """The faults that have met a serving cluster, by name. serving: whether it serves now."""

    def __init__(self, serving: Callable[[], bool]) -> None:
        self._serving = serving
        self._names: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def strikes(self, name: str) -> None:
        """Note a fault that comes now, if the cluster serves."""
        if self._serving():
            self._names.add(name)

    def waits(self, slot: ScheduledFault, at: int) -> bool:
        """Whether a slot that is due has the patience to wait, so that its fault meets a serving cluster at least once.
        at: nanoseconds since the beginning."""
        patient = not slot.moment and at < slot.start + slot.patience
        return patient and slot.fault.name not in self and not self._serving()
