"""Catalogue of the planted bugs of the own stores: what was got wrong, who did so in the wild, and what it breaks.

`raft:bug=NAME` puts one in. Where no report is named, the mistake is one that the paper warns of at the place given.
A file for each kind: `elections`, `replication`, `snapshots`, `clients`, `members` and `upgrades` of raft;
`leaderless`, of quorum and abd; `peers`, of multi-leader and causal; `plain`, of single and primary-backup; one for
each of the other stores.
"""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import PlantedBug
from splitbrain.targets.stores.bugs.catalogue.broker import LOG
from splitbrain.targets.stores.bugs.catalogue.cache import CACHE
from splitbrain.targets.stores.bugs.catalogue.chain import CHAIN
from splitbrain.targets.stores.bugs.catalogue.clients import CLIENTS
from splitbrain.targets.stores.bugs.catalogue.crdt import CRDT
from splitbrain.targets.stores.bugs.catalogue.elections import ELECTIONS
from splitbrain.targets.stores.bugs.catalogue.gossip import GOSSIP
from splitbrain.targets.stores.bugs.catalogue.leaderless import ABD, QUORUM
from splitbrain.targets.stores.bugs.catalogue.lock import LOCK
from splitbrain.targets.stores.bugs.catalogue.members import MEMBERS
from splitbrain.targets.stores.bugs.catalogue.paxos import PAXOS
from splitbrain.targets.stores.bugs.catalogue.peers import CAUSAL, MULTI_LEADER
from splitbrain.targets.stores.bugs.catalogue.plain import PRIMARY_BACKUP, SINGLE
from splitbrain.targets.stores.bugs.catalogue.queue import QUEUE
from splitbrain.targets.stores.bugs.catalogue.replication import REPLICATION
from splitbrain.targets.stores.bugs.catalogue.saga import SAGA
from splitbrain.targets.stores.bugs.catalogue.sharded import SHARDED
from splitbrain.targets.stores.bugs.catalogue.snapshots import SNAPSHOTS
from splitbrain.targets.stores.bugs.catalogue.truetime import TRUETIME
from splitbrain.targets.stores.bugs.catalogue.two_phase_commit import TWO_PHASE_COMMIT
from splitbrain.targets.stores.bugs.catalogue.upgrades import UPGRADES

__all__ = [
    "ABD",
    "CACHE",
    "CAUSAL",
    "CHAIN",
    "CRDT",
    "GOSSIP",
    "LOCK",
    "LOG",
    "MULTI_LEADER",
    "PAXOS",
    "PRIMARY_BACKUP",
    "QUEUE",
    "QUORUM",
    "RAFT",
    "SAGA",
    "SHARDED",
    "SINGLE",
    "TRUETIME",
    "TWO_PHASE_COMMIT",
]

RAFT: Sequence[PlantedBug] = (*ELECTIONS, *REPLICATION, *SNAPSHOTS, *CLIENTS, *MEMBERS, *UPGRADES)
"""Those of raft."""
