"""TCP to one node: lines and RESP, Redis's protocol. One exchange at a time.

Pitfall: a reply that was given up may still come. A connection whose exchange was cancelled or broke is closed for
good, so a late reply never answers the next request; a further request on it is told that nothing was sent.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Self

from splitbrain.targets.servers.access import CONNECT_SECONDS, PLAIN, Access
from splitbrain.targets.servers.errors import ServerError


class TcpConnection:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.broken = False
        self.numbers = itertools.count(1)  # of requests, where a protocol has some
        self._turn = asyncio.Lock()

    @classmethod
    async def connect(cls, address: str, port: int, access: Access = PLAIN) -> Self:
        """A new connection to an IP address or name, or a URL. ConnectionRefusedError if there is none."""
        host, number, secure = access.host_and_port(address, port)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                context = access.context if secure else None
                return cls(*await asyncio.open_connection(host, number, ssl=context))
        except OSError as error:
            raise ConnectionRefusedError(f"not reached: {error or type(error).__name__}") from error

    @asynccontextmanager
    async def exchange(self, request: bytes) -> AsyncIterator[asyncio.StreamReader]:
        """Send a request; the body reads the whole reply, and no more: an error that it raises gives the connection
        up, so what a node answers is raised behind it. ConnectionRefusedError: nothing was sent."""
        async with self._turn:
            if self.broken:
                raise ConnectionRefusedError("the connection was given up before; nothing was sent")
            self.broken = True
            try:
                self.writer.write(request)
                await self.writer.drain()
                yield self.reader
            except asyncio.IncompleteReadError as error:
                raise ConnectionResetError("the connection broke before the reply was there") from error
            else:
                self.broken = False
            finally:
                if self.broken:
                    self.writer.close()

    async def aclose(self) -> None:
        """Close it; what is under way raises ConnectionResetError."""
        self.broken = True
        self.writer.close()


async def told(address: str, port: int, line: bytes, seconds: float, access: Access = PLAIN) -> bytes:
    """All that a node says to one line on a connection of its own, which it then closes. OSError if it does not."""
    async with asyncio.timeout(seconds):
        connection = await TcpConnection.connect(address, port, access)
        async with aclosing(connection), connection.exchange(line) as reader:
            return await reader.read()


class RespConnection(TcpConnection):
    """A connection of RESP 2, logged in where there is a user. Replies: bytes, int, None, or a list of those."""

    @classmethod
    async def connect(cls, address: str, port: int, access: Access = PLAIN) -> Self:
        """A new connection to a server that answers. ServerError if it refuses the user."""
        connection = await super().connect(address, port, access)
        await connection.ask(*(("AUTH", access.user, access.password) if access.user else ("PING",)))
        return connection

    async def ask(self, *words: bytes | str | int) -> Any:
        """The reply to a command. ServerError if it is an error."""
        (reply,) = await self.ask_all([words])
        return reply

    async def ask_all(self, commands: Sequence[Sequence[bytes | str | int]]) -> list[Any]:
        """The replies to commands that are sent together, in order. ServerError for the first that is an error."""
        async with self.exchange(b"".join(map(_command, commands))) as reader:
            replies = [await _reply(reader) for _ in commands]
        for reply in replies:
            if isinstance(reply, ServerError):
                raise reply
        return replies


async def resp_asked(address: str, port: int, *words: str, access: Access = PLAIN) -> Any:
    """The reply to one command on a connection of its own."""
    async with aclosing(await RespConnection.connect(address, port, access)) as connection:
        return await connection.ask(*words)


def _command(words: Sequence[bytes | str | int]) -> bytes:
    encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)


async def _reply(reader: asyncio.StreamReader) -> Any:
    """One reply; an error as a value, so that those after it are read, too."""
    line = await reader.readuntil(b"\r\n")
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest
    if kind == b"-":
        words = rest.decode(errors="replace")
        return ServerError(words, words.partition(" ")[0])
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return (await reader.readexactly(int(rest) + 2))[:-2] if int(rest) >= 0 else None
    if kind == b"*":
        return [await _reply(reader) for _ in range(int(rest))] if int(rest) >= 0 else None
    raise ConnectionResetError(f"a reply in no known form: {line[:40]!r}")
