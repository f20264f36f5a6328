"""What if nodes stop and go on later, as in a long garbage collection? Then they act on what they knew before."""

from collections.abc import Mapping

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Injection, Pause
from splitbrain.harness.options import settle
from splitbrain.harness.stream import Stream
from splitbrain.nemeses.sizes import Sized


class PauseNodes(Sized):
    """Stop one node, a minority, a majority or all, and let them go on."""

    name = "pause"
    summary = "nodes are stopped (SIGSTOP) and go on later, unaware of it"
    needs: tuple[type[Injection], ...] = (Pause,)
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
        return Plan(value, (Pause(nodes),))
