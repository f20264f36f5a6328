"""What if nodes cannot reach each other? Links between nodes are cut; clients still reach every node."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Cut, Injection
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.option_checks import chosen, variant_option
from splitbrain.nemeses.topologies import TOPOLOGIES


class Partition:
    """The network between nodes splits, in one of the named topologies."""

    name = "partition"
    summary = "the network between nodes splits: " + ", ".join(TOPOLOGIES)
    options: Sequence[Option] = (variant_option("topology", tuple(TOPOLOGIES), "how it splits"),)
    needs: tuple[type[Injection], ...] = (Cut,)
    default = True
    wants_roles = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        self.variants = chosen(settle(self.options, given, self.name), "topology", tuple(TOPOLOGIES))

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """One cut of all links of the topology."""
        split = TOPOLOGIES[variant](view.nodes, view.leaders(), random)
        return None if split is None else Plan(split.value, (Cut(split.links),))
