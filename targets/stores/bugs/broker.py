"""Bugs of the log broker: what an acknowledgement rests on, who may lead, what is known of producers, when
consumers commit, and what compaction lets go."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from splitbrain.targets.stores.broker.compaction import SUPERSEDED, PartitionCompaction, key_of
from splitbrain.targets.stores.broker.consumer import LogConsumer, Messages, Step
from splitbrain.targets.stores.broker.group import ConsumerGroup, GroupReplica
from splitbrain.targets.stores.broker.messages import Leadership, Replicate
from splitbrain.targets.stores.broker.partition import PartitionReplica
from splitbrain.targets.stores.messages import Entry, Request


class UncleanElection(PartitionReplica):
    """Bug: a replica that is not in sync takes over where nobody in sync is heard, though that is not allowed."""

    def _unclean(self, current: Leadership, silent: Callable[[str], bool]) -> Leadership | None:
        if not all(silent(other) for other in current.in_sync):
            return None
        return Leadership(current.epoch + 1, self.node, (self.node,))


class AnyReplicaLeads(PartitionReplica):
    """Bug: any replica takes over from a leader that is silent, in sync or not."""

    def _unclean(self, current: Leadership, silent: Callable[[str], bool]) -> Leadership | None:
        return Leadership(current.epoch + 1, self.node, (self.node,))


class LeaderAcknowledges(PartitionReplica):
    """Bug: with acks=all a message is acknowledged when its leader has it on disk."""

    def _acknowledged(self) -> int:
        return self.log.durable


class MajorityCommits(PartitionReplica):
    """Bug: a message is committed when a majority of the replicas in sync has it, though any of them may take over."""

    def _stored_in_sync(self) -> int:
        in_sync = self.leadership.in_sync if self.leadership is not None else ()
        stored = sorted((self._match.get(other, self.log.durable) for other in in_sync), reverse=True)
        return min(self.log.durable, stored[len(stored) // 2])


class PollsUncommitted(PartitionReplica):
    """Bug: polls show messages that are not committed yet."""

    def _readable(self) -> int:
        return self.log.last


class ProducersForgotten(PartitionReplica):
    """Bug: a new leader does not know which messages came before."""

    def _learn_producers(self) -> None:
        self._producers = {}


class RetryAcknowledged(PartitionReplica):
    """Bug: a message that comes again is acknowledged if it is in the log, committed or not."""

    def _settled(self, index: int) -> bool:
        return True


class LeadsOnAfterRestart(PartitionReplica):
    """Bug: a leader that starts again leads on in its old epoch, though it may have lost what its followers have."""

    def _leads_on(self, leadership: Leadership) -> bool:
        return leadership.leader == self.node


class DeposedLeaderHeard(PartitionReplica):
    """Bug: a replica takes messages of a leader that was deposed."""

    def _outdated(self, message: Replicate) -> bool:
        return False


class EpochForgotten(PartitionReplica):
    """Bug: a replica that starts again does not know the epoch that it was in."""

    def _remember(self, epoch: int) -> None:
        pass


class CommitsFirst(LogConsumer):
    """Bug: a consumer commits its offset, and has the effects afterwards."""

    def _steps(self, offset: int, found: Messages) -> Sequence[Step]:
        return [offset, found[-1][0], []], [None, None, found]


class CommitsApart(LogConsumer):
    """Bug: a consumer has the effects in one entry, and commits its offset in another."""

    def _steps(self, offset: int, found: Messages) -> Sequence[Step]:
        return [None, None, found], [offset, found[-1][0], []]


class _UnfencedGroup(ConsumerGroup):
    def may_commit(self, before: int) -> bool:
        return True


class CommitsUnfenced(GroupReplica):
    """Bug: a consumer may move the offset that another one has moved meanwhile."""

    state = _UnfencedGroup


class FirstOfKeyStays(PartitionCompaction):
    """Bug: compaction keeps the first message of a key, and not the last."""

    def last_of_keys(self, upto: int) -> dict[str, int]:
        first: dict[str, int] = {}
        for index, _, request in self.messages(upto):
            first.setdefault(key_of(request), index)
        return first


class UncommittedSupersedes(PartitionCompaction):
    """Bug: messages that are not committed yet supersede committed ones."""

    def bound(self, committed: int) -> int:
        return self.log.last


class DeletesAtOnce(PartitionCompaction):
    """Bug: a deletion goes with the first compaction that meets it."""

    def is_old(self, index: int, now: int) -> bool:
        return True


class DeletionForgotten(PartitionCompaction):
    """Bug: nothing is left of a deletion that has gone, so that a replica that is behind keeps what it deleted."""

    def hole(self, entry: Entry, request: Request, f: str, value: Any) -> Entry:
        return super().hole(entry, request, SUPERSEDED, None)


class ProducersCompacted(PartitionCompaction):
    """Bug: with a message goes the number by which it is known when it comes again."""

    def hole(self, entry: Entry, request: Request, f: str, value: Any) -> Entry:
        return Entry(entry.term, Request(f, request.key, value))


class OffsetsReassigned(PartitionReplica):
    """Bug: the offset of a message is its place among those that are left."""

    def messages(self, first: int) -> Iterator[list[Any]]:
        for offset, (_, message) in enumerate(super().messages(1), 1):
            if offset >= first:
                yield [offset, message]


class ShowsTooEarly(PartitionReplica):
    """Bug: a new leader shows messages before it knows that those are committed that others gave way to."""

    def _shows_all(self) -> bool:
        return True
