"""How does a node of Cassandra come to be? Its configuration, its command line, when it is ready, and what its log says
when it is ill.

All nodes are seeds and none bootstraps, so they start at once and in any order, and one that was killed comes back with
the tokens it had. Tokens are given, not drawn: the same cluster has the same ring each time. The trap: a node opens its
port before it has heard of the others, so it is ready only when it sees all of them up.
"""

import json
import re
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from splitbrain.harness.deployment import Place, Process, Ready
from splitbrain.harness.errors import UsageError
from splitbrain.harness.logs import CRASHES, Pattern
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity
from splitbrain.targets.cassandra import java
from splitbrain.targets.cassandra.cql import NATIVE_PORT, CqlError, ask
from splitbrain.targets.cassandra.maintenance import admin_commands

STORAGE_PORT = 7000
READY_SECONDS = 120.0
HINTS_FLUSH_MS = 1000

ALL = 5
"""The consistency level, by its number in the protocol."""
REPLICATED_TO_ALL = (
    "SELECT status FROM system_distributed.view_build_status WHERE keyspace_name='none' AND view_name=''"
)
"""A table that every Cassandra has; `java.daemon` has it replicated to every member."""

OPTIONS = (
    Option("version", "", "which release of 5.0"),
    Option("image", "", "for containers: an image that holds Cassandra, such as cassandra:5.0; else one is built"),
    Option("heap_mb", 512, "the Java heap of a node, at most"),
    Option("vnodes", 4, "token ranges of a node"),
    Option("hints", True, "a coordinator keeps a write for a replica that is down, and hands it over later"),
    Option("paxos", "v1", "the variant of Paxos in lightweight transactions", ("v1", "v2")),
    Option("internode_timeout", True, "nodes drop requests that are too old by their clocks, so skews drop them, too"),
    Option(
        "commitlog", "batch", "a write is synced before it is acknowledged, or from time to time", ("batch", "periodic")
    ),
    Option(
        "commitlog_compression", True, "the commit log is compressed and written; off: mapped, out of bad disks' reach"
    ),
    Option("commitlog_period_ms", 10_000, "with commitlog=periodic: from sync to sync"),
    Option("timeout_ms", 2000, "after how long a coordinator gives up reads, writes and lightweight transactions"),
)


LEAST = {"heap_mb": 1, "vnodes": 1, "commitlog_period_ms": 1, "timeout_ms": 10}
"""Below this an option makes no sense to Cassandra, or to anybody."""


def check(settings: Mapping[str, Setting]) -> None:
    """UsageError if an option makes no sense."""
    for name, least in LEAST.items():
        if int(settings[name] or 0) < least:
            raise UsageError(f"cassandra: option {name} is at least {least}, not {settings[name]}")
    if settings["image"] and settings["version"]:
        raise UsageError("cassandra: option version has no meaning with option image, which brings its own")


def configuration(place: Place, settings: Mapping[str, Setting]) -> str:
    """The cassandra.yaml of a node. JSON is YAML."""
    data, timeout = place.folder / "data", f"{settings['timeout_ms']}ms"
    words: dict[str, object] = {
        "cluster_name": "splitbrain",
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        # A node that is asked and has the data answers from what it has, before it asks others.
        "endpoint_snitch": "GossipingPropertyFileSnitch",
        "dynamic_snitch": False,
        "listen_address": place.address,
        "rpc_address": place.address,
        "native_transport_port": NATIVE_PORT,
        "storage_port": STORAGE_PORT,
        "start_native_transport": True,
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                "parameters": [{"seeds": ",".join(place.members.values())}],
            }
        ],
        "auto_bootstrap": False,
        "num_tokens": settings["vnodes"],
        "initial_token": ",".join(map(str, tokens(place, int(settings["vnodes"] or 0)))),
        "authenticator": "AllowAllAuthenticator",
        "authorizer": "AllowAllAuthorizer",
        "role_manager": "CassandraRoleManager",
        "data_file_directories": [str(data / "data")],
        "commitlog_directory": str(data / "commitlog"),
        "saved_caches_directory": str(data / "saved_caches"),
        "hints_directory": str(data / "hints"),
        "cdc_raw_directory": str(data / "cdc_raw"),
        "commitlog_sync": settings["commitlog"],
        "commitlog_segment_size": "8MiB",
        "disk_failure_policy": "die",
        "commit_failure_policy": "die",
        "auto_snapshot": False,
        "hinted_handoff_enabled": settings["hints"],
        "hints_flush_period": f"{HINTS_FLUSH_MS}ms",
        "paxos_variant": settings["paxos"],
        "internode_timeout": settings["internode_timeout"],
        "read_request_timeout": timeout,
        "range_request_timeout": timeout,
        "write_request_timeout": timeout,
        "counter_write_request_timeout": timeout,
        "cas_contention_timeout": timeout,
        "request_timeout": timeout,
    }
    if settings["commitlog_compression"]:
        words["commitlog_compression"] = [{"class_name": "LZ4Compressor"}]
    if settings["commitlog"] == "periodic":
        words["commitlog_sync_period"] = f"{settings['commitlog_period_ms']}ms"
    return json.dumps(words, indent=1) + "\n"


