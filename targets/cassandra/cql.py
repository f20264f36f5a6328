"""One question to one node: CQL over a connection of its own. The driver would bring threads, a pool and a view of the
cluster for each, and cannot be given up half-way.

Native protocol, version 4, without compression, as its specification defines it: requests are STARTUP and QUERY, and a
value comes as bytes, which the caller knows how to read.
"""

import asyncio
import struct
from collections.abc import Sequence

from splitbrain.targets.servers.access import PLAIN, Access, host_and_port
from splitbrain.targets.servers.errors import ServerError

NATIVE_PORT = 9042
ONE, ALL = 1, 5
"""Consistency levels, by their numbers in the protocol."""
VERSION = 0x04
STARTUP, QUERY, READY, ERROR, RESULT = 0x01, 0x07, 0x02, 0x00, 0x08
AUTHENTICATE, AUTH_RESPONSE, AUTH_SUCCESS = 0x03, 0x0F, 0x10
ROWS = 0x0002
SKIP_METADATA = 0x02
HAS_MORE_PAGES = 0x0002
HEADER = struct.Struct(">BBhBI")

Row = tuple[bytes | None, ...]


class CqlError(ServerError):
    """The node answered, and said no. code: of the protocol."""


async def ask(
    address: str, question: str, seconds: float = 2.0, consistency: int = 1, access: Access = PLAIN
) -> Sequence[Row]:
    """The rows of the answer, each a tuple of values. consistency: by the protocol's number, 1 is ONE. CqlError: it
    said no; OSError (TimeoutError, too): it did not answer in time, or not at all."""
    async with asyncio.timeout(seconds):
        host, port, secure = host_and_port(address, NATIVE_PORT)
        reader, writer = await asyncio.open_connection(host, port, ssl=access.context if secure else None)
        try:
            writer.write(_frame(STARTUP, _map({"CQL_VERSION": "3.0.0"})))
            opcode, body = await _answer(reader)
            if opcode == AUTHENTICATE and access.user:
                token = b"\0%s\0%s" % (access.user.encode(), access.password.encode())
                writer.write(_frame(AUTH_RESPONSE, struct.pack(">i", len(token)) + token))
                opcode, body = await _answer(reader)
            if opcode not in (READY, AUTH_SUCCESS):
                raise CqlError(f"it wants something before a question (opcode {opcode})", 0)
            text = question.encode()
            writer.write(
                _frame(QUERY, struct.pack(">i", len(text)) + text + struct.pack(">HB", consistency, SKIP_METADATA))
            )
            _, body = await _answer(reader)
        finally:
            writer.close()
    return _rows(body)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    try:
        _, _, _, opcode, length = HEADER.unpack(await reader.readexactly(HEADER.size))
        body = await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("it hung up") from error
    if opcode == ERROR:
        code, size = struct.unpack_from(">iH", body)
        raise CqlError(body[6 : 6 + size].decode(errors="replace"), code)
    return opcode, body


def _frame(opcode: int, body: bytes) -> bytes:
    return HEADER.pack(VERSION, 0, 0, opcode, len(body)) + body


def _map(words: dict[str, str]) -> bytes:
    pairs = b"".join(_string(key) + _string(value) for key, value in words.items())
    return struct.pack(">H", len(words)) + pairs


def _string(word: str) -> bytes:
    encoded = word.encode()
    return struct.pack(">H", len(encoded)) + encoded


def _rows(body: bytes) -> Sequence[Row]:
    """The values of a RESULT whose columns are not described; none if it has no rows at all."""
    (kind,) = struct.unpack_from(">i", body)
    if kind != ROWS:
        return ()
    flags, columns = struct.unpack_from(">ii", body, 4)
    at = 12
    if flags & HAS_MORE_PAGES:
        raise CqlError("the answer has more than one page", 0)
    (count,) = struct.unpack_from(">i", body, at)
    at += 4
    rows: list[Row] = []
    for _ in range(count):
        row: list[bytes | None] = []
        for _ in range(columns):
            (size,) = struct.unpack_from(">i", body, at)
            at += 4
            row.append(body[at : at + size] if size >= 0 else None)
            at += max(size, 0)
        rows.append(tuple(row))
    return rows
