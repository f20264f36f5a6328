"""Stand-ins for one node of each server; see `wire`."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from . import http_fakes
from .wire import CUT, LATE, LATE_SECONDS, OK, SILENT, Answer, FakeServer, Wire, serving

REDIS: Mapping[bytes, bytes] = {
    b"ROLE": b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n",
    b"PING": b"+PONG\r\n",
    b"AUTH": b"+OK\r\n",
    b"WAIT": b":0\r\n",
    b"WATCH": b"+OK\r\n",
    b"GET": b"$1\r\n7\r\n",
    b"MULTI": b"+OK\r\n",
    b"EXEC": b"*-1\r\n",
    b"EVAL": b"*2\r\n$6\r\nstring\r\n$1\r\n7\r\n",
}


async def redis(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One command of RESP."""
    count = int((await reader.readuntil(b"\r\n"))[1:-2])
    words = []
    for _ in range(count):
        length = int((await reader.readuntil(b"\r\n"))[1:-2])
        words.append((await reader.readexactly(length + 2))[:-2])
    if words[0] == b"SET":
        return await wire.say(writer, b"+OK\r\n", lambda error: b"-" + error + b"\r\n")
    writer.write(REDIS[words[0]])
    return True


STAT = struct.pack(">qqqqiiiqiiq", 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1)
ZOOKEEPER = {4: struct.pack(">i", 1) + b"7" + STAT, 8: struct.pack(">i", 0), 9: struct.pack(">i", 0)}
"""A register of value 7, no children, and a path that was synced."""


