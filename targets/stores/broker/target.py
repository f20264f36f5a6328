"""Options of the log broker, and what it promises with them.

- `acks=all`, `unclean_election=off`: an ordered log, if retried messages are known again (`idempotence=on`), or clients
  do not retry.
- everything else: nothing.

With `compaction=on` messages have keys, and the promise is `compacted-log`: messages that another one of their key
follows may be gone, and deletions after `retention_ms`, of which a second is promised. Consumers take messages without
keys, so there are none.

With a `delivery` there is a group of consumers, which keeps its promise where the log is an ordered one:

- `at-most-once`: no message has two effects. Of logs that may have a message twice, this is not promised either.
- `at-least-once`: each acknowledged message has an effect.
- `exactly-once`: each acknowledged message has one effect, in the order of the log.

With `disk=memory` nothing is promised.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.client import Shapes
from splitbrain.harness.errors import UsageError
from splitbrain.harness.invariants import Invariant
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.audit import BUG, RETRIES, AuditedStore
from splitbrain.targets.stores.broker.client import LogClient
from splitbrain.targets.stores.broker.compaction import KEYED
from splitbrain.targets.stores.broker.consumer import DELIVERIES, LogConsumer
from splitbrain.targets.stores.broker.invariants import invariants
from splitbrain.targets.stores.broker.node import CORRECT, BrokerNode
from splitbrain.targets.stores.broker.partition import BrokerSettings
from splitbrain.targets.stores.client import Sessions

RETENTION_PROMISED = 1_000_000_000
"""Nanoseconds for which readers may rely on deletions to stay."""


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
        Option(
            "compaction",
            False,
            "whether messages have keys, and of each key only the last one stays",
        ),
        Option("retention_ms", 1000, "with compaction=on, how long a deletion stays, milliseconds", least=0),
        Option(
            "delivery",
            "none",
            "when consumers commit an offset: before the effects; after them; together with them; none: no consumers",
            ("none", *DELIVERIES),
        ),
        Option("process_ms", 30, "how long a consumer processes what it has polled, milliseconds", least=0),
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
        compacted, consumed = bool(self.settings["compaction"]), self._word("delivery") != "none"
        if compacted and consumed:
            raise UsageError("log: compaction=on needs delivery=none: consumers have effects of every message")
        self._broker = BrokerSettings(
            acks=self._word("acks"),
            min_in_sync=int(settings["min_isr"] or 1),
            unclean=self._word("unclean_election") == "on",
            idempotent=self._word("idempotence") == "on",
            consumed=consumed,
            compacted=compacted,
            persistent=self._word("disk") == "sync",
            heartbeat=heartbeat,
            patience=patience,
            retention=self._nanoseconds("retention_ms"),
        )
        self._untracked = Sessions()
        """The names of sessions whose acknowledged messages may be lost."""

    @property
    def claims(self) -> Sequence[str]:
        """The claims, by the table above."""
        once = self._broker.idempotent or self._word("retries") == "off"
        if not self._keeps or not once:
            return ()
        if self._broker.compacted:
            return ("compacted-log",) if self._broker.retention >= RETENTION_PROMISED else ()
        return (f"consumed-{self._word('delivery')}",) if self._broker.consumed else ("ordered-log",)

    @property
    def default_workload(self) -> str:
        """The one with consumers where there are any, the one with keys where messages have them."""
        if self._broker.compacted:
            return "compacted-log"
        return "consume" if self._broker.consumed else "log"

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
        """The operations on logs, and those of consumers."""
        if self._broker.compacted:
            return shapes(KEYED, "poll")
        return shapes("send", "poll", *(("consume", "effects") if self._broker.consumed else ()))

    @property
    def program(self) -> ProgramFactory:
        """A maker of BrokerNodes."""
        return self.program_of((BrokerNode, CORRECT), settings=self._broker)

    def client(self, node: Node) -> LogClient:
        """A new client pinned to a node."""
        sessions = self._sessions if self._keeps else self._untracked
        if not self._broker.consumed:
            return LogClient(node, sessions, retries=self._retries())
        consumer: type[LogConsumer] = self.parts_beside(CORRECT, node.name).consumer
        processing = float(self.settings["process_ms"] or 0) / 1000
        return consumer(
            node, sessions, retries=self._retries(), delivery=self._word("delivery"), process_seconds=processing
        )
