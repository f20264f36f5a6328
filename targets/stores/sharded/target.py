"""Options of sharded, and what it promises with them: linearizability, and that a majority serves.

With `disk=memory` nothing is promised.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from splitbrain.harness.invariants import Invariant
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.stores.client import ask
from splitbrain.targets.stores.raft.target import OPTIONS, RaftStore
from splitbrain.targets.stores.sharded.invariants import invariants
from splitbrain.targets.stores.sharded.messages import MAP
from splitbrain.targets.stores.sharded.node import CORRECT, ShardedNode, ShardedSettings, data_groups
from splitbrain.targets.stores.sharded.partitioning import KINDS


class Sharded(RaftStore):
    """The target `sharded`."""

    name = "sharded"
    summary = "keys in slots that move between Raft groups while clients run (Bigtable, 2006; Spanner, 2012)"
    options = (
        Option(
            "partitioning",
            "mod",
            "how keys come into slots: by the hash modulo 16; by a ring of hashes; ranges of four neighbouring keys",
            KINDS,
        ),
        Option("vnodes", 4, "places of each group on the ring, with partitioning=ring", least=1, most=64),
        Option("groups", 2, "groups that have data, each with a member on every node", least=1, most=8),
        Option("rebalance_ms", 500, "time between two moves of a slot, on average, milliseconds; 0: never", least=0),
        *OPTIONS,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:SHARDED"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._sharded = ShardedSettings(
            raft=self._raft,
            partitioning=self._word("partitioning"),
            vnodes=int(settings["vnodes"] or 1),
            groups=int(settings["groups"] or 1),
            every=self._nanoseconds("rebalance_ms"),
        )

    @property
    def claims(self) -> Sequence[str]:
        """The claims: linearizable and CP, unless nothing is kept over a restart."""
        return ("linearizable", "CP") if self._raft.persistent else ()

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """The invariants of Raft in every group, and of moves."""
        return invariants(data_groups(self._sharded.groups))

    async def led(self, nodes: Sequence[Node]) -> bool:
        """Whether every group has somebody who leads it."""
        answers = await asyncio.gather(*(ask(node, "led", seconds=1.0) for node in nodes))
        led = {group for answer in answers for group in answer or ()}
        return led >= {MAP, *data_groups(self._sharded.groups)}

    @property
    def program(self) -> ProgramFactory:
        """A maker of ShardedNodes."""
        node, parts = self.planted((ShardedNode, CORRECT))
        return partial(node, settings=self._sharded, parts=parts)
