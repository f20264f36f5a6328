"""Contract of every server on the kit: wrong options, the error table on a socket, late replies, kill and heal."""

import asyncio
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.client import Client
from splitbrain.harness.deployment import External, Place, Process
from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets.cassandra import Cassandra
from splitbrain.targets.consul import Consul
from splitbrain.targets.dqlite import Dqlite
from splitbrain.targets.etcd import Etcd
from splitbrain.targets.ferretdb import FerretDB
from splitbrain.targets.galera import Galera
from splitbrain.targets.hazelcast import Hazelcast
from splitbrain.targets.hbase import HBase
from splitbrain.targets.ignite import Ignite
from splitbrain.targets.infinispan import Infinispan
from splitbrain.targets.kafka import Kafka
from splitbrain.targets.mariadb import MariaDB
from splitbrain.targets.memcached import Memcached
from splitbrain.targets.nats import Nats
from splitbrain.targets.opensearch import OpenSearch
from splitbrain.targets.patroni import Patroni
from splitbrain.targets.postgresql import PostgreSQL
from splitbrain.targets.rabbitmq import RabbitMQ
from splitbrain.targets.redis import Redis
from splitbrain.targets.rqlite import Rqlite
from splitbrain.targets.seaweedfs import SeaweedFS
from splitbrain.targets.servers.server import Server
from splitbrain.targets.servers.software import Software
from splitbrain.targets.tarantool import Tarantool
from splitbrain.targets.valkey import Valkey
from splitbrain.targets.zookeeper import ZooKeeper

from .fakes import FAKES
from .wire import CUT, LATE, OK, SILENT, FakeServer

