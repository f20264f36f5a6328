"""How do clients speak to Cassandra? What can be set, and what follows from it: levels, tables, claims.

The trap: levels that do not overlap. A write at W replicas and a read at R see each other only if W + R is more than
there are replicas; and Cassandra stamps writes with a clock, so even then the latest stamp wins, not the latest write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from splitbrain.harness.client import Shape, Shapes
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.cassandra.session import connected
from splitbrain.targets.cassandra.sessions import Sessions

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
    Option("rf", 3, "replication factor: on how many nodes each row is"),
    Option("strategy", "simple", "how replicas are placed; levels LOCAL_… need network", ("simple", "network")),
    Option(
        "read_repair", "blocking", "replicas that a read finds behind are mended first, or not", ("blocking", "none")
    ),
    Option("gc_grace_seconds", 864_000, "how long a deletion is remembered; a replica must learn of it by then"),
    Option("sets", "collection", "what a set is: a collection in one column, or one row an element", SETS),
    Option("retry_timeouts", False, "an increment whose end is unknown is sent again, and counted as one"),
)

OPERATIONS: Shapes = {
    "read": Shape("none", "value, elements or sum", effects=False),
    "write": Shape("value", "value"),
    "append": Shape("element", "element"),
    "add": Shape("element", "element"),
    "remove": Shape("element", "element"),
    "increment": Shape("the delta", "the delta"),
}
"""What plain reads and writes can do."""

CONDITIONAL: Shapes = {f: OPERATIONS[f] for f in ("read", "write", "append", "add", "remove")} | {
    "cas": Shape("[old, new]", "[old, new]")
}
"""What lightweight transactions can do: not counters, to which Cassandra has no conditions."""


@dataclass(frozen=True)
class Manners:
    """How all clients of a run behave.

    read, write: consistency levels. lwt: whether every write is a lightweight transaction; serial: its level.
    replicas, network: replication factor, and whether replicas are placed by data centre. read_repair: "blocking" or
    "none". grace_seconds: how long deletions are remembered. rows: whether a set is one row an element. again: whether
    increments of unknown end are sent again. sessions: shared by all. kinds: what each object turned out to be, see
    `statements`.
    """

    read: str
    write: str
    lwt: bool
    serial: str
    replicas: int
    network: bool
    read_repair: str
    grace_seconds: int
    rows: bool
    again: bool
    sessions: Sessions
    kinds: dict[Value, str] = field(default_factory=dict)


def made(settings: Mapping[str, Setting]) -> Manners:
    """From the options; UsageError if they make no sense together."""
    word = {name: str(value) for name, value in settings.items()}
    lwt = bool(settings["lwt"])
    write = word["write"] or word["cl"]
    read = word["read"] or (word["serial"] if lwt else word["cl"])
    network = word["strategy"] == "network"
    replicas, grace = int(settings["rf"] or 0), int(settings["gc_grace_seconds"] or 0)
    _sensible(settings, lwt)
    used = (read, write, word["serial"]) if lwt else (read, write)
    local = next((level for level in used if level.startswith("LOCAL_")), None)
    if local and not network:
        raise UsageError(f"cassandra: level {local} needs strategy=network, which knows of data centres")
    if replicas < 1:
        raise UsageError(f"cassandra: option rf is at least 1, not {replicas}")
    if grace < 0:
        raise UsageError(f"cassandra: option gc_grace_seconds is at least 0, not {grace}")
    return Manners(
        read=read,
        write=write,
        lwt=lwt,
        serial=word["serial"],
        replicas=replicas,
        network=network,
        read_repair=word["read_repair"].upper(),
        grace_seconds=grace,
        rows=word["sets"] == "rows",
        again=bool(settings["retry_timeouts"]),
        sessions=Sessions(partial(connected, client_timestamps=word["timestamps"] == "client")),
    )


def operations(manners: Manners) -> Shapes:
    """What clients can do with these settings."""
    return CONDITIONAL if manners.lwt else OPERATIONS


def claims(manners: Manners) -> Sequence[str]:
    """What Cassandra's documentation says of these settings: lightweight transactions with serial reads are
    linearizable; levels that overlap let a read see every write acknowledged before it, and with blocking read repair
    never go back; below that it is available, and replicas converge."""
    if manners.lwt:
        return ("linearizable", "CP") if manners.read in SERIALS else ()
    if overlapping(manners):
        return ("regular", "monotonic-reads") if manners.read_repair == "BLOCKING" else ("regular",)
    return ("convergence", "AP") if manners.read == manners.write == "ONE" else ("convergence",)


def overlapping(manners: Manners) -> bool:
    """Whether each read asks a replica that has every acknowledged write."""
    if manners.replicas == 1 or "ALL" in (manners.read, manners.write):
        return True
    return manners.read in OVERLAPPING and manners.write in OVERLAPPING


def _sensible(settings: Mapping[str, Setting], lwt: bool) -> None:
    """UsageError for options that would have no effect."""
    if lwt and settings["timestamps"] == "client":
        raise UsageError("cassandra: timestamps=client is for plain writes, and with lwt=on there are none")
    if lwt and settings["retry_timeouts"]:
        raise UsageError("cassandra: retry_timeouts is for counters, which lightweight transactions (lwt=on) cannot do")
