"""Common parts of the catalogue's rows: where reports are, what a bug breaks, which faults show it."""

from collections.abc import Mapping

from splitbrain.harness.planted_bug import Aim
from splitbrain.targets.stores.raft.node import RaftNode, RaftParts

GITHUB = "github.com/"
LINEARIZABLE = "linearizable"
INVARIANTS = "invariants"
AUDIT = "audit"

INDEX: Mapping[str, str] = {"reads": "index"}
LEASE: Mapping[str, str] = {"reads": "lease"}
KILLS = Aim("kill,powerloss,disk,partition")
CUTS = Aim("partition,pause,packet")
RETRIES = Aim("partition,kill,packet,pause")
SLOW = Aim("partition,pause,packet,disk,kill")


def raft(node: type[RaftNode] = RaftNode, **parts: type) -> tuple[type[RaftNode], RaftParts]:
    """A server of raft with other parts."""
    return node, RaftParts(**parts)
