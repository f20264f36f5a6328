"""Comparison of the replicas' data when all is healed: does each say by itself what all of them say together.

A read at ALL asks every replica, takes the latest stamp of each cell, and (with blocking read repair) mends those that
are behind; then each node is asked at ONE, which it answers from what it has. Replicas that lag are not
wrong, so they are asked again until all agree or time is up; and where nothing mends them (`read_repair=none`) to
differ is no contradiction, only told.
"""

import asyncio
import struct
import time
from collections.abc import Mapping, Sequence

from splitbrain.harness.node import Node
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.cassandra.client_settings import CassandraSettings
from splitbrain.targets.cassandra.cql import ALL, ONE, Row, ask
from splitbrain.targets.cassandra.schema import COLLECTIONS, COUNTERS, ELEMENTS, REGISTERS, tables
from splitbrain.targets.servers.agreement import agreeing, audited, differing

CHECKER = "replicas"
AUDIT_SECONDS = 20.0
"""The time that replicas may take to agree."""
ASK_SECONDS = 10.0
PAUSE_SECONDS = 0.5
AHEAD_US = 500_000
"""Microseconds beyond now past which a stamp is ahead."""

EVERYTHING = {
    REGISTERS: f"SELECT key, value, writetime(value) FROM {REGISTERS}",
    COLLECTIONS: f"SELECT key, elements FROM {COLLECTIONS}",
    ELEMENTS: f"SELECT key, element FROM {ELEMENTS}",
    COUNTERS: f"SELECT key, sum FROM {COUNTERS}",
}
Compared = tuple[frozenset[Row], Mapping[str, int]]
"""The rows of all tables as all replicas together say; node → how many it has otherwise, for those that have any."""


async def audit(nodes: Sequence[Node], settings: CassandraSettings) -> Verdict:
    """Whether all replicas hold the same data: `invalid` if they go on to differ though reads mend them, `unknown` if
    they could not be compared."""
    last: Compared = frozenset(), {}

    async def compare() -> Verdict | str:
        nonlocal last
        last = await _compared(nodes, settings)
        return "they differ" if last[1] else judged(last, settings, len(nodes))

    verdict = await audited(CHECKER, compare, AUDIT_SECONDS, PAUSE_SECONDS)
    return judged(last, settings, len(nodes)) if last[1] else verdict


def judged(compared: Compared, settings: CassandraSettings, nodes: int) -> Verdict:
    """The verdict on the last comparison."""
    together, differ = compared
    rows, stamps = len(together), [row[-1] for row in together if row[0] == REGISTERS.encode()]
    late = ahead([stamp for stamp in stamps if stamp is not None], time.time_ns() // 1000)
    if not differ:
        return agreeing(CHECKER, f"all {nodes} nodes hold the same {rows:,} rows{late}", rows=rows, differing={})
    words = ", ".join(f"{name} in {count:,}" for name, count in differ.items())
    reason = f"replicas differ from the {rows:,} rows of all together"
    if settings.read_repair == "NONE":
        return agreeing(CHECKER, f"{reason}: {words}; nothing mends them{late}", rows=rows, differing=dict(differ))
    reason += f" for {AUDIT_SECONDS:g} s, though reads mend them: {words}{late}"
    return differing(CHECKER, reason, rows=rows, differing=dict(differ))


async def mend(node: Node, settings: CassandraSettings) -> bool:
    """Read all data at ALL, so that each replica gets what others have; True once all of them have answered."""
    await _rows(node, settings, ALL)
    return True


async def _compared(nodes: Sequence[Node], settings: CassandraSettings) -> Compared:
    """The rows of all replicas together, and the nodes that differ from them. With fewer replicas than nodes a node
    asks others for what it does not have."""
    together = await _rows(nodes[0], settings, ALL)
    alone = await asyncio.gather(*(_rows(node, settings, ONE) for node in nodes))
    counts = {node.name: len(together ^ rows) for node, rows in zip(nodes, alone, strict=True)}
    return together, {name: count for name, count in counts.items() if count}


async def _rows(node: Node, settings: CassandraSettings, consistency: int) -> frozenset[Row]:
    rows: set[Row] = set()
    for table in tables(settings):
        found = await ask(node.address, EVERYTHING[table], ASK_SECONDS, consistency, settings.access)
        rows.update((table.encode(), *row) for row in found)
    return frozenset(rows)


def ahead(stamps: Sequence[bytes], now: int) -> str:
    """The end of a sentence about stamps (as on the wire, microseconds since 1970) that are ahead of `now`."""
    beyond = [stamp - now for (stamp,) in map(struct.Struct(">q").unpack, stamps) if stamp > now + AHEAD_US]
    if not beyond:
        return ""
    return f"; {len(beyond):,} of {len(stamps):,} registers are stamped up to {max(beyond) / 1e6:.1f} s ahead of now"
