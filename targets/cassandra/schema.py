"""Tables in Cassandra, and requests at the levels of the run.

Registers and lists are JSON in one text column; a set is a collection in one column, or a row per element; a counter is
Cassandra's own. An object that was never written is none of these yet: the first change says what it is (`kinds`), and
until then it is read as a register, or as a set if it has no name. Speculative retries of the
tables are off, so that a read asks as many replicas as its level says, and no more.
"""

from splitbrain.targets.cassandra.client_settings import CassandraSettings
from splitbrain.targets.cassandra.session import CassandraSession, CqlRequest
from splitbrain.targets.servers.errors import ServerError

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


def tables(settings: CassandraSettings) -> tuple[str, ...]:
    """The tables that can be used with these settings."""
    own = (REGISTERS, ELEMENTS if settings.rows else COLLECTIONS)
    return own if settings.lwt else (*own, COUNTERS)


async def define(session: CassandraSession, settings: CassandraSettings) -> None:
    """Make the tables, if they are not there. ServerError, to be tried again, while too few nodes are known."""
    ((centre,),) = await session.ask(CqlRequest("SELECT data_center FROM system.local"))
    peers = await session.ask(CqlRequest("SELECT peer FROM system.peers_v2"))
    if len(peers) + 1 < settings.replicas:
        text = f"rf={settings.replicas} asks for more nodes than the {len(peers) + 1} that are known here"
        raise ServerError(f"{text}: give more --nodes, or a smaller rf")
    placement = f"'NetworkTopologyStrategy', '{centre}': {settings.replicas}"
    if not settings.network:
        placement = f"'SimpleStrategy', 'replication_factor': {settings.replicas}"
    await session.define(f"CREATE KEYSPACE IF NOT EXISTS {KEYSPACE} WITH replication = {{'class': {placement}}}")
    options = f"read_repair = '{settings.read_repair}' AND gc_grace_seconds = {settings.grace_seconds}"
    options += " AND speculative_retry = 'NEVER' AND additional_write_policy = 'NEVER'"
    for table in tables(settings):
        await session.define(f"CREATE TABLE IF NOT EXISTS {table} ({COLUMNS[table]}) WITH {options}")
