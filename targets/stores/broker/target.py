"""Options of the log broker, and what it promises with them.

- `acks=all`, `unclean_election=off`: an ordered log, if retried messages are known again (`idempotence=on`), or clients
  do not retry.
- everything else: nothing.

With `disk=memory` nothing is promised.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from splitbrain.harness.client import Shapes
from splitbrain.harness.errors import UsageError
from splitbrain.harness.invariants import Invariant
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.audit import BUG, RETRIES, AuditedStore
from splitbrain.targets.stores.broker.client import LogClient
from splitbrain.targets.stores.broker.invariants import invariants
from splitbrain.targets.stores.broker.node import CORRECT, BrokerNode
from splitbrain.targets.stores.broker.partition import BrokerSettings
from splitbrain.targets.stores.client import Sessions


class LogBroker(AuditedStore):
    """The target `log`."""

    name = "log"
    summary = "a broker of partitioned logs (Kafka, 2011; PacificA, 2008): the replicas in sync decide"
    options = (
        Option(
            "acks",
            "all",
            "when a message is acknowledged: 0: at once; 1: when its leader has it on disk; all: when all in sync have",
            ("all", "1", "0"),
        ),
        Option("min_isr", 2, "replicas in sync without which acks=all refuses messages", least=1),
        Option("unclean_election", "off", "whether a replica that was not in sync may lead", ("off", "on")),
        Option("idempotence", "on", "whether a message that is sent again is known again", ("on", "off")),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        Option("heartbeat_ms", 50, "how often a leader is heard, milliseconds"),
        Option("failover_ms", 300, "silence after which a replica counts as dead, milliseconds"),
        RETRIES,
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:LOG"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        heartbeat, patience = self._nanoseconds("heartbeat_ms"), self._nanoseconds("failover_ms")
        if not 0 < 2 * heartbeat <= patience:
            raise UsageError("log: failover_ms is at least twice heartbeat_ms, and that is more than 0")
        self._broker = BrokerSettings(
            acks=self._word("acks"),
            min_in_sync=int(settings["min_isr"] or 1),
            unclean=self._word("unclean_election") == "on",
            idempotent=self._word("idempotence") == "on",
            persistent=self._word("disk") == "sync",
            heartbeat=heartbeat,
            patience=patience,
        )
        self._untracked = Sessions()
        """The names of sessions whose acknowledged messages may be lost."""

    @property
    def claims(self) -> Sequence[str]:
        """The claims, by the table above."""
        once = self._broker.idempotent or self._word("retries") == "off"
        return ("ordered-log",) if self._keeps and once else ()

    @property
    def _keeps(self) -> bool:
        """Whether an acknowledged message stays."""
        return self._broker.acks == "all" and not self._broker.unclean and self._broker.persistent

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """The invariants of a broker with these options."""
        return invariants(clean=not self._broker.unclean and self._broker.persistent)

    @property
    def operations(self) -> Shapes:
        """The operations on logs."""
        return shapes("send", "poll")

    @property
    def program(self) -> ProgramFactory:
        """A maker of BrokerNodes."""
        node, parts = self.planted((BrokerNode, CORRECT))
        return partial(node, settings=self._broker, parts=parts)

    def client(self, node: Node) -> LogClient:
        """A new client pinned to a node."""
        return LogClient(node, self._sessions if self._keeps else self._untracked, retries=self._retries())
