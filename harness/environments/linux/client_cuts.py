"""Cuts between the harness, where clients are, and nodes: nft rules at one end, in a table of our own.

Requests and replies are cut apart. What is dropped TCP sends again, so after the heal it arrives; where connections are
to break, both ends are told by a reset.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.environments.linux.partitions import dropped
from splitbrain.harness.environments.linux.tools import Shell

DROP = "drop"
RESET = "reject with tcp reset"
NO_RESET = " tcp flags & rst == 0x0"
"""Exception for resets, which pass, ours too."""


@dataclass
class ClientCuts:
    """The cuts at one end of the way between clients and nodes.

    table: the nft table's name, made with the first cut. requests, replies: the hooks that see them at this end:
    "output" and "input" where the harness runs, the other way round where a node does. spared: a port of nodes that is
    never cut, by which a host takes its orders; 0: none.
    """

    shell: Shell
    table: str
    harness: str
    requests: str = "output"
    replies: str = "input"
    spared: int = 0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def cut(self, nodes: Sequence[str], *, requests: bool, replies: bool, queued: bool) -> "ClientCut":
        """Let nothing through between clients and these addresses, in these directions."""
        name, way = f"cut{next(self._numbers)}", DROP if queued else RESET
        words = f"add table inet {self.table}\n"
        words += f"add set inet {self.table} {name} {{ type ipv4_addr; elements = {{ {', '.join(nodes)} }}; }}\n"
        directions = {}
        if requests:
            port = f" tcp dport != {self.spared}" if self.spared else ""
            directions["requests"] = self.requests, f"ip saddr {self.harness} ip daddr @{name}{port}"
        if replies:
            port = f" tcp sport != {self.spared}" if self.spared else ""
            directions["replies"] = self.replies, f"ip saddr @{name} ip daddr {self.harness}{port}"
        for direction, (hook, matches) in directions.items():
            chain = f"inet {self.table} {name}_{direction}"
            words += f"add counter {chain}\nadd chain {chain} {{ type filter hook {hook} priority -5; }}\n"
            words += f"add rule {chain} {matches}{'' if queued else NO_RESET} counter name {name}_{direction} {way}\n"
        await self.shell(["nft", "-f", "-"], words)
        return ClientCut(self, name, tuple(directions))

    async def teardown(self) -> None:
        """Remove the table and every cut in it; safe to call twice."""
        await self.shell(["nft", "-f", "-"], f"add table inet {self.table}\ndelete table inet {self.table}\n")


@dataclass
class ClientCut:
    """A cut that lasts until it is healed. directions: of "requests", "replies"."""

    cuts: ClientCuts
    name: str
    directions: Sequence[str]

    async def heal(self) -> Mapping[str, int]:
        """Undo exactly this; how many packets it stopped in each direction."""
        stopped, words = {}, ""
        for direction in self.directions:
            where = ["inet", self.cuts.table, f"{self.name}_{direction}"]
            stopped[direction] = dropped(json.loads(await self.cuts.shell(["nft", "-j", "list", "counter", *where])))
            words += f"delete chain {' '.join(where)}\ndelete counter {' '.join(where)}\n"
        await self.cuts.shell(["nft", "-f", "-"], f"{words}delete set inet {self.cuts.table} {self.name}\n")
        return stopped
