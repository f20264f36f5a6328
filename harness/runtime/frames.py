"""Frames: messages between processes, a header, then msgpack.

The header is the length of what follows, its CRC-32, and the CRC-32 of these two, four bytes each, big-endian: bits do
flip under way where a checksum of TCP is made right again, as a broken switch does. Pitfall: a reader of a length
trusts the peer with that much memory and time, so it is checked by itself, and has a bound. A frame that is not as it
should be ends the connection.
"""

import asyncio
import struct
import zlib
from typing import Any

import msgspec

CONTENT = struct.Struct(">II")
HEADER = struct.Struct(">III")
LIMIT_BYTES = 16 << 20

encode = msgspec.msgpack.Encoder().encode


class BadFrame(ConnectionError):
    """An error for bytes that are not a frame of the expected type."""


def frame(message: Any) -> bytes:
    """A message as bytes on the wire. ValueError beyond the bound."""
    body = encode(message)
    if len(body) > LIMIT_BYTES:
        raise ValueError(f"a message of {len(body):,} bytes is beyond the bound of {LIMIT_BYTES:,}")
    content = CONTENT.pack(len(body), zlib.crc32(body))
    return content + zlib.crc32(content).to_bytes(4, "big") + body


def numbered(content: Any) -> "msgspec.msgpack.Decoder[Any]":
    """A decoder of requests and replies of a type: (number, content)."""
    return msgspec.msgpack.Decoder(tuple[int, content])


async def read(reader: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[Any]") -> Any:
    """The next message; None at the end of the stream between two frames. BadFrame for an oversized or garbled one;
    ConnectionError if the stream breaks inside one."""
    try:
        header = await reader.readexactly(HEADER.size)
        length, checksum, header_checksum = HEADER.unpack(header)
        if zlib.crc32(header[: CONTENT.size]) != header_checksum:
            raise BadFrame("the header of a frame does not match its checksum")
        if length > LIMIT_BYTES:
            raise BadFrame(f"a frame of {length:,} bytes, beyond the bound of {LIMIT_BYTES:,}")
        body = await reader.readexactly(length)
        if zlib.crc32(body) != checksum:
            raise BadFrame("a frame does not match its checksum")
        return decoder.decode(body)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise ConnectionResetError("the stream ended inside a frame") from None
        return None
    except msgspec.DecodeError as error:
        raise BadFrame(f"a frame that cannot be decoded: {error}") from None
