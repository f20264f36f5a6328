"""Damage to a stopped node's files: bits flipped and ends cut off, at places drawn from the seed.

Pitfall: only a node that does not run may be treated so; one that runs would write over it, or has it in memory.
"""

import os
from pathlib import Path
from typing import BinaryIO

from splitbrain.harness.corruption import extent, flips, shortened
from splitbrain.harness.injection import FlipBits, TruncateFile


def extents(folder: Path, spared: frozenset[str]) -> dict[str, int]:
    """Bytes that count of each regular file below a folder, by its path in there; without those that are spared."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place) / name
            inner = str(file.relative_to(folder))
            if inner not in spared and file.is_file() and not file.is_symlink():
                found[inner] = extent(file.read_bytes())
    return found


def damaged(folder: Path, spared: frozenset[str], node: str, injection: FlipBits | TruncateFile) -> tuple[str, int]:
    """Damage a node's files; the name of what is counted, and the number. Reads them whole, which may take long."""
    if isinstance(injection, FlipBits):
        return "bits_flipped", flip(folder, spared, node, injection)
    return "bytes_cut", shorten(folder, spared, node, injection)


def flip(folder: Path, spared: frozenset[str], node: str, injection: FlipBits) -> int:
    """Flip bits of a node's files; how many."""
    found = flips(extents(folder, spared), node, injection)
    for one in found:
        with (folder / one.file).open("r+b") as file:
            file.seek(one.byte)
            (byte,) = file.read(1)
            file.seek(one.byte)
            file.write(bytes([byte ^ 1 << one.bit]))
            _settle(file)
    return len(found)


def shorten(folder: Path, spared: frozenset[str], node: str, injection: TruncateFile) -> int:
    """Cut off the end of one file of a node; how many bytes of it that counted."""
    found = shortened(extents(folder, spared), node, injection)
    if found is None:
        return 0
    with (folder / found.file).open("r+b") as file:
        file.truncate(found.length)
        _settle(file)
    return found.cut


def _settle(file: BinaryIO) -> None:
    """Sync a damaged file, so that a power loss does not undo the damage."""
    file.flush()
    os.fsync(file.fileno())