async def zookeeper(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One frame. The first one of a session has no type."""
    (length,) = struct.unpack(">i", await reader.readexactly(4))
    frame = await reader.readexactly(length)
    xid, kind = struct.unpack_from(">ii", frame)
    if xid == 0:
        writer.write(struct.pack(">iiiqi17x", 37, 0, 10_000, 1, 16))
        return True

    def reply(error: int, body: bytes = b"") -> bytes:
        answered = struct.pack(">iqi", xid, 1, error) + body
        return struct.pack(">i", len(answered)) + answered

    if kind == 5:
        return await wire.say(writer, reply(0, STAT), lambda error: reply(int(error)))
    writer.write(reply(0, ZOOKEEPER.get(kind, b"")))
    return True


def framed(kind: bytes, body: bytes = b"") -> bytes:
    """A message of PostgreSQL's protocol."""
    return kind + struct.pack(">i", len(body) + 4) + body


READY = framed(b"Z", b"I")
GREETING = (
    framed(b"R", struct.pack(">i", 0)) + framed(b"S", b"server_version\x0018.6\0") + framed(b"K", bytes(8)) + READY
)
COLUMN = framed(b"T", struct.pack(">h", 1) + b"c\0" + struct.pack(">ihihih", 0, 0, 25, -1, -1, 0))
STATEMENTS: dict[bytes, bytes] = {b"": b""}
"""Statements by the names that the driver gave them, which are its process's own."""


async def postgresql(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One message. The first one of a connection has no type; whatever is read is NULL."""
    kind = await reader.readexactly(1)
    (length,) = struct.unpack(
        ">i", await reader.readexactly(4) if kind != b"\0" else b"\0" + await reader.readexactly(3)
    )
    body = await reader.readexactly(length - 4)
    if kind == b"\0":
        writer.write(GREETING)
        return body[:4] == struct.pack(">i", 3 << 16)  # not a request to cancel something
    if kind == b"P":
        name, statement = body.split(b"\0")[:2]
        STATEMENTS[name] = statement
        writer.write(framed(b"1"))
    elif kind == b"D":
        statement = STATEMENTS[body[1:-1]]
        count = len({word for word in (b"$1", b"$2", b"$3") if word in statement})
        writer.write(framed(b"t", struct.pack(f">h{count}i", count, *[25] * count)))
        writer.write(COLUMN if statement.startswith(b"SELECT") else framed(b"n"))
    elif kind == b"B":
        STATEMENTS[b""] = STATEMENTS[body.split(b"\0")[1]]
        writer.write(framed(b"2"))
    elif kind == b"E" and STATEMENTS[b""].startswith(b"INSERT"):
        silent = wire.answers[0] == SILENT
        done = framed(b"C", b"INSERT 0 1\0")
        goes_on = await wire.say(writer, done, lambda error: framed(b"E", b"SERROR\0C" + error + b"\0Mtold\0\0"))
        while silent:
            await reader.readexactly(1)
        return goes_on
    elif kind == b"E":
        writer.write(framed(b"D", struct.pack(">hi", 1, -1)) + framed(b"C", b"SELECT 1\0"))
    elif kind in b"SQ":
        writer.write((framed(b"C", b"BEGIN\0") if kind == b"Q" else b"") + READY)
    return kind != b"X"


def packet(number: int, body: bytes) -> bytes:
    """A packet of MySQL's protocol."""
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


MYSQL_ABLE = b"\0\xff\xf7\x2d\x02\0\xff\x81\x15"
MYSQL_HELLO = b"\x0a10.11.19-MariaDB\0" + bytes(12) + MYSQL_ABLE + bytes(23) + b"mysql_native_password\0"
MYSQL_OK = b"\0\x01\0\x02\0\0\0"


async def mariadb(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One packet, after a greeting; nothing is ever read."""
    if not hasattr(writer, "greeted"):
        writer.greeted = True  # type: ignore[attr-defined]
        writer.write(packet(0, MYSQL_HELLO))
        return True
    head = await reader.readexactly(4)
    body = await reader.readexactly(int.from_bytes(head[:3], "little"))
    if body.startswith(b"\x03INSERT"):

        def error(number: bytes) -> bytes:
            return packet(1, b"\xff" + struct.pack("<H", int(number)) + b"#HY000told")

        return await wire.say(writer, packet(1, MYSQL_OK), error)
    writer.write(packet(head[3] + 1, MYSQL_OK))
    return body[:1] != b"\x01"


NATS_INFO = b'INFO {"server_id":"n1","version":"2.15.1","headers":true,"max_payload":1048576,"proto":1}\r\n'


async def nats(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One line, after a greeting. What is published to an object's subject is a write."""
    if not hasattr(writer, "inbox"):
        writer.inbox = b""  # type: ignore[attr-defined]
        writer.write(NATS_INFO)
        return True
    line = await reader.readuntil(b"\r\n")
    verb, *words = line.split()
    if verb == b"PING":
        writer.write(b"PONG\r\n")
    elif verb in (b"PUB", b"HPUB"):
        await reader.readexactly(int(words[-1]) + 2)

        def reply(body: bytes) -> bytes:
            return b"MSG %s 1 %d\r\n%s\r\n" % (words[1], len(body), body)

        def error(told: bytes) -> bytes:
            status, code = told.split()
            return reply(b'{"error":{"code":%s,"err_code":%s,"description":"told"}}' % (status, code))

        return await wire.say(writer, reply(b'{"stream":"splitbrain","seq":1}'), error)
    return True


async def memcached(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One command of the text protocol; every item is 7."""
    verb, *words = (await reader.readuntil(b"\r\n")).split()
    if verb == b"gets":
        writer.write(b"VALUE %s 0 1 5\r\n7\r\nEND\r\n" % words[0])
        return True
    if verb == b"version":
        writer.write(b"VERSION 1.6.18\r\n")
        return True
    await reader.readexactly(int(words[3]) + 2)
    return await wire.say(writer, b"STORED\r\n", lambda error: error + b"\r\n")


async def ignite(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One frame of Ignite's thin protocol; every entry is 7, and an error is a status."""
    frame = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "little"))

    def framed_here(body: bytes) -> bytes:
        return struct.pack("<i", len(body)) + body

    if frame[0] == 1:
        writer.write(framed_here(b"\x01"))
        return True
    code, number = struct.unpack_from("<hq", frame)
    head = struct.pack("<q", number)
    if code == 1001:
        text = struct.pack("<Bi", 9, 4) + b"told"
        return await wire.say(
            writer, framed_here(head + bytes(4)), lambda error: framed_here(head + struct.pack("<i", int(error)) + text)
        )
    if code in (2000, 2001):  # a scan of two pages: one entry of the set and one object each
        pages = {2000: (b"e1", b"1", b"kx", b"7"), 2001: (b"kz", b"7", b"e2", b"2")}
        texts = b"".join(struct.pack("<Bi", 9, len(text)) + text for text in pages[code])
        page = struct.pack("<i", 2) + texts + bytes([code == 2000])
        writer.write(framed_here(head + bytes(4) + (bytes(8) if code == 2000 else b"") + page))
        return True
    if code in (1002, 1010):
        writer.write(framed_here(head + bytes(5)))  # a comparison that is always false
        return True
    writer.write(framed_here(head + bytes(4) + struct.pack("<Bi", 9, 1) + b"7"))
    return True


async def tarantool(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One request of Tarantool's protocol, after a greeting; every object is 7, and an error is a code."""
    import msgpack

    if not hasattr(writer, "greeted"):
        writer.greeted = True  # type: ignore[attr-defined]
        writer.write(b"Tarantool 2.6.0 (Binary)".ljust(64) + b"A" * 44 + b" " * 20)
        return True
    frames = msgpack.Unpacker(strict_map_key=False)
    frames.feed(await reader.readexactly(msgpack.unpackb(await reader.readexactly(5))))
    head, body = frames

    def reply(code: int, told: dict[int, Any]) -> bytes:
        answer = bytes(msgpack.packb({0: code, 1: head[1]}) + msgpack.packb(told))
        return b"\xce" + struct.pack(">I", len(answer)) + answer

    if body.get(0x22) == "splitbrain_write":
        return await wire.say(
            writer, reply(0, {0x30: [True]}), lambda error: reply(0x8000 | int(error), {0x31: "told"})
        )
    writer.write(reply(0, {0x30: ["7"]}))
    return True


async def ferretdb(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One message of MongoDB's protocol. Every object is 7, an error is a code; the set comes in two batches."""
    import bson

    head = await reader.readexactly(16)
    length, number = struct.unpack_from("<ii", head)
    words = bson.decode((await reader.readexactly(length - 16))[5:])

    def reply(body: dict[str, Any]) -> bytes:
        data = bytes(5) + bson.encode({"ok": 1.0, **body})
        return struct.pack("<iiii", 16 + len(data), 1, number, 2013) + data

    if "update" in words:
        return await wire.say(
            writer, reply({"n": 1}), lambda error: reply({"ok": 0.0, "code": int(error), "errmsg": "told"})
        )
    if "insert" in words:  # whatever it is, it is there
        writer.write(reply({"n": 0, "writeErrors": [{"index": 0, "code": 11000, "errmsg": "E11000"}]}))
    elif words.get("find") == "elements":
        writer.write(reply({"cursor": {"id": 5, "firstBatch": [{"_id": "2"}]}}))
    elif words.get("getMore") == 5:
        writer.write(reply({"cursor": {"id": 0, "nextBatch": [{"_id": "1"}]}}))
    else:
        writer.write(reply({"cursor": {"id": 0, "firstBatch": [{"text": "7"}]}} if "find" in words else {}))
    return True


class FakeEtcd:
    """`tests.targets.etcd.fake_etcd` as a `FakeServer`."""

    PUT = "/v3/kv/put"

    def __init__(self, fake: Any) -> None:
        from ..etcd.fake_etcd import HEADER

        self.fake, self.endpoint = fake, fake.url
        fake.answers["/v3/kv/range"] = [{**HEADER, "kvs": [{"key": "", "value": "Nw==", "mod_revision": "1"}]}]
        fake.answers["/v3/kv/deleterange"] = [HEADER]
        self.answer(OK)

    @property
    def writes(self) -> int:
        return len(self.fake.sent(self.PUT))

    def answer(self, *answers: Answer) -> None:
        from ..etcd import fake_etcd

        kinds = {OK: fake_etcd.HEADER, CUT: fake_etcd.CUT, SILENT: fake_etcd.SILENT, LATE: fake_etcd.SILENT}
        self.fake.answers[self.PUT] = [
            (503, {"error": one.decode(), "code": 14}) if isinstance(one, bytes) else kinds[one] for one in answers
        ]


class FakeCassandra:
    """`tests.targets.cassandra.fake_node` as a `FakeServer`; errors are numbers of the protocol."""

    def __init__(self, fake: Any) -> None:
        self.fake, self.endpoint = fake, f"cassandra://{fake.address}:9042"
        self.answer(OK)

    @property
    def writes(self) -> int:
        return sum(statement.startswith("UPDATE") for statement, _ in self.fake.executed)

    def answer(self, *answers: Answer) -> None:
        from ..cassandra import fake_node

        kinds = {OK: [], CUT: fake_node.CUT, SILENT: fake_node.SILENT, LATE: fake_node.Late(LATE_SECONDS, [])}
        known = {b"unavailable": fake_node.unavailable(), b"write timeout": fake_node.write_timeout("SIMPLE")}
        self.fake.answers = [known[one] if isinstance(one, bytes) else kinds[one] for one in answers]


@asynccontextmanager
async def etcd() -> AsyncIterator[FakeEtcd]:
    """See `FakeEtcd`."""
    from ..etcd.fake_etcd import member

    async with member() as fake:
        yield FakeEtcd(fake)


@asynccontextmanager
async def cassandra() -> AsyncIterator[FakeCassandra]:
    """See `FakeCassandra`."""
    from ..cassandra.fake_node import node

    async with node() as fake:
        yield FakeCassandra(fake)


FAKES: Mapping[str, Callable[[], AbstractAsyncContextManager[FakeServer]]] = {
    "etcd": etcd,
    "cassandra": cassandra,
    "redis": lambda: serving(redis, "redis"),
    "valkey": lambda: serving(redis, "redis"),
    "zookeeper": lambda: serving(zookeeper, "zookeeper"),
    "postgresql": lambda: serving(postgresql, "postgresql"),
    "patroni": lambda: serving(postgresql, "postgresql"),
    "mariadb": lambda: serving(mariadb, "mysql"),
    "nats": lambda: serving(nats, "nats"),
    "memcached": lambda: serving(memcached, "memcached"),
    "infinispan": lambda: serving(memcached, "infinispan"),
    "galera": lambda: serving(mariadb, "mysql"),
    "tarantool": lambda: serving(tarantool, "tarantool"),
    "ignite": lambda: serving(ignite, "ignite"),
    "opensearch": http_fakes.OPENSEARCH,
    "seaweedfs": http_fakes.SEAWEEDFS,
    "hbase": http_fakes.HBASE,
    "ferretdb": lambda: serving(ferretdb, "mongodb"),
    "dqlite": http_fakes.DQLITE,
    "consul": http_fakes.CONSUL,
    "rqlite": http_fakes.RQLITE,
}
