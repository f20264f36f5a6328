"""Redis Cluster: keys in slots, which primaries have, and replicas that the other primaries promote by vote.

A node tells a client that asks it for another one's slot where that is (`MOVED`), before it begins anything, and the
client goes there. Of six nodes or more half are replicas; of fewer none is, and nobody is promoted.
"""

import hashlib
from collections.abc import Sequence

from splitbrain.targets.servers.tcp import resp_asked

SLOTS, PORT = 16384, 6379
REPLICATED_FROM = 6
"""Nodes from which on each primary has a replica, and no second one."""
CLUSTER = """cluster-enabled yes\ncluster-config-file nodes.conf\ncluster-node-timeout 1500
cluster-announce-ip {here}\n"""


def primaries(count: int) -> int:
    """The number of primaries among so many nodes."""
    return count if count < REPLICATED_FROM else count // 2


def nodes_file(here: str, addresses: Sequence[str]) -> str:
    """The text of `nodes.conf`, as Redis writes it: what a node knows of the cluster when it starts at first."""
    owners, lines = primaries(len(addresses)), []
    names = [hashlib.sha1(address.encode()).hexdigest() for address in addresses]
    for number, address in enumerate(addresses):
        flags, master, slots = "master", "-", ""
        if number < owners:
            slots = f" {SLOTS * number // owners}-{SLOTS * (number + 1) // owners - 1}"
        else:
            flags, master = "slave", names[number % owners]
        flags = f"myself,{flags}" if address == here else flags
        lines.append(f"{names[number]} {address}:{PORT}@1{PORT} {flags} {master} 0 0 {number + 1} connected{slots}")
    return "\n".join([*lines, f"vars currentEpoch {len(addresses)} lastVoteEpoch 0", ""])


async def formed(address: str) -> bool:
    """Whether a node sees that all slots are served."""
    told: bytes = await resp_asked(address, PORT, "CLUSTER", "INFO")
    return b"cluster_state:ok" in told
