"""Rule by which a snapshot takes the place of entries of a log, for all stores that make snapshots.

A server draws how many entries it waits for, short logs as likely as long ones, so that what goes wrong about snapshots
is met in short runs too.
"""

from typing import Protocol

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Option
from splitbrain.harness.random_stream import RandomStream, log_uniform
from splitbrain.targets.stores.log import ReplicaLog

DRAWN = "drawn"
SNAPSHOT_ENTRIES = Option(
    "snapshot_entries",
    DRAWN,
    "entries in the log after which a snapshot takes their place; 0: never; drawn: each server has its own",
)
AFTER = (4, 400)
"""Bounds between which a server draws after how many entries it makes a snapshot."""
SIZE_SHARE = 8
"""Keys and sessions in a snapshot, at most, for each entry since the last one, or making them would be most of the
work."""


def snapshot_entries(word: str, target: str) -> int | None:
    """The value of the option: a number, None where each server draws its own. UsageError for anything else."""
    if word == DRAWN:
        return None
    if not word.isascii() or not word.isdecimal():
        raise UsageError(f"{target}: snapshot_entries is a number of entries, 0 or more, or drawn, not {word!r}")
    return int(word)


class Dumped(Protocol):
    """The state of a replica, or what it stands in."""

    @property
    def size(self) -> int:
        """The number of keys and sessions."""

    def dump(self) -> bytes:
        """All of it."""


class Compaction:
    """The rule of one server. after: see `snapshot_entries`. kept_max: entries before a snapshot that stay in the log,
    for followers that are not far behind; fewer where snapshots are more frequent."""

    def __init__(self, after: int | None, random: RandomStream, *, kept_max: int = 0) -> None:
        self.after = round(log_uniform(*AFTER)(random.random())) if after is None else after
        self._kept = min(kept_max, self.after)

    def compact(self, log: ReplicaLog, applied: int, machine: Dumped) -> None:
        """Put a snapshot of the machine, which has applied so many entries, in their place, once there are enough."""
        behind = applied - log.base - self._kept
        if self.after and behind > self.after and behind > machine.size // SIZE_SHARE:
            log.compact(applied, machine.dump(), self._kept)
