"""The site of an injection in the simulator: nodes and links of one cluster, by name."""

from collections.abc import Callable, Sequence

from splitbrain.harness.environments.sim.link import DirectedLink
from splitbrain.harness.environments.sim.network import Network
from splitbrain.harness.environments.sim.node import SimNode
from splitbrain.harness.environments.sim.scheduler import EventQueue
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Bite, Link

Undo = Callable[[], Bite]
"""Function that undoes what an injection did, and returns its bite."""


class FaultSite:
    """The nodes and links of one cluster."""

    def __init__(self, kernel: EventQueue, nodes: Sequence[SimNode], network: Network) -> None:
        self.kernel = kernel
        self.names = tuple(node.name for node in nodes)
        self._nodes = {node.name: node for node in nodes}
        self._network = network

    def nodes(self, names: Sequence[str]) -> list[SimNode]:
        """The nodes of these names, each once; UsageError for one that is not there."""
        self._check(names)
        return [self._nodes[name] for name in dict.fromkeys(names)]

    def links(self, links: Sequence[Link]) -> list[DirectedLink]:
        """The links of these names, each once; UsageError for a node that is not there."""
        self._check([name for link in links for name in link])
        return [self._network.link(link) for link in dict.fromkeys(links)]

    def links_of(self, nodes: Sequence[SimNode]) -> list[DirectedLink]:
        """All links between these nodes and others, in both directions."""
        names = [node.name for node in nodes]
        pairs = [(name, other) for name in names for other in self.names if other != name]
        return self.links([way for a, b in pairs for way in ((a, b), (b, a))])

    def _check(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self._nodes:
                raise UsageError(f"there is no node {name!r}; there are {', '.join(self._nodes)}")
