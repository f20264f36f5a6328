"""Options of the lock service, and what it promises with them.

- `holders=careful`: mutual exclusion, as far as the clients know, where monotonic clocks run at the same rate.
- `fencing=on`: fencing, also for clients that do not watch the clock (`holders=paused`).

With `disk=memory` nothing is promised.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.client import Shapes
from splitbrain.harness.invariants import Invariant
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.lock.client import LockClient
from splitbrain.targets.stores.lock.invariants import invariants
from splitbrain.targets.stores.lock.machine import CORRECT, LockNode
from splitbrain.targets.stores.raft.target import OPTIONS, RaftStore


class LockService(RaftStore):
    """The target `lock`."""

    name = "lock"
    summary = "locks with leases on raft, and a resource that checks fencing tokens (Chubby, 2006; Kleppmann 2016)"
    options = (
        Option("fencing", "on", "whether the guarded resource refuses a token below one it has seen", ("on", "off")),
        Option("lease_ms", 1000, "how long a lock is held without being renewed, milliseconds", least=10),
        Option(
            "holders",
            "careful",
            "careful: renew while they hold on, and give up before the lease ends; paused: hold on without renewing "
            "or looking at the clock",
            ("careful", "paused"),
        ),
        *OPTIONS,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:LOCK"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._lease = self._nanoseconds("lease_ms")
        self._fencing = self._word("fencing") == "on"
        self._careful = self._word("holders") == "careful"

    @property
    def claims(self) -> Sequence[str]:
        """The claims, by the table above."""
        if not self._raft.persistent:
            return ()
        return (*(["mutual-exclusion"] if self._careful else []), *(["fencing"] if self._fencing else []), "CP")

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """The invariants of Raft, and of locks with these options."""
        return (*super().invariants, *invariants(self._lease, fencing=self._fencing))

    @property
    def operations(self) -> Shapes:
        """The operations on locks."""
        return shapes("acquire", "hold", "use", "release")

    @property
    def program(self) -> ProgramFactory:
        """A maker of LockNodes."""
        return self.program_of((LockNode, CORRECT), settings=self._raft, lease=self._lease, fencing=self._fencing)

    def client(self, node: Node) -> LockClient:
        """A new client pinned to a node."""
        return LockClient(node, self._sessions, retries=self._retries(), lease=self._lease / 1e9, careful=self._careful)
