"""Changes of membership: members are removed, and join again as newcomers with empty disks.

Pitfall: a cluster decides on its members by a majority of them, so fewer than a majority are out at a time."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import ChangeMembers, Injection
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import AIM, NodeFault
from splitbrain.nemeses.option_checks import chosen, variant_option

SIZES = ("one", "minority")


class MembershipChange(NodeFault):
    """One node or a minority that leaves, and joins again."""

    name = "membership"
    summary = "members are removed, and join again with nothing, first as learners without a vote"
    options: Sequence[Option] = (variant_option("size", SIZES, "how many nodes leave"), AIM)
    needs: tuple[type[Injection], ...] = (ChangeMembers,)
    default = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        super().__init__(settings)
        self.variants = chosen(settings, "size", SIZES)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """The chosen nodes, one after another; None if there is nobody to remove them."""
        group = self.group(variant, view, random) if len(view.nodes) > 1 else None
        if group is None:
            return None
        nodes, value = group
        return Plan(value, (ChangeMembers(nodes),))
