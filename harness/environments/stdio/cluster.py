"""StdioCluster: processes on a simulated network; everything that they started is ended by `down`."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from splitbrain.harness.deployment import Piped, Place
from splitbrain.harness.environments.real.active import ActivePause
from splitbrain.harness.environments.real.cluster import RealCluster
from splitbrain.harness.environments.real.node_down import ActiveKill, ActiveStop
from splitbrain.harness.environments.real.sampling import sample
from splitbrain.harness.environments.sim.channel import ClientLink
from splitbrain.harness.environments.sim.fault_injector import SimInjection
from splitbrain.harness.environments.sim.fault_site import NetworkSite
from splitbrain.harness.environments.sim.link_faults import LINK_FAULTS
from splitbrain.harness.environments.sim.network import Network, NetworkOptions
from splitbrain.harness.environments.stdio.node import StdioNode
from splitbrain.harness.environments.stdio.router import MessageRouter
from splitbrain.harness.environments.stdio.timeline import RealTimeline
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import ActiveInjection, Injection, Kill, Pause, Stop, WithholdVotes
from splitbrain.harness.random_stream import RandomStream

NODE_FAULTS: Mapping[type, Callable[[Sequence[StdioNode], Any], Any]] = {
    Kill: ActiveKill,
    Stop: ActiveStop,
    Pause: lambda nodes, injection: ActivePause(nodes),
}
"""Function that makes what is done to processes, by kind."""
NETWORK_FAULTS = {kind: carry_out for kind, carry_out in LINK_FAULTS.items() if kind is not WithholdVotes}
"""Function that carries out what is done to messages, by kind. Votes are known only in programs of our own."""


class StdioCluster(RealCluster[StdioNode]):
    """See `harness.environment.Cluster`."""

    def __init__(
        self,
        deployment: Piped,
        names: Sequence[str],
        folder: Path,
        now: Callable[[], int],
        seed: int,
        options: NetworkOptions,
    ) -> None:
        self._timeline = timeline = RealTimeline(now)
        self._network = network = Network(timeline, options, seed, names)

        def latency(*name: object) -> Callable[[], int]:
            return options.latency(RandomStream(seed, *map(str, name))).draw

        services = deployment.services(seed, now)
        self._router = router = MessageRouter(timeline, network, services, lambda way: latency("service", way))
        ways = {name: ClientLink(timeline, RandomStream(seed, "clients", name)) for name in names}
        members = dict.fromkeys(names, "")
        clients, channels = count(1).__next__, count(1).__next__
        nodes = [
            StdioNode(
                Place(name, "", deployment.cwd, members),
                deployment,
                folder / f"{name}.log",
                timeline,
                router,
                ways[name],
                lambda: latency("channel", channels()),
                clients,
            )
            for name in names
        ]
        for node in nodes:
            router.attach(node.name, node)
        self._site = NetworkSite(network, ways)
        self._sampling: asyncio.Task[None] | None = None
        super().__init__(deployment, nodes, folder, now)

    async def up(self) -> None:
        """Start all, and wait until all are ready. InfrastructureError if they do not come up in time."""
        await asyncio.gather(*(node.start() for node in self.nodes))
        await self._wait_ready()
        self._sampling = asyncio.get_running_loop().create_task(
            sample(self.nodes, self.folder / "resources.jsonl", self._now)
        )

    def coverage(self) -> Mapping[str, int]:
        """Counts of messages, and of rare happenings to those between nodes."""
        return {**self._network.stats.counts(), **self._router.counts()}

    async def _begin(self, injection: Injection, nodes: Sequence[StdioNode]) -> ActiveInjection:
        kind = type(injection)
        if kind in NETWORK_FAULTS:
            return SimInjection(NETWORK_FAULTS[kind](injection, self._site))
        if kind not in NODE_FAULTS:
            raise UsageError(f"--env stdio cannot do {kind.__name__}")
        active = NODE_FAULTS[kind](nodes, injection)
        await active.inject()
        begun: ActiveInjection = active
        return begun

    async def down(self) -> None:
        if self._sampling is not None:
            self._sampling.cancel()
            self._sampling = None
        await asyncio.gather(*(node.retire() for node in self.nodes))
        self._timeline.close()
