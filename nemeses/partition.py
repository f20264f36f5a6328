"""Network partitions: links between nodes are cut; clients still reach every node."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Cut, Injection
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.option_checks import EACH, variant_option
from splitbrain.nemeses.topologies import BY_NAME_ONLY, TOPOLOGIES

MODES = ("mixed", "lose", "queue")


class Partition:
    """A split of the network between nodes, in one of the named topologies."""

    name = "partition"
    summary = "the network between nodes splits: " + ", ".join(TOPOLOGIES)
    options: Sequence[Option] = (
        variant_option("topology", tuple(TOPOLOGIES), "how it splits"),
        Option("mode", "mixed", "what becomes of messages: lost, or delivered after the heal; mixed: either", MODES),
    )
    needs: tuple[type[Injection], ...] = (Cut,)
    default = True
    wants_roles = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        in_turn = tuple(name for name in TOPOLOGIES if name not in BY_NAME_ONLY)
        picked = settings["topology"]
        self.variants = in_turn if picked == EACH else (str(picked),)
        self.mode = str(settings["mode"])

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """One cut of all links of the topology."""
        split = TOPOLOGIES[variant](view.nodes, view.leaders(), random)
        queued = random.chance(0.5) if self.mode == "mixed" else self.mode == "queue"
        if split is None:
            return None
        value = {**split.value, "queued": True} if queued else split.value
        return Plan(value, (Cut(split.links, queued),))
