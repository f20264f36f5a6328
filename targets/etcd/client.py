"""Clients of etcd: all of one client goes through one member."""

import asyncio
from dataclasses import dataclass

from splitbrain.harness.node import Node
from splitbrain.targets.etcd.gateway import Gateway
from splitbrain.targets.etcd.lock import Lock, LockRules
from splitbrain.targets.etcd.store import Store
from splitbrain.targets.etcd.watch import Positions, Watchers
from splitbrain.targets.servers.access import Access
from splitbrain.targets.servers.client import ServerClient


@dataclass(frozen=True)
class EtcdSettings:
    """What all clients of a run have in common. root: the prefix of all keys. clean: whether that is deleted at the
    end."""

    access: Access
    root: str
    serializable: bool
    with_leader: bool
    lock: LockRules
    clean: bool


class EtcdClient(ServerClient):
    """One logical client, pinned to one member."""

    def __init__(self, node: Node, settings: EtcdSettings, positions: Positions) -> None:
        super().__init__(node.address, settings)
        self._clean = settings.clean
        self.connection = gateway = Gateway(node.address, settings.access)
        self._store = store = Store(
            gateway, settings.root, serializable=settings.serializable, with_leader=settings.with_leader
        )
        self._lock = Lock(gateway, store, settings.lock)
        self._watchers = Watchers(gateway, store, positions)
        self.offer(store, self._lock, self._watchers)

    async def open(self) -> None:
        """Connect, and log in where there is a user."""
        await self.connection.open()

    async def setup(self) -> None:
        """Watchers begin at what comes from now on."""
        await self._watchers.begin()

    async def teardown(self) -> None:
        """Delete what the run left, on a cluster that stays."""
        if self._clean:
            await self._store.clear()

    async def close(self) -> None:
        """Disconnect; a lease that was kept alive runs out."""
        await asyncio.gather(self._lock.close(), self._watchers.close())
        await super().close()
