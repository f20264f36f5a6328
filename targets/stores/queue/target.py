"""Options of the message queue, and what it promises with them.

- `ack=after`: at-least-once; a message is delivered again unless it was acknowledged.
- `ack=delivery`: at-most-once; a message is gone with its delivery.

With `disk=memory` nothing is promised.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.client import Shape, Shapes
from splitbrain.harness.invariants import Invariant
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.queue.client import QueueClient
from splitbrain.targets.stores.queue.invariants import invariants
from splitbrain.targets.stores.queue.machine import CORRECT, QueueNode
from splitbrain.targets.stores.raft.target import OPTIONS, RaftStore


class MessageQueue(RaftStore):
    """The target `queue`."""

    name = "queue"
    summary = "a message queue on raft (AMQP): acknowledgement, redelivery after a visibility timeout"
    options = (
        Option(
            "ack",
            "after",
            "when a message is gone: after its consumer has acknowledged it; with its delivery",
            ("after", "delivery"),
        ),
        Option("visibility_ms", 1000, "how long a message is hidden that was delivered, milliseconds", least=10),
        *OPTIONS,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:QUEUE"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._visibility = self._nanoseconds("visibility_ms")
        self._after = self._word("ack") == "after"

    @property
    def claims(self) -> Sequence[str]:
        """The claims, by the table above."""
        if not self._raft.persistent:
            return ()
        return ("at-least-once", "CP") if self._after else ("at-most-once", "CP")

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """The invariants of Raft, and of queues with these options."""
        return (*super().invariants, *invariants(self._visibility))

    @property
    def operations(self) -> Shapes:
        """The operations on queues."""
        return {**shapes("enqueue", "dequeue"), "drain": Shape("none", "[element, …]")}

    @property
    def program(self) -> ProgramFactory:
        """A maker of QueueNodes."""
        return self.program_of((QueueNode, CORRECT), settings=self._raft, lease=self._visibility)

    def client(self, node: Node) -> QueueClient:
        """A new client pinned to a node."""
        return QueueClient(node, self._sessions, retries=self._retries(), after=self._after, errors=self.errors)
