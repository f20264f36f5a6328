"""Disk of a simulated node: after a crash it holds what was synced, and of the rest a prefix, perhaps torn.

Writes take no time and are lost until a sync that covers them has ended; a sync takes time, covers what was written
before it was issued, and syncs end in the order of their issue.

Pitfall, after Linux: a failed sync tells its error once. Of the writes it covered a prefix is durable and the rest is
gone, and a later sync that succeeds says nothing of them (Rebello et al., "Can Applications Recover from fsync
Failures?", USENIX ATC 2020, section 3).
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass

from splitbrain.harness.corruption import extent, flips, shortened
from splitbrain.harness.environments.sim.scheduler import EventQueue, nanoseconds
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import FlipBits, TruncateFile
from splitbrain.harness.program import Append, Replace, Truncate, check_write
from splitbrain.harness.random_stream import RandomStream

Write = Append | Replace | Truncate
Files = dict[str, bytearray]

SECTOR_BYTES = 512


@dataclass(frozen=True)
class DiskOptions:
    """Time of a sync, and what a crash leaves.

    A sync takes `sync_ms_min`, plus a waiting time of a Poisson process with mean `sync_ms_tail_mean`.
    lose_all: the probability that nothing unsynced survives a crash; else any prefix, all of it included, is equally
    likely, and the append at which it ends is torn at a random byte. reorder: the probability that the prefix of each
    file is drawn by itself, so that a later write to one file survives without an earlier one to another. garble: the
    probability that the rest of the torn append, to the end of its sector, is there with wrong bytes.
    """

    sync_ms_min: float = 0.2
    sync_ms_tail_mean: float = 0.3
    lose_all: float = 0.5
    reorder: float = 0.0
    garble: float = 0.0

    def __post_init__(self) -> None:
        if self.sync_ms_min < 0 or self.sync_ms_tail_mean < 0:
            raise UsageError(f"a sync takes no time below 0: {self}")
        if not all(0 <= share <= 1 for share in (self.lose_all, self.reorder, self.garble)):
            raise UsageError(f"lose_all, reorder and garble are probabilities: {self}")


@dataclass(slots=True, eq=False)
class Slowness:
    """A fault that makes every sync take `delay` nanoseconds longer; counts those."""

    delay: int
    syncs_delayed: int = 0


@dataclass(slots=True, eq=False)
class Faking:
    """A fault that makes syncs end well without keeping anything; counts those."""

    syncs: int = 0


@dataclass(slots=True, eq=False)
class Failure:
    """A fault that makes writes and syncs fail with an errno; counts those."""

    errno: int
    calls_failed: int = 0


@dataclass(slots=True, eq=False)
class Filling:
    """A fault that lets `left` bytes be written, and then no more; counts the writes it refused."""

    left: int
    writes_refused: int = 0


class Disk:
    """The disk of one node; it outlives the node's processes."""

    def __init__(self, kernel: EventQueue, options: DiskOptions, stream: RandomStream) -> None:
        self._kernel = kernel
        self._options = options
        self._sync_min = nanoseconds(options.sync_ms_min)
        self._sync_tail = nanoseconds(options.sync_ms_tail_mean)
        self._stream = stream
        self._durable: Files = {}
        self._unsynced: list[Write] = []
        self._settled = 0
        """The number of all writes before the first in `_unsynced`."""
        self._last_end = 0
        self._crashes = 0
        self._write_errno = 0
        """The error of a failed write, until a sync tells it."""
        self.slow: list[Slowness] = []
        self.failing: list[Failure] = []
        self.filling: list[Filling] = []
        self._faking: list[Faking] = []

    @property
    def broken(self) -> bool:
        """Whether writes fail now."""
        return bool(self.failing) or any(filling.writes_refused for filling in self.filling)

    def contents(self) -> dict[str, bytes]:
        """The files that a starting process finds. Only what is durable: ask after a crash, not during operation."""
        return {name: bytes(data) for name, data in self._durable.items()}

    def write(self, write: Write) -> None:
        """Write; not durable yet. TypeError for what cannot be written."""
        check_write(write)
        if self.failing:
            self._write_errno = self._fail()
        elif self.filling and not self._fits(write):
            self._write_errno = errno.ENOSPC
        else:
            self._unsynced.append(write)

    def sync(self, done: Callable[[int], None]) -> None:
        """Make what was written so far durable, then call `done(0)`, or `done(errno)`; never after a crash."""
        delay = 0
        for slowness in self.slow:
            slowness.syncs_delayed += 1
            delay += slowness.delay
        taking = self._sync_min + int(self._stream.exponential(self._sync_tail)) + delay
        self._last_end = max(self._last_end, self._kernel.now + taking)
        failed, self._write_errno = self._write_errno, 0
        covered = self._settled + len(self._unsynced)
        self._kernel.at(self._last_end, self._end_sync, (covered, failed, self._crashes, done))

    def crash(self) -> None:
        """Forget what was not synced, save for what survives by luck, and every sync under way."""
        writes = len(self._unsynced)
        if self._stream.chance(self._options.lose_all):
            self._settle(writes, 0, torn=False)
        elif self._options.reorder and self._stream.chance(self._options.reorder):
            self._settle_by_file()
        else:
            self._settle(writes, self._stream.below(writes + 1), torn=True)
        self._crashes += 1
        self._last_end = 0
        self._write_errno = 0

    def write_back(self) -> None:
        """Make all that was written durable: a process that ends in peace leaves it to its system."""
        self._settle(len(self._unsynced), len(self._unsynced), torn=False)

    def lose_power(self) -> int:
        """Lose all that was not synced; a crash follows. How many writes are lost."""
        lost = len(self._unsynced)
        self._settle(lost, 0, torn=False)
        return lost

    def empty(self) -> None:
        """Lose all files. While no process runs."""
        self.lose_power()
        self._durable.clear()

    def begin_faking(self, faking: Faking) -> None:
        """Let syncs end well and keep nothing, from now on."""
        self._faking.append(faking)

    def end_faking(self, faking: Faking) -> None:
        """Let syncs be honest again, unless another fault is in force."""
        self._faking.remove(faking)

    def flip(self, node: str, injection: FlipBits) -> int:
        """Flip bits of what is durable; how many. While no process runs."""
        found = flips(self._extents(), node, injection)
        for flip in found:
            self._durable[flip.file][flip.byte] ^= 1 << flip.bit
        return len(found)

    def shorten(self, node: str, injection: TruncateFile) -> int:
        """Cut off the end of a file; how many bytes. While no process runs."""
        found = shortened(self._extents(), node, injection)
        if found is None:
            return 0
        del self._durable[found.file][found.length :]
        return found.cut

    def _extents(self) -> dict[str, int]:
        return {name: extent(data) for name, data in self._durable.items()}

    def _fits(self, write: Write) -> bool:
        size = 0 if isinstance(write, Truncate) else len(write.data)
        tight = [filling for filling in self.filling if filling.left < size]
        for filling in self.filling:
            filling.left -= 0 if tight else size
        for filling in tight:
            filling.writes_refused += 1
        return not tight

    def _end_sync(self, covered: int, failed: int, crashes: int, done: Callable[[int], None]) -> None:
        if crashes != self._crashes:
            return
        if self.failing:
            failed = self._fail()
        if self._faking and not failed:
            for faking in self._faking:
                faking.syncs += 1
            done(0)
            return
        writes = max(0, covered - self._settled)
        self._settle(writes, self._stream.below(writes + 1) if failed else writes, torn=False)
        done(failed)

    def _settle(self, writes: int, keep: int, *, torn: bool) -> None:
        """Decide the oldest `writes` unsynced writes: the first `keep` are durable, the others are gone, but for the
        beginning of the next one if it can tear."""
        for write in self._unsynced[:keep]:
            _apply(self._durable, write)
        if torn and keep < writes:
            self._tear(self._unsynced[keep])
        del self._unsynced[:writes]
        self._settled += writes

    def _settle_by_file(self) -> None:
        """Decide all unsynced writes, those to each file by themselves."""
        writes, self._unsynced = self._unsynced, []
        by_file: dict[str, list[Write]] = {}
        for write in writes:
            by_file.setdefault(write.file, []).append(write)
        for of_file in by_file.values():
            keep = self._stream.below(len(of_file) + 1)
            for write in of_file[:keep]:
                _apply(self._durable, write)
            if keep < len(of_file):
                self._tear(of_file[keep])
        self._settled += len(writes)

    def _tear(self, write: Write) -> None:
        """Keep the beginning of an append, and perhaps wrong bytes behind it, to the end of the sector."""
        if not isinstance(write, Append):
            return
        kept = self._stream.below(len(write.data) + 1)
        _apply(self._durable, Append(write.file, write.data[:kept]))
        if self._options.garble and self._stream.chance(self._options.garble):
            room = SECTOR_BYTES - len(self._durable[write.file]) % SECTOR_BYTES
            wrong = bytes(self._stream.below(256) for _ in range(min(room, len(write.data) - kept)))
            _apply(self._durable, Append(write.file, wrong))

    def _fail(self) -> int:
        for failure in self.failing:
            failure.calls_failed += 1
        return self.failing[0].errno


def _apply(files: Files, write: Write) -> None:
    """Carry out a write."""
    if isinstance(write, Append):
        files.setdefault(write.file, bytearray()).extend(write.data)
    elif isinstance(write, Replace):
        files[write.file] = bytearray(write.data)
    else:
        del files.setdefault(write.file, bytearray())[write.length :]
