"""quorum: a store without a leader, after Dynamo (DeCandia et al., SOSP 2007). A write counts when w of the n replicas
of its key have it, a read asks r. What that promises depends on the options; see `target`.

In reading order: `ring` (which nodes are the replicas of a key), `node`, `handoff`, `merkle`, `target`.
"""

from splitbrain.targets.stores.quorum.node import QuorumNode, QuorumSettings
from splitbrain.targets.stores.quorum.target import Quorum

__all__ = ["Quorum", "QuorumNode", "QuorumSettings"]
