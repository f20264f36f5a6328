"""Maintenance during a run: compaction of history, defragmentation, flush of memory into files, comparison of replicas.

Pitfall: it breaks nothing, so clients may not notice it. A watcher that lags behind a compaction gets an error, and
cannot be judged."""

from splitbrain.harness.injection import Compact, Defragment, Flush, Repair
from splitbrain.nemeses.node_faults import NodeGroupFault


class CompactNodes(NodeGroupFault):
    """Have the history compacted up to now, through one node or several."""

    name = "compact"
    summary = "the history that the store keeps is compacted up to now"
    injection = Compact
    default = False


class DefragmentNodes(NodeGroupFault):
    """Have one node, a minority, a majority or all defragment their stores."""

    name = "defragment"
    summary = "nodes give back the space they do not use, and do not serve meanwhile"
    injection = Defragment
    default = False


class FlushNodes(NodeGroupFault):
    """Have one node, a minority, a majority or all write what they hold in memory into files."""

    name = "flush"
    summary = "nodes write what they hold in memory into files"
    injection = Flush
    default = False


class RepairNodes(NodeGroupFault):
    """Have one node, a minority, a majority or all compare what they hold with the other replicas."""

    name = "repair"
    summary = "nodes compare what they hold with the other replicas, and bring all to the newest"
    injection = Repair
    default = False
