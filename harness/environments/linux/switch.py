"""Switch: a bridge between nodes on one machine, with one network namespace and one address per node.

The harness speaks to nodes from the bridge's own address, so what is dropped between nodes never touches a client.
Addresses come from 198.18.0.0/15, the range reserved for benchmarks, so nothing collides with a user's network.

Pitfall: a bridge must not be called `br`, which `ip` takes for a keyword.
"""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from splitbrain.harness.environments.linux.netns import NetworkNamespace
from splitbrain.harness.environments.linux.tools import LocalShell, path
from splitbrain.harness.errors import InfrastructureError

NETWORKS = 512
"""198.18.0.0/15 holds so many networks of 256 addresses."""
FIRST_HOST = 11

SETTINGS = {
    "net/ipv4/tcp_syn_retries": "3",
    "net/ipv4/tcp_retries2": "8",
    "net/ipv4/tcp_rto_max_ms": "1000",
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
}
"""Settings by which TCP gives up, and comes back after a healed cut, within seconds rather than minutes; IPv6 would
pass beside our rules. A kernel that lacks one of the settings goes without it."""


def _settle() -> None:
    for name, value in SETTINGS.items():
        file = Path("/proc/sys") / name
        if file.exists():
            file.write_text(value)


class Switch:
    """A bridge with one network namespace per node."""

    def __init__(self, number: int, names: Sequence[str]) -> None:
        self.number = number
        self.bridge = f"sb{number}"
        self._network = f"198.{18 + number // 256}.{number % 256}"
        self.network = f"{self._network}.0/24"
        self.address = f"{self._network}.1"
        """Of the harness itself, from which clients come."""
        self.addresses: Mapping[str, str] = {
            name: f"{self._network}.{FIRST_HOST + place}" for place, name in enumerate(names)
        }
        self.namespaces: dict[str, NetworkNamespace] = {}

    @staticmethod
    async def create(names: Sequence[str]) -> "Switch":
        """A new one for these nodes, in the first free network. InfrastructureError if none can be made."""
        shell = LocalShell()
        _settle()
        for number in range(NETWORKS):
            switch = Switch(number, names)
            if not switch._exists() and await switch._claim(shell):
                await switch._wire(shell)
                return switch
        raise InfrastructureError("no free network in 198.18.0.0/15")

    def _exists(self) -> bool:
        # Not by /sys/class/net, which shows the namespace in which /sys was mounted.
        return any(name == self.bridge for _, name in socket.if_nameindex())

    async def _claim(self, shell: LocalShell) -> bool:
        try:
            await shell(["ip", "link", "add", self.bridge, "type", "bridge"])
        except InfrastructureError as error:
            if "exists" in str(error):
                return False
            raise
        return True

    async def _wire(self, shell: LocalShell) -> None:
        lines = ["link set lo up", f"addr add {self.address}/24 dev {self.bridge}", f"link set {self.bridge} up"]
        for place, name in enumerate(self.addresses):
            namespace = NetworkNamespace.make()
            self.namespaces[name] = namespace
            port = f"{self.bridge}p{place}"
            lines.append(f"link add {port} type veth peer name eth0 netns {namespace.path}")
            lines.append(f"link set {port} master {self.bridge} up")
        await shell(["ip", "-batch", "-"], "\n".join(lines))
        for name, address in self.addresses.items():
            with self.namespaces[name].entered():
                _settle()
            inner = f"addr add {address}/24 dev eth0\nlink set eth0 up\nlink set lo up\n"
            await LocalShell(self.prefix(name))(["ip", "-batch", "-"], inner)

    def prefix(self, name: str) -> tuple[str, ...]:
        """The words before a command that run it in a node's namespace, in the same process."""
        return (path("nsenter"), f"--net={self.namespaces[name].path}", "--")

    async def remove(self) -> None:
        """Remove bridge and namespaces; safe to call twice. Processes still in one keep it alive."""
        ours = [name for _, name in socket.if_nameindex() if name == self.bridge or name.startswith(f"{self.bridge}p")]
        # The kernel would remove the ports with their namespaces, but at a time of its own.
        await LocalShell()(["ip", "-batch", "-"], "".join(f"link del {name}\n" for name in ours))
        for namespace in self.namespaces.values():
            namespace.close()
        self.namespaces.clear()
