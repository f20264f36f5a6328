"""Adversary of the FLP theorem: it reads every message, and delays just those that would make or keep a leader.

Every message arrives in the end, and no node fails, yet a store that elects its leader by majority has none for the
whole run: nothing but liveness is refuted (Fischer, Lynch and Paterson, "Impossibility of Distributed Consensus with
One Faulty Process", JACM 1985).
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Injection, WithholdVotes
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.option_checks import number


class Adversary:
    """Late arrival of votes that would win an election, and of what a leader sends."""

    name = "adversary"
    summary = "just the messages that would make or keep a leader come late, for the whole run (simulator)"
    options: Sequence[Option] = (Option("hold_ms", 5000.0, "how much later they come"),)
    needs: tuple[type[Injection], ...] = (WithholdVotes,)
    variants: tuple[str, ...] = ("all",)
    default = False
    wants_roles = False
    standing = True
    """Whether it lasts from the beginning of the main phase to its end."""

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        self.hold_ms = number(settle(self.options, given, self.name), "hold_ms", self.name, 1, 600_000)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """All links; None for a single node."""
        links = tuple((a, b) for a in view.nodes for b in view.nodes if a != b)
        return Plan({"hold_ms": self.hold_ms}, (WithholdVotes(links, self.hold_ms),)) if links else None
