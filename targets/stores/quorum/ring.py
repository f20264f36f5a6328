"""Ring: which nodes are the replicas of a key, by consistent hashing with virtual nodes.

Karger et al., "Consistent Hashing and Random Trees", STOC 1997; Dynamo, section 4.2. Every node has `VNODES` places on
a circle of hashes; the replicas of a key are the first n different nodes clockwise from the hash of the key, and those
after them stand in when one is away.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence

VNODES = 16


class Ring:
    """The circle of a cluster. n: how many replicas a key has."""

    def __init__(self, nodes: Sequence[str], n: int) -> None:
        self.n = n
        self.everywhere = n == len(nodes)
        """Whether every node holds every key."""
        self._points = sorted((place(f"{node}#{number}"), node) for node in nodes for number in range(VNODES))
        self._hashes = [point for point, _ in self._points]
        self._orders: dict[str, tuple[str, ...]] = {}

    def order(self, key: str) -> tuple[str, ...]:
        """All nodes, in the order in which they stand in for a key."""
        known = self._orders.get(key)
        if known is None:
            at = bisect_right(self._hashes, place(key))
            clockwise = (*self._points[at:], *self._points[:at])
            known = self._orders[key] = tuple(dict.fromkeys(node for _, node in clockwise))
        return known

    def replicas(self, key: str) -> tuple[str, ...]:
        """The nodes that hold a key."""
        return self.order(key)[: self.n]

    def others(self, key: str) -> tuple[str, ...]:
        """The nodes that stand in for replicas of a key, the first one first."""
        return self.order(key)[self.n :]


def place(word: str) -> int:
    """The place of a word on the circle: the MD5 that Dynamo takes, for places of similar words must lie apart."""
    return int.from_bytes(hashlib.md5(word.encode(), usedforsecurity=False).digest()[:4])
