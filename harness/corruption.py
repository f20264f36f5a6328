"""Places where a disk is damaged, drawn from a seed: the same wherever the files live.

Pitfall: many servers allocate files long before they fill them, and damage to a tail of zeros has no effect. So
`extent` is what counts as the size of a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from splitbrain.harness.injection import FlipBits, TruncateFile
from splitbrain.harness.random_stream import RandomStream


@dataclass(frozen=True)
class Flip:
    """One bit of one byte of a file."""

    file: str
    byte: int
    bit: int


@dataclass(frozen=True)
class Shortened:
    """A file that loses its end: `length` bytes stay of what counts, `cut` go."""

    file: str
    length: int
    cut: int


def extent(contents: bytes | bytearray) -> int:
    """The size of a file without the zeros at its end."""
    return len(contents.rstrip(b"\0"))


def flips(extents: Mapping[str, int], node: str, injection: FlipBits) -> list[Flip]:
    """Bits to flip, no two in one byte, each byte of the node's files that match as likely as any other; fewer than
    asked for if there are fewer bytes."""
    random = RandomStream(injection.seed, "flip", node)
    files = _matching(extents, injection.files)
    total = sum(extents[file] for file in files)
    places: dict[int, int] = {}
    while len(places) < min(injection.bits, total):
        places.setdefault(random.below(total), random.below(8))
    found = []
    for place, bit in places.items():
        left = place
        for file in files:
            if left < extents[file]:
                found.append(Flip(file, left, bit))
                break
            left -= extents[file]
    return found


def shortened(extents: Mapping[str, int], node: str, injection: TruncateFile) -> Shortened | None:
    """One file that matches and is not empty, and how it is cut; None if there is none."""
    files = [file for file in _matching(extents, injection.files) if extents[file]]
    if not files:
        return None
    random = RandomStream(injection.seed, "truncate", node)
    file = random.choice(files)
    cut = 1 + random.below(min(injection.bytes_max, extents[file]))
    return Shortened(file, extents[file] - cut, cut)


def _matching(extents: Mapping[str, int], pattern: str) -> list[str]:
    return [file for file in sorted(extents) if fnmatchcase(file, pattern)]
