"""What is asked of Cassandra in words? The tables, and requests at the levels of the run.

Registers and lists are JSON in one text column; a set is a collection in one column, or a row per element; a counter is
Cassandra's own. An object that was never written is none of these yet: the first change says what it is (`kinds`), and
until then it is read as a register, or as a set if it has no name. The trap: tables' own ideas about slow replicas.
Speculative retries are off, so that a read asks as many replicas as its level says, and no more.
"""

import json
from typing import Any, Protocol

from splitbrain.harness.operation import Value
from splitbrain.targets.cassandra.errors import UNAVAILABLE, CassandraError
from splitbrain.targets.cassandra.manners import Manners
from splitbrain.targets.cassandra.session import Request, Rows

KEYSPACE = "splitbrain"
REGISTER, SET, COUNTER = "register", "set", "counter"
REGISTERS, COLLECTIONS, ELEMENTS, COUNTERS = (
    f"{KEYSPACE}.{table}" for table in ("registers", "collections", "elements", "counters")
)

COLUMNS = {
    REGISTERS: "key text PRIMARY KEY, value text",
    COLLECTIONS: "key text PRIMARY KEY, elements set<text>",
    ELEMENTS: "key text, element text, PRIMARY KEY (key, element)",
    COUNTERS: "key text PRIMARY KEY, sum counter",
}


class Defining(Protocol):
    """What the schema can be asked of: a session."""

    async def ask(self, request: Request) -> Rows:
        """The rows of the answer."""

    async def define(self, text: str) -> None:
        """Change the schema."""


def tables(manners: Manners) -> tuple[str, ...]:
    """Those that can be used with these settings."""
    own = (REGISTERS, ELEMENTS if manners.rows else COLLECTIONS)
    return own if manners.lwt else (*own, COUNTERS)


async def define(session: Defining, manners: Manners) -> None:
    """Make the tables, if they are not there. CassandraError, to be tried again, while too few nodes are known."""
    ((centre,),) = await session.ask(Request("SELECT data_center FROM system.local"))
    peers = await session.ask(Request("SELECT peer FROM system.peers_v2"))
    if len(peers) + 1 < manners.replicas:
        text = f"rf={manners.replicas} asks for more nodes than the {len(peers) + 1} that are known here"
        raise CassandraError(UNAVAILABLE, f"{text}: give more --nodes, or a smaller rf")
    placement = f"'NetworkTopologyStrategy', '{centre}': {manners.replicas}"
    if not manners.network:
        placement = f"'SimpleStrategy', 'replication_factor': {manners.replicas}"
    await session.define(f"CREATE KEYSPACE IF NOT EXISTS {KEYSPACE} WITH replication = {{'class': {placement}}}")
    settings = {
        "read_repair": f"'{manners.read_repair}'",
        "gc_grace_seconds": manners.grace_seconds,
        "speculative_retry": "'NEVER'",
        "additional_write_policy": "'NEVER'",
    }
    options = " AND ".join(f"{name} = {value}" for name, value in settings.items())
    for table in tables(manners):
        await session.define(f"CREATE TABLE IF NOT EXISTS {table} ({COLUMNS[table]}) WITH {options}")


def reading(manners: Manners, text: str, *values: object) -> Request:
    """A read at the run's level."""
    return Request(text, values, manners.read)


def writing(manners: Manners, text: str, *values: object) -> Request:
    """A plain write at the run's level."""
    return Request(text, values, manners.write)


def agreeing(manners: Manners, text: str, *values: object) -> Request:
    """A lightweight transaction at the run's levels."""
    return Request(text, values, manners.write, manners.serial, conditional=True)


def applied(rows: Rows) -> bool:
    """Whether the condition of a lightweight transaction was true: the first column of its answer."""
    return bool(rows[0][0])


def kind(manners: Manners, key: Value) -> str:
    """What an object is."""
    return manners.kinds.get(key, SET if key is None else REGISTER)


def name(key: Value) -> str:
    """The row key of an object."""
    return json.dumps(key)


def packed(value: Value) -> str:
    """A value as text; equal values have equal texts."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def unpacked(text: str) -> Any:
    """The inverse of `packed`, with tuples for lists."""
    return frozen(json.loads(text))


def frozen(value: Any) -> Any:
    """JSON as a value of a history."""
    if isinstance(value, list):
        return tuple(map(frozen, value))
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    return value


def in_order(elements: Any) -> tuple[Any, ...]:
    """A set's elements from their texts: numbers in order, then everything else."""
    return tuple(sorted(map(unpacked, elements), key=_order))


def _order(value: Any) -> tuple[bool, Any]:
    return (False, value) if isinstance(value, int | float) else (True, str(value))
