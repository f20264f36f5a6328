"""Options of a node of a chain, and the classes that it is made of."""

from dataclasses import dataclass

from splitbrain.targets.stores.chain.members import ChainRequests
from splitbrain.targets.stores.parts import Parts


@dataclass(frozen=True)
class ChainParts(Parts):
    """The classes that a node is made of."""

    requests: type[ChainRequests] = ChainRequests


@dataclass(frozen=True)
class ChainSettings:
    """The options of a node; times in nanoseconds. reads_any: any node answers reads from what it knows to be
    committed. persistent: False keeps nothing over a restart. patience: silence that counts as death."""

    reads_any: bool = False
    persistent: bool = True
    heartbeat: int = 50_000_000
    patience: int = 300_000_000


CORRECT = ChainParts()
