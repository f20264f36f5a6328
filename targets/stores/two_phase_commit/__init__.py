"""two-phase-commit: transactions over shards, committed in two phases, at five levels of isolation.

Gray, "Notes on Data Base Operating Systems", 1978 (two-phase commit); Mohan, Lindsay and Obermarck, TODS 1986 (presumed
abort); Eswaran, Gray, Lorie and Traiger, CACM 1976 (two-phase locking); Rosenkrantz, Stearns and Lewis, TODS 1978
(wound-wait); Berenson et al., SIGMOD 1995 (read committed, snapshot isolation); Cahill, Röhm and Fekete, "Serializable
Isolation for Snapshot Databases", SIGMOD 2008 (ssi); Peng and Dabek, OSDI 2010 (timestamps of an oracle).

Every node has a shard of the keys, and coordinates the transactions of its clients. Promised: a transaction is
committed by all its participants or by none, and the isolation that the table of `target` names. Not promised: that
anything goes on while a node is away. A participant that has voted keeps its locks until its coordinator is back, and
transactions that need a snapshot, or a turn, need the first node.

`ssi` is the plain form of Cahill's rule: it aborts two conflicts of reading before writing in a row by aborting the
first of them at the commit of its reader, also where no second one would follow. Journals grow, and what has ended is
remembered, for as long as a cluster lives.

In reading order: `messages`, `context`, `procedures`, `coordinator`, `shard`, `locks`, `participant`, `oracle`, `node`,
`invariants`, `audit`, `target`.
"""

from splitbrain.targets.stores.two_phase_commit.node import CommitNode
from splitbrain.targets.stores.two_phase_commit.target import TwoPhaseCommit

__all__ = ["CommitNode", "TwoPhaseCommit"]
