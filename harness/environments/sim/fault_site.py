"""The site of an injection in the simulator: nodes and links of one cluster, by name."""

from collections.abc import Callable, Mapping, Sequence

from splitbrain.harness.deployment import AdminRequest
from splitbrain.harness.environments.sim.channel import ClientLink
from splitbrain.harness.environments.sim.link import DirectedLink
from splitbrain.harness.environments.sim.network import Network
from splitbrain.harness.environments.sim.node import SimNode
from splitbrain.harness.environments.sim.scheduler import EventQueue
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Bite, Link, Maintenance

Undo = Callable[[], Bite]
"""Function that undoes what an injection did, and returns its bite."""


class NetworkSite:
    """The links between the nodes of one cluster, and the ways between clients and each node."""

    def __init__(self, network: Network, ways: Mapping[str, ClientLink]) -> None:
        """ways: by node."""
        self.names = tuple(ways)
        self._network = network
        self._ways = ways

    def links(self, links: Sequence[Link]) -> list[DirectedLink]:
        """The links of these names, each once; UsageError for a node that is not there."""
        self.check([name for link in links for name in link])
        return [self._network.link(link) for link in dict.fromkeys(links)]

    def links_of(self, names: Sequence[str]) -> list[DirectedLink]:
        """All links between these nodes and others, in both directions."""
        self.check(names)
        pairs = [(name, other) for name in names for other in self.names if other != name]
        return self.links([way for a, b in pairs for way in ((a, b), (b, a))])

    def client_ways(self, names: Sequence[str]) -> list[ClientLink]:
        """The ways between clients and these nodes, each once; UsageError for a node that is not there."""
        self.check(names)
        return [self._ways[name] for name in dict.fromkeys(names)]

    def check(self, names: Sequence[str]) -> None:
        """UsageError for a node that is not there."""
        for name in names:
            if name not in self._ways:
                raise UsageError(f"there is no node {name!r}; there are {', '.join(self._ways)}")


class FaultSite(NetworkSite):
    """The nodes and links of one cluster."""

    def __init__(
        self,
        kernel: EventQueue,
        nodes: Sequence[SimNode],
        network: Network,
        admin_requests: Mapping[type[Maintenance], AdminRequest],
    ) -> None:
        super().__init__(network, {node.name: node.machine.clients for node in nodes})
        self.kernel = kernel
        self.admin_requests = admin_requests
        self._nodes = {node.name: node for node in nodes}

    def nodes(self, names: Sequence[str]) -> list[SimNode]:
        """The nodes of these names, each once; UsageError for one that is not there."""
        self.check(names)
        return [self._nodes[name] for name in dict.fromkeys(names)]
