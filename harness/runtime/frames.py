"""How do two processes exchange messages? As frames: four bytes of length, big-endian, then msgpack.

The trap: whoever reads a length trusts the peer with that much memory, so a frame has a bound, and one beyond it, like
one that cannot be decoded, ends the connection.
"""

import asyncio
import struct
from typing import Any

import msgspec

LENGTH = struct.Struct(">I")
LIMIT_BYTES = 16 << 20

encode = msgspec.msgpack.Encoder().encode


class BadFrame(ConnectionError):
    """What came is not a frame of the expected type."""


def frame(message: Any) -> bytes:
    """A message as bytes on the wire. ValueError beyond the bound."""
    body = encode(message)
    if len(body) > LIMIT_BYTES:
        raise ValueError(f"a message of {len(body):,} bytes is beyond the bound of {LIMIT_BYTES:,}")
    return LENGTH.pack(len(body)) + body


def numbered(content: Any) -> "msgspec.msgpack.Decoder[Any]":
    """A decoder of requests and replies of a type: (number, content)."""
    return msgspec.msgpack.Decoder(tuple[int, content])


async def read(reader: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[Any]") -> Any:
    """The next message; None at the end of the stream between two frames. BadFrame for an oversized or garbled one;
    ConnectionError if the stream breaks inside one."""
    try:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        if length > LIMIT_BYTES:
            raise BadFrame(f"a frame of {length:,} bytes, beyond the bound of {LIMIT_BYTES:,}")
        return decoder.decode(await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise ConnectionResetError("the stream ended inside a frame") from None
        return None
    except msgspec.DecodeError as error:
        raise BadFrame(f"a frame that cannot be decoded: {error}") from None
