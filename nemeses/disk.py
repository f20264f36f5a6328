"""What if disks are slow? Every sync takes longer, and who waits for it must not hold up the others."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Injection, SlowDisk
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import NodeFault
from splitbrain.nemeses.option_checks import number


class SlowDisks(NodeFault):
    """Syncs of one node, a minority, a majority or all take longer."""

    name = "disk"
    summary = "disks are slow: every sync takes longer"
    options: Sequence[Option] = (*NodeFault.options, Option("delay_ms", 100.0, "added to each sync"))
    needs: tuple[type[Injection], ...] = (SlowDisk,)
    default = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        super().__init__(settings)
        self.delay_ms = number(settings, "delay_ms", self.name, 0.001, 60_000)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """All chosen nodes at once."""
        group = self.group(variant, view, random)
        if group is None:
            return None
        nodes, value = group
        return Plan({**value, "delay_ms": self.delay_ms}, (SlowDisk(nodes, self.delay_ms),))
