"""One question to one node: CQL over a connection of its own. The driver would bring threads, a pool and a view of the
cluster for each, and cannot be given up half-way.

Native protocol, version 4, without compression, as its specification defines it: requests are STARTUP and QUERY, and a
value comes as bytes, which the caller knows how to read.
"""

import asyncio
import io
import struct
from collections.abc import Sequence
from contextlib import aclosing

from splitbrain.targets.servers.access import PLAIN, Access
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.tcp import TcpConnection

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
CQL_VERSION_3 = b"\0\x01" + b"\0\x0bCQL_VERSION" + b"\0\x053.0.0"
"""A map of one pair of strings, each with its length."""

Row = tuple[bytes | None, ...]


class CqlError(ServerError):
    """An answer of the node that says no. code: of the protocol."""


async def ask(
    address: str, question: str, seconds: float = 2.0, consistency: int = 1, access: Access = PLAIN
) -> Sequence[Row]:
    """The rows of the answer, each a tuple of values. consistency: by the protocol's number, 1 is ONE. CqlError: it
    said no; OSError (TimeoutError, too): it did not answer in time, or not at all."""
    async with asyncio.timeout(seconds):
        connection = await TcpConnection.connect(address, NATIVE_PORT, access)
        async with aclosing(connection):
            opcode, _ = await _asked(connection, STARTUP, CQL_VERSION_3)
            if opcode == AUTHENTICATE and access.user:
                token = b"\0%s\0%s" % (access.user.encode(), access.password.encode())
                opcode, _ = await _asked(connection, AUTH_RESPONSE, _long(token))
            if opcode not in (READY, AUTH_SUCCESS):
                raise CqlError(f"it wants something before a question (opcode {opcode})", 0)
            query = _long(question.encode()) + struct.pack(">HB", consistency, SKIP_METADATA)
            _, body = await _asked(connection, QUERY, query)
    return _rows(body)


async def _asked(connection: TcpConnection, request: int, content: bytes) -> tuple[int, bytes]:
    """Opcode and body of the reply."""
    async with connection.exchange(HEADER.pack(VERSION, 0, 0, request, len(content)) + content) as reader:
        *_, opcode, length = HEADER.unpack(await reader.readexactly(HEADER.size))
        body = await reader.readexactly(length)
    if opcode == ERROR:
        code, size = struct.unpack_from(">iH", body)
        raise CqlError(body[6 : 6 + size].decode(errors="replace"), code)
    return opcode, body


def _long(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


def _rows(body: bytes) -> Sequence[Row]:
    """The values of a RESULT whose columns are not described; none if it has no rows at all."""
    rest = io.BytesIO(body)

    def number() -> int:
        return int(struct.unpack(">i", rest.read(4))[0])

    def value() -> bytes | None:
        size = number()
        return rest.read(size) if size >= 0 else None

    if number() != ROWS:
        return ()
    flags, columns = number(), number()
    if flags & HAS_MORE_PAGES:
        raise CqlError("the answer has more than one page", 0)
    return [tuple(value() for _ in range(columns)) for _ in range(number())]