SERVERS: tuple[type[Server], ...] = (
    Etcd,
    Cassandra,
    Redis,
    Valkey,
    ZooKeeper,
    PostgreSQL,
    MariaDB,
    Nats,
    Memcached,
    Kafka,
    Rqlite,
    Galera,
    Ignite,
    OpenSearch,
    SeaweedFS,
    Tarantool,
    RabbitMQ,
    Hazelcast,
    Patroni,
    Consul,
    FerretDB,
    Dqlite,
    Infinispan,
    HBase,
)
LONG = {
    "rqlite": "a C compiler and Go build it for minutes",
    "consul": "Go builds it for minutes",
    "dqlite": "Go and a C compiler build it for a minute",
    "ferretdb": "Go builds it for minutes",
    "opensearch": "45 MB, and three nodes that are ready after half a minute",
    "rabbitmq": "three nodes that are ready after half a minute",
    "hazelcast": "three nodes that are ready after half a minute",
    "patroni": "another server takes over after half a minute",
    "ignite": "three nodes that are ready after half a minute",
    "hbase": "100 MB, and a node that is ready after half a minute",
    "infinispan": "57 MB, and three nodes that are ready after half a minute",
}
"""Servers that take so long to get that only `make test-long` runs three nodes of them."""
NO_CONTAINERS = {
    "patroni": "an image of programs has no Python",
}
LIBRARY = {
    "etcd": "httpx2",
    "cassandra": "cassandra",
    "kafka": "confluent_kafka",
    "zookeeper": "kazoo",
    "postgresql": "asyncpg",
    "patroni": "asyncpg",
    "mariadb": "aiomysql",
    "nats": "nats",
    "rqlite": "httpx2",
    "consul": "httpx2",
    "ferretdb": "bson",
    "dqlite": "httpx2",
    "galera": "aiomysql",
    "opensearch": "httpx2",
    "seaweedfs": "httpx2",
    "hbase": "httpx2",
    "tarantool": "msgpack",
    "rabbitmq": "aiormq",
    "hazelcast": "hazelcast",
}
"""Libraries that clients need, from extras."""
READ, WRITE = Operation("read", None, "k"), Operation("write", 1, "k")
ERRORS = [
    (Etcd, b"etcdserver: no leader", EventType.FAIL, ErrorKind.NO_LEADER),
    (Etcd, b"etcdserver: request timed out", EventType.INFO, ErrorKind.TIMEOUT),
    (Cassandra, b"unavailable", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (Cassandra, b"write timeout", EventType.INFO, ErrorKind.TIMEOUT),
    (Redis, b"READONLY You can't write against a read only replica.", EventType.FAIL, ErrorKind.NO_LEADER),
    (Redis, b"NOREPLICAS Not enough good replicas to write.", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (Redis, b"ERR something new", EventType.INFO, ErrorKind.OTHER),
    (ZooKeeper, b"-112", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (ZooKeeper, b"-7", EventType.INFO, ErrorKind.TIMEOUT),
    (ZooKeeper, b"-102", EventType.FAIL, ErrorKind.OTHER),
    (ZooKeeper, b"-4", EventType.INFO, ErrorKind.CONNECTION),
    (ZooKeeper, b"-2", EventType.INFO, ErrorKind.OTHER),
    (MariaDB, b"1213", EventType.FAIL, ErrorKind.CONFLICT),
    (MariaDB, b"1205", EventType.FAIL, ErrorKind.CONFLICT),
    (MariaDB, b"1290", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (MariaDB, b"1053", EventType.INFO, ErrorKind.UNAVAILABLE),
    (MariaDB, b"1030", EventType.INFO, ErrorKind.OTHER),
    (Galera, b"1047", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (Galera, b"1213", EventType.INFO, ErrorKind.CONFLICT),
    (Galera, b"1180", EventType.INFO, ErrorKind.OTHER),
    (Ignite, b"10", EventType.INFO, ErrorKind.UNAVAILABLE),
    (Ignite, b"1000", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (Ignite, b"1", EventType.INFO, ErrorKind.UNAVAILABLE),
    (SeaweedFS, b"400", EventType.INFO, ErrorKind.OTHER),
    (SeaweedFS, b"403", EventType.INFO, ErrorKind.OTHER),
    (SeaweedFS, b"404", EventType.INFO, ErrorKind.UNAVAILABLE),
    (SeaweedFS, b"412", EventType.INFO, ErrorKind.CONFLICT),
    (SeaweedFS, b"500", EventType.INFO, ErrorKind.OTHER),
    (SeaweedFS, b"503", EventType.INFO, ErrorKind.UNAVAILABLE),
    (HBase, b"400", EventType.INFO, ErrorKind.OTHER),
    (HBase, b"404", EventType.INFO, ErrorKind.UNAVAILABLE),
    (HBase, b"503", EventType.INFO, ErrorKind.UNAVAILABLE),
    (Tarantool, b"7", EventType.FAIL, ErrorKind.NO_LEADER),
    (Tarantool, b"216", EventType.INFO, ErrorKind.TIMEOUT),
    (Tarantool, b"32", EventType.INFO, ErrorKind.OTHER),
    (OpenSearch, b"400", EventType.INFO, ErrorKind.OTHER),
    (OpenSearch, b"403", EventType.INFO, ErrorKind.OTHER),
    (OpenSearch, b"503", EventType.INFO, ErrorKind.UNAVAILABLE),
    (OpenSearch, b"429", EventType.INFO, ErrorKind.UNAVAILABLE),
    (Nats, b"503 10008", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (Nats, b"503 10077", EventType.INFO, ErrorKind.UNAVAILABLE),
    (Memcached, b"SERVER_ERROR out of memory storing object", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (Memcached, b"SERVER_ERROR something new", EventType.INFO, ErrorKind.OTHER),
    (Rqlite, b"leader not found", EventType.FAIL, ErrorKind.NO_LEADER),
    (Rqlite, b"store not ready", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (Rqlite, b"leadership lost while committing log", EventType.INFO, ErrorKind.NO_LEADER),
    (Rqlite, b"node failed to process Execute on remote node at b: EOF", EventType.INFO, ErrorKind.UNAVAILABLE),
    (Consul, b"No cluster leader", EventType.FAIL, ErrorKind.NO_LEADER),
    (Consul, b"Raft leader not found in server lookup mapping", EventType.FAIL, ErrorKind.NO_LEADER),
    (Consul, b"rpc error getting client: failed to get conn: i/o", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (Consul, b"rpc error making call: node is not the leader", EventType.FAIL, ErrorKind.NO_LEADER),
    (Consul, b"leadership lost while committing log", EventType.INFO, ErrorKind.NO_LEADER),
    (Consul, b"rpc error making call: EOF", EventType.INFO, ErrorKind.UNAVAILABLE),
    (FerretDB, b"59", EventType.FAIL, ErrorKind.OTHER),
    (FerretDB, b"13", EventType.FAIL, ErrorKind.UNAVAILABLE),
    (FerretDB, b"50", EventType.INFO, ErrorKind.TIMEOUT),
    (FerretDB, b"1", EventType.INFO, ErrorKind.OTHER),
    (Dqlite, b"not connected: no available dqlite leader server found", EventType.FAIL, ErrorKind.NO_LEADER),
    (Dqlite, b"driver: bad connection", EventType.INFO, ErrorKind.CONNECTION),
    (Dqlite, b"database is locked", EventType.INFO, ErrorKind.CONFLICT),
    (
        Infinispan,
        b"SERVER_ERROR Key 'k' is not available. Not all owners are in this partition",
        EventType.INFO,
        ErrorKind.UNAVAILABLE,
    ),
    (Infinispan, b"SERVER_ERROR ISPN000476: Timed out waiting for responses", EventType.INFO, ErrorKind.TIMEOUT),
    (Infinispan, b"CLIENT_ERROR bad command line format", EventType.INFO, ErrorKind.OTHER),
    (Infinispan, b"NOT_STORED", EventType.INFO, ErrorKind.CONFLICT),
    (PostgreSQL, b"40001", EventType.FAIL, ErrorKind.CONFLICT),
    (PostgreSQL, b"25006", EventType.FAIL, ErrorKind.NO_LEADER),
    (PostgreSQL, b"57P01", EventType.INFO, ErrorKind.UNAVAILABLE),
    (PostgreSQL, b"40003", EventType.INFO, ErrorKind.OTHER),
    (PostgreSQL, b"58030", EventType.INFO, ErrorKind.OTHER),
]

every_server = pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.name)
every_stand_in = pytest.mark.parametrize(
    "kind", [kind for kind in SERVERS if kind.name in FAKES], ids=lambda kind: kind.name
)
"""Stand-ins but Kafka's, which is its driver's own (`tests/targets/kafka`), and those in `tests/targets`."""


def made(kind: type[Server], **options: str) -> Server:
    return kind(settle(kind.options, options, kind.name))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


def fake(kind: type[Server]) -> Any:
    """A stand-in for a node; the test is skipped without the client's library."""
    pytest.importorskip(LIBRARY.get(kind.name, "asyncio"))
    return FAKES[kind.name]()


async def opened(kind: type[Server], node: FakeServer) -> tuple[Server, Client]:
    server = made(kind, endpoints=node.endpoint)
    client = server.client(ExternalNode("n1", node.endpoint))
    await client.open()
    return server, client


async def ended(server: Server, client: Client, operation: Operation, seconds: float = 5.0) -> Outcome:
    """The outcome of an operation, as the harness records it."""
    try:
        async with asyncio.timeout(seconds):
            return await client.invoke(operation)
    except Exception as error:  # noqa: BLE001 - the table is looked at
        return server.errors.outcome(operation, error, effects=server.operations[operation.f].effects)


@every_server
def test_options_that_every_server_has(kind: type[Server]) -> None:
    names = {option.name for option in kind.options}
    assert {"version", "binary", "image", "endpoints", "upgrade_to", "ca", "user", "password_env"} <= names
    scheme = kind.schemes[0]
    there = made(kind, endpoints=f"{scheme}://a:1+{scheme}://b:2")
    assert there.deployments == (External((f"{scheme}://a:1", f"{scheme}://b:2")),) and not there.notices()
    with pytest.raises(UsageError, match=r"no user or password in a URL.*password_env"):
        made(kind, endpoints=f"{scheme}://user:hush@a:1")
    with pytest.raises(UsageError, match="option endpoints is URL"):
        made(kind, endpoints="a:1")
    with pytest.raises(UsageError, match="NO_SUCH_VARIABLE"):
        made(kind, endpoints=f"{scheme}://a:1", user="u", password_env="NO_SUCH_VARIABLE")
    with pytest.raises(UsageError, match="option version is"):
        made(kind, version="latest")
    with pytest.raises(UsageError, match="no meaning with option image"):
        made(kind, image="x", version="1.2.3")


@every_server
def test_planning_fetches_nothing(kind: type[Server], monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*_: object) -> None:
        raise AssertionError("something was fetched")

    for source in kind.software.sources:
        monkeypatch.setattr(type(source), "fetch", fetched)
    server = made(kind)
    environments = [one.environment for one in server.deployments]
    assert environments[0] == "local" and ("docker" in environments) == (kind.name not in NO_CONTAINERS)
    assert server.version in server.notices()[0] and server.claims is not None


@every_server
def test_a_node_that_starts_again_does_not_look_for_its_program(
    kind: type[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise all waits while it reads the files, and what changed meanwhile is fetched in the midst of a run."""
    asked: list[str] = []

    def obtained(software: Software, version: str, binary: str = "", say: object = None) -> Path:
        asked.append(software.name)
        return tmp_path / software.owner

    monkeypatch.setattr(Software, "obtain", obtained)
    monkeypatch.setattr(kind, "java_program", lambda self: "java")
    (process,) = (one for one in made(kind).deployments if isinstance(one, Process))
    members = {"n1": "198.18.0.1", "n2": "198.18.0.2"}
    first, other = (Place(name, members[name], tmp_path / name, members) for name in members)
    argv = process.argv(first)
    assert asked
    asked.clear()
    assert process.argv(first) == argv
    process.argv(other)
    assert asked == []


def test_the_program_of_an_upgrade_is_obtained_before_the_first_start(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def obtained(software: Software, version: str, *_: object) -> Path:
        asked.append(version)
        return Path(version)

    monkeypatch.setattr(Software, "obtain", obtained)
    server = made(Etcd, version="3.5.16", upgrade_to="3.5.17")
    assert server.program("3.5.16") == Path("3.5.16") and asked == ["3.5.16", "3.5.17"]
    assert server.program("3.5.17") == Path("3.5.17") and asked == ["3.5.16", "3.5.17"]


@every_server
def test_what_is_missing_is_told_when_it_is_fetched(
    kind: type[Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Planning knows a version even where there is no tool that could fetch it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert made(kind).version


@every_stand_in
def test_a_write_meets_a_node_that_breaks(kind: type[Server]) -> None:
    async def scene() -> None:
        async with fake(kind) as node:
            for answer, error, seconds in ((CUT, ErrorKind.CONNECTION, 20.0), (SILENT, ErrorKind.TIMEOUT, 0.5)):
                server, client = await opened(kind, node)
                node.answer(answer)
                before = node.writes
                outcome = await ended(server, client, WRITE, seconds)
                assert (outcome.type, outcome.error and outcome.error.kind) == (EventType.INFO, error)
                assert node.writes == before + 1, "no hidden retry"
                await client.close()

    run(scene())


@pytest.mark.parametrize(("kind", "answer", "type", "error"), ERRORS)
def test_an_error_that_a_node_answers(kind: type[Server], answer: bytes, type: EventType, error: ErrorKind) -> None:
    async def scene() -> None:
        async with fake(kind) as node:
            server, client = await opened(kind, node)
            node.answer(answer)
            outcome = await ended(server, client, WRITE)
            assert (outcome.type, outcome.error and outcome.error.kind) == (type, error)
            await client.close()

    run(scene())


@every_stand_in
def test_a_late_reply_does_not_answer_the_next_request(kind: type[Server]) -> None:
    async def scene() -> None:
        async with fake(kind) as node:
            server, client = await opened(kind, node)
            node.answer(LATE, OK)
            assert (await ended(server, client, WRITE, 0.3)).type is EventType.INFO
            following = await ended(server, client, Operation("write", 2, "k"), 2.0)
            # On the same connection only after the reply to the first; else refused, or on another connection.
            assert following.type in (EventType.OK, EventType.FAIL)
            await client.close()
            _, fresh = await opened(kind, node)
            outcome = await ended(server, fresh, Operation("write", 3, "k"))
            assert (outcome.type, outcome.value) == (EventType.OK, 3)
            await fresh.close()

    run(scene())


@pytest.mark.parametrize(("kind", "conflict"), [(Redis, OK), (ZooKeeper, b"-103")])
def test_a_value_that_was_written_meanwhile_is_no_comparison_that_was_false(
    kind: type[Server], conflict: str | bytes
) -> None:
    """Conflict of a comparison that was undecided; a false one a checker takes for an observation."""

    async def scene() -> None:
        async with fake(kind) as node:
            server, client = await opened(kind, node)
            node.answer(conflict)
            for value, error in (((1, 2), ErrorKind.PRECONDITION), ((7, 2), ErrorKind.CONFLICT)):
                outcome = await ended(server, client, Operation("cas", value, "k"))
                assert (outcome.type, outcome.error and outcome.error.kind) == (EventType.FAIL, error)
            await client.close()

    run(scene())


@every_server
def test_nothing_was_sent_where_nobody_listens(kind: type[Server]) -> None:
    pytest.importorskip(LIBRARY.get(kind.name, "asyncio"))

    async def scene() -> None:
        url = f"{kind.schemes[0]}://127.0.0.1:1"
        client = made(kind, endpoints=url).client(ExternalNode("n1", url))
        with pytest.raises(ConnectionRefusedError):
            await client.open()
        await client.close()

    run(scene())


RUN = (
    "import sys; from splitbrain.harness.environments.linux import namespaces; "
    "sys.exit(namespaces.reexecute([sys.executable, '-m', 'pytest', *sys.argv[1:]]))"
)
LIVE = Path(__file__).with_name("live.py")


@pytest.mark.timeout(400)
@pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")
@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=pytest.mark.long if kind.name in LONG else ()) for kind in SERVERS],
    ids=lambda kind: kind.name,
)
def test_three_real_nodes_are_killed_and_come_back(kind: type[Server]) -> None:
    pytest.importorskip(LIBRARY.get(kind.name, "asyncio"))
    server = made(kind)
    try:
        server.provide(next(one for one in server.deployments if isinstance(one, Process)), lambda sentence: None)
    except InfrastructureError as error:
        pytest.skip(str(error))
    command = [sys.executable, "-c", RUN, "-q", "-x", "-p", "no:xdist", f"{LIVE}::test_kill_and_heal[{kind.name}]"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=350)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout
