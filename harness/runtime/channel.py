"""Channel: a client's TCP connection to a node, replies matched by id."""

import asyncio
import itertools
from typing import Any

import msgspec

from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.program import Message
from splitbrain.harness.runtime import frames

CONNECT_SECONDS = 2.0


async def connect(address: str, port: int, reply_type: Any) -> "TcpChannel":
    """A channel to the node at an address. ConnectionRefusedError if nobody listens or answers within 2 s: nothing
    was sent."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_SECONDS)
    except (TimeoutError, OSError) as error:
        raise ConnectionRefusedError(f"{address}:{port}: {error or 'no answer'}") from None
    return TcpChannel(reader, writer, reply_type)


class TcpChannel:
    """See `harness.node.Channel`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply_type: Any) -> None:
        self._writer = writer
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._why: str | None = None
        self._reading = asyncio.get_running_loop().create_task(self._read(reader, frames.numbered(reply_type)))

    async def request(self, message: Message) -> Message:
        if self._why is not None:
            raise ConnectionRefusedError(f"nothing was sent: {self._why}")
        number = next(self._ids)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(frames.frame((number, message)))
            return await answer
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        self._reading.cancel()
        self._end("the channel was closed")

    async def _read(self, reader: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[Any]") -> None:
        why = "the node closed the connection"
        try:
            while (reply := await frames.read(reader, decoder)) is not None:
                number, message = reply
                # An answer nobody waits for any more came too late.
                if (answer := self._waiting.get(number)) is not None and not answer.done():
                    answer.set_result(message)
        except OSError as error:
            why = str(error)
        finally:
            self._end(why)

    def _end(self, why: str) -> None:
        if self._why is None:
            self._why = why
            self._writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ChannelClosed(why))
