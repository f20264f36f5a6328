"""Audits of replicas on stand-ins: a difference is told, a node that lags is waited for, no answer is no difference."""

import asyncio
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.node import Node
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.targets import redis, rqlite, tarantool, zookeeper
from splitbrain.targets.copies import unmoved
from splitbrain.targets.galera import Galera
from splitbrain.targets.mariadb.client import MariaDBSession
from splitbrain.targets.postgresql import PostgreSQL
from splitbrain.targets.postgresql.client import PostgreSQLSession
from splitbrain.targets.redis import Redis
from splitbrain.targets.rqlite import Rqlite, RqliteConnection
from splitbrain.targets.servers.agreement import same_data
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.sql.client import SqlSession
from splitbrain.targets.tarantool import Tarantool
from splitbrain.targets.zookeeper import ZooKeeper, ZooKeeperClient

from .servers.test_contract import made
from .servers.wire import Wire, serving

VALID, INVALID, UNKNOWN = Validity.VALID, Validity.INVALID, Validity.UNKNOWN
SECONDS = 1.0
Answers = Mapping[str, Sequence[Any]]
"""A node's answers to queries, by a word of theirs, in turn."""


def bulk(text: bytes) -> bytes:
    """A string of RESP."""
    return b"$%d\r\n%s\r\n" % (len(text), text)


def redis_copy(offset: int, value: bytes, link: bytes = b"up") -> bytes:
    """Answer of a replica: its place in the log, and one key."""
    told = b"# Replication\r\nmaster_link_status:%s\r\nmaster_replid:a\r\nmaster_repl_offset:%d\r\n" % (link, offset)
    key = b"*3\r\n" + bulk(b"splitbrain:k") + bulk(b"string") + bulk(value)
    return b"*2\r\n" + bulk(told) + b"*1\r\n" + key


