"""chain: a replicated log along a chain of nodes; the head orders, the tail answers reads.

Van Renesse and Schneider, "Chain Replication for Supporting High Throughput and Availability", OSDI 2004. It promises
linearizability while a configuration service says which nodes the chain has, and survives the death of all but one of
them; the service, here a register that a majority keeps, must be reached to change the chain and to confirm reads. It
does not promise answers to a majority whose chain has shrunk to nodes that are away.

In reading order: `messages`, `members`, `configuration`, `settings`, `node`, `invariants`, `target`.
"""

from splitbrain.targets.stores.chain.node import ChainNode
from splitbrain.targets.stores.chain.target import ChainReplication

__all__ = ["ChainNode", "ChainReplication"]
