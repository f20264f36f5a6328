"""Messages of quorum beside those of all replicas: the comparison of copies."""

from msgspec import Struct

from splitbrain.targets.stores.replicas import ReplicaMessage
from splitbrain.targets.stores.versions import Versions


class Compare(Struct, frozen=True, tag="compare"):
    """Hashes of a Merkle tree over the keys that sender and receiver share. level: how deep. hashes: by bucket."""

    level: int
    hashes: dict[int, int]


class Exchange(Struct, frozen=True, tag="exchange"):
    """Versions of keys that the sender believes to differ. answer: whether the receiver is to send back its own."""

    items: list[tuple[str, Versions]]
    answer: list[int]


QuorumMessage = ReplicaMessage | Compare | Exchange
