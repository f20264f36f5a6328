"""Options of truetime, and what it claims with them.

- `commit_wait=on` (default): linearizable, where no wall clock is further from true time than `bound_ms`; neither CP
  nor AP, for a partition cuts the owners of keys off
- `commit_wait=off`: nothing
- `disk=memory`: keeps nothing over a restart, and claims nothing
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.client import Shapes
from splitbrain.harness.invariants import Invariant, done_once
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.stores.audit import RETRIES, AuditedStore
from splitbrain.targets.stores.planted import BUG
from splitbrain.targets.stores.target import OPERATIONS
from splitbrain.targets.stores.truetime.audit import audited, past_when_shown, reads_to_come, timestamps_rise
from splitbrain.targets.stores.truetime.node import CORRECT, TrueTimeNode


class TrueTime(AuditedStore):
    """The target `truetime`."""

    name = "truetime"
    summary = "timestamps from clocks that tell how wrong they may be, and writes that wait them out (Spanner, 2012)"
    options = (
        Option("commit_wait", "on", "whether a change waits until its timestamp is certainly past", ("on", "off")),
        Option("bound_ms", 7, "how far a wall clock is believed to be from true time at most, milliseconds", least=0),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        RETRIES,
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:TRUETIME"
    covered = "clock:kind=offset,min_seconds=0.001,max_seconds=0.006,all"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._bound = self._nanoseconds("bound_ms")
        self._waits = self._word("commit_wait") == "on"
        self._persistent = self._word("disk") == "sync"

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """Invariants: a request takes effect once, and timestamps rise; with commit wait, they are past, or to come,
        where they have to be."""
        kept = (done_once(), timestamps_rise()) if self._persistent else ()
        return (*kept, past_when_shown(), reads_to_come()) if self._waits else kept

    @property
    def claims(self) -> Sequence[str]:
        """Linearizable, with commit wait and a disk."""
        return ("linearizable",) if self._waits and self._persistent else ()

    @property
    def operations(self) -> Shapes:
        """The operations of all stores."""
        return OPERATIONS

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `splitbrain.harness.target.Audited`."""
        return await audited(nodes, self._sessions)

    @property
    def program(self) -> ProgramFactory:
        """A maker of TrueTimeNodes."""
        return self.program_of(
            (TrueTimeNode, CORRECT), bound=self._bound, waits=self._waits, persistent=self._persistent
        )
