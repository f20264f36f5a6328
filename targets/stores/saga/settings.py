"""Options of a node of saga, and the classes that it is made of."""

from dataclasses import dataclass

from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.saga.outbox import Inbox


@dataclass(frozen=True)
class SagaSettings:
    """Options of a node. persistent: False keeps nothing over a restart."""

    orchestrated: bool = True
    dedup: str = "all"
    persistent: bool = True


@dataclass(frozen=True)
class SagaParts:
    """The classes of which a node is made."""

    journal: type[Journal] = Journal
    inbox: type[Inbox] = Inbox


CORRECT = SagaParts()
