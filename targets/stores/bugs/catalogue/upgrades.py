"""Planted bugs of raft: upgrades, while servers of two versions are in one cluster."""

from collections.abc import Mapping

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import raft_upgrades as upgrades
from splitbrain.targets.stores.bugs.catalogue.common import INVARIANTS
from splitbrain.targets.stores.raft.node import RaftNode
from splitbrain.targets.stores.raft.version2 import PiecewiseParts, PiecewiseRaftNode

PAPER = 'Zhang et al., "Understanding and Detecting Software Upgrade Failures in Distributed Systems", SOSP 2021'
UPGRADED: Mapping[str, str] = {"upgrade_to": "2"}
AIM = Aim("upgrade,partition,kill")


def piecewise_raft(**parts: type) -> tuple[type[RaftNode], PiecewiseParts]:
    """A server of version 2 with other parts."""
    return PiecewiseRaftNode, PiecewiseParts(**parts)


UPGRADES = (
    PlantedBug(
        "pieces-to-all",
        "the new version sends its new message to servers that do not know it, and end",
        PAPER,
        "crash",
        piecewise_raft(replication=upgrades.PiecesToAll),
        needs=UPGRADED,
        aim=AIM,
        rare="a server that ends at a message that it does not know makes a run unknown, and refutes nothing",
    ),
    PlantedBug(
        "commit-field-renamed",
        "the new version has the commit index in another field, and the old one reads something else in the former",
        PAPER,
        INVARIANTS,
        piecewise_raft(server=upgrades.SendsCommitElsewhere, replication=upgrades.ReadsCommitElsewhere),
        needs=UPGRADED,
        aim=AIM,
    ),
    PlantedBug(
        "removed-message-acknowledged",
        "the new version no longer knows a message that the old one sends, and acknowledges it all the same",
        PAPER,
        INVARIANTS,
        piecewise_raft(replication=upgrades.AcknowledgesWholeSnapshots),
        needs=UPGRADED,
        aim=AIM,
    ),
    PlantedBug(
        "first-piece-acknowledged",
        "the new version acknowledges a snapshot when its first piece has come",
        "Raft, Figure 13: done",
        INVARIANTS,
        piecewise_raft(replication=upgrades.AcknowledgesFirstPiece),
        needs=UPGRADED,
        aim=AIM,
    ),
)
