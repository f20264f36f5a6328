"""Records in a file, framed so that a crash in the middle of a write is noticed: length, checksum, payload.

A crash may leave a record half written, or a hole of zeros where the file grew but the data did not arrive. Reading
stops at the first record that is not whole; everything behind it was never synced, so no client has an acknowledgement
of it. Pitfall: eight zero bytes would be a perfect record of length 0 (the CRC of nothing is 0), so empty records are
not whole.

A whole record *behind* one that is not means something else: the broken one was once read or acknowledged, and the disk
has damaged it (Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018, section 2). Cutting
there would lose acknowledged writes. What no reader can tell from a crash is damage to the very last record, and a file
that was cut."""

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


def damaged(data: bytes, good: int) -> bool:
    """Whether a whole record stands anywhere behind the first `good` bytes, after which one is not whole."""
    for at in range(good + 1, len(data) - _HEADER.size):
        length, checksum = _HEADER.unpack_from(data, at)
        begin = at + _HEADER.size
        if 0 < length <= len(data) - begin and zlib.crc32(data[begin : begin + length]) == checksum:
            return True
    return False
