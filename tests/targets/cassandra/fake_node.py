"""A node of Cassandra that answers as it is told: the native protocol, version 5, on a loopback address of its own. It
counts what is executed.

Queries about the node itself are answered as a cluster of one would; every statement can be prepared, its values being
text. What is executed is answered from `answers`, in turn; the last one stays.
"""

import asyncio
import io
import itertools
import os
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

SegmentCodec: Any = pytest.importorskip("cassandra.segment", reason="pip install 'splitbrain[cassandra]'").SegmentCodec

CUT = "cut"
"""Close the connection."""
SILENT = "silent"
"""Never answer."""

HEADER = struct.Struct(">BBhBI")
ERROR, STARTUP, READY, OPTIONS, SUPPORTED, QUERY, RESULT, PREPARE, EXECUTE, REGISTER = (
    0x00, 0x01, 0x02, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B,
)  # fmt: skip
VOID, ROWS, PREPARED = 1, 2, 4
KINDS = {str: 0x000D, int: 0x0002, bool: 0x0004}
GLOBAL_TABLE = 0x0001

LOCAL = {
    "key": "local", "host_id": "1", "cluster_name": "fake", "data_center": "dc1", "rack": "rack1",
    "partitioner": "", "release_version": "5.0.6", "schema_version": "1", "rpc_address": "",
}  # fmt: skip

_addresses = itertools.count(os.getpid() % 60_000 * 4)


@dataclass(frozen=True)
class Failing:
    """An error to answer. more: what follows the message."""

    code: int
    more: bytes = b""


@dataclass(frozen=True)
class Late:
    """Rows that come after so many seconds."""

    seconds: float
    rows: Sequence[tuple[Any, ...]]


Answer = str | Failing | Late | Sequence[tuple[Any, ...]]
"""CUT, SILENT, an error, or rows."""


def text(word: str) -> bytes:
    """A string of the protocol."""
    encoded = word.encode()
    return struct.pack(">H", len(encoded)) + encoded


def unavailable() -> Failing:
    """QUORUM asked for, 2 required, 1 alive."""
    return Failing(0x1000, struct.pack(">Hii", 4, 2, 1))


def write_timeout(write_type: str) -> Failing:
    """The error that of 2 replicas that must answer, 1 did."""
    return Failing(0x1100, struct.pack(">Hii", 4, 1, 2) + text(write_type))


def read_timeout() -> Failing:
    """The same error for a read."""
    return Failing(0x1200, struct.pack(">HiiB", 4, 1, 2, 0))


def write_failure() -> Failing:
    """Failure of a write of which no replica said why."""
    return Failing(0x1500, struct.pack(">Hiii", 4, 1, 2, 0) + text("SIMPLE"))


def read_failure() -> Failing:
    """The same failure for a read."""
    return Failing(0x1300, struct.pack(">HiiiB", 4, 1, 2, 0, 0))


