"""Options of saga. It claims no model: a transfer is seen half done, which the workload counts.

- `dedup=all`: in the end all money is there
- `dedup=window`, `last`, `none`: letters that come late, or twice, are carried out again; money is made or lost
- `disk=memory`: a restart forgets steps and letters; money is made or lost
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.client import Shapes
from splitbrain.harness.invariants import done_once
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.client import StoreClient
from splitbrain.targets.stores.planted import BUG, PlantedStore
from splitbrain.targets.stores.saga.audit import SagaClient, TransferEnds, audited, settled
from splitbrain.targets.stores.saga.node import SagaNode
from splitbrain.targets.stores.saga.settings import CORRECT, SagaSettings


class Saga(PlantedStore):
    """The target `saga`."""

    name = "saga"
    summary = "long transactions as steps that can be undone (Garcia-Molina and Salem 1987), without isolation"
    options = (
        Option(
            "style",
            "orchestration",
            "one node sends commands and hears outcomes; or each step sends the next one",
            ("orchestration", "choreography"),
        ),
        Option(
            "dedup",
            "all",
            "which letters are known again: none; the last one of each node; the last sixteen; all",
            ("none", "last", "window", "all"),
        ),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:SAGA"
    default_workload = "transfers"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._ends = TransferEnds()
        self._node = SagaSettings(
            orchestrated=self._word("style") == "orchestration",
            dedup=self._word("dedup"),
            persistent=self._word("disk") == "sync",
        )

    invariants = (done_once("step"), done_once())

    @property
    def claims(self) -> Sequence[str]:
        """Conserved money, where letters that come again are known; nothing that a model speaks of."""
        return ("conserved",) if self._node.dedup == "all" and self._node.persistent else ()

    @property
    def operations(self) -> Shapes:
        """Transfers, and reads of balances."""
        return shapes("read", "transfer")

    def client(self, node: Node) -> StoreClient:
        """A new client pinned to a node."""
        return SagaClient(node, self._sessions, self._ends)

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Return when no saga is under way."""
        await settled(nodes)

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `splitbrain.harness.target.Audited`."""
        return await audited(nodes, self._ends)

    @property
    def program(self) -> ProgramFactory:
        """A maker of SagaNodes."""
        return self.program_of((SagaNode, CORRECT), settings=self._node)
