"""How do records stand in a file, so that a crash in the middle of a write is noticed? Length, checksum, payload.

A crash may leave a record half written, or a hole of zeros where the file grew but the data did not arrive. Reading
stops at the first record that is not whole; everything behind it was never synced, so nobody was promised it. The
trap: eight zero bytes would be a perfect record of length 0 (the CRC of nothing is 0), so empty records are not whole.
"""

import struct
import zlib

_HEADER = struct.Struct(">II")


def frame(payload: bytes) -> bytes:
    """One record: length and CRC-32 of the payload, big-endian, four bytes each, then the payload (not empty)."""
    if not payload:
        raise ValueError("an empty record cannot be told from a hole")
    return _HEADER.pack(len(payload), zlib.crc32(payload)) + payload


def unframe(data: bytes) -> tuple[list[bytes], int]:
    """The payloads of all whole records from the start, and how many bytes they take; what follows is a torn tail."""
    payloads: list[bytes] = []
    good = 0
    while len(data) - good >= _HEADER.size:
        length, checksum = _HEADER.unpack_from(data, good)
        begin = good + _HEADER.size
        payload = data[begin : begin + length]
        if length == 0 or len(payload) < length or zlib.crc32(payload) != checksum:
            break
        payloads.append(payload)
        good = begin + length
    return payloads, good
