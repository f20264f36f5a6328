"""PidCluster: a cluster whose processes are seen from here: started, watched, sampled; `handlers` injects faults.

How its nodes are made, and on which network they live, says the environment.

Pitfall: `close` runs on every path, also when half of `up` has failed, so each part may be there or not.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from splitbrain.harness.deployment import Served
from splitbrain.harness.environments.linux.client_cuts import ClientCuts
from splitbrain.harness.environments.linux.packets import Packets
from splitbrain.harness.environments.linux.partitions import Partitions
from splitbrain.harness.environments.linux.volume import Volume
from splitbrain.harness.environments.real import clocks
from splitbrain.harness.environments.real.cluster import RealCluster
from splitbrain.harness.environments.real.handlers import HANDLERS, Site
from splitbrain.harness.environments.real.pid_node import PidNode
from splitbrain.harness.environments.real.sampling import sample
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import ActiveInjection, Injection, Link, PowerLoss, SkewClock

P = TypeVar("P", bound=PidNode)


class PidCluster(RealCluster[P]):
    """See `harness.environment.Cluster`. scratch: for what goes away with the cluster."""

    def __init__(
        self,
        deployment: Served,
        nodes: Sequence[P],
        partitions: Partitions,
        packets: Packets,
        clients: ClientCuts,
        folder: Path,
        scratch: Path,
        now: Callable[[], int],
    ) -> None:
        super().__init__(deployment, nodes, folder, now)
        self._partitions = partitions
        self._packets = packets
        self._clients = clients
        self._scratch = scratch
        self._site = Site(deployment, partitions, packets, clients, scratch, self.note, self._pairs)
        self._sampling: asyncio.Task[None] | None = None

    async def up(self, injections: Collection[type[Injection]] = ()) -> None:
        """Write the nodes' files, prepare for these kinds of injections, start all, and wait until all are ready.
        InfrastructureError if they do not come up in time."""
        self.note(f"network {self._packets.network}, the harness at {self._packets.harness}")
        await self.prepare(injections)
        await asyncio.gather(*(node.start() for node in self.nodes))
        await self._wait_ready()
        self.settle()

    async def prepare(self, injections: Collection[type[Injection]]) -> None:
        """Write the nodes' files, and have them ready for these kinds of injections. Before they start."""
        for node in self.nodes:
            node.write_files()
        if PowerLoss in injections:
            await asyncio.gather(*(self._attach(node) for node in self.nodes))
        if SkewClock in injections:
            await clocks.prepare(self.nodes, self._scratch)

    def settle(self) -> None:
        """Check that all are prepared, when all are ready, and note from now on what they use. InfrastructureError if
        one cannot be injected with what it was prepared for."""
        for node in self.nodes:
            clocks.prepared(node)
        self._sampling = asyncio.get_running_loop().create_task(
            sample(self.nodes, self.folder / "resources.jsonl", self._now)
        )

    async def _attach(self, node: PidNode) -> None:
        node.volume = Volume(node.place.folder, self._scratch / f"{node.name}.filesystem")
        await node.volume.attach()

    async def _begin(self, injection: Injection, nodes: Sequence[P]) -> ActiveInjection:
        handler = HANDLERS.get(type(injection))
        if handler is None:
            raise UsageError(f"--env {self._deployment.environment} cannot do {type(injection).__name__}")
        return await handler.begin(self._site, injection, nodes)

    def _pairs(self, links: Sequence[Link]) -> list[tuple[str, str]]:
        return [(self._members[a].address, self._members[b].address) for a, b in links]

    async def close(self) -> None:
        """End the nodes and all injections. Safe to call twice."""
        if self._sampling is not None:
            self._sampling.cancel()
            self._sampling = None
        await asyncio.gather(*(node.retire() for node in self.nodes))
        await asyncio.gather(*(disk.close() for disk in self._site.disks.values()))
        await asyncio.gather(*(node.volume.detach() for node in self.nodes if node.volume is not None))
        await self._packets.close()
