"""Bugs of the log broker: what an acknowledgement rests on, who may lead, what is known of producers, and when
consumers commit."""

from collections.abc import Callable, Sequence

from splitbrain.targets.stores.broker.consumer import LogConsumer, Messages, Step
from splitbrain.targets.stores.broker.group import ConsumerGroup, GroupReplica
from splitbrain.targets.stores.broker.messages import Leadership, Replicate
from splitbrain.targets.stores.broker.partition import PartitionReplica


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
