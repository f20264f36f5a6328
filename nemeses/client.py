"""Faults between clients and nodes: requests or replies do not get through, or come late. Nodes reach each other."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import CutClients, ImpairClients, Injection, RepeatRequests
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import AIM, hit
from splitbrain.nemeses.option_checks import chosen, number, variant_option

KINDS = ("requests", "replies", "queue", "delay")


class ClientFaults:
    """The way between clients and some nodes, cut or slow."""

    name = "client"
    summary = "requests to some nodes, or their replies, are lost or late"
    options: Sequence[Option] = (
        variant_option("kind", KINDS, "what happens: requests or replies are lost, all wait for the heal, or are slow"),
        AIM,
        Option("delay_ms", 300.0, "delay: added to each request"),
        Option("jitter_ms", 300.0, "delay: varies by so much"),
    )
    needs: tuple[type[Injection], ...] = (CutClients, ImpairClients)
    default = False
    wants_roles = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        self.variants = chosen(settings, "kind", KINDS)
        self.aim = str(settings["aim"])
        self.delay_ms = number(settings, "delay_ms", self.name, 0.001, 60_000)
        self.jitter_ms = number(settings, "jitter_ms", self.name, 0, 60_000)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """Any number of nodes."""
        nodes = hit(1 + random.below(len(view.nodes)), self.aim, view, random)
        value: dict[str, Value] = {"kind": variant, "nodes": list(nodes)}
        if variant == "delay":
            value |= {"delay_ms": self.delay_ms, "jitter_ms": self.jitter_ms}
            return Plan(value, (ImpairClients(nodes, self.delay_ms, self.jitter_ms),))
        cut = {
            "requests": CutClients(nodes, replies=False),
            "replies": CutClients(nodes, requests=False),
            "queue": CutClients(nodes, queued=True),
        }[variant]
        return Plan(value, (cut,))


class HedgedRequests:
    """Requests of clients arrive twice."""

    name = "hedge"
    summary = "clients' requests arrive twice, the second time later: for stores whose requests carry a session"
    options: Sequence[Option] = (
        Option("share", 0.3, "share of requests that come twice"),
        Option("late_ms", 1000.0, "how much later the second one comes at most"),
    )
    needs: tuple[type[Injection], ...] = (RepeatRequests,)
    variants: tuple[str, ...] = ("all",)
    default = False
    wants_roles = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        self.share = number(settings, "share", self.name, 0.001, 1)
        self.late_ms = number(settings, "late_ms", self.name, 0, 600_000)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """All nodes."""
        value = {"share": self.share, "late_ms": self.late_ms}
        return Plan(value, (RepeatRequests(view.nodes, duplicate=self.share, duplicate_ms=self.late_ms),))
