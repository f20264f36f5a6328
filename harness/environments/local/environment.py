"""The environment `--env local`: processes of this machine in a private network, without root.

`enter` carries the whole run out in namespaces of its own (see `linux.namespaces`), so a node sees a network of its
own, and nothing outlives the run. Pitfall: everything below `up` works only inside.
"""

import itertools
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from splitbrain.harness.deployment import Deployment, Process
from splitbrain.harness.environment import Launch
from splitbrain.harness.environments.linux import init, namespaces
from splitbrain.harness.environments.linux.switch import Switch
from splitbrain.harness.environments.local.cluster import LocalCluster
from splitbrain.harness.environments.real.orphans import ScratchFolders, sweep
from splitbrain.harness.environments.real.unsupported import unsupported
from splitbrain.harness.environments.real_time import RealTime
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.injection import Injection, Unsupported

_clusters = itertools.count(1)


class Local(RealTime):
    """Real processes as nodes, on a private network of their own; Linux, no root, no Docker.

    See `harness.environment.Environment`. The seed is not used: on real processes it fixes what clients and the
    nemesis do, not what the network makes of it.
    """

    name = "local"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        super().__init__()

    def unsupported(self, injection: type[Injection], deployment: Deployment) -> Unsupported | None:
        if isinstance(deployment, Process):
            reason = unsupported(injection, deployment)
        else:
            reason = "--env local runs processes, and this target offers none"
        return None if reason is None else Unsupported(injection, reason)

    def enter(self) -> Launch | None:
        if namespaces.inside():
            return None
        reason = namespaces.unavailable()
        if reason is not None:
            raise InfrastructureError(f"--env local: {reason}")
        sweep([ScratchFolders()])
        return namespaces.launch

    async def up(
        self,
        deployment: Deployment,
        names: Sequence[str],
        folder: Path | None,
        injections: Collection[type[Injection]] = (),
    ) -> LocalCluster:
        if not isinstance(deployment, Process):
            raise UsageError("--env local runs processes, and this target offers none")
        if not namespaces.inside():
            raise InfrastructureError("a local cluster lives in namespaces of its own: call `enter` first")
        scratch = Path(os.environ[init.SCRATCH]) / f"cluster{os.getpid()}-{next(_clusters)}"
        scratch.mkdir(parents=True)
        logs = folder if folder is not None else scratch
        logs.mkdir(parents=True, exist_ok=True)
        cluster = LocalCluster(deployment, await Switch.create(names), logs.resolve(), scratch, self.now)
        try:
            await cluster.up(injections)
        except BaseException:
            await cluster.down()
            raise
        return cluster
