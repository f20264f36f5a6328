"""Messages between the nodes of a log broker: entries from the leader of a partition, acknowledgements back.

Pitfall: any of them may arrive twice or late, so each carries the epoch of the partition that it is about.
"""

from msgspec import Struct

from splitbrain.targets.stores.messages import Answer, Entry, Forward
from splitbrain.targets.stores.paxos.messages import PaxosMessage


class Leadership(Struct, frozen=True, array_like=True):
    """A configuration of a partition. in_sync: the replicas without which nothing is committed, the leader among
    them."""

    epoch: int
    leader: str
    in_sync: tuple[str, ...]


class Replicate(Struct, frozen=True, tag="replicate"):
    """The leader's entries after `previous`, perhaps none. committed: the index up to which the leader knows the log to
    be committed."""

    partition: str
    leadership: Leadership
    previous: int
    previous_epoch: int
    entries: tuple[Entry, ...]
    committed: int


class Replicated(Struct, frozen=True, tag="replicated"):
    """The answer. ok: the logs agree up to `index`, which is on disk; otherwise `index` is where to look next."""

    partition: str
    epoch: int
    ok: bool
    index: int


class Deposed(Struct, frozen=True, tag="deposed"):
    """The answer to a leader of an older epoch: the present one."""

    partition: str
    leadership: Leadership


BrokerMessage = PaxosMessage | Replicate | Replicated | Deposed | Forward | Answer
"""The messages between nodes."""
