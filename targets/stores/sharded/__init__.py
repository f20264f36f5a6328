"""sharded: keys in slots, slots at groups, each group a Raft cluster of its own, and slots that move while clients run.

Karger et al., STOC 1997 (the ring); Chang et al., "Bigtable", OSDI 2006 (ranges, and a table that tells where they
are); Corbett et al., "Spanner", OSDI 2012 (a Paxos group for each part of the data, and parts that move between
groups); Ongaro's thesis, 2014, section 6.3 (sessions, which move with their slot).

Every node has a member of each group: several groups for data, and one, `map`, that holds the table of slots. Moves are
planned by the leader of `map`, one at a time, each with an epoch of its own, and made in four entries, each in the log
of a group: the source freezes the slot, the destination installs its values and sessions, the source drops it, `map`
publishes the epoch. What an entry does depends on its epoch alone, so it may come twice, or late, or from two leaders.

An `index` finds rows by their value: each slot's own, or one that is partitioned by value and told afterwards.

Promised: linearizability, and that a majority serves. A node finds the owner of a slot by a route that may be old: the
group that is asked wrongly says so in its log, and who is the owner by its knowledge, and the node asks there. Not
promised: that a slot answers while it moves and its source or its destination has no leader.

In reading order: `partitioning`, `messages`, `index`, `machine`, `table`, `member`, `router`, `rebalancing`, `sending`,
`finding`, `node`, `invariants`, `client`, `target`.
"""

from splitbrain.targets.stores.sharded.node import ShardedNode
from splitbrain.targets.stores.sharded.target import Sharded

__all__ = ["Sharded", "ShardedNode"]
