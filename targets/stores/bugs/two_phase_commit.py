"""Bugs of two-phase-commit."""

from zlib import crc32

from splitbrain.targets.stores.two_phase_commit.context import INQUIRE_NS, CommitRecord, StampCeiling
from splitbrain.targets.stores.two_phase_commit.coordinator import Coordinator, Transaction
from splitbrain.targets.stores.two_phase_commit.locks import LockTable
from splitbrain.targets.stores.two_phase_commit.messages import ShardDecision, StepAsk, Wound
from splitbrain.targets.stores.two_phase_commit.oracle import StampOracle
from splitbrain.targets.stores.two_phase_commit.participant import Participant
from splitbrain.targets.stores.two_phase_commit.shard import Name, ShardVersion, stepped
from splitbrain.targets.stores.two_phase_commit.visits import Visit


class ReadsUncommitted(Participant):
    """Bug: a read sees what a transaction under way has written."""

    def readable(self, name: Name) -> ShardVersion:
        """The latest version, with the writes of whoever holds the key."""
        version = self.shard.latest(name)
        holder = self.locks.exclusive(name)
        value = version.value
        for step in self.visits[holder].writes if holder is not None else ():
            if step[1] == name:
                value = stepped(value, step)
        return ShardVersion(version.at, value, version.wall)


class ReadsNotCertified(Participant):
    """Bug: a vote does not look whether what was read has changed."""

    def outdated(self, name: Name, token: int) -> bool:
        """Whether it has changed: never."""
        return False


class LastCommitterWins(Participant):
    """Bug: a vote does not look whether what is written was written since the snapshot."""

    def overwritten(self, name: Name, stamp: int) -> bool:
        """Whether it was: never."""
        return False


class CoarseVersions(Participant):
    """Bug: a version goes by the second in which it was written."""

    def token(self, version: ShardVersion) -> int:
        """The second of the wall clock."""
        return version.wall // 1_000_000_000


class HashedVersions(Participant):
    """Bug: a version goes by four bits of a hash of the value, so that two values may look like one."""

    def token(self, version: ShardVersion) -> int:
        """The lowest four bits of the checksum of the value."""
        return crc32(repr(version.value).encode()) & 0xF


class ReadsPastVotes(Participant):
    """Bug: a reader does not wait for a transaction that has voted, and may get a timestamp below the snapshot."""

    def hides(self, name: Name, ask: StepAsk) -> bool:
        """Whether a read must wait: never."""
        return False


class CommitsAlone(Participant):
    """Bug: a participant that has voted, and hears nothing of its coordinator, commits."""

    PATIENCE_NS = 2 * INQUIRE_NS

    def wait_on(self, visit: Visit) -> None:
        """Ask, and commit after a while."""
        super().wait_on(visit)
        if self.context.now.monotonic - visit.since > self.PATIENCE_NS:
            self.on_decision(ShardDecision(visit.txn, True, visit.prepared[0].at + 1 if visit.prepared else 0))


class ReadLocksReleasedEarly(Participant):
    """Bug: a shared lock is given back as soon as the key was read."""

    def _lock(self, name: Name, ask: StepAsk) -> None:
        if ask.f == "r" and not self.locks.holds(name, ask.txn):
            super()._lock(name, ask)
            self.locks.give_back(name, ask.txn)
            self._go_on([name])
        else:
            super()._lock(name, ask)


class NoDeadlockBroken(LockTable):
    """Bug: nobody is wounded, so that transactions wait for each other."""

    def in_the_way(self, name: Name, ask: StepAsk, *, alone: bool) -> list[str]:
        """The transactions to wound: none."""
        return []


class DeadlocksLeft(Participant):
    """Bug: see `NoDeadlockBroken`."""

    lock_table = NoDeadlockBroken


class WaitsForever(Coordinator):
    """Bug: a transaction that waits for a lock is never given up."""

    def overdue(self, transaction: Transaction) -> bool:
        """Whether it takes too long: never."""
        return False


class DecisionForgotten(Coordinator):
    """Bug: a decision is kept in memory alone."""

    def log_decision(self, record: CommitRecord) -> int:
        """Remember it."""
        self.decided[record.txn] = record
        return 0


class AnswersBeforeDecision(Coordinator):
    """Bug: participants and client hear of a commit before it is on disk."""

    def log_decision(self, record: CommitRecord) -> int:
        """Write it down, and wait for nothing."""
        super().log_decision(record)
        return 0


class VotersMayBeWounded(Participant):
    """Bug: see `WoundsVoters`."""

    def may_be_wounded(self, visit: Visit) -> bool:
        """Whether an older transaction may have it aborted: always."""
        return True


class WoundsVoters(Coordinator):
    """Bug: a wounded transaction is given up even while it commits."""

    def on_wound(self, message: Wound) -> None:
        """Abort, whatever was decided."""
        transaction = self.under_way.get(message.txn)
        if transaction is not None:
            self._abort(transaction, "conflict", "an older transaction needs a lock of this one")


class StampsForgotten(StampOracle):
    """Bug: the oracle goes on after a restart where the range that it was giving from begins."""

    BACK = 1000

    def recover(self, record: StampCeiling) -> None:
        """Go on below what was given."""
        super().recover(record)
        self.last = max(0, record.stamp - self.BACK)
