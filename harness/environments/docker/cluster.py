"""ContainerCluster: containers on a network of their own, cut on its bridge, and all of it gone after `down`.

A container's network namespace is new after each start, so the packet reader is told where it is then.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.cleanup import CleanUp
from splitbrain.harness.deployment import Container, Place
from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.images import Image
from splitbrain.harness.environments.docker.network import ContainerNetwork
from splitbrain.harness.environments.docker.node import ContainerNode
from splitbrain.harness.environments.docker.orphans import LABEL, remove
from splitbrain.harness.environments.linux.client_cuts import ClientCuts
from splitbrain.harness.environments.linux.packets import Packets
from splitbrain.harness.environments.linux.partitions import Partitions
from splitbrain.harness.environments.linux.scratch import Scratch
from splitbrain.harness.environments.linux.tools import LocalShell
from splitbrain.harness.environments.real.pid_cluster import PidCluster
from splitbrain.harness.environments.real.pid_node import PidNode
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import Injection


@dataclass(frozen=True)
class NodeShell:
    """A shell in the network of a container; see `linux.tools.Shell`. One that is down has no network: nothing is done
    there, and nothing found."""

    node: ContainerNode

    async def __call__(self, argv: Sequence[str], stdin: str = "") -> str:
        try:
            return await LocalShell(self.node.prefix())(argv, stdin)
        except InfrastructureError:
            if self.node.running:
                raise
            return "[]"


@dataclass(frozen=True)
class Wiring:
    """A report to the packet reader on where a node lives after each start; see `real.pid_node.PersistentFault`."""

    packets: Packets

    async def reapply(self, node: PidNode) -> None:
        if isinstance(node, ContainerNode) and node.namespace is not None:
            await self.packets.move(node.address, node.namespace.path, NodeShell(node))


class ContainerCluster(PidCluster[ContainerNode]):
    """See `harness.environment.Cluster`. images: those of the deployment and of what it may be upgraded to, by the name
    that each asks for."""

    def __init__(
        self,
        deployment: Container,
        daemon: Daemon,
        network: ContainerNetwork,
        images: Mapping[str, Image],
        labels: Mapping[str, str],
        folder: Path,
        scratch: Scratch,
        now: Callable[[], int],
    ) -> None:
        partitions = Partitions(LocalShell(), network.name)
        packets = Packets({}, network.range, network.harness)
        nodes = [
            ContainerNode(
                Place(name, address, scratch.folder / name, network.addresses),
                deployment,
                daemon,
                network,
                {name: image.id for name, image in images.items()},
                labels,
                folder / f"{name}.log",
                now,
            )
            for name, address in network.addresses.items()
        ]
        for node in nodes:
            node.persistent_faults.append(Wiring(packets))
        clients = ClientCuts(LocalShell(), f"{network.name}_clients", network.harness)
        super().__init__(deployment, nodes, partitions, packets, clients, folder, scratch.folder, now)
        self._daemon = daemon
        self.run = labels[LABEL]
        """By which everything of this cluster is found in Docker."""
        self._whole_scratch: Scratch | None = scratch
        self._images = images

    async def up(self, injections: Collection[type[Injection]] = ()) -> None:
        for image in self._images.values():
            self.note(image.words())
        if os.geteuid() == 0:
            await self._partitions.setup()
        await super().up(injections)

    async def down(self) -> None:
        async with CleanUp() as cleaning:
            cleaning.add("removing the scratch folder", self._clear)
            cleaning.add("removing containers and network", self._remove)
            if os.geteuid() == 0:
                cleaning.add("removing the cuts", self._partitions.teardown)
                cleaning.add("removing the cuts of clients", self._clients.teardown)
            cleaning.add("ending the nodes", self.close)

    async def _remove(self) -> None:
        for node in self.nodes:
            node.close()
        await self._daemon.call(remove, self._daemon, self.run)

    async def _clear(self) -> None:
        scratch, self._whole_scratch = self._whole_scratch, None
        if scratch is not None:
            scratch.remove()
