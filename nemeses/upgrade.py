"""Two versions side by side: a rolling upgrade that stops half-way; it is not undone.

Pitfall: it can be done once, so it lasts until its turn comes again, or the run ends: other faults meet mixed
versions."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Injection, Upgrade
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.option_checks import number


class RollingUpgrade:
    """Another version for nodes, one after another, in an order and with a stop drawn from the seed."""

    name = "upgrade"
    summary = "a rolling upgrade to the target's upgrade_to, half-way until its next turn or the end"
    options: Sequence[Option] = (
        Option("ahead", 0, "after how many nodes it stands still, fewer than there are; 0: drawn from the seed"),
    )
    needs: tuple[type[Injection], ...] = (Upgrade,)
    variants: tuple[str, ...] = ("rolling",)
    default = False
    wants_roles = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        self.ahead = round(number(settle(self.options, given, self.name), "ahead", self.name, 0, 100))

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """Groups to upgrade: some nodes at once and the others at the heal; None if there are too few for versions to
        be mixed."""
        if len(view.nodes) <= max(self.ahead, 1):
            return None
        order = tuple(random.shuffled(view.nodes))
        ahead = self.ahead or 1 + random.below(len(order) - 1)
        return Plan({"order": list(order), "ahead": list(order[:ahead])}, (Upgrade(order, ahead),), once=True)
