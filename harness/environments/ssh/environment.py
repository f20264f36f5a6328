"""The environment `--env ssh`: hosts of a file become nodes.

The harness stays here; on each host an agent of ours, copied there, holds the host for the run, and leaves it as it was
when nobody speaks to it any more. Hosts are connected to when it is first asked what can be done there.
"""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import get_args

from splitbrain.harness.cleanup import shielded
from splitbrain.harness.deployment import Deployment, Host
from splitbrain.harness.environment import Launch
from splitbrain.harness.environments.real.unsupported import unsupported
from splitbrain.harness.environments.real_time import RealTime
from splitbrain.harness.environments.ssh.agent_client import AgentClient, call, open_all
from splitbrain.harness.environments.ssh.cluster import HostsCluster
from splitbrain.harness.environments.ssh.hosts import RemoteHost
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Injection, Maintenance, Reconfiguration, Unsupported

NO_HOSTS = "--env ssh needs --hosts FILE.toml, which names the machines"
NOT_OFFERED = "--env ssh runs processes on other hosts, and this target does not say what has to be copied there"


class Ssh(RealTime):
    """Processes on machines of yours as nodes, reached by ssh: --hosts FILE.toml.

    See `harness.environment.Environment`. hosts: one for each node, in order; more are left alone. The seed is not
    used, as in `--env local`.
    """

    name = "ssh"

    def __init__(self, seed: int = 0, hosts: Sequence[RemoteHost] = ()) -> None:
        self.seed = seed
        self._hosts = tuple(hosts)
        self._agents: list[AgentClient] | None = None
        self._unable: dict[bool, list[dict[str, str | None]]] = {}
        super().__init__()

    def unsupported(self, injection: type[Injection], deployment: Deployment) -> Unsupported | None:
        if not isinstance(deployment, Host):
            return Unsupported(injection, NOT_OFFERED)
        if not self._hosts:
            return Unsupported(injection, NO_HOSTS)
        if injection in get_args(Maintenance | Reconfiguration):
            reason = unsupported(injection, deployment)
            return None if reason is None else Unsupported(injection, reason)
        if self._agents is None:
            return None  # not known before the hosts are reached; asked again then
        agents = self._agents
        waits = deployment.relative_waits
        if waits not in self._unable:
            members = [agent.host.address for agent in agents]
            asked = [agent.order("able", relative_waits=waits, members=members) for agent in agents]
            self._unable[waits] = [agent.wait(one, 30.0) for agent, one in zip(agents, asked, strict=True)]
        for agent, reasons in zip(agents, self._unable[waits], strict=True):
            reason = reasons.get(injection.__name__, f"--env ssh cannot do {injection.__name__}")
            if reason is not None:
                return Unsupported(injection, f"on {agent.host}: {reason}")
        return None

    def enter(self) -> Launch | None:
        """See `harness.environment.Environment`: go on here, once all hosts are reached. InfrastructureError, in one
        sentence that names the host, if one is not, or cannot be used."""
        self._connected()
        return None

    async def up(
        self,
        deployment: Deployment,
        names: Sequence[str],
        folder: Path | None,
        injections: Collection[type[Injection]] = (),
    ) -> HostsCluster:
        if not isinstance(deployment, Host):
            raise UsageError(NOT_OFFERED)
        if len(names) > len(self._hosts):
            raise UsageError(f"there are {len(self._hosts)} hosts for {len(names)} nodes")
        agents = await shielded(call(self._connected))
        self._agents = None  # they belong to the cluster now, and end with it
        logs = (folder if folder is not None else Path("logs")).resolve()
        logs.mkdir(parents=True, exist_ok=True)
        for agent in agents[len(names) :]:
            await call(agent.close)
        cluster = HostsCluster(deployment, names, agents[: len(names)], logs, self.now)
        try:
            await cluster.up(injections)
        except BaseException:
            await shielded(cluster.down())
            raise
        return cluster

    def _connected(self) -> list[AgentClient]:
        """Links to all hosts; blocks while they are made."""
        if not self._hosts:
            raise UsageError(NO_HOSTS)
        if self._agents is None:
            self._agents = open_all(self._hosts)
            for agent in self._agents:
                for gone in agent.about["removed"]:
                    print(f"splitbrain: {agent.host}: removed {gone}, which a run that was killed had left",
                          file=sys.stderr, flush=True)  # fmt: skip
        return self._agents
