"""gossip: membership by gossip about heartbeats, and detectors of failures.

Van Renesse, Minsky and Hayden, "A Gossip-Style Failure Detection Service", Middleware 1998; Hayashibara, Défago, Yared
and Katayama, "The φ Accrual Failure Detector", SRDS 2004. Every node counts its heartbeats, and tells another one,
drawn by lot, all counts that it knows; the greater count is the newer one. It suspects a node whose count stands still,

- `detector=timeout`: for `timeout_ms`,
- `detector=phi`: until φ, minus the logarithm of how likely so long a silence is after those before, reaches `phi`.

Promised: once messages arrive in time again, no node goes on to leave out one that is up (Chandra and Toueg, JACM 1996:
eventual accuracy). Not promised: that only nodes which are down are suspected, now and then. A lower threshold finds
these sooner, and suspects more often those that are slow.

In reading order: `detectors`, `node`, `audit`, `target`.
"""

from splitbrain.targets.stores.gossip.node import GossipNode
from splitbrain.targets.stores.gossip.target import GossipMembership

__all__ = ["GossipMembership", "GossipNode"]