@dataclass
class FakeCqlNode:
    """address: where it listens, on the usual port. executed: (statement, consistency level) in order, but for
    questions about the node itself. asked: the text
    of every query. deaf: whether it accepts connections and answers nothing."""

    address: str
    answers: list[Answer] = field(default_factory=lambda: [[]])
    executed: list[tuple[str, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    connections: int = 0
    deaf: bool = False
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            await _Talk(self, reader, writer).go_on()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def cut(self) -> None:
        """Close all connections."""
        for writer in self.writers:
            writer.close()


class _Talk:
    """One connection."""

    def __init__(self, fake: FakeCqlNode, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.fake, self.reader, self.writer = fake, reader, writer
        self.codec, self.framed = SegmentCodec(), False
        self.buffered = b""

    async def go_on(self) -> None:
        while True:
            _, _, stream, opcode, length = HEADER.unpack(await self._read(HEADER.size))
            body = await self._read(length)
            if self.fake.deaf:
                continue
            if opcode == EXECUTE:
                if not await self._execute(stream, body):
                    return
            else:
                self._say(stream, *self._reply(opcode, body))
                self.framed = self.framed or opcode == STARTUP
            await self.writer.drain()

    async def _execute(self, stream: int, body: bytes) -> bool:
        (size,) = struct.unpack_from(">H", body)
        statement, at = body[2 : 2 + size].decode(), 2 + size
        (meta,) = struct.unpack_from(">H", body, at)
        (consistency,) = struct.unpack_from(">H", body, at + 2 + meta)
        if "system." not in statement:
            self.fake.executed.append((statement, consistency))
        answer: Answer = self.fake.answer() if "system." not in statement else []
        if "system.local" in statement:
            answer = [("dc1",)]
        if answer == CUT:
            return False
        if answer == SILENT:
            return True
        if isinstance(answer, Late):
            late = rows(answer.rows)
            asyncio.get_running_loop().call_later(answer.seconds, lambda: self._say(stream, RESULT, late))
        elif isinstance(answer, Failing):
            self._say(stream, ERROR, struct.pack(">i", answer.code) + text("told to") + answer.more)
        else:
            assert not isinstance(answer, str)
            self._say(stream, RESULT, rows(answer))
        return True

    def _reply(self, opcode: int, body: bytes) -> tuple[int, bytes]:
        if opcode == OPTIONS:
            return SUPPORTED, struct.pack(">H", 2) + _list("CQL_VERSION", "3.4.7") + _list("COMPRESSION")
        if opcode in (STARTUP, REGISTER):
            return READY, b""
        (size,) = struct.unpack_from(">i", body)
        statement = body[4 : 4 + size].decode()
        if opcode == PREPARE:
            return RESULT, prepared(statement)
        self.fake.asked.append(statement)
        return RESULT, named(LOCAL) if "system.local" in statement else rows([])

    def _say(self, stream: int, opcode: int, body: bytes) -> None:
        frame = HEADER.pack(0x85, 0, stream, opcode, len(body)) + body
        if self.framed:
            segment = io.BytesIO()
            self.codec.encode(segment, frame)
            frame = segment.getvalue()
        self.writer.write(frame)

    async def _read(self, count: int) -> bytes:
        """Read bytes of frames: as they come, or out of segments."""
        if not self.framed:
            return await self.reader.readexactly(count)
        while len(self.buffered) < count:
            header = self.codec.decode_header(io.BytesIO(await self.reader.readexactly(6)))
            payload = await self.reader.readexactly(header.payload_length + 4)
            self.buffered += self.codec.decode(io.BytesIO(payload), header).payload
        found, self.buffered = self.buffered[:count], self.buffered[count:]
        return found


def _list(key: str, *words: str) -> bytes:
    return text(key) + struct.pack(">H", len(words)) + b"".join(map(text, words))


def _columns(names: Sequence[str], kinds: Sequence[int]) -> bytes:
    return (
        text("k")
        + text("t")
        + b"".join(text(n) + struct.pack(">H", kind) for n, kind in zip(names, kinds, strict=True))
    )


def _value(value: Any) -> bytes:
    if value is None:
        return struct.pack(">i", -1)
    encoded = str(value).encode()
    if isinstance(value, int):
        encoded = bytes([value]) if isinstance(value, bool) else struct.pack(">q", value)
    return struct.pack(">i", len(encoded)) + encoded


def rows(found: Sequence[tuple[Any, ...]]) -> bytes:
    """A RESULT of rows of text, numbers and truth values."""
    first = found[0] if found else ("",)
    kinds = [KINDS[type(value)] for value in first]
    head = struct.pack(">iii", ROWS, GLOBAL_TABLE, len(first)) + _columns([f"c{i}" for i in range(len(first))], kinds)
    return head + struct.pack(">i", len(found)) + b"".join(_value(value) for row in found for value in row)


def named(row: dict[str, str]) -> bytes:
    """A RESULT of one row, with the names of its columns."""
    head = struct.pack(">iii", ROWS, GLOBAL_TABLE, len(row)) + _columns(list(row), [KINDS[str]] * len(row))
    return head + struct.pack(">i", 1) + b"".join(map(_value, row.values()))


def prepared(statement: str) -> bytes:
    """Answer to the preparation of a statement, which is its own id; what it returns is told with its rows."""
    values = statement.count("?")
    binds = struct.pack(">iii", GLOBAL_TABLE, values, 0) + _columns(
        [f"v{i}" for i in range(values)], [KINDS[str]] * values
    )
    ids = struct.pack(">i", PREPARED) + text(statement) + text("meta")
    return ids + binds + struct.pack(">ii", 0x0004, 0)


@asynccontextmanager
async def node() -> AsyncIterator[FakeCqlNode]:
    """A fake that is up, on an address of its own."""
    while True:
        number = next(_addresses)
        address = f"127.{100 + number // 62_500 % 100}.{number // 250 % 250}.{1 + number % 250}"
        fake = FakeCqlNode(address)
        try:
            server = await asyncio.start_server(fake.serve, address, 9042)
            break
        except OSError:  # taken
            continue
    try:
        yield fake
    finally:
        fake.cut()
        server.close()
