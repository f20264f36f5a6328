"""Merkle trees: two replicas find the keys in which they differ, and send only those (Dynamo, section 4.7).

A tree has `FAN` buckets, each of `FAN` leaves; a key's hash says its leaf. The hash of a leaf is that of its keys
with their versions, the hash of a bucket that of its leaves. One replica sends the hashes of its buckets; the other
sends back the hashes of the leaves of those that differ; of leaves that differ the first sends its versions, and asks
for those of the other.
"""

import zlib
from collections.abc import Iterable, Mapping

from splitbrain.targets.stores.versions import Versions

FAN = 16
BUCKETS, LEAVES = 0, 1


def leaf(key: str) -> int:
    """The leaf of a key."""
    return zlib.crc32(key.encode()) % (FAN * FAN)


def bucket(of_leaf: int) -> int:
    """The bucket of a leaf."""
    return of_leaf // FAN


class KeyHashes:
    """The leaf and the hash of each key with its versions, made again only where these are others than before."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Versions, int, int]] = {}

    def of(self, key: str, versions: Versions) -> tuple[int, int]:
        """Leaf and hash of a key with these versions."""
        known = self._known.get(key)
        if known is None or known[0] is not versions:
            dots = ",".join(f"{version.actor}/{version.number}" for version in versions)
            known = self._known[key] = versions, leaf(key), zlib.crc32(f"{key} {dots}".encode())
        return known[1:]


class MerkleTree:
    """The hashes of some keys with their versions."""

    def __init__(self, copies: Iterable[tuple[str, Versions]], hashes: KeyHashes) -> None:
        self.leaves: dict[int, int] = {}
        for key, versions in copies:
            at, found = hashes.of(key, versions)
            # Sums do not depend on the order of keys.
            self.leaves[at] = (self.leaves.get(at, 0) + found) & 0xFFFFFFFF
        self.buckets: dict[int, int] = {}
        for at in sorted(self.leaves):
            self.buckets[bucket(at)] = zlib.crc32(f"{at} {self.leaves[at]}".encode(), self.buckets.get(bucket(at), 0))

    def below(self, buckets: Iterable[int]) -> dict[int, int]:
        """The leaves of these buckets."""
        wanted = frozenset(buckets)
        return {at: found for at, found in self.leaves.items() if bucket(at) in wanted}


def differing(ours: Mapping[int, int], theirs: Mapping[int, int]) -> list[int]:
    """The places where two sets of hashes differ, in order."""
    return sorted(at for at in ours.keys() | theirs.keys() if ours.get(at) != theirs.get(at))
