"""Topologies of a split network: pure functions from nodes to the directed links that are cut, and to the words
by which the split stands in the history.

Groups name the sides, so that availability can be counted on each.

Pitfall: a split that cuts only unused links is none, and followers often speak only to their leader, so a known leader
is never the bridge; and a topology that a cluster is too small for is None, not a smaller one under the same name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.injection import Link, links_between
from splitbrain.harness.operation import Value
from splitbrain.harness.random_stream import RandomStream

Group = Sequence[str]


@dataclass(frozen=True)
class Split:
    """links: the directed links to cut. value: how it stands in the history."""

    links: tuple[Link, ...]
    value: Mapping[str, Value]


Topology = Callable[[Sequence[str], Sequence[str], RandomStream], Split | None]
"""(nodes, those believed to lead, stream) → the split, or None if there are too few nodes for it."""


def halves(nodes: Group, leaders: Group, random: RandomStream) -> Split | None:
    """Two groups as equal as can be. With an even number of nodes neither is a majority."""
    if len(nodes) < 2:
        return None
    order = random.shuffled(nodes)
    return _two_sides("halves", nodes, order[: len(nodes) // 2])


def one_node(nodes: Group, leaders: Group, random: RandomStream) -> Split | None:
    """Any one node alone."""
    if len(nodes) < 2:
        return None
    return _two_sides("one-node", nodes, [random.choice(nodes)])


def leader_isolated(nodes: Group, leaders: Group, random: RandomStream) -> Split | None:
    """A node that believes to lead alone. While nobody is known to, any one node, and the history says so."""
    if len(nodes) < 2:
        return None
    order = random.shuffled(nodes)
    leading = [node for node in order if node in leaders]
    if leading:
        return _two_sides("leader-isolated", nodes, leading[:1], leader=leading[0])
    return _two_sides("one-node", nodes, order[:1], instead_of="leader-isolated", because="no leader was known")


def majority_minority(nodes: Group, leaders: Group, random: RandomStream) -> Split | None:
    """The largest minority against the rest. A known leader is in the minority: there it must notice."""
    size = (len(nodes) - 1) // 2
    if size < 1:
        return None
    order = random.shuffled(nodes)
    order.sort(key=lambda node: node not in leaders)
    return _two_sides("majority-minority", nodes, order[:size])


def leader_in_minority(nodes: Group, leaders: Group, random: RandomStream) -> Split | None:
    """The largest minority, a leader in it, against the rest. The history says which, or that none was known."""
    return _leader_on_side("leader-in-minority", nodes, leaders, random, minority=True)


def leader_in_majority(nodes: Group, leaders: Group, random: RandomStream) -> Split | None:
    """The largest minority against the rest, a leader among these. The history says which, or that none was known."""
    return _leader_on_side("leader-in-majority", nodes, leaders, random, minority=False)


def bridge(nodes: Group, leaders: Group, random: RandomStream) -> Split | None:
    """Two groups that do not see each other, and one node that sees both. Leaders are not the bridge, if possible."""
    if len(nodes) < 3:
        return None
    order = random.shuffled(nodes)
    order.sort(key=lambda node: node in leaders)
    middle, rest = order[0], random.shuffled(order[1:])
    left, right = _in_order(nodes, rest[: len(rest) // 2]), _in_order(nodes, rest[len(rest) // 2 :])
    return Split(links_between(left, right), {"topology": "bridge", "groups": [left, right], "bridge": middle})


def majorities_ring(nodes: Group, leaders: Group, random: RandomStream) -> Split | None:
    """A ring on which each node sees a majority, its neighbours, and no two nodes see the same one.

    Links are cut in both directions. Where no such graph has every node see just a majority, each sees one node more.
    Three nodes or fewer have no such ring.
    """
    count = len(nodes)
    if count < 4:
        return None
    ring = random.shuffled(nodes)
    others = count // 2
    reach, opposite = others // 2, others % 2 == 1
    if opposite and count % 2 == 1:
        reach, opposite = reach + 1, False

    def sees(a: int, b: int) -> bool:
        distance = min((a - b) % count, (b - a) % count)
        return distance <= reach or (opposite and distance * 2 == count)

    links = tuple((ring[a], ring[b]) for a in range(count) for b in range(count) if not sees(a, b))
    seen = {ring[a]: _in_order(nodes, [ring[b] for b in range(count) if sees(a, b)]) for a in range(count)}
    value = {"topology": "majorities-ring", "ring": ring, "sees": {node: seen[node] for node in nodes}}
    return Split(links, value)


def one_way(nodes: Group, leaders: Group, random: RandomStream) -> Split | None:
    """Two groups; what the first sends to the second is lost, what the second sends arrives."""
    if len(nodes) < 2:
        return None
    order = random.shuffled(nodes)
    size = 1 + random.below(len(nodes) - 1)
    senders, receivers = _in_order(nodes, order[:size]), _in_order(nodes, order[size:])
    links = tuple((sender, receiver) for sender in senders for receiver in receivers)
    return Split(links, {"topology": "one-way", "groups": [senders, receivers], "lost": "first to second"})


TOPOLOGIES: Mapping[str, Topology] = {
    "halves": halves,
    "one-node": one_node,
    "leader-isolated": leader_isolated,
    "majority-minority": majority_minority,
    "bridge": bridge,
    "majorities-ring": majorities_ring,
    "one-way": one_way,
    "leader-in-minority": leader_in_minority,
    "leader-in-majority": leader_in_majority,
}
"""By name, as in the history and in `--nemesis partition:topology=…`."""

BY_NAME_ONLY = ("leader-in-minority", "leader-in-majority")
"""Those that do not come in turn: they put sides to a question about the leader's."""


def _leader_on_side(
    topology: str, nodes: Group, leaders: Group, random: RandomStream, *, minority: bool
) -> Split | None:
    size = (len(nodes) - 1) // 2
    if size < 1:
        return None
    order = random.shuffled(nodes)
    leading = [node for node in order if node in leaders]
    order.sort(key=lambda node: (node in leaders) is not minority)
    said: dict[str, Value] = {"leader": leading[0]} if leading else {"because": "no leader was known"}
    return _two_sides(topology, nodes, order[:size], **said)


def _two_sides(topology: str, nodes: Group, first: Group, **more: Value) -> Split:
    left = _in_order(nodes, first)
    right = [node for node in nodes if node not in first]
    return Split(links_between(left, right), {"topology": topology, "groups": [left, right], **more})


def _in_order(nodes: Group, some: Group) -> list[str]:
    return [node for node in nodes if node in some]
