"""Options of two-phase-commit, and what it claims with them.

| isolation | how | claims |
|---|---|---|
| `read-committed` | locks for writes; each read sees the latest commit | strong-read-committed |
| `2pl` | strict two-phase locking: shared locks for reads too | strict-serializable |
| `snapshot` | reads of one snapshot; of two that write the same the first committer wins | strong-snapshot-isolation |
| `ssi` | the same, and nothing that an update has read may have changed when it commits | strict-serializable |
| `serial` | one transaction after the other | strict-serializable |

Nothing is claimed of availability: every key has one node. With `disk=memory` nothing is claimed at all.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.client import ErrorTable, Rule, Shapes
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.client import StoreClient
from splitbrain.targets.stores.planted import BUG, PlantedStore
from splitbrain.targets.stores.target import ERRORS
from splitbrain.targets.stores.two_phase_commit.audit import CommitClient, KnownEnds, audited
from splitbrain.targets.stores.two_phase_commit.context import CommitSettings, Isolation
from splitbrain.targets.stores.two_phase_commit.coordinator import CONFLICT
from splitbrain.targets.stores.two_phase_commit.invariants import INVARIANTS
from splitbrain.targets.stores.two_phase_commit.node import CORRECT, CommitNode

CLAIMED: Mapping[Isolation, str] = {
    Isolation.READ_COMMITTED: "strong-read-committed",
    Isolation.TWO_PHASE_LOCKING: "strict-serializable",
    Isolation.SNAPSHOT: "strong-snapshot-isolation",
    Isolation.SSI: "strict-serializable",
    Isolation.SERIAL: "strict-serializable",
}


class TwoPhaseCommit(PlantedStore):
    """The target `two-phase-commit`."""

    name = "two-phase-commit"
    summary = "transactions over shards by two-phase commit (Gray 1978), at five levels of isolation"
    options = (
        Option(
            "isolation",
            "ssi",
            "locks for writes; strict two-phase locking; a snapshot, where the first committer wins; a snapshot that "
            "is certified; one transaction after the other",
            tuple(level.value for level in Isolation),
        ),
        Option("patience_ms", 1000, "after which a transaction without all votes is aborted, milliseconds", least=1),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:TWO_PHASE_COMMIT"
    invariants = INVARIANTS
    default_workload = "list-append"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._ends = KnownEnds()
        self._node = CommitSettings(
            isolation=Isolation(self._word("isolation")),
            patience=self._nanoseconds("patience_ms"),
            persistent=self._word("disk") == "sync",
        )

    @property
    def claims(self) -> Sequence[str]:
        """See the table above."""
        return (CLAIMED[self._node.isolation],) if self._node.persistent else ()

    @property
    def operations(self) -> Shapes:
        """Transactions, and what is made of them."""
        return shapes("read", "write", "append", "txn", "transfer", "insert")

    @property
    def errors(self) -> ErrorTable:
        """The error table of stores, with conflicts."""
        return ErrorTable((Rule(CONFLICT, ErrorKind.CONFLICT, definite=True), *ERRORS.rules))

    def client(self, node: Node) -> StoreClient:
        """A new client pinned to a node."""
        return CommitClient(node, self._sessions, self._ends)

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `splitbrain.harness.target.Audited`."""
        return await audited(nodes, self._ends)

    @property
    def program(self) -> ProgramFactory:
        """A maker of CommitNodes."""
        return self.program_of((CommitNode, CORRECT), settings=self._node)
