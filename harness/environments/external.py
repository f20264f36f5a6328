"""The environment `external`: a cluster that exists already, spoken to, without injected faults.

Pitfall: nothing here is started, so nothing may be ended either; what a run leaves in the cluster its target removes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.deployment import Deployment, External
from splitbrain.harness.environment import Death, Launch
from splitbrain.harness.environments.real_time import RealTime
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.injection import ActiveInjection, Injection, Unsupported
from splitbrain.harness.node import Channel

HANDS_OFF = "the nodes of an existing cluster are not in our hands; let splitbrain start them, with --env local"


@dataclass(frozen=True)
class ExternalNode:
    """A node by its URL; see `harness.node.Node`."""

    name: str
    address: str
    running: bool = True

    async def connect(self) -> Channel:
        raise InfrastructureError(f"{self.name}: {self.address} is no own store")

    async def start(self) -> None:
        raise InfrastructureError(f"{self.name}: {HANDS_OFF}")

    async def kill(self) -> None:
        raise InfrastructureError(f"{self.name}: {HANDS_OFF}")

    def logs(self) -> Path | None:
        return None


@dataclass(frozen=True)
class ExternalCluster:
    """See `harness.environment.Cluster`."""

    nodes: Sequence[ExternalNode]

    async def inject(self, injection: Injection) -> ActiveInjection:
        raise InfrastructureError(HANDS_OFF)

    def deaths(self) -> Sequence[Death]:
        return ()

    async def down(self) -> None:
        """Do nothing, as nothing was started."""


class Existing(RealTime):
    """A cluster that exists already, at the target's endpoints: no faults that need hands on its nodes."""

    name = "external"

    def __init__(self, seed: int = 0) -> None:
        super().__init__()

    def unsupported(self, injection: type[Injection], deployment: Deployment) -> Unsupported | None:
        return Unsupported(injection, HANDS_OFF)

    def enter(self) -> Launch | None:
        return None

    async def up(
        self,
        deployment: Deployment,
        names: Sequence[str],
        folder: Path | None,
        injections: Collection[type[Injection]] = (),
    ) -> ExternalCluster:
        if not isinstance(deployment, External):
            raise UsageError("--env external takes a target with endpoints")
        if len(names) != len(deployment.endpoints):
            raise UsageError(f"{len(deployment.endpoints)} endpoints were given for {len(names)} nodes")
        pairs = zip(names, deployment.endpoints, strict=True)
        return ExternalCluster(tuple(ExternalNode(name, url) for name, url in pairs))
