"""raft: a replicated log by consensus. A majority decides, so one side of a split goes on and the other refuses.

In reading order: `messages`, `members`, `server` (the state), `election`, `rounds`, `replication`, `reads`, `transfer`,
`membership`, `node` (the events), `marks`, `invariants`, `configurations` (invariants of them), `target`.
"""

from splitbrain.targets.stores.raft.node import RaftNode
from splitbrain.targets.stores.raft.server import RaftSettings
from splitbrain.targets.stores.raft.target import Raft

__all__ = ["Raft", "RaftNode", "RaftSettings"]
