"""Maintenance during a run: compaction of history, defragmentation, flush of memory into files, comparison of replicas,
and failover by hand.

Pitfall: it breaks nothing, so clients may not notice it. A watcher that lags behind a compaction gets an error, and
cannot be judged."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Compact, Defragment, Flush, Injection, Kill, Promote, Repair
from splitbrain.harness.options import Option, Setting, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import NodeGroupFault
from splitbrain.nemeses.option_checks import chosen, variant_option


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


KINDS = ("leader-dead", "leader-alive")
KIND = variant_option("kind", KINDS, "whether the leader is killed first, or only taken for dead")


class PromoteNode:
    """An operator who has another node lead, beside a leader that is dead or that he takes for dead."""

    name = "promote"
    summary = "an operator has another node lead, whether the leader is dead or not"
    options: Sequence[Option] = (KIND,)
    needs: tuple[type[Injection], ...] = (Kill, Promote)
    default = False
    wants_roles = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings: Mapping[str, Setting] = settle(self.options, given, self.name)
        self.variants = chosen(settings, KIND.name, KINDS)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """One node that does not lead; the one that does (any, if none is known) is killed first, or lives."""
        order = random.shuffled(view.nodes)
        leaders = view.leaders() or tuple(order[:1])
        others = [node for node in order if node not in leaders]
        if not others:
            return None
        promoted = Promote((others[0],))
        if variant == "leader-alive":
            return Plan({"kind": variant, "nodes": [others[0]]}, (promoted,))
        return Plan({"kind": variant, "nodes": [*leaders, others[0]]}, (Kill(leaders), promoted))
