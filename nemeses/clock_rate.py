"""Monotonic clocks that run at a wrong rate. Leases and election timeouts rest on it, so a system may promise nothing
then, and this fault comes by name only.

What matters is a leader that is slow compared with the others: its lease lasts longer than they grant. Both variants
make that, one by slowing the leader, the other by speeding up all others.

Pitfall: it shows only when another leader is elected meanwhile, so add partitions; and a leader slowed so much that its
heartbeats come too late loses its office, so the largest factor is moderate."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Injection, SkewAllClocks
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import AIMS, hit
from splitbrain.nemeses.option_checks import chosen, number, variant_option

KINDS = ("slow", "fast")
_FACTOR_MIN = 1.5


class ClockRate:
    """All clocks of some nodes run fast or slow, the monotonic one too."""

    name = "clock-rate"
    summary = "all clocks of some nodes run fast or slow, the monotonic one too"
    options: Sequence[Option] = (
        variant_option("kind", KINDS, "slow: one node is slow; fast: all others are fast"),
        Option("factor", 3.0, f"largest factor between a wrong rate and the true one; the smallest is {_FACTOR_MIN:g}"),
        Option("aim", "leader", "who is left behind; mixed: a leader every second time", choices=AIMS),
    )
    needs: tuple[type[Injection], ...] = (SkewAllClocks,)
    default = False
    wants_roles = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        self.variants = chosen(settings, "kind", KINDS)
        self.factor = number(settings, "factor", self.name, _FACTOR_MIN, 100)
        self.aim = str(settings["aim"])

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """One node slow compared with the others. `fast` takes two nodes at least."""
        behind = hit(1, self.aim, view, random)
        factor = random.between(_FACTOR_MIN, self.factor)
        if variant == "slow":
            nodes, rate = behind, round(1 / factor, 3)
        else:
            nodes, rate = tuple(node for node in view.nodes if node not in behind), round(factor, 3)
        if not nodes:
            return None
        injections = tuple(SkewAllClocks(node, rate=rate, monotonic_rate=rate) for node in nodes)
        return Plan({"kind": variant, "rate": dict.fromkeys(nodes, rate)}, injections)
