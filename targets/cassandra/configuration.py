"""The configuration of a node of Cassandra.

All nodes are seeds and none bootstraps, so they start at once and in any order, and one that was killed comes back with
the tokens it had. Tokens are given, not drawn: the same cluster has the same ring each time.
"""

import json
from collections.abc import Mapping

from splitbrain.harness.deployment import Place
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.cassandra.cql import NATIVE_PORT

STORAGE_PORT = 7000
HINTS_FLUSH_MS = 1000

OPTIONS = (
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
