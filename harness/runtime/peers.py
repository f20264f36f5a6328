"""Peers: messages between nodes over one TCP connection per direction, opened by the sender.

As a program expects, a message may be lost or late: what cannot be sent now is kept within a bound while a connection
is being made, and dropped when that fails. Pitfall: a cut link looks alive for minutes, and what the kernel kept for
it arrives stale when it heals; so a connection that is not acknowledged within seconds is given up.
"""

import asyncio
import contextlib
import socket

from splitbrain.harness.program import Message
from splitbrain.harness.runtime import frames

CONNECT_SECONDS = 1.0
UNACKNOWLEDGED_MS = 3000
WAITING_MESSAGES = 1000
BUFFER_BYTES = 4 << 20
"""More than this unsent on a connection, and further messages are dropped."""
RETRY_SECONDS = 0.05


class Peer:
    """The way to one other node."""

    def __init__(self, me: str, address: str, port: int) -> None:
        self._hello = frames.frame(me)
        self._address = address
        self._port = port
        self._waiting: list[bytes] = []
        self._writer: asyncio.StreamWriter | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    def send(self, message: Message) -> None:
        """Send if it can be; else it is lost."""
        data = frames.frame(message)
        if self._writer is not None and not self._writer.is_closing():
            if self._writer.transport.get_write_buffer_size() < BUFFER_BYTES:
                self._writer.write(data)
            return
        if len(self._waiting) < WAITING_MESSAGES:
            self._waiting.append(data)
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        """Connect for what waits; what waits when that fails is lost, what comes later has a try of its own."""
        while self._waiting:
            try:
                await self._try()
            except OSError:
                self._waiting.clear()
                await asyncio.sleep(RETRY_SECONDS)
        self._connecting = None

    async def _try(self) -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(self._address, self._port), CONNECT_SECONDS)
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
        writer.write(self._hello + b"".join(self._waiting))
        self._waiting.clear()
        self._writer = writer
        self._closing = asyncio.get_running_loop().create_task(self._until_closed(reader, writer))

    async def _until_closed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Close a connection once it ends: the peer never answers on it, so whatever is read is its end."""
        with contextlib.suppress(OSError):
            await reader.read(1)
        writer.close()
