"""Gray failures: nodes that look alive and do not work. Heartbeats pass; long messages are lost, and requests late
(Huang et al., "Gray Failure: The Achilles' Heel of Cloud-Scale Systems", HotOS 2017)."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Gray, Injection
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import NodeFault
from splitbrain.nemeses.option_checks import number


class GrayNodes(NodeFault):
    """A gray failure: only short messages pass to and from one node, a minority, a majority or all, and clients
    wait."""

    name = "gray"
    summary = "nodes look alive and do not work: short messages pass, long ones do not, and requests are late"
    options: Sequence[Option] = (
        *NodeFault.options,
        Option("bytes", 160, "the longest message that passes"),
        Option("delay_ms", 500.0, "added to each request of a client"),
    )
    needs: tuple[type[Injection], ...] = (Gray,)
    default = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        super().__init__(settings)
        self.bytes = round(number(settings, "bytes", self.name, 1, 1 << 20))
        self.delay_ms = number(settings, "delay_ms", self.name, 0.001, 60_000)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """All chosen nodes at once."""
        group = self.group(variant, view, random)
        if group is None:
            return None
        nodes, value = group
        return Plan(
            {**value, "bytes": self.bytes, "delay_ms": self.delay_ms}, (Gray(nodes, self.bytes, self.delay_ms),)
        )
