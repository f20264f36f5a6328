"""ContainerNetwork: a network of its own in 198.18.0.0/15, whose bridge this machine can see.

The harness speaks to nodes from the bridge's own address, and what is cut is cut between ports of the bridge, so no
client is ever cut. The network is internal: nodes reach each other and the harness, nothing else. Pitfall: Docker may
run in a virtual machine, or elsewhere; then its bridge is not here, and nothing that happens on it is in our hands.
"""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.orphans import bridge, table
from splitbrain.harness.environments.linux.switch import FIRST_HOST, NETWORKS, SETTINGS
from splitbrain.harness.errors import InfrastructureError

BRIDGE = "com.docker.network.bridge.name"


@dataclass(frozen=True)
class ContainerNetwork:
    """A Docker network for the nodes of one cluster."""

    number: int
    addresses: Mapping[str, str]
    """Node name → address."""

    @property
    def name(self) -> str:
        """The name in Docker, and that of the nft table with its cuts."""
        return table(self.number)

    @property
    def range(self) -> str:
        """The addresses of the network."""
        return f"{prefix(self.number)}.0/24"

    @property
    def harness(self) -> str:
        """The harness's own address, from which clients come."""
        return f"{prefix(self.number)}.1"


def prefix(number: int) -> str:
    """The first three numbers of a network's addresses."""
    return f"198.{18 + number // 256}.{number % 256}"


async def create(daemon: Daemon, names: Sequence[str], labels: Mapping[str, str]) -> ContainerNetwork:
    """A new one for these nodes, in the first free range. InfrastructureError if none can be made here."""
    taken = _routed()
    for number in range(NETWORKS):
        if prefix(number) in taken:
            continue
        hosts = (f"{prefix(number)}.{FIRST_HOST + place}" for place in range(len(names)))
        network = ContainerNetwork(number, dict(zip(names, hosts, strict=True)))
        if await _claimed(daemon, network, labels):
            if not any(name == bridge(number) for _, name in socket.if_nameindex()):
                raise InfrastructureError(
                    "Docker does not run on this machine's own network (but in a virtual machine, rootless or "
                    "elsewhere), so its containers cannot be reached from here: use a Docker Engine of this "
                    "machine, or --env local"
                )
            return network
    raise InfrastructureError("no free network in 198.18.0.0/15: `splitbrain clean` removes those that nobody uses")


async def _claimed(daemon: Daemon, network: ContainerNetwork, labels: Mapping[str, str]) -> bool:
    """Make it; False if its range or name is taken."""
    import docker.types

    pool = docker.types.IPAMPool(subnet=network.range, gateway=network.harness)
    settings: dict[str, Any] = {
        "driver": "bridge",
        "internal": True,
        "ipam": docker.types.IPAMConfig(pool_configs=[pool]),
        "options": {BRIDGE: bridge(network.number)},
        "labels": dict(labels),
        "check_duplicate": True,
    }
    try:
        await daemon.call(daemon.api.create_network, network.name, **settings)
    except InfrastructureError as error:
        if any(word in str(error) for word in ("overlap", "already exists", "conflicts")):
            return False
        raise
    return True


def _routed() -> set[str]:
    """The ranges of 256 addresses that this machine has interfaces in."""
    found = set()
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        address = socket.inet_ntoa(int(line.split()[1], 16).to_bytes(4, "little"))
        found.add(address.rpartition(".")[0])
    return found


def sysctls() -> dict[str, str]:
    """The settings of a node's network that this kernel has; see `linux.switch.SETTINGS`."""
    return {name.replace("/", "."): value for name, value in SETTINGS.items() if (Path("/proc/sys") / name).exists()}
