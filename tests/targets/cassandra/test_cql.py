"""One question to a node without the driver: what a stand-in answers, byte by byte as the protocol has it."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest

from splitbrain.targets.cassandra import cql
from splitbrain.targets.cassandra.cql import CqlError, ask

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(opcode: int, body: bytes) -> bytes:
    return struct.pack(">BBhBI", 0x84, 0, 0, opcode, len(body)) + body


async def request(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    version, _, _, opcode, length = struct.unpack(">BBhBI", await reader.readexactly(9))
    assert version == 4
    return opcode, await reader.readexactly(length)


def rows(*values: tuple[bytes | None, ...]) -> bytes:
    cells = b"".join(
        struct.pack(">i", -1) if cell is None else struct.pack(">i", len(cell)) + cell for row in values for cell in row
    )
    return struct.pack(">iiii", 2, 4, len(values[0]) if values else 1, len(values)) + cells


def asked(serve: Serve, monkeypatch: pytest.MonkeyPatch, question: str = "SELECT 1", seconds: float = 5.0) -> object:
    async def story() -> object:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        monkeypatch.setattr(cql, "NATIVE_PORT", server.sockets[0].getsockname()[1])
        async with server:
            return await ask("127.0.0.1", question, seconds, consistency=5)

    return asyncio.run(story())


def test_rows_come_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request(reader))
        writer.write(answer(cql.READY, b""))
        seen.append(await request(reader))
        writer.write(answer(cql.RESULT, rows((b"a", None), (b"", b"bc"))))

    assert asked(serve, monkeypatch, "SELECT é") == [(b"a", None), (b"", b"bc")]
    (startup, words), (query, body) = seen
    assert startup == cql.STARTUP and words == b"\0\1\0\x0bCQL_VERSION\0\x053.0.0"
    text = "SELECT é".encode()
    assert query == cql.QUERY and body == struct.pack(">i", len(text)) + text + b"\0\5" + b"\2"


def test_an_answer_without_rows_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in (answer(cql.READY, b""), answer(cql.RESULT, struct.pack(">i", 1))):
            await request(reader)
            writer.write(body)

    assert asked(serve, monkeypatch) == ()


def test_a_refusal_has_its_code_and_words(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer(cql.READY, b""))
        await request(reader)
        writer.write(answer(cql.ERROR, struct.pack(">iH", 0x1000, 4) + b"gone" + b"further details"))

    with pytest.raises(CqlError, match=r"^gone$") as caught:
        asked(serve, monkeypatch)
    assert caught.value.code == 0x1000


def test_a_node_that_wants_a_password_is_no_node_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer(0x03, b""))

    with pytest.raises(CqlError, match="opcode 3"):
        asked(serve, monkeypatch)


def test_silence_and_hanging_up_are_told_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer(cql.READY, b"")[:5])
        writer.close()

    with pytest.raises(TimeoutError):
        asked(silent, monkeypatch, seconds=0.2)
    with pytest.raises(ConnectionResetError):
        asked(rude, monkeypatch)
