"""Nodes that a fault hits: one, a minority, a majority or all; and whether the leader is among them.

A node drawn at random is the leader once in n times, yet it is there that most bugs are. So by default every second
time, on average, a leader is hit first, if one is known, and now and then the node that is about to lead or the one
that lags.

Pitfall: a minority of one or two nodes is empty, and then that size makes no sense.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Compact, Defragment, FakeSync, Flush, Injection, Pause, PowerLoss, Repair, Stop
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.option_checks import chosen, variant_option

SIZES = ("one", "minority", "majority", "all")
AIMS = ("mixed", "leader", "anyone")

SIZE = variant_option("size", SIZES, "how many nodes are hit")
AIM = Option("aim", "mixed", "whom it hits first; mixed: a leader every second time", choices=AIMS)

SPOT_SHARE = 0.7
"""The probability that the node at which something has just happened is hit first; below, the leader, and each of the
node that is about to lead and the one that lags."""
LEADER_SHARE = 0.5
OTHERS_SHARE = 0.1


def size_of(variant: str, nodes: int) -> int:
    """The number of nodes in a group, of so many; 0 if there is no such group."""
    return {"one": 1, "minority": (nodes - 1) // 2, "majority": nodes // 2 + 1, "all": nodes}[variant]


def hit(count: int, aim: str, view: View, random: RandomStream) -> tuple[str, ...]:
    """Nodes to hit, in the cluster's order. Draws the same number of times whatever the roles are."""
    order = random.shuffled(view.nodes)
    first = _aimed_at(aim, view, random.random())
    order.sort(key=lambda node: node not in first)
    picked = order[:count]
    return tuple(node for node in view.nodes if node in picked)


def _aimed_at(aim: str, view: View, draw: float) -> tuple[str | None, ...]:
    """The node that is hit first. draw: a float in [0, 1)."""
    if aim == "leader":
        return view.leaders()
    if aim == "anyone":
        return ()
    if view.spot is not None and draw < SPOT_SHARE:
        return (view.spot,)
    if draw < LEADER_SHARE:
        return view.leaders()
    if draw < LEADER_SHARE + OTHERS_SHARE:
        return (view.candidate,)
    return (view.lagging,) if draw < LEADER_SHARE + 2 * OTHERS_SHARE else ()


class NodeFault:
    """The part that faults with sizes share: which variants they have, and whom each hits."""

    options: Sequence[Option] = (SIZE, AIM)
    wants_roles = True

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self.variants = chosen(settings, SIZE.name, SIZES)
        self.aim = str(settings[AIM.name])

    def group(self, variant: str, view: View, random: RandomStream) -> tuple[tuple[str, ...], dict[str, Value]] | None:
        """(nodes, how they stand in the history); None if a cluster of this size has no such group."""
        count = size_of(variant, len(view.nodes))
        if count == 0:
            return None
        nodes = hit(count, self.aim, view, random)
        return nodes, {"size": variant, "nodes": list(nodes)}


class NodeGroupFault(NodeFault):
    """A fault of one kind of injection into a group of nodes, all at once: a subclass says which."""

    name: str
    summary: str
    default: bool
    injection: ClassVar[type[Pause | Stop | PowerLoss | FakeSync | Compact | Defragment | Flush | Repair]]

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        super().__init__(settle(self.options, given, self.name))
        self.needs: tuple[type[Injection], ...] = (self.injection,)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """All chosen nodes at once."""
        group = self.group(variant, view, random)
        if group is None:
            return None
        nodes, value = group
        return Plan(value, (self.injection(nodes),))
