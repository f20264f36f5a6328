"""The environment `--env stdio`: processes of this machine that speak JSON on standard input and output.

Nothing but the processes is needed: no sockets, no namespaces, no root. What they send each other passes through links
of the simulator in this process, in real time.
"""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from splitbrain.harness.deployment import Deployment, Piped
from splitbrain.harness.environment import Launch
from splitbrain.harness.environments.real_time import RealTime
from splitbrain.harness.environments.sim.network import NetworkOptions
from splitbrain.harness.environments.stdio.cluster import NETWORK_FAULTS, NODE_FAULTS, StdioCluster
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.injection import Injection, Unsupported

NO_PIPES = "--env stdio runs programs that speak on standard input and output, and this target offers none"


class Stdio(RealTime):
    """Processes that speak JSON on standard input and output, on a simulated network in real time; Linux.

    See `harness.environment.Environment`. The seed fixes what clients, faults and links draw, not how long a process
    takes.
    """

    name = "stdio"

    def __init__(self, seed: int = 0, network: NetworkOptions | None = None) -> None:
        self.seed = seed
        self.network = network or NetworkOptions()
        super().__init__()

    def unsupported(self, injection: type[Injection], deployment: Deployment) -> Unsupported | None:
        if not isinstance(deployment, Piped):
            return Unsupported(injection, NO_PIPES)
        if injection in NETWORK_FAULTS or injection in NODE_FAULTS:
            return None
        return Unsupported(injection, "--env stdio has hands on processes and their messages only")

    def enter(self) -> Launch | None:
        if not hasattr(os, "pidfd_open"):
            raise InfrastructureError("--env stdio follows its processes by pidfd_open, which takes Linux 5.3")
        return None

    async def up(
        self,
        deployment: Deployment,
        names: Sequence[str],
        folder: Path | None,
        injections: Collection[type[Injection]] = (),
    ) -> StdioCluster:
        if not isinstance(deployment, Piped):
            raise UsageError(NO_PIPES)
        if folder is None:
            raise UsageError("--env stdio needs a folder: what nodes say on standard error is kept")
        folder.mkdir(parents=True, exist_ok=True)
        cluster = StdioCluster(deployment, names, folder.resolve(), self.now, self.seed, self.network)
        try:
            await cluster.up()
        except BaseException:
            await cluster.down()
            raise
        return cluster
