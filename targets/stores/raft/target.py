"""Options of raft and of stores on it, and what raft promises with them."""

from collections.abc import Mapping, Sequence
from functools import partial

from splitbrain.harness.client import Shapes
from splitbrain.harness.deployment import AdminRequest
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Maintenance, Promote
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.stores.audit import BUG, RETRIES, AuditedStore
from splitbrain.targets.stores.compaction import SNAPSHOT_ENTRIES, snapshot_entries
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.raft.invariants import INVARIANTS
from splitbrain.targets.stores.raft.node import CORRECT, RaftNode
from splitbrain.targets.stores.raft.server import RaftSettings
from splitbrain.targets.stores.raft.version2 import CORRECT_PIECEWISE, PiecewiseRaftNode
from splitbrain.targets.stores.target import TRANSACTIONAL

OPTIONS = (
    Option("disk", "sync", "sync: promise only what is on disk; memory: keep nothing", ("sync", "memory")),
    Option("heartbeat_ms", 50, "how often an idle leader is heard, milliseconds"),
    Option("election_ms", 150, "the shortest election timeout, milliseconds; the longest is twice that"),
    SNAPSHOT_ENTRIES,
    RETRIES,
    BUG,
)
"""The options of every store whose nodes are servers of Raft."""


class RaftStore(AuditedStore):
    """A store whose nodes are servers of Raft, with `OPTIONS` among its own."""

    invariants = INVARIANTS

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        heartbeat, election = self._nanoseconds("heartbeat_ms"), self._nanoseconds("election_ms")
        if not 0 < 2 * heartbeat <= election:
            raise UsageError(
                f"{self.name}: election_ms is at least twice heartbeat_ms, and heartbeat_ms is more than 0"
            )
        self._raft = RaftSettings(
            reads=str(settings.get("reads", "log")),
            persistent=self._word("disk") == "sync",
            heartbeat=heartbeat,
            election_min=election,
            election_max=2 * election,
            compact_after=snapshot_entries(self._word("snapshot_entries"), self.name),
        )


class Raft(RaftStore):
    """The target `raft`."""

    name = "raft"
    summary = "a replicated log by consensus (Ongaro and Ousterhout 2014): a majority decides"
    options = (
        Option(
            "reads",
            "log",
            "log: through the log; index: after a round of heartbeats; lease: at once, trusting clock rates; "
            "local: what the asked node happens to have",
            ("log", "index", "lease", "local"),
        ),
        Option("version", "1", "1: snapshots go whole; 2: in pieces, to servers that understand them", ("1", "2")),
        Option(
            "upgrade_to", "none", "the version to which --nemesis upgrade takes servers of version 1", ("none", "2")
        ),
        *OPTIONS,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:RAFT"
    elastic = True

    @property
    def claims(self) -> Sequence[str]:
        """The claims: linearizable and CP, unless reads are local or nothing is kept over a restart. With reads=lease
        this rests on monotonic clocks that run at the same rate."""
        if self._raft.reads == "local" or not self._raft.persistent:
            return ()
        return "linearizable", "CP"

    @property
    def admin_requests(self) -> Mapping[type[Maintenance], AdminRequest]:
        """Promotion: the leader hands over to the server that an operator chooses."""
        return {Promote: AdminRequest(Request("promote"), lambda answer: answer.error is None)}

    @property
    def operations(self) -> Shapes:
        """The operations of all stores, and transactions."""
        return TRANSACTIONAL

    @property
    def covered(self) -> str:
        """The faults that its claims cover: with another version to go to, an upgrade beside all."""
        return "all" if self.newer is None else "upgrade,all"

    @property
    def newer(self) -> "Raft | None":
        """The same in the version to which it is upgraded. A bug that an upgrade shows is in that one alone, any other
        in the older one alone."""
        if self.settings["upgrade_to"] == "none":
            return None
        if self.settings["version"] != "1":
            raise UsageError(f"{self.name}: upgrade_to={self.settings['upgrade_to']} is for version=1")
        bug = self.settings["bug"] if self._bug_of_upgrades() else "none"
        return Raft({**self.settings, "version": self.settings["upgrade_to"], "upgrade_to": "none", "bug": bug})

    def _bug_of_upgrades(self) -> bool:
        found = self.planted_bug
        return found is not None and "upgrade_to" in found.needs

    @property
    def program(self) -> ProgramFactory:
        """A maker of servers of its version."""
        if self.settings["version"] == "2":
            return self.program_of((PiecewiseRaftNode, CORRECT_PIECEWISE), settings=self._raft)
        if self._bug_of_upgrades():
            return partial(RaftNode, settings=self._raft, parts=CORRECT)
        return self.program_of((RaftNode, CORRECT), settings=self._raft)
