"""Nodes that stop and go on later, as in a long garbage collection, and then act on what they knew before."""

from splitbrain.harness.injection import Pause
from splitbrain.nemeses.node_faults import NodeGroupFault


class PauseNodes(NodeGroupFault):
    """Stop one node, a minority, a majority or all, and let them go on."""

    name = "pause"
    summary = "nodes are stopped (SIGSTOP) and go on later, unaware of it"
    injection = Pause
    default = True
