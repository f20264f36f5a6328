"""Settings of Cassandra's clients: consistency levels, tables, and what may be claimed with them.

Pitfall: levels that do not overlap. A write at W replicas and a read at R see each other only if W + R is more than
there are replicas; and Cassandra stamps writes with a clock, so even then the latest stamp wins, not the latest write.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from splitbrain.harness.client import Shapes
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.cassandra.session import connected
from splitbrain.targets.operations import shapes
from splitbrain.targets.servers.access import PLAIN, Access
from splitbrain.targets.servers.driver import SharedSessions

LEVELS = ("ONE", "QUORUM", "LOCAL_QUORUM", "ALL")
SERIALS = ("SERIAL", "LOCAL_SERIAL")
STAMPS = ("server", "client")
SETS = ("collection", "rows")
OVERLAPPING = ("QUORUM", "LOCAL_QUORUM", "ALL", *SERIALS)

OPTIONS = (
    Option("cl", "QUORUM", "consistency level of reads and writes; see also read and write", LEVELS),
    Option("read", "", "consistency level of reads: that of cl, with lwt=on SERIAL", (*LEVELS, *SERIALS)),
    Option("write", "", "consistency level of writes: that of cl; what agrees serially is lwt=on", LEVELS),
    Option("lwt", False, "every write is a lightweight transaction (Paxos), never a blind update"),
    Option("serial", "SERIAL", "among whom lightweight transactions agree", SERIALS),
    Option("timestamps", "server", "whose clock stamps plain writes: the coordinator's, the client's", STAMPS),
    Option("rf", 3, "replication factor: on how many nodes each row is", least=1),
    Option("strategy", "simple", "how replicas are placed; levels LOCAL_… need network", ("simple", "network")),
    Option("read_repair", "blocking", "whether a read mends replicas that it finds behind", ("blocking", "none")),
    Option("repaired", False, "after the faults all data is read at ALL once, which mends what hints have left behind"),
    Option("gc_grace_seconds", 864_000, "how long a deletion is remembered; a replica must learn of it by then"),
    Option("sets", "collection", "what a set is: a collection in one column, or one row an element", SETS),
    Option("retry_timeouts", False, "an increment whose end is unknown is sent again, and counted as one"),
)

OPERATIONS = shapes("read", "write", "append", "add", "remove", "increment")
"""Operations by plain reads and writes."""
CONDITIONAL = shapes("read", "write", "append", "add", "remove", "cas")
"""Operations by lightweight transactions: not counters, to which Cassandra has no conditions."""


class CassandraSettings:
    """Settings that all clients of a run have in common.

    read, write: consistency levels. lwt: whether every write is a lightweight transaction; serial: its level.
    replicas, network: replication factor, and whether replicas are placed by data centre. read_repair: "BLOCKING" or
    "NONE". repaired: as the option. grace_seconds: how long deletions are remembered. rows: whether a set is one row an
    element. again: whether increments of unknown end are sent again. clean: whether the tables are dropped at the end.
    kinds: what each object turned out to be, see `schema`. sessions: shared by all.
    """

    def __init__(self, settings: Mapping[str, Setting], access: Access = PLAIN) -> None:
        """Read the options; UsageError if they make no sense together."""
        word = {name: str(value) for name, value in settings.items()}
        self.access = access
        self.lwt, self.serial = bool(settings["lwt"]), word["serial"]
        self.read = word["read"] or (self.serial if self.lwt else word["cl"])
        self.write = word["write"] or word["cl"]
        self.replicas, self.network = int(word["rf"]), word["strategy"] == "network"
        self.read_repair, self.grace_seconds = word["read_repair"].upper(), int(word["gc_grace_seconds"])
        self.repaired = bool(settings["repaired"])
        self.rows, self.again = word["sets"] == "rows", bool(settings["retry_timeouts"])
        self.clean = bool(settings.get("endpoints"))
        self.kinds: dict[Value, str] = {}
        stamping = word["timestamps"] == "client"
        self.sessions = SharedSessions(partial(connected, client_timestamps=stamping, access=access))
        if self.lwt and stamping:
            raise UsageError("cassandra: timestamps=client is for plain writes, and with lwt=on there are none")
        if self.lwt and self.again:
            raise UsageError("cassandra: retry_timeouts is for counters, which transactions (lwt=on) cannot do")
        if self.repaired and self.read_repair == "NONE":
            raise UsageError("cassandra: repaired=on mends by reads, and with read_repair=none they mend nothing")
        used = (self.read, self.write, *((self.serial,) if self.lwt else ()))
        local = next((level for level in used if level.startswith("LOCAL_")), None)
        if local and not self.network:
            raise UsageError(f"cassandra: level {local} needs strategy=network, which knows of data centres")


def operations(settings: CassandraSettings) -> Shapes:
    """The operations of clients with these settings."""
    return CONDITIONAL if settings.lwt else OPERATIONS


def claims(settings: CassandraSettings) -> Sequence[str]:
    """Claims of Cassandra's documentation for these settings: see `claims_source` of the target."""
    if settings.lwt:
        return ("linearizable", "CP") if settings.read in SERIALS else ()
    if overlapping(settings):
        mended = settings.read_repair == "BLOCKING" and (settings.read in OVERLAPPING or settings.replicas == 1)
        return ("regular", "monotonic-reads") if mended else ("regular",)
    if not settings.repaired:
        return ()
    return ("convergence", "AP") if settings.read == settings.write == "ONE" else ("convergence",)


def overlapping(settings: CassandraSettings) -> bool:
    """Whether each read asks a replica that has every acknowledged write."""
    if settings.replicas == 1 or "ALL" in (settings.read, settings.write):
        return True
    return settings.read in OVERLAPPING and settings.write in OVERLAPPING
