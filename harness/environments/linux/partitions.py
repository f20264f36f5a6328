"""Partitions: what goes from one address to another is dropped, by one atomic nft transaction for any cut.

Every cut owns a chain, a set and a counter, so two cuts may overlap on a link, both count what they caught, and
healing one leaves the other. To that end a cut only marks packets; one last chain drops what is marked. ARP passes, so
that a healed link works at once.

The default (table `bridge`, hook `forward`) sees what crosses a switch, never what the switch's own address sends or
receives: clients are not cut. On a machine without a switch of ours the same rules work in table `inet`, hook `input`.
Pitfall: nft takes its own words (`drop`) for no name, and wants every rule on a line of its own.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.environments.linux.tools import Shell

MARK = 0x5B000001


@dataclass
class Partitions:
    """The cuts of one switch."""

    shell: Shell
    table: str
    """The nft table's name, ours alone."""
    family: str = "bridge"
    hook: str = "forward"
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def setup(self) -> None:
        """Make the table, with the chain that drops what cuts have marked."""
        await self.shell(
            ["nft", "-f", "-"],
            f"""add table {self.family} {self.table}
add chain {self.family} {self.table} dropping {{ type filter hook {self.hook} priority 10; }}
add rule {self.family} {self.table} dropping meta mark {MARK} drop
""",
        )

    async def cut(self, pairs: Sequence[tuple[str, str]]) -> "NftCut":
        """Drop everything from the first to the second address of each pair, from one moment on."""
        name = f"cut{next(self._numbers)}"
        where = f"{self.family} {self.table}"
        elements = ", ".join(f"{source} . {target}" for source, target in pairs)
        await self.shell(
            ["nft", "-f", "-"],
            f"""add set {where} {name} {{ type ipv4_addr . ipv4_addr; elements = {{ {elements} }}; }}
add counter {where} {name}
add chain {where} {name} {{ type filter hook {self.hook} priority -10; }}
add rule {where} {name} ip saddr . ip daddr @{name} counter name {name} meta mark set {MARK}
""",
        )
        return NftCut(self, name)

    async def teardown(self) -> None:
        """Remove the table and every cut in it; safe to call twice."""
        await self.shell(
            ["nft", "-f", "-"], f"add table {self.family} {self.table}\ndelete table {self.family} {self.table}\n"
        )


@dataclass
class NftCut:
    """A cut that lasts until it is healed."""

    partitions: Partitions
    name: str

    async def count(self) -> int:
        """The number of packets that it has dropped so far."""
        listed = await self.partitions.shell(["nft", "-j", "list", "counter", *self._where.split(), self.name])
        return dropped(json.loads(listed))

    async def heal(self) -> int:
        """Undo exactly this cut; how many packets it dropped."""
        count, where = await self.count(), self._where
        await self.partitions.shell(
            ["nft", "-f", "-"],
            f"delete chain {where} {self.name}\ndelete counter {where} {self.name}\ndelete set {where} {self.name}\n",
        )
        return count

    @property
    def _where(self) -> str:
        return f"{self.partitions.family} {self.partitions.table}"


def dropped(listed: Mapping[str, Sequence[Mapping[str, Mapping[str, int]]]]) -> int:
    """The packets counted, from nft's JSON."""
    return sum(item["counter"]["packets"] for item in listed["nftables"] if "counter" in item)
