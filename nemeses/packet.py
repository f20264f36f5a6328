"""What if the network is bad rather than broken? Messages between all nodes come late, twice, in another order, or
not at all."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Impair, Injection, Link
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.option_checks import chosen, number, variant_option

KINDS = ("delay", "loss", "duplicate", "reorder")


class Packet:
    """All links between nodes are slow, lossy, doubling or reordering."""

    name = "packet"
    summary = "messages between nodes are delayed, lost, duplicated or reordered"
    options: Sequence[Option] = (
        variant_option("kind", KINDS, "what happens to messages"),
        Option("delay_ms", 100.0, "delay: added to each message"),
        Option("jitter_ms", 50.0, "delay: varies by so much"),
        Option("loss", 0.2, "loss: share of messages lost"),
        Option("duplicate", 0.3, "duplicate: share of messages that come twice"),
        Option("reorder", 0.3, "reorder: share of messages that are overtaken"),
    )
    needs: tuple[type[Injection], ...] = (Impair,)
    default = True
    wants_roles = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        self.variants = chosen(settings, "kind", KINDS)
        self.delay_ms = number(settings, "delay_ms", self.name, 0.001, 60_000)
        self.jitter_ms = number(settings, "jitter_ms", self.name, 0, 60_000)
        self.shares = {kind: number(settings, kind, self.name, 0.001, 1) for kind in KINDS[1:]}

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """The same for all links; None for a single node, which has none."""
        links: tuple[Link, ...] = tuple((a, b) for a in view.nodes for b in view.nodes if a != b)
        if not links:
            return None
        if variant == "delay":
            value = {"kind": variant, "delay_ms": self.delay_ms, "jitter_ms": self.jitter_ms}
            return Plan(value, (Impair(links, delay_ms=self.delay_ms, jitter_ms=self.jitter_ms),))
        share = self.shares[variant]
        impair = {
            "loss": Impair(links, loss=share),
            "duplicate": Impair(links, duplicate=share),
            "reorder": Impair(links, reorder=share),
        }[variant]
        return Plan({"kind": variant, variant: share}, (impair,))
