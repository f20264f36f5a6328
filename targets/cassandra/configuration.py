"""The configuration of a node of Cassandra, and the command lines of its Java programs.

All nodes are seeds and none bootstraps, so they start at once and in any order, and one that was killed comes back with
the tokens it had. Tokens are given, not drawn: the same cluster has the same ring each time.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from splitbrain.harness.deployment import Place
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.servers.jvm import heap_option, java_command, module_flags
from splitbrain.targets.servers.server import ServerProgram

HINTS_FLUSH_MS = 1000
SEEDS = "org.apache.cassandra.locator.SimpleSeedProvider"
TIMED = ("read_request", "range_request", "write_request", "counter_write_request", "cas_contention", "request")

OPTIONS = (
    heap_option(512),
    Option("vnodes", 4, "token ranges of a node", least=1),
    Option("hints", True, "a coordinator keeps a write for a replica that is down, and hands it over later"),
    Option("paxos", "v1", "the variant of Paxos in lightweight transactions", ("v1", "v2")),
    Option("internode_timeout", True, "nodes drop requests that are too old by their clocks, so skews drop them, too"),
    Option("commitlog", "batch", "writes are synced before they are acknowledged, or later", ("batch", "periodic")),
    Option(
        "commitlog_compression", True, "the commit log is compressed and written; off: mapped, out of bad disks' reach"
    ),
    Option("commitlog_period_ms", 10_000, "with commitlog=periodic: from sync to sync", least=1),
    Option("timeout_ms", 2000, "after how long a coordinator gives up reads, writes and transactions", least=10),
)


def configuration(place: Place, settings: Mapping[str, Setting]) -> str:
    """The cassandra.yaml of a node. JSON is YAML."""
    words: dict[str, object] = {
        "cluster_name": "splitbrain",
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        # A node that is asked and has the data answers from what it has, before it asks others.
        "endpoint_snitch": "GossipingPropertyFileSnitch",
        "dynamic_snitch": False,
        "listen_address": place.address,
        "rpc_address": place.address,
        "seed_provider": [{"class_name": SEEDS, "parameters": [{"seeds": ",".join(place.members.values())}]}],
        "auto_bootstrap": False,
        "num_tokens": settings["vnodes"],
        "initial_token": ",".join(map(str, tokens(place, int(settings["vnodes"] or 0)))),
        "commitlog_sync": settings["commitlog"],
        "commitlog_segment_size": "8MiB",
        "disk_failure_policy": "die",
        "commit_failure_policy": "die",
        "auto_snapshot": False,
        "hinted_handoff_enabled": settings["hints"],
        "hints_flush_period": f"{HINTS_FLUSH_MS}ms",
        "paxos_variant": settings["paxos"],
        "internode_timeout": settings["internode_timeout"],
        **{f"{name}_timeout": f"{settings['timeout_ms']}ms" for name in TIMED},
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
    return [-(2**63) + step // 2 + step * (count * turn + place.number) for turn in range(vnodes)]


DAEMON = "org.apache.cassandra.service.CassandraDaemon"
NODETOOL = "org.apache.cassandra.tools.NodeTool"
TOOL_HEAP_MB = 96
JMX_PORT = 7199
"""Open on the loopback of a node's own network, for `nodetool`."""
RING_DELAY_MS = 2000
"""The time that a node takes the ring to change; Cassandra's default is 30 s."""

EXPORTED = {
    "java.base": "jdk.internal.misc jdk.internal.ref sun.nio.ch java.lang.ref java.lang.reflect",
    "java.management.rmi": "com.sun.jmx.remote.internal.rmi",
    "java.rmi": "sun.rmi.registry sun.rmi.server sun.rmi.transport.tcp",
    "java.sql": "java.sql",
    "jdk.unsupported": "sun.misc",
    "jdk.compiler": "com.sun.tools.javac.file",
}
OPENED = {
    "java.base": "java.io java.lang java.lang.module java.lang.reflect java.math java.net java.nio java.util"
    " java.util.concurrent java.util.concurrent.atomic jdk.internal.loader jdk.internal.math jdk.internal.module"
    " jdk.internal.ref jdk.internal.reflect jdk.internal.util.jar sun.nio.ch",
    "jdk.management": "com.sun.management.internal",
}
MODULES = module_flags(OPENED, EXPORTED)
"""Packages that it needs on Java 17. Without them it ends at its start, with a sentence about a hidden class."""

AFTER_CLEANING = 'find "$1" -name "CommitLog-*.log" -size 0 -delete 2>/dev/null; shift; exec "$@"'
"""Removal of empty segments of the commit log: a node that is killed while it starts leaves one without even a header;
killed so twice, it refuses to start again, for only the last segment may be unreadable. It is for its supervisor to
remove empty ones."""


def daemon(program: ServerProgram, place: Place, heap_mb: int) -> Sequence[str]:
    """The command line of a node whose folder has the files that `Cassandra.files` names."""
    folder, conf = place.folder, place.folder / "conf"
    properties = {
        "cassandra.config": f"file://{conf}/cassandra.yaml",
        "cassandra-rackdc.properties": f"file://{conf}/cassandra-rackdc.properties",
        "cassandra.storagedir": folder / "data",
        "cassandra-foreground": "yes",
        "cassandra.jmx.local.port": JMX_PORT,
        "cassandra.ring_delay_ms": RING_DELAY_MS,
        "cassandra.skip_wait_for_gossip_to_settle": 0,
        "cassandra.consistent.rangemovement": "false",
        "cassandra.system_distributed.default_rf": len(place.members),
        "jdk.attach.allowAttachSelf": "true",
        "io.netty.tryReflectionSetAccessible": "true",
    }
    cleaning = ("sh", "-c", AFTER_CLEANING, "cassandra", str(folder / "data" / "commitlog"))
    return [*cleaning, *java_command(*program, folder, heap_mb, properties, DAEMON, flags=MODULES)]


def nodetool(program: Callable[[], ServerProgram], words: Sequence[str], place: Place) -> Sequence[str]:
    """The command line of Cassandra's own tool for administrators, to be run beside a node, where JMX listens."""
    where, home = ("--host=127.0.0.1", f"--port={JMX_PORT}"), {"user.home": place.folder}
    return java_command(*program(), place.folder, TOOL_HEAP_MB, home, NODETOOL, *where, *words, flags=MODULES)
