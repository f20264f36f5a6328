"""Options of primary-backup, and what it promises with each combination of them.

- `failover=none`, `reads=primary`: linearizable with any replication. One node decides for ever, from its own disk,
  and nobody else answers. Not CP, for without the first node no majority serves; and `replication=sync` refuses writes
  even on the primary while a backup is away, `semi-sync` while all are.
- `failover=none`, `reads=any`, `replication=async`: nothing. A backup may be behind.
- `failover=none`, `reads=any`, `replication=sync`: nothing. Every acknowledged write is everywhere, but while it
  spreads one backup shows the new value and another, asked later, still the old one.
- `failover=none`, `reads=session`: read your writes and monotonic reads, also of a session that moves to another node
  and takes its token along: the highest revision of each key that it has seen. A backup that is behind that passes the
  read on to the primary. Across keys nothing is promised: what one backup has, another may not have yet.
- `failover=timeout`: nothing, whatever the rest. Every part of a split network soon has a primary of its own, all of
  them serve, and when it heals the highest view wins and what was acknowledged elsewhere is gone: not even AP.
  `replication=sync` helps only where silence does mean death, for a silent backup is no longer waited for; nor does
  `semi-sync`, for it is a backup of either side that has the write. With `fencing=off` backups also take what a
  primary sends that was replaced, and copies go to and fro as long as there are two.
- `failover=manual`: nothing either, for an operator may take a primary for dead that is not. Until somebody is promoted
  all writes of a dead primary's nodes are refused.
- `failover=lease`: at most one primary serves at a time, where monotonic clocks run at the same rate (see `lease`).
  With `replication=sync`, which then waits for a majority, also linearizable and CP. With the others what was
  acknowledged may be lost with the primary; with `fencing=off` a replaced one takes it back.
- `failover=timeout` or `manual`, `stonith=on`: who is silent is switched off before anybody goes on without him (see
  `stonith`). With `replication=sync` linearizable: one side serves, the one that was quicker, be it a single node; the
  nodes of the other start again and refuse. With the other kinds of replication what was acknowledged may be lost with
  the primary.

With `disk=memory` nothing is promised: a restart forgets.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.deployment import AdminRequest
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Maintenance, Promote
from splitbrain.harness.invariants import Invariant, done_once, one_entry_an_index
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.stores.audit import BUG, RETRIES, AuditedStore
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.primary_backup.invariants import leases_are_kept, one_serves
from splitbrain.targets.stores.primary_backup.lease import LeasedNode
from splitbrain.targets.stores.primary_backup.node import PrimaryBackupNode
from splitbrain.targets.stores.primary_backup.settings import CORRECT, PrimaryBackupSettings
from splitbrain.targets.stores.primary_backup.stonith import StonithNode


class PrimaryBackup(AuditedStore):
    """The target `primary-backup`."""

    name = "primary-backup"
    summary = "one node decides and the others copy (Alsberg and Day 1976): silence counts as death"
    options = (
        Option(
            "replication",
            "async",
            "async: answer when the primary has it on disk; semi-sync: when a backup has it too; sync: when all living "
            "backups have it, with failover=lease a majority",
            ("async", "semi-sync", "sync"),
        ),
        Option(
            "reads",
            "primary",
            "who answers reads: the primary alone; any node from its copy; session: any node whose copy has what the "
            "client's token says that its session has seen",
            ("primary", "any", "session"),
        ),
        Option(
            "failover",
            "none",
            "timeout: a backup that hears no primary takes over; lease: if a majority follows it, and a primary serves "
            "only as long as a majority is bound to it; manual: the backup that an operator promotes, see the fault "
            "promote",
            ("none", "timeout", "lease", "manual"),
        ),
        Option(
            "stonith",
            False,
            "with failover=timeout or manual: who is silent is switched off, by a power switch outside the network, "
            "before a backup takes over or the primary goes on without one",
        ),
        Option(
            "head_start_ms",
            150,
            "with stonith=on, time that the primary has to switch off the first backup before that does the same to "
            "it; 0: they do it to each other, milliseconds",
        ),
        Option("fencing", True, "whether backups refuse what a primary sends that was replaced"),
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
        stonith = bool(self.settings["stonith"])
        if stonith and (self._word("failover") not in ("timeout", "manual") or not self.settings["fencing"]):
            raise UsageError("primary-backup: stonith=on needs failover=timeout or manual, and fencing=on")
        self._node = PrimaryBackupSettings(
            replication=self._word("replication"),
            reads_any=self._word("reads") != "primary",
            tokens=self.tokens,
            failover=self._word("failover"),
            stonith=stonith,
            head_start=self._nanoseconds("head_start_ms") if stonith else 0,
            fencing=bool(self.settings["fencing"]),
            persistent=self._word("disk") == "sync",
            heartbeat=heartbeat,
            patience=patience,
        )

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """The invariants; of the log none where failover overwrites, by design, what one side applied."""
        node = self._node
        own: tuple[Invariant, ...] = ()
        if node.stonith:
            own = (one_serves(),)
        elif node.failover == "lease" and node.fencing and node.persistent:
            own = (leases_are_kept(),)
        of_log = node.failover == "none" or self._nothing_lost
        return (*own, one_entry_an_index(), done_once()) if of_log else own

    @property
    def _nothing_lost(self) -> bool:
        """Whether nothing counts that a failover can lose: a majority has it on disk, or all that may take over."""
        safe = self._node.failover == "lease" or self._node.stonith
        return safe and self._node.replication == "sync" and self._node.fencing

    @property
    def claims(self) -> Sequence[str]:
        """See the table above."""
        if not self._node.persistent:
            return ()
        if self._node.failover != "none":
            return ("linearizable", "CP") if self._nothing_lost and not self._node.reads_any else ()
        if self.tokens:
            return ("read-your-writes", "monotonic-reads")
        return () if self._node.reads_any else ("linearizable",)

    @property
    def admin_requests(self) -> Mapping[type[Maintenance], AdminRequest]:
        """Promotion, with `failover=manual`."""
        if self._node.failover != "manual":
            return {}
        return {Promote: AdminRequest(Request("promote"), lambda answer: answer.error is None)}

    @property
    def tokens(self) -> bool:
        """Whether reads give tokens: with `reads=session`."""
        return self._word("reads") == "session"

    @property
    def program(self) -> ProgramFactory:
        """A maker of PrimaryBackupNodes, LeasedNodes or StonithNodes."""
        correct: type[PrimaryBackupNode] = LeasedNode if self._node.failover == "lease" else PrimaryBackupNode
        correct = StonithNode if self._node.stonith else correct
        return self.program_of((correct, CORRECT), settings=self._node)
