"""Faults of wall clocks: jumps by seconds, jumps to and fro, wrong rates, standing still; monotonic clocks stay true.

Pitfall: if all clocks are wrong by the same amount, no node can see it. So a strict subset of the nodes is changed;
only the clock of a single-node cluster is wrong against its clients and its own past."""

import math
from collections.abc import Mapping, Sequence

from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Injection, SkewClock
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.option_checks import chosen, number, variant_option

KINDS = ("offset", "drift", "strobe", "freeze")


class Clock:
    """Wall clocks of a strict subset of the nodes are offset, drift, strobe or freeze."""

    name = "clock"
    summary = "wall clocks of some nodes jump, once or to and fro, run fast or slow, or stand still"
    options: Sequence[Option] = (
        variant_option("kind", KINDS, "what happens to the clocks"),
        Option("min_seconds", 1.0, "smallest offset, in either direction"),
        Option("max_seconds", 60.0, "largest offset, in either direction"),
        Option("max_drift", 0.5, "largest drift: 0.5 gains or loses half a second each second"),
        Option("strobe_ms", 200.0, "strobe: how long the offset is there, and how long not"),
    )
    needs: tuple[type[Injection], ...] = (SkewClock,)
    default = True
    wants_roles = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        self.variants = chosen(settings, "kind", KINDS)
        self.min_s = number(settings, "min_seconds", self.name, 0.001, 1e9)
        self.max_s = number(settings, "max_seconds", self.name, 0.001, 1e9)
        self.max_drift = number(settings, "max_drift", self.name, 0.001, 0.99)
        self.strobe_ms = number(settings, "strobe_ms", self.name, 100, 60_000)
        if self.min_s > self.max_s:
            raise UsageError(f"{self.name}: min_seconds ({self.min_s:g}) is above max_seconds ({self.max_s:g})")

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """Chosen clocks, each wrong in its own way."""
        nodes = _strict_subset(view.nodes, random)
        if variant in ("offset", "strobe"):
            strobe_ms = self.strobe_ms if variant == "strobe" else 0.0
            offsets = {node: self._offset_ms(random) for node in nodes}
            injections = tuple(SkewClock(node, offset_ms=ms, strobe_ms=strobe_ms) for node, ms in offsets.items())
            return Plan({"kind": variant, "offset_ms": offsets}, injections)
        rates = {node: self._rate(random) if variant == "drift" else 0.0 for node in nodes}
        return Plan({"kind": variant, "rate": rates}, tuple(SkewClock(node, rate=r) for node, r in rates.items()))

    def _offset_ms(self, random: RandomStream) -> int:
        """Small offsets as likely as large ones: the logarithm is uniform."""
        size = math.exp(random.between(math.log(self.min_s), math.log(self.max_s)))
        ms = max(round(size * 1000), 1)
        return ms if random.chance(0.5) else -ms

    def _rate(self, random: RandomStream) -> float:
        drift = random.between(self.max_drift / 5, self.max_drift)
        return round(1 + drift if random.chance(0.5) else 1 - drift, 6)


def _strict_subset(nodes: Sequence[str], random: RandomStream) -> tuple[str, ...]:
    count = 1 + random.below(max(len(nodes) - 1, 1))
    picked = random.shuffled(nodes)[:count]
    return tuple(node for node in nodes if node in picked)
