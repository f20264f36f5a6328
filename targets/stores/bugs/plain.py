"""Bugs of `single` and `primary-backup`."""

from collections.abc import Mapping
from typing import Any

from splitbrain.harness.program import Effects, Now, Reply
from splitbrain.targets.stores.messages import Answer, Forward, Request, Response
from splitbrain.targets.stores.primary_backup.lease import LeasedNode
from splitbrain.targets.stores.primary_backup.messages import Ship, Shipped
from splitbrain.targets.stores.primary_backup.node import PrimaryBackupNode
from splitbrain.targets.stores.single import SingleNode


class SingleAnswersBeforeSync(SingleNode):
    """Bug: carries requests out, and answers them, before they are on disk."""

    def _done(self) -> int:
        return self.log.last


class SingleReplaysSuffix(SingleNode):
    """Bug: carries the last entries out again after a restart."""

    SUFFIX = 3

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Start, and carry the last entries out once more."""
        effects = super().on_start(now, disk)
        for index in range(max(self.log.base, self.applied - self.SUFFIX) + 1, self.applied + 1):
            request = self.log.entry(index).request
            if request is not None:
                self.machine._execute(request)
        self.machine.executed = []
        return effects


class StaleFrontDoor(SingleNode):
    """A front door that answers reads from what it read a moment ago."""

    FRESH = 300_000_000
    """For how long, in nanoseconds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen: dict[str, tuple[int, Response]] = {}
        self._asked: dict[str, Request] = {}

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Answer a read of a key that was read lately at once."""
        if message.f == "read" and self.name != self.holder:
            at, known = self._seen.get(str(message.key), (-self.FRESH, Response()))
            if now.monotonic - at < self.FRESH:
                return [Reply(request, known)]
            self._asked[message.session] = message
        return super().on_request(now, request, message)

    def on_message(self, now: Now, sender: str, message: Forward | Answer) -> Effects:
        """Keep answers to reads."""
        if isinstance(message, Answer) and message.response.error is None:
            asked = self._asked.pop(message.session, None)
            if asked is not None and asked.sequence == message.sequence:
                self._seen[str(asked.key)] = now.monotonic, message.response
        return super().on_message(now, sender, message)


class PrimaryLeaseFromAnswer(LeasedNode):
    """Count a lease from when the answer came, and not from when the message was sent that it answers."""

    def _counts_from(self, reply: Shipped) -> int:
        return self._now.monotonic


class BackupRestartUnbinds(LeasedNode):
    """Follow anybody after a restart, though the lease that it gave before has not run out."""

    def _bound_at_start(self, now: Now) -> int:
        return now.monotonic - self.settings.patience


class BackupNeverBound(LeasedNode):
    """Follow a new primary though the lease that it gave has not run out."""

    def _is_bound(self, sender: str) -> bool:
        return False


class FollowsShorterLog(LeasedNode):
    """Follow a new primary that lacks entries which the backup has."""

    def _has_more(self, ship: Ship) -> bool:
        return False


class LeadsAlone(LeasedNode):
    """Place entries in the own view, and have all follow, before a majority follows."""

    def _enough(self) -> bool:
        return True


class PrimaryAnswersBeforeSync(PrimaryBackupNode):
    """Carry requests out at the primary, and answer them, before they are on its disk."""

    def _done(self) -> int:
        return self.log.last if self.name == self.primary else super()._done()
