"""Messages along a chain: entries towards the tail, acknowledgements back, and heartbeats of all to all.

Pitfall: any of them may arrive twice or late, so each carries the epoch of the chain that it is about.
"""

from msgspec import Struct

from splitbrain.targets.stores.messages import Answer, Entry, Forward
from splitbrain.targets.stores.paxos.messages import PaxosMessage

Chain = tuple[str, ...]
"""The nodes, the head first, the tail last."""


class Link(Struct, frozen=True, tag="link"):
    """The entries after `prev_index`, perhaps none, from a node to its successor. base: the end of the head's log when
    the epoch began; who has that has all that was committed before."""

    epoch: int
    base: int
    prev_index: int
    prev_epoch: int
    entries: tuple[Entry, ...]


class Linked(Struct, frozen=True, tag="linked"):
    """The answer. ok: the logs agree up to `index`, which is on disk; otherwise `index` is where to look next.
    committed: the index up to which the whole chain has the log on disk, from here to the tail."""

    epoch: int
    ok: bool
    index: int
    committed: int


class Beat(Struct, frozen=True, tag="beat"):
    """A sign of life, with the configuration that its sender knows."""

    epoch: int
    chain: Chain


ChainMessage = PaxosMessage | Link | Linked | Beat | Forward | Answer
