"""Limping networks: the bandwidth of a link, of a node or of all falls to a stated rate; heartbeats still pass
(Do et al., "Limplock: Understanding the Impact of Limpware on Scale-Out Cloud Systems", SoCC 2013)."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Injection, Limp
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import AIM, hit
from splitbrain.nemeses.option_checks import chosen, number, variant_option

EXTENTS = ("node", "link", "all")


class LimpingLinks:
    """Fall of the bandwidth of some links."""

    name = "limp"
    summary = "the bandwidth of a link, of a node's links or of all falls to a stated rate"
    options: Sequence[Option] = (
        variant_option("extent", EXTENTS, "which links: those of a node, one direction of one link, or all"),
        AIM,
        Option("rate_kbit", 64.0, "the bandwidth that is left, in kbit/s, for each link"),
    )
    needs: tuple[type[Injection], ...] = (Limp,)
    default = False
    wants_roles = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        self.variants = chosen(settings, "extent", EXTENTS)
        self.aim = str(settings["aim"])
        self.rate_kbit = number(settings, "rate_kbit", self.name, 1, 1e9)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """None for a single node, which has no links."""
        if len(view.nodes) < 2:
            return None
        (node,) = hit(1, self.aim, view, random)
        other = random.choice([name for name in view.nodes if name != node])
        value = {"extent": variant, "rate_kbit": self.rate_kbit}
        if variant == "link":
            return Plan({**value, "link": [node, other]}, (Limp(((node, other),), self.rate_kbit),))
        links = tuple((a, b) for a in view.nodes for b in view.nodes if a != b and (variant == "all" or node in (a, b)))
        value = {**value, "node": node} if variant == "node" else value
        return Plan(value, (Limp(links, self.rate_kbit),))
