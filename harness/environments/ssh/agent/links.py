"""Cuts and bad links on a machine that has other things to do: at the receiving end, by rules of our own.

Only what comes from the address of another node, and goes to this one's, is touched. Pitfall: the connection by which
the harness gives its orders; it passes whatever is cut, and a cut that names the harness's own address is refused, for
it would cut clients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.environments.linux import nfqueue, packets
from splitbrain.harness.environments.linux.packets import ImpairedLinks, Packets
from splitbrain.harness.environments.linux.partitions import NftCut, Partitions
from splitbrain.harness.environments.linux.tools import Shell
from splitbrain.harness.environments.ssh.agent.host_state import removal
from splitbrain.harness.errors import InfrastructureError, UsageError


@dataclass(frozen=True)
class Control:
    """The connection of the harness: its address, and the port here at which it comes in."""

    address: str
    port: int


@dataclass
class HostPartitions(Partitions):
    """The cuts at one host."""

    control: Control = field(kw_only=True)
    _there: bool = False

    async def setup(self) -> None:
        self._there = True
        await super().setup()
        control = f"ip saddr {self.control.address} tcp dport {self.control.port}"
        where = f"{self.family} {self.table}"
        await self.shell(["nft", "-f", "-"], f"insert rule {where} dropping {control} accept\n")

    async def cut(self, pairs: Sequence[tuple[str, str]]) -> NftCut:
        if self.control.address in {source for source, _ in pairs}:
            raise UsageError(own_address(self.control.address))
        if not self._there:
            await self.setup()
        return await super().cut(pairs)

    async def teardown(self) -> None:
        if self._there:
            await super().teardown()


def own_address(address: str) -> str:
    """The reason that links of the node at the harness's own address cannot be touched."""
    return f"{address} is the harness's own address, so cuts would cut its clients: run it on a machine that is no node"


@dataclass
class HostPackets(Packets):
    """The bad links at one host, packet by packet: netem would have to sit at the sending end, in the place of what the
    host has there. peers: the addresses of the other nodes."""

    peers: Sequence[str] = field(kw_only=True, default=())
    table: str = field(kw_only=True)
    port: int = field(kw_only=True)
    """At which the harness gives its orders, which always pass."""

    async def impair(self, links: Sequence[tuple[str, str]], **figures: float) -> ImpairedLinks:
        return await self.queue(links, figures)

    def means(self, figures: Mapping[str, float]) -> str:
        return packets.queue_name()

    async def _switch(self, *, on: bool, shells: Sequence[Shell] = ()) -> None:
        way = packets.rules()
        if way is None:
            raise InfrastructureError(packets.unable() or "packets cannot be touched here")
        make = self._nft if way is packets.NFT else self._iptables
        for shell in shells or [shell for _, shell in self.places.values()]:
            await shell(*make(on))

    def _nft(self, on: bool) -> tuple[list[str], str]:
        name = f"inet {self.table}_packets"
        words = f"add table {name}\ndelete table {name}\n"
        if on:
            queue = f"queue num {nfqueue.QUEUE} bypass\n"
            words += f"""add table {name}
add chain {name} incoming {{ type filter hook input priority 0; }}
add rule {name} incoming iif != lo ip saddr {{ {", ".join(self.peers)} }} {queue}"""
            if self._of_clients:
                words += f"add rule {name} incoming ip saddr {self.harness} tcp dport != {self.port} {queue}"
        return ["nft", "-f", "-"], words

    def _iptables(self, on: bool) -> tuple[list[str], str]:
        """A chain of our own, so that what others have in the table stays."""
        lines = removal(self.table)
        if on:
            queue = f"-j NFQUEUE --queue-num {nfqueue.QUEUE} --queue-bypass"
            lines = [f":{self.table} - [0:0]", f"-A {self.table} -i lo -j RETURN"]
            lines += [f"-A {self.table} -s {peer} {queue}" for peer in self.peers]
            if self._of_clients:
                lines += [f"-A {self.table} -s {self.harness} -p tcp ! --dport {self.port} {queue}"]
            if not self._active:
                lines += [f"-A INPUT -j {self.table}"]
        return ["iptables-nft-restore", "--noflush"], "\n".join(["*mangle", *lines, "COMMIT", ""])
