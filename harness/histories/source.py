"""Bytes of a file in blocks of whole lines, from a plain or a compressed file or from a stream.

Compression is known by the first bytes, whatever the name says. What goes wrong while reading (a folder, no permission,
compressed data that end early) becomes one sentence with the file's name.
"""

import io
import sys
import zlib
from collections.abc import Iterator
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.errors import HistoryError

BLOCK_BYTES = 1 << 18
LINE_BYTES_MAX = 1 << 26
"""Length beyond which a line is no line of a history; without a limit a file of zeros would fill the memory."""


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_WIDE = ((b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_PACKED = {
    _GZIP: "compressed with gzip twice", b"PK\x03\x04": "a zip archive", b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"BZh": "compressed with bzip2", b"\xfd7zXZ": "compressed with xz",
}  # fmt: skip


class ReadingStopped(Exception):
    """Error of a budget that was spent before the history was read; the message says which limit."""


class Source:
    """The bytes of one history, read once from start to end. name: how the user calls it, used in every message."""

    def __init__(
        self, file: "Path | str | BinaryIO", name: str | None = None, spending: BudgetMeter | None = None
    ) -> None:
        """A path, "-" for standard input, or a binary stream. HistoryError if it cannot be opened."""
        self._spending = spending
        if isinstance(file, Path | str) and str(file) == "-":
            file, name = sys.stdin.buffer, name or "<stdin>"
        self._own = isinstance(file, Path | str)
        self._raw: IO[bytes]
        if isinstance(file, Path | str):
            self.name = name or str(file)
            self._raw = self._open(Path(file))
        else:
            self.name = name or str(getattr(file, "name", "<stream>"))
            self._raw = file
        self._plain: _Readable = self._raw
        self._begin = self._read(len(_GZIP), fully=True)
        if self._begin == _GZIP:
            self._plain = GzipFile(fileobj=_Rejoined(self._begin, self._raw))
            self._begin = b""
        while len(self._begin) < BLOCK_BYTES and b"\n" not in self._begin.strip():
            more = self._read(BLOCK_BYTES)
            if not more:
                break
            self._begin += more
        foreign = _foreign(self._begin)
        if foreign is not None:
            raise HistoryError(self.name, 1, foreign)
        self._begin = self._begin.removeprefix(_BOM)

    def head(self) -> bytes:
        """The first bytes, for a look at the format; they will be read again."""
        return self._begin

    def blocks(self) -> Iterator[bytes]:
        """All bytes, in blocks that end with a newline; only the last may lack it."""
        rest, self._begin = self._begin, b""
        while True:
            self.look_at_budget()
            end = rest.rfind(b"\n") + 1
            if end:
                yield rest[:end]
                rest = rest[end:]
            elif len(rest) > LINE_BYTES_MAX:
                raise HistoryError(self.name, None, f"a line of more than {LINE_BYTES_MAX >> 20} MiB: not a history")
            more = self._read(max(BLOCK_BYTES, len(rest)))
            if not more:
                break
            rest += more
        if rest:
            yield rest

    def look_at_budget(self) -> None:
        """ReadingStopped if the budget is spent. To be called now and then while reading."""
        limit = self._spending.exhausted() if self._spending is not None else None
        if limit is not None:
            raise ReadingStopped(limit)

    def close(self) -> None:
        """Close what was opened here."""
        if self._own:
            self._raw.close()

    def _open(self, path: Path) -> IO[bytes]:
        try:
            if path.is_dir():
                raise HistoryError(self.name, None, "this is a folder, not a history")
            return path.open("rb")
        except (OSError, ValueError) as error:
            raise HistoryError(self.name, None, f"cannot be read: {_why(error)}") from error

    def _read(self, size: int, *, fully: bool = False) -> bytes:
        out = b""
        try:
            while not out or (fully and len(out) < size):
                more = self._plain.read(size - len(out))
                if not more:
                    break
                out += more
        except EOFError as error:
            raise HistoryError(self.name, None, "the compressed data end early: the file was cut") from error
        except (BadGzipFile, zlib.error) as error:
            raise HistoryError(self.name, None, f"the compressed data are damaged: {error}") from error
        except OSError as error:
            raise HistoryError(self.name, None, f"cannot be read: {_why(error)}") from error
        return out


def _foreign(head: bytes) -> str | None:
    """The reason that bytes that begin so are no text of ours, None if they may be."""
    packed = next((what for begin, what in _PACKED.items() if head.startswith(begin)), None)
    if packed is not None:
        return f"this is {packed}: unpack it first; plain files and gzip are read"
    coding = next((name for begin, name in _WIDE if head.startswith(begin)), None)
    if coding is None:  # text without a mark: of each character of ASCII all bytes but one are zero
        zeros = tuple(byte == 0 for byte in head[:4])
        if zeros in ((True, False, True, False), (False, True, False, True)):
            coding = "UTF-16"
        elif zeros in ((False, True, True, True), (True, True, True, False)):
            coding = "UTF-32"
    return coding and f"this is {coding}; a history is UTF-8 text: convert it, as by iconv -f {coding} -t UTF-8"


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were taken and are put back; a pipe cannot seek."""

    def __init__(self, begin: bytes, rest: IO[bytes]) -> None:
        self._begin = begin
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        taken, self._begin = self._begin, b""
        return taken or self._rest.read(size)
