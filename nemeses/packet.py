"""Bad networks: messages between all nodes come late, twice, in another order, or not at all."""

import copy
from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Impair, ImpairMessages, Injection, Link
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.option_checks import chosen, number, variant_option

KINDS = ("delay", "loss", "duplicate", "reorder", "tail", "late-duplicate", "long-reorder", "reset")
OF_MESSAGES = ("tail", "late-duplicate", "long-reorder", "reset")
"""Kinds that happen to whole messages and connections, and so in the simulator alone."""
OPTIONS_OF_MESSAGES = ("tail", "late_ms", "reset_ms")
UNEVEN = (0.25, 1.0, 4.0)
"""`tail`: how much more often than usual messages are late, each for a third of the links."""


class Packet:
    """All links between nodes slow, lossy, doubling or reordering."""

    name = "packet"
    summary = "messages between nodes are delayed, lost, duplicated or reordered, or their connections break"
    options: Sequence[Option] = (
        variant_option("kind", KINDS, "what happens to messages"),
        Option("delay_ms", 100.0, "delay: added to each message"),
        Option("jitter_ms", 50.0, "delay: varies by so much"),
        Option("loss", 0.2, "loss: share of messages lost"),
        Option("duplicate", 0.3, "duplicate, late-duplicate: share of messages that come twice"),
        Option("reorder", 0.3, "reorder, long-reorder: share of messages that are overtaken"),
        Option("tail", 0.05, "tail: share of messages that come late, on average over links"),
        Option("late_ms", 3000.0, "tail, late-duplicate, long-reorder: how late a message comes at most"),
        Option("reset_ms", 300.0, "reset: mean time from one break of a connection to the next"),
    )
    default = True
    wants_roles = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        self.variants = chosen(settings, "kind", KINDS)
        self.insists = given.get("kind") in OF_MESSAGES or any(name in given for name in OPTIONS_OF_MESSAGES)
        self.needs = self._all_needs()
        self.delay_ms = number(settings, "delay_ms", self.name, 0.001, 60_000)
        self.jitter_ms = number(settings, "jitter_ms", self.name, 0, 60_000)
        self.late_ms = number(settings, "late_ms", self.name, 1, 600_000)
        self.reset_ms = number(settings, "reset_ms", self.name, 1, 600_000)
        self.shares = {
            kind: number(settings, kind, self.name, 0.001, 1) for kind in ("loss", "duplicate", "reorder", "tail")
        }

    def needs_of(self, variant: str) -> tuple[type[Injection], ...]:
        """See `VariedNeeds`."""
        return (ImpairMessages,) if variant in OF_MESSAGES else (Impair,)

    def with_variants(self, variants: Sequence[str]) -> "Packet":
        """See `VariedNeeds`."""
        other = copy.copy(self)
        other.variants = tuple(variants)
        other.needs = other._all_needs()
        return other

    def _all_needs(self) -> tuple[type[Injection], ...]:
        """All injections that its variants plan, and that its options are about."""
        of_variants = [kind for variant in self.variants for kind in self.needs_of(variant)]
        return tuple(dict.fromkeys((*of_variants, *((ImpairMessages,) if self.insists else ()))))

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """All links; None for a single node, which has none."""
        links: tuple[Link, ...] = tuple((a, b) for a in view.nodes for b in view.nodes if a != b)
        if not links:
            return None
        share, late = self.shares, self.late_ms
        found: tuple[Impair, dict[str, Value]]
        match variant:
            case "delay":
                found = self._delay(links)
            case "loss":
                found = Impair(links, loss=share["loss"]), {"loss": share["loss"]}
            case "duplicate":
                found = Impair(links, duplicate=share["duplicate"]), {"duplicate": share["duplicate"]}
            case "reorder":
                found = Impair(links, reorder=share["reorder"]), {"reorder": share["reorder"]}
            case "late-duplicate":
                impair = ImpairMessages(links, duplicate=share["duplicate"], duplicate_ms=late)
                found = impair, {"duplicate": share["duplicate"], "late_ms": late}
            case "long-reorder":
                impair = ImpairMessages(links, reorder=share["reorder"], reorder_ms=late)
                found = impair, {"reorder": share["reorder"], "late_ms": late}
            case "reset":
                found = ImpairMessages(links, loss=0.02, reset_ms=self.reset_ms), {"reset_ms": self.reset_ms}
            case _:
                return self._tail(links, random)
        injection, value = found
        return Plan({"kind": variant, **value}, (injection,))

    def _delay(self, links: tuple[Link, ...]) -> tuple[Impair, dict[str, Value]]:
        value: dict[str, Value] = {"delay_ms": self.delay_ms, "jitter_ms": self.jitter_ms}
        return Impair(links, delay_ms=self.delay_ms, jitter_ms=self.jitter_ms), value

    def _tail(self, links: tuple[Link, ...], random: RandomStream) -> Plan:
        """Figures of links, some of them much worse than others; no two directions need be alike."""
        order = random.shuffled(links)
        share, little = self.shares["tail"], self.late_ms / 60
        impairs = tuple(
            ImpairMessages(tuple(some), little, little, tail=min(share * factor, 1.0), tail_ms=self.late_ms)
            for number, factor in enumerate(UNEVEN)
            if (some := order[number :: len(UNEVEN)])
        )
        return Plan({"kind": "tail", "tail": share, "late_ms": self.late_ms}, impairs)
