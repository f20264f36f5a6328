"""Nodes that go down: killed once or repeatedly, stopped by SIGTERM, or cut off from power; the heal starts them."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Injection, Kill, PowerLoss, Stop
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import NodeFault, NodeGroupFault
from splitbrain.nemeses.option_checks import number


class KillNodes(NodeFault):
    """Kill one node, a minority, a majority or all."""

    name = "kill"
    summary = "nodes are killed (-9) and restarted; what was not synced may be lost"
    options: Sequence[Option] = (
        *NodeFault.options,
        Option("restarts", 0, "how often they are started and killed once more before they stay down"),
        Option("up_ms", 500.0, "restarts: how long they live each time"),
    )
    needs: tuple[type[Injection], ...] = (Kill,)
    default = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        super().__init__(settings)
        self.restarts = round(number(settings, "restarts", self.name, 0, 1000))
        self.up_ms = number(settings, "up_ms", self.name, 1, 60_000)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """All chosen nodes at once."""
        group = self.group(variant, view, random)
        if group is None:
            return None
        nodes, value = group
        if not self.restarts:
            return Plan(value, (Kill(nodes),))
        loop = {"restarts": self.restarts, "up_ms": self.up_ms}
        return Plan({**value, **loop}, (Kill(nodes, self.restarts, up_ms=self.up_ms),))


class StopNodes(NodeGroupFault):
    """Ask one node, a minority, a majority or all to end, and start them again."""

    name = "stop"
    summary = "nodes are asked to end (SIGTERM) and restarted"
    injection = Stop
    default = False


class PowerLosses(NodeGroupFault):
    """One node, a minority, a majority or all that lose their power, and are started again."""

    name = "powerloss"
    summary = "nodes lose their power: they die at once, and all that was not synced is gone"
    injection = PowerLoss
    default = False
