"""Bugs of gossip."""

from collections.abc import Mapping

from splitbrain.harness.program import Effect, Effects, Now
from splitbrain.targets.stores.gossip.node import GossipNode, WatchedNode


class CountsFromZero(GossipNode):
    """Bug: heartbeats are counted from zero after each start."""

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Begin to count anew."""
        return super().on_start(now, {})


class SuspectedForGood(GossipNode):
    """Bug: a node that was suspected once is never trusted again."""

    def suspects(self, node: WatchedNode, now: Now) -> bool:
        """Whether another node has ever been silent for too long."""
        return node.suspected or super().suspects(node, now)


class MentionCounts(GossipNode):
    """Bug: whatever is told of a node counts as a sign of life, also an old heartbeat."""

    def take(self, now: Now, name: str, beat: int) -> list[Effect]:
        """Take in a heartbeat of another node."""
        effects = super().take(now, name, beat)
        self.known[name].heard = now.monotonic
        return effects


class SilenceByWallClock(GossipNode):
    """Bug: silences are measured by the wall clock, which may be set."""

    def take(self, now: Now, name: str, beat: int) -> list[Effect]:
        """Take in a heartbeat of another node."""
        effects = super().take(now, name, beat)
        self.known[name].heard = now.wall if effects else self.known[name].heard
        return effects

    def suspects(self, node: WatchedNode, now: Now) -> bool:
        """Whether another node has been silent for too long."""
        return node.beat > 0 and node.detector.suspects(now.wall - node.heard)
