"""Slow disks, and disks that say that a sync is done when it is not."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import FakeSync, Injection, SlowDisk
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import NodeFault, NodeGroupFault
from splitbrain.nemeses.option_checks import number


class SlowDisks(NodeFault):
    """Slow disks: syncs of one node, a minority, a majority or all take longer."""

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


class FakedSyncs(NodeGroupFault):
    """Disks of one node, a minority, a majority or all that fake their syncs, and lose their power at the heal."""

    name = "fake-sync"
    summary = "disks say that a sync is done and keep nothing; at the heal they lose their power"
    injection = FakeSync
    default = False