def redis_audit(monkeypatch: pytest.MonkeyPatch, *copies: Sequence[bytes]) -> Verdict:
    """The verdict on stand-ins, each with its copies in turn; the last one stays."""
    monkeypatch.setattr(redis, "AUDIT_SECONDS", SECONDS)

    def talk(mine: Sequence[bytes]) -> Callable[..., Any]:
        left = itertools.chain(mine[:-1], itertools.repeat(mine[-1]))

        async def answered(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
            words = []
            for _ in range(int((await reader.readuntil(b"\r\n"))[1:-2])):
                length = int((await reader.readuntil(b"\r\n"))[1:-2])
                words.append((await reader.readexactly(length + 2))[:-2])
            writer.write(b"+PONG\r\n" if words[0] == b"PING" else next(left))
            return True

        return answered

    async def scene() -> Verdict:
        one, two = talk(copies[0]), talk(copies[1])
        async with serving(one, "redis") as first, serving(two, "redis") as second:
            server = made(Redis, endpoints=f"{first.endpoint}+{second.endpoint}")
            assert isinstance(server, Redis)
            return await server.audit([ExternalNode("n1", first.endpoint), ExternalNode("n2", second.endpoint)])

    return asyncio.run(asyncio.wait_for(scene(), 20))


@pytest.mark.parametrize(
    ("other", "value", "reason"),
    [
        ([redis_copy(5, b"7")], VALID, "all 2 nodes hold the same data, of version a:5"),
        ([redis_copy(4, b"7")], VALID, "of version a:4 or a:5"),
        ([redis_copy(5, b"8")], INVALID, "nodes hold different data of version a:5"),
        ([redis_copy(4, b"8"), redis_copy(5, b"7")], VALID, "of version a:5"),
        ([redis_copy(4, b"8")], UNKNOWN, "the nodes are at the versions a:4, a:5"),
        ([redis_copy(5, b"8", b"down")], UNKNOWN, "n2 has no link to its primary"),
        ([b"-LOADING Redis is loading the dataset\r\n"], UNKNOWN, "LOADING"),
        ([b"-LOADING\r\n", redis_copy(5, b"7")], VALID, "of version a:5"),
    ],
)
def test_replicas_of_redis(
    monkeypatch: pytest.MonkeyPatch, other: Sequence[bytes], value: Validity, reason: str
) -> None:
    found = redis_audit(monkeypatch, [redis_copy(5, b"7")], other)
    assert (found.value, reason in found.reason) == (value, True), found.reason


def test_a_difference_is_shown() -> None:
    found = asyncio.run(_two("a" * 90 + "b", "a" * 90 + "c"))
    assert found.value is INVALID
    assert found.reason.endswith(f"of version 5: n1 …{'a' * 40}b…, n2 …{'a' * 40}c…")


async def _two(*data: str) -> Verdict:
    nodes = [ExternalNode(name, "fake://a") for name in ("n1", "n2")]
    held = dict(zip(("n1", "n2"), data, strict=True))

    async def copy(node: Node) -> tuple[str, str]:
        return "5", held[node.name]

    return await same_data("replicas", nodes, copy, 5)


def test_what_was_read_while_a_node_went_on_is_of_no_version() -> None:
    versions = iter("4566")

    async def version() -> str:
        return next(versions)

    async def data() -> str:
        return "rows"

    with pytest.raises(ServerError, match="went on from 4 to 5"):
        asyncio.run(unmoved(version, data))
    assert asyncio.run(unmoved(version, data)) == ("6", "rows")


class FakeSession(SqlSession):
    """A session that answers queries by a word in them, in turn; the last answer stays."""

    def __init__(self, answers: Answers) -> None:
        self.answers = {word: list(mine) for word, mine in answers.items()}

    async def rows(self, statement: str, *words: str) -> Sequence[Sequence[Any]]:
        mine = next(mine for word, mine in self.answers.items() if word in statement)
        found: Any = mine.pop(0) if len(mine) > 1 else mine[0]
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[no-any-return]

    async def change(self, statement: str, *words: str) -> int:
        return 0

    @property
    def closed(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing."""


def sessions_audit(monkeypatch: pytest.MonkeyPatch, server: Galera | PostgreSQL, *nodes: Answers) -> Verdict:
    """The verdict on nodes that answer so."""
    held = {f"n{number}": FakeSession(answers) for number, answers in enumerate(nodes, 1)}

    async def connect(address: str, *_: Any) -> FakeSession:
        return held[address]

    monkeypatch.setattr(sys.modules[type(server).__module__], "AUDIT_SECONDS", SECONDS)
    monkeypatch.setattr(MariaDBSession, "connect", connect)
    monkeypatch.setattr(PostgreSQLSession, "connect", connect)
    return asyncio.run(asyncio.wait_for(server.audit([ExternalNode(name, name) for name in held]), 20))


def rows(value: str) -> Sequence[Sequence[str]]:
    """The rows of a node."""
    return [("object", "k", value), ("element", "", "1")]


def galera_node(value: str, *commits: int, state: str = "Synced", queue: int = 0) -> Answers:
    """A node that has carried out so many write sets, each time it is asked."""
    words = {"wsrep_local_state_comment": state, "wsrep_cluster_state_uuid": "u", "wsrep_local_recv_queue": str(queue)}
    told = [[*words.items(), ("wsrep_last_committed", str(commit))] for commit in commits]
    return {"SHOW STATUS": told, "splitbrain_objects": [rows(value)]}


@pytest.mark.parametrize(
    ("other", "value", "reason"),
    [
        (galera_node("7", 5), VALID, "of version u:5"),
        (galera_node("8", 5), INVALID, "different data of version u:5"),
        (galera_node("8", 4), UNKNOWN, "the nodes are at the versions u:4, u:5"),
        (galera_node("7", 4, 5), VALID, "of version u:5"),
        (galera_node("8", 5, state="Donor/Desynced"), UNKNOWN, "it is Donor/Desynced, and has not all that came"),
        (galera_node("8", 5, queue=1), UNKNOWN, "it is Synced, and has not all that came"),
        ({"SHOW STATUS": [ServerError("WSREP has not yet prepared node", 1047)]}, UNKNOWN, "WSREP has not"),
        ({"SHOW STATUS": [[]]}, UNKNOWN, "it is no member"),
    ],
)
def test_nodes_of_galera(monkeypatch: pytest.MonkeyPatch, other: Answers, value: Validity, reason: str) -> None:
    server = made(Galera, endpoints="mysql://a")
    assert isinstance(server, Galera)
    found = sessions_audit(monkeypatch, server, galera_node("7", 5), other)
    assert (found.value, reason in found.reason) == (value, True), found.reason


def postgresql_node(value: str, role: str, *positions: str, waiting: int = 0) -> Answers:
    """A server that has come so far in the log, each time it is asked."""
    told = [[(position, waiting)] for position in positions]
    return {"'detached'": [[(role,)]], "SyncRep": told, "splitbrain_objects": [rows(value)]}


@pytest.mark.parametrize(
    ("other", "value", "reason"),
    [
        (postgresql_node("7", "standby", "0/5"), VALID, "of version 0/5"),
        (postgresql_node("8", "standby", "0/5"), INVALID, "different data of version 0/5"),
        (postgresql_node("8", "standby", "0/4"), UNKNOWN, "the nodes are at the versions 0/4, 0/5"),
        (postgresql_node("7", "standby", "0/4", "0/5"), VALID, "of version 0/5"),
        (postgresql_node("8", "detached", "0/5"), UNKNOWN, "it is detached"),
        (postgresql_node("8", "primary", "0/5", waiting=1), UNKNOWN, "1 commits wait for a standby"),
        ({"'detached'": [ServerError("conflict with recovery", "40001")]}, UNKNOWN, "conflict with recovery"),
    ],
)
def test_standbys_of_postgresql(monkeypatch: pytest.MonkeyPatch, other: Answers, value: Validity, reason: str) -> None:
    server = made(PostgreSQL, endpoints="postgresql://a")
    assert isinstance(server, PostgreSQL)
    found = sessions_audit(monkeypatch, server, postgresql_node("7", "primary", "0/5"), other)
    assert (found.value, reason in found.reason) == (value, True), found.reason


def test_one_server_of_postgresql_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    server = made(PostgreSQL, endpoints="postgresql://a")
    assert isinstance(server, PostgreSQL)
    assert sessions_audit(monkeypatch, server, {}).value is VALID


def rqlite_audit(monkeypatch: pytest.MonkeyPatch, *nodes: tuple[str, Sequence[tuple[int, int, int]]]) -> Verdict:
    """The verdict on nodes, each with its rows, and where it says to be each time: what it has in its log, has carried
    out, and has not yet."""
    held = {f"n{number}": (value, list(places)) for number, (value, places) in enumerate(nodes, 1)}

    async def get(self: RqliteConnection, path: str) -> Any:
        _, places = held[self.http.base_url.host]
        last, applied, pending = places.pop(0) if len(places) > 1 else places[0]
        raft = {"last_log_term": 2, "last_log_index": last, "applied_index": applied, "fsm_pending": pending}
        return {"store": {"raft": raft, "fsm_index": applied}}

    async def carried_out(self: RqliteConnection, path: str, statement: str, words: Sequence[str]) -> Any:
        assert path == "/db/query?level=none"
        return {"values": rows(held[self.http.base_url.host][0])}

    monkeypatch.setattr(rqlite, "AUDIT_SECONDS", SECONDS)
    monkeypatch.setattr(RqliteConnection, "get", get)
    monkeypatch.setattr(RqliteConnection, "carried_out", carried_out)
    server = made(Rqlite, endpoints="http://n1")
    assert isinstance(server, Rqlite)
    return asyncio.run(asyncio.wait_for(server.audit([ExternalNode(name, f"http://{name}") for name in held]), 20))


@pytest.mark.parametrize(
    ("data", "places", "value", "reason"),
    [
        ("7", [(5, 5, 0)], VALID, "of version 2:5:5"),
        ("8", [(5, 5, 0)], INVALID, "different data of version 2:5:5"),
        ("8", [(4, 4, 0)], UNKNOWN, "the nodes are at the versions 2:4:4, 2:5:5"),
        ("8", [(5, 4, 0)], UNKNOWN, "it has carried out 4 of 5"),
        ("8", [(5, 5, 1)], UNKNOWN, "it has carried out 5 of 5"),
        ("7", [(5, 4, 0), (5, 5, 0)], VALID, "of version 2:5:5"),
    ],
)
def test_nodes_of_rqlite(
    monkeypatch: pytest.MonkeyPatch, data: str, places: Sequence[tuple[int, int, int]], value: Validity, reason: str
) -> None:
    pytest.importorskip("httpx2")
    found = rqlite_audit(monkeypatch, ("7", [(5, 5, 0)]), (data, places))
    assert (found.value, reason in found.reason) == (value, True), found.reason


@pytest.mark.parametrize(
    ("other", "value", "reason"),
    [
        ([("1:5", "7")], VALID, "of version 1:5"),
        ([("1:5", "8")], INVALID, "different data of version 1:5"),
        ([("1:4", "8"), ("1:5", "7")], VALID, "of version 1:5"),
        ([("1:4", "8")], UNKNOWN, "the nodes are at the versions 1:4, 1:5"),
        ([ServerError("its upstream is disconnected", 32)], UNKNOWN, "its upstream is disconnected"),
    ],
)
def test_nodes_of_tarantool(
    monkeypatch: pytest.MonkeyPatch, other: Sequence[Any], value: Validity, reason: str
) -> None:
    held = {"n1": [("1:5", "7")], "n2": list(other)}

    class Connection:
        def __init__(self, address: str) -> None:
            self.mine = held[address]

        async def asked(self, kind: int, body: Mapping[int, Any]) -> Mapping[int, Any]:
            found = self.mine.pop(0) if len(self.mine) > 1 else self.mine[0]
            if isinstance(found, Exception):
                raise found
            return {tarantool.DATA: [[found[0], [["k", found[1]]]]]}

        async def aclose(self) -> None:
            """Nothing."""

    async def connect(address: str, *_: Any) -> Connection:
        return Connection(address)

    monkeypatch.setattr(tarantool, "AUDIT_SECONDS", SECONDS)
    monkeypatch.setattr(tarantool.BinaryConnection, "connect", connect)
    server = made(Tarantool, endpoints="tarantool://a")
    assert isinstance(server, Tarantool)
    found = asyncio.run(asyncio.wait_for(server.audit([ExternalNode(name, name) for name in held]), 20))
    assert (found.value, reason in found.reason) == (value, True), found.reason


@pytest.mark.parametrize(
    ("other", "value", "reason"),
    [
        (("7", "0x5"), VALID, "of version 0x5"),
        (("8", "0x5"), INVALID, "different data of version 0x5"),
        (("8", "0x4"), UNKNOWN, "the nodes are at the versions 0x4, 0x5"),
        (("8", "0x4", "0x5"), UNKNOWN, "went on from 0x4 to 0x5"),
        (("7", "0x4", "0x5", "0x5"), VALID, "of version 0x5"),
        ((ConnectionResetError("cut"), "0x5"), UNKNOWN, "n2: ConnectionResetError('cut')"),
    ],
)
def test_servers_of_zookeeper(
    monkeypatch: pytest.MonkeyPatch, other: Sequence[Any], value: Validity, reason: str
) -> None:
    pytest.importorskip("kazoo")
    held, zxids = {"n1": "7", "n2": other[0]}, {"n1": ["0x5"], "n2": list(other[1:])}

    async def tree(self: ZooKeeperClient) -> Any:
        if isinstance(held[self.address], Exception):
            raise held[self.address]
        return "/splitbrain/kk", held[self.address]

    async def said(address: str, *_: Any) -> bytes:
        mine = zxids[address]
        found = mine.pop(0) if len(mine) > 1 else mine[0]
        if value is UNKNOWN and len(other) > 2:
            zxids[address] = [*mine, found]  # it goes on and on
        return f"Zxid: {found}\nMode: follower\n".encode()

    async def opened(self: ZooKeeperClient) -> None:
        self.connection = SimpleNamespace(connected=True, handler=SimpleNamespace(spawn=lambda _: None))

    async def asked(self: ZooKeeperClient, *_: Any) -> None:
        """Nothing."""

    monkeypatch.setattr(zookeeper, "AUDIT_SECONDS", SECONDS)
    monkeypatch.setattr(zookeeper, "told", said)
    for name, method in {"tree": tree, "open": opened, "ask": asked}.items():
        monkeypatch.setattr(ZooKeeperClient, name, method)
    server = made(ZooKeeper, endpoints="zookeeper://a")
    assert isinstance(server, ZooKeeper)
    found = asyncio.run(asyncio.wait_for(server.audit([ExternalNode(name, name) for name in held]), 20))
    assert (found.value, reason in found.reason) == (value, True), found.reason
