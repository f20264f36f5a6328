"""Options of chain, and what it promises with them.

- `reads=tail`: linearizable. Not CP: where all members of the chain are on the side of a minority, nobody serves.
- `reads=any`: nothing. What a node knows to be committed may be old.

With `disk=memory` nothing is promised.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.stores.audit import BUG, RETRIES, AuditedStore
from splitbrain.targets.stores.chain.invariants import INVARIANTS
from splitbrain.targets.stores.chain.node import ChainNode
from splitbrain.targets.stores.chain.settings import CORRECT, ChainSettings


class ChainReplication(AuditedStore):
    """The target `chain`."""

    name = "chain"
    summary = "chain replication (van Renesse and Schneider 2004): the head orders, the tail answers reads"
    options = (
        Option("reads", "tail", "who answers reads: the tail; any node, from what it has", ("tail", "any")),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        Option("heartbeat_ms", 50, "how often a node is heard, milliseconds"),
        Option("failover_ms", 300, "silence after which a node is taken out of the chain, milliseconds"),
        RETRIES,
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:CHAIN"
    invariants = INVARIANTS

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        heartbeat, patience = self._nanoseconds("heartbeat_ms"), self._nanoseconds("failover_ms")
        if not 0 < 2 * heartbeat <= patience:
            raise UsageError("chain: failover_ms is at least twice heartbeat_ms, and that is more than 0")
        self._chain = ChainSettings(
            reads_any=self._word("reads") == "any",
            persistent=self._word("disk") == "sync",
            heartbeat=heartbeat,
            patience=patience,
        )

    @property
    def claims(self) -> Sequence[str]:
        """The claims, by the table above."""
        return () if self._chain.reads_any or not self._chain.persistent else ("linearizable",)

    @property
    def program(self) -> ProgramFactory:
        """A maker of ChainNodes."""
        return self.program_of((ChainNode, CORRECT), settings=self._chain)
