"""Options of sharded, and what it promises with them: linearizability, and that a majority serves.

With an index rows are found by their value too:

- `local`: a find shows every row that had the value all along, and none that had another one all along. It is no
  picture of one moment: each row is judged by itself.
- `global`: the same holds of finds some time after the last write; until then the index may lag behind.

With `disk=memory` nothing is promised.
"""

import asyncio
from collections.abc import Mapping, Sequence

from splitbrain.harness.client import Shapes
from splitbrain.harness.invariants import Invariant
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.client import StoreClient, ask
from splitbrain.targets.stores.raft.target import OPTIONS, RaftStore
from splitbrain.targets.stores.sharded.client import ShardedClient
from splitbrain.targets.stores.sharded.index import INDEXES
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
        Option(
            "index",
            "none",
            "secondary index of the values of rows: each slot's own, asked of all; or one by value, told afterwards",
            tuple(INDEXES),
        ),
        Option("index_ms", 30, "how often entries are sent to a global index, milliseconds", least=1),
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
            index=self._word("index"),
            send_every=self._nanoseconds("index_ms"),
        )

    @property
    def claims(self) -> Sequence[str]:
        """The claims: linearizable and CP, and what finds show, unless nothing is kept over a restart."""
        finds = {"none": (), "local": ("index-fresh",), "global": ("index-eventual",)}[self._sharded.index]
        return ("linearizable", *finds, "CP") if self._raft.persistent else ()

    @property
    def default_workload(self) -> str:
        """The one that finds where there is an index."""
        return "mixed" if self._sharded.index == "none" else "index"

    @property
    def operations(self) -> Shapes:
        """The operations on keys, and finds where there is an index."""
        return {**super().operations, **(shapes("find") if self._sharded.index != "none" else {})}

    def client(self, node: Node) -> StoreClient:
        """A new client pinned to a node."""
        return ShardedClient(node, self._sessions, retries=self._retries())

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
        return self.program_of((ShardedNode, CORRECT), settings=self._sharded)
