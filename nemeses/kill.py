"""What if nodes die? They are killed at once, lose what was not synced, and are started again at the heal."""

from collections.abc import Mapping

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Injection, Kill
from splitbrain.harness.options import settle
from splitbrain.harness.stream import Stream
from splitbrain.nemeses.sizes import Sized


class KillNodes(Sized):
    """Kill one node, a minority, a majority or all."""

    name = "kill"
    summary = "nodes are killed (-9) and restarted; what was not synced may be lost"
    needs: tuple[type[Injection], ...] = (Kill,)
    default = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        super().__init__(settle(self.options, given, self.name))

    def plan(self, variant: str, view: View, random: Stream) -> Plan | None:
        """All chosen nodes at once."""
        group = self.group(variant, view, random)
        if group is None:
            return None
        nodes, value = group
        return Plan(value, (Kill(nodes),))
