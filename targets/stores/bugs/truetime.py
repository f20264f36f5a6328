"""Bugs of truetime."""

from splitbrain.harness.program import Now
from splitbrain.targets.stores.requests import Name
from splitbrain.targets.stores.truetime.node import IntervalClock, PendingChange, TrueTimeNode
from splitbrain.targets.stores.truetime.versions import TimedVersions


class AcknowledgedBeforePast(TrueTimeNode):
    """Bug: a change is acknowledged as soon as it is on disk, and shown when its timestamp is past."""

    def may_answer(self, one: PendingChange, now: Now) -> bool:
        """Whether a change may be acknowledged."""
        return self.durable(one)


class ShownBeforePast(TrueTimeNode):
    """Bug: a change is shown as soon as it is on disk, and acknowledged when its timestamp is past."""

    def may_show(self, one: PendingChange, now: Now) -> bool:
        """Whether reads may see a change."""
        return self.durable(one)

    def may_answer(self, one: PendingChange, now: Now) -> bool:
        """Whether a change may be acknowledged."""
        return super().may_show(one, now)


class WaitsForWallClock(IntervalClock):
    """Bug: a change waits until the wall clock shows its timestamp, and not until the whole interval is past it."""

    def earliest(self, now: Now) -> int:
        """The time that the wall clock shows."""
        return now.wall


class ReadsAtWallClock(IntervalClock):
    """Bug: a read is given what the wall clock shows, and not the latest time of the interval."""

    def read_at(self, now: Now) -> int:
        """The time that the wall clock shows."""
        return now.wall


class RepeatedIsNew(TimedVersions):
    """Bug: a request that comes again is carried out again."""

    def known(self, name: Name) -> bool:
        """Whether a request has been here: never."""
        return False
