"""paxos: a register under each key, changed by Paxos one state after the other, without a log and without a leader.

Rystsov, "CASPaxos: Replicated State Machines without logs", 2018 (arXiv:1802.07000), on Lamport, "Paxos Made Simple",
2001. Every node is acceptor and proposer. It promises linearizability as long as disks keep what they synced, and goes
on while a majority can be reached. It does not promise progress where several nodes change one key all the time: they
outbid each other, and wait for times drawn by lot.

In reading order: `messages`, `register` (the state under a key), `acceptor`, `proposer`, `reads`, `node` (the events),
`invariants`, `target`.
"""

from splitbrain.targets.stores.paxos.node import PaxosNode
from splitbrain.targets.stores.paxos.target import Paxos

__all__ = ["Paxos", "PaxosNode"]
