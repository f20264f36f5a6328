"""Have the nodes recovered, and do they hold the same data? Asked when all is healed: are the hints handed over, before
the final reads; and after them, does each replica say by itself what all of them say together?

A read at ALL asks every replica, takes the latest stamp of each cell, and (with blocking read repair) mends those that
are behind; then each node is asked at ONE, which it answers from what it has. The traps: replicas that lag are not
wrong, so they are asked again until all agree or time is up; and where nothing mends them (`read_repair=none`) to
differ is no contradiction, only told.
"""

import asyncio
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.node import Node
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.cassandra.cql import CqlError, Row, ask
from splitbrain.targets.cassandra.manners import Manners
from splitbrain.targets.cassandra.members import ALL, REPLICATED_TO_ALL, hints_kept
from splitbrain.targets.cassandra.statements import COLLECTIONS, COUNTERS, ELEMENTS, REGISTERS, tables

CHECKER = "replicas"
ONE = 1
AUDIT_SECONDS = 20.0
"""How long replicas may take to agree."""
ASK_SECONDS = 10.0
PAUSE_SECONDS = 0.5
AHEAD_US = 500_000
"""A stamp is ahead if it is so many microseconds beyond now."""

EVERYTHING = {
    REGISTERS: f"SELECT key, value, writetime(value) FROM {REGISTERS}",
    COLLECTIONS: f"SELECT key, elements FROM {COLLECTIONS}",
    ELEMENTS: f"SELECT key, element FROM {ELEMENTS}",
    COUNTERS: f"SELECT key, sum FROM {COUNTERS}",
}


async def settle(nodes: Sequence[Node], *, hints: bool) -> None:
    """Return when every node serves and gets answers from all the others, and none keeps a hint for another. hints:
    whether they are kept at all."""
    while not all(await asyncio.gather(*(_settled(node, hints) for node in nodes))):
        await asyncio.sleep(PAUSE_SECONDS)


async def _settled(node: Node, hints: bool) -> bool:
    try:
        await ask(node.address, REPLICATED_TO_ALL, consistency=ALL)
        return not hints or await hints_kept(node.address) == 0
    except (CqlError, OSError):  # it is not there yet, or does not see all the others
        return False


@dataclass(frozen=True)
class Compared:
    """together: the rows of all tables as all replicas together say. differing: node → how many rows it has otherwise,
    for those that have any."""

    together: frozenset[Row]
    differing: Mapping[str, int]


async def audit(nodes: Sequence[Node], manners: Manners) -> Verdict:
    """Whether all replicas hold the same data: `invalid` if they go on to differ though reads mend them, `unknown` if
    they could not be compared."""
    ends = time.monotonic() + AUDIT_SECONDS
    trouble, compared = "nobody was asked", None
    while time.monotonic() < ends:
        try:
            compared = await _compared(nodes, manners)
        except (CqlError, OSError) as error:
            trouble = f"{type(error).__name__}: {error}"
        else:
            if not compared.differing:
                break
        await asyncio.sleep(PAUSE_SECONDS)
    if compared is None:
        return unknown(CHECKER, f"the nodes' data could not be compared within {AUDIT_SECONDS:g} s: {trouble}")
    return judged(compared, manners, len(nodes), await _ahead(nodes[0], manners))


def judged(compared: Compared, manners: Manners, nodes: int, ahead: str) -> Verdict:
    """What was seen last, as a verdict. ahead: what is to be said of stamps."""
    rows, differing = len(compared.together), compared.differing
    details = {"rows": rows, "differing": dict(differing)}
    if not differing:
        reason = f"all {nodes} nodes hold the same {rows:,} rows{ahead}"
        return Verdict(Validity.VALID, reason, CHECKER, details=details)
    words = ", ".join(f"{name} in {count:,}" for name, count in differing.items())
    if manners.read_repair == "NONE":
        reason = f"replicas differ from the {rows:,} rows of all together: {words}; nothing mends them{ahead}"
        return Verdict(Validity.VALID, reason, CHECKER, details=details)
    reason = f"replicas differ from the {rows:,} rows of all together for {AUDIT_SECONDS:g} s, though reads mend them"
    reason += f": {words}{ahead}"
    return Verdict(Validity.INVALID, reason, CHECKER, witness=Witness((), (reason,)), details=details)


async def _compared(nodes: Sequence[Node], manners: Manners) -> Compared:
    """What all replicas say together, then what each node says by itself. With fewer replicas than nodes a node asks
    others for what it does not have."""
    together = await _rows(nodes[0], manners, ALL)
    alone = await asyncio.gather(*(_rows(node, manners, ONE) for node in nodes))
    differing = {node.name: len(together ^ rows) for node, rows in zip(nodes, alone, strict=True)}
    return Compared(together, {name: count for name, count in differing.items() if count})


async def _rows(node: Node, manners: Manners, consistency: int) -> frozenset[Row]:
    rows: set[Row] = set()
    for table in tables(manners):
        found = await ask(node.address, EVERYTHING[table], ASK_SECONDS, consistency)
        rows.update((table.encode(), *row) for row in found)
    return frozenset(rows)


async def _ahead(node: Node, manners: Manners) -> str:
    """The end of a sentence: how far the registers' stamps are ahead of true time, if they are."""
    try:
        found = await ask(node.address, EVERYTHING[REGISTERS], ASK_SECONDS, ALL)
    except (CqlError, OSError) as error:
        return f"; their stamps could not be read ({error})"
    return ahead([stamp for _, _, stamp in found if stamp is not None], time.time_ns() // 1000)


def ahead(stamps: Sequence[bytes], now: int) -> str:
    """The end of a sentence about stamps (as on the wire, microseconds since 1970) that are ahead of `now`."""
    beyond = [stamp - now for (stamp,) in map(struct.Struct(">q").unpack, stamps) if stamp > now + AHEAD_US]
    if not beyond:
        return ""
    return f"; {len(beyond):,} of {len(stamps):,} registers are stamped up to {max(beyond) / 1e6:.1f} s ahead of now"