def tokens(place: Place, vnodes: int) -> list[int]:
    """The tokens of a node, so that all nodes' stand at even distances and in turns."""
    count = len(place.members)
    step = 2**64 // (count * vnodes)
    number = list(place.members).index(place.name)
    return [-(2**63) + step // 2 + step * (count * turn + number) for turn in range(vnodes)]


LOG_PATTERNS: Sequence[Pattern] = (
    # Whoever finds a checksum wrong and refuses has kept its promise; what was lost by it, the history shows.
    Pattern(
        re.compile(r"\b(Corrupt(SSTable|Block|File|TransactionLog)|CommitLogRe(ad|play))Exception\b"),
        "says that its files are damaged",
        Validity.UNKNOWN,
    ),
    Pattern(
        re.compile(r"java\.lang\.(OutOfMemoryError|StackOverflowError)"),
        "ran out of memory",
        Validity.UNKNOWN,
    ),
    *CRASHES,
)
"""What to look for in the nodes' logs."""


class Common(TypedDict):
    """What nodes as processes and as containers have in common; see `harness.deployment.Served`."""

    ready: Ready
    port: int
    files: Callable[[Place], Mapping[str, str | bytes]]
    ready_seconds: float
    read_clock: Callable[[Place], Awaitable[int]]


def common(settings: Mapping[str, Setting]) -> Common:
    """See `Common`."""
    return {
        "ready": sees_all,
        "port": NATIVE_PORT,
        "files": lambda place: {
            "conf/cassandra.yaml": configuration(place, settings),
            "conf/logback.xml": java.LOGBACK,
            "conf/cassandra-rackdc.properties": "dc=dc1\nrack=rack1\n",
        },
        "ready_seconds": READY_SECONDS,
        "read_clock": wall_clock,
    }


def as_process(jars: Callable[[], Path], settings: Mapping[str, Setting]) -> Process:
    """The deployment of nodes as processes. jars: where the server is, asked when the first one starts."""
    return Process(
        argv=lambda place: java.daemon(java.found(), f"{jars()}/*", place, int(settings["heap_mb"] or 0)),
        admin_commands=admin_commands(java.found, lambda: f"{jars()}/*"),
        **common(settings),
    )


async def sees_all(place: Place) -> bool:
    """Whether a node serves, and gets an answer from every member: it reads what is replicated to all of them."""
    try:
        await ask(place.address, REPLICATED_TO_ALL, consistency=ALL)
    except CqlError:  # it answers, and says that it does not see all of them
        return False
    return True


async def wall_clock(place: Place) -> int:
    """What a node says the time is (ns since 1970)."""
    try:
        ((stamp,),) = await ask(place.address, "SELECT currentTimestamp() FROM system.local")
    except CqlError as error:
        raise OSError(f"it does not tell the time: {error}") from error
    (milliseconds,) = struct.unpack(">q", stamp or b"")
    return int(milliseconds) * 1_000_000


async def hints_kept(address: str) -> int:
    """For how many replicas a node keeps hints in files. What it has taken within the last `HINTS_FLUSH_MS` may not be
    in one yet. CqlError or OSError if it does not tell."""
    return len(await ask(address, "SELECT host_id FROM system_views.pending_hints"))
