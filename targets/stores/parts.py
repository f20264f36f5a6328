"""Parts of which a node is made, so that another may stand in for each: one with a planted bug, for instance."""

from dataclasses import dataclass

from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.log import ReplicaLog
from splitbrain.targets.stores.machine import Machine
from splitbrain.targets.stores.requests import Requests


@dataclass(frozen=True)
class Parts:
    """The classes that every own store needs."""

    journal: type[Journal] = Journal
    log: type[ReplicaLog] = ReplicaLog
    machine: type[Machine] = Machine
    requests: type[Requests] = Requests

    def new_log(self, *, persistent: bool, synced: bool = True) -> ReplicaLog:
        """An empty log on a journal. persistent: whether it uses the disk, synced: and waits for it."""
        return self.log(self.journal(persistent=persistent, synced=synced))
