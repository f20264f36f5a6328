"""Options of primary-backup, and what it promises with each combination of them.

- `failover=none`, `reads=primary`: linearizable with either replication. One node decides for ever, from its own disk,
  and nobody else answers. Not CP, for without the first node no majority serves; and `replication=sync` refuses writes
  even on the primary while a backup is away.
- `failover=none`, `reads=any`, `replication=async`: nothing. A backup may be behind.
- `failover=none`, `reads=any`, `replication=sync`: nothing. Every acknowledged write is everywhere, but while it
  spreads one backup shows the new value and another, asked later, still the old one.
- `failover=none`, `reads=session`: read your writes and monotonic reads, also of a session that moves to another node
  and takes its token along: the highest revision of each key that it has seen. A backup that is behind that passes the
  read on to the primary. Across keys nothing is promised: what one backup has, another may not have yet.
- `failover=timeout`: AP, whatever the rest. Every part of a split network soon has a primary of its own, all of them
  serve, and when it heals the highest view wins and overwrites what was acknowledged elsewhere. `replication=sync`
  helps only where silence does mean death, for a silent backup is no longer waited for.

With `disk=memory` nothing is promised: a restart forgets.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from splitbrain.harness.errors import UsageError
from splitbrain.harness.invariants import Invariant, done_once, one_entry_an_index
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.stores.audit import BUG, RETRIES, AuditedStore
from splitbrain.targets.stores.primary_backup.node import CORRECT, PrimaryBackupNode, PrimaryBackupSettings


class PrimaryBackup(AuditedStore):
    """The target `primary-backup`."""

    name = "primary-backup"
    summary = "one node decides and the others copy (Alsberg and Day 1976): silence counts as death"
    options = (
        Option(
            "replication",
            "async",
            "async: answer when the primary has it on disk; sync: when all living backups have it too",
            ("async", "sync"),
        ),
        Option(
            "reads",
            "primary",
            "who answers reads: the primary alone; any node from its copy; session: any node whose copy has what the "
            "client's token says that its session has seen",
            ("primary", "any", "session"),
        ),
        Option("failover", "none", "timeout: a backup that hears no primary takes over", ("none", "timeout")),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        Option("heartbeat_ms", 50, "how often an idle primary is heard, milliseconds"),
        Option("failover_ms", 300, "silence that counts as death, milliseconds; times the place in line to take over"),
        RETRIES,
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:PRIMARY_BACKUP"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        heartbeat, patience = self._nanoseconds("heartbeat_ms"), self._nanoseconds("failover_ms")
        if not 0 < 2 * heartbeat <= patience:
            raise UsageError("primary-backup: failover_ms is at least twice heartbeat_ms, and that is more than 0")
        self._node = PrimaryBackupSettings(
            sync=self._word("replication") == "sync",
            reads_any=self._word("reads") != "primary",
            tokens=self.tokens,
            failover=self._word("failover") == "timeout",
            persistent=self._word("disk") == "sync",
            heartbeat=heartbeat,
            patience=patience,
        )

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """The invariants; none with failover, where what one side applied is overwritten by design."""
        return () if self._node.failover else (one_entry_an_index(), done_once())

    @property
    def claims(self) -> Sequence[str]:
        """See the table above."""
        if not self._node.persistent:
            return ()
        if self._node.failover:
            return ("AP",)
        if self.tokens:
            return ("read-your-writes", "monotonic-reads")
        return () if self._node.reads_any else ("linearizable",)

    @property
    def tokens(self) -> bool:
        """Whether reads give tokens: with `reads=session`."""
        return self._word("reads") == "session"

    @property
    def program(self) -> ProgramFactory:
        """A maker of PrimaryBackupNodes."""
        node, parts = self.planted((PrimaryBackupNode, CORRECT))
        return partial(node, settings=self._node, parts=parts)
