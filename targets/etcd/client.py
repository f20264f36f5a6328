"""Clients of etcd: all of one client goes through one member."""

import asyncio
from typing import Any

from splitbrain.harness.node import Node
from splitbrain.targets.etcd.gateway import Gateway
from splitbrain.targets.etcd.lock import Lock
from splitbrain.targets.etcd.store import Store
from splitbrain.targets.etcd.watch import Positions, Watchers
from splitbrain.targets.servers.client import ServerClient


class EtcdClient(ServerClient):
    """One logical client, pinned to one member."""

    def __init__(self, node: Node, server: Any, root: str, positions: Positions) -> None:
        """root: the prefix of all keys of the run."""
        super().__init__(node.address, server)
        self.connection = gateway = Gateway(node.address, server.access)
        self._store = store = Store(gateway, root, server.settings)
        self._lock = Lock(gateway, store, server.settings)
        self._watchers = Watchers(gateway, store, positions)
        self.offer(store, self._lock, self._watchers)

    async def open(self) -> None:
        """Connect, and log in where there is a user."""
        await self.connection.open()

    async def setup(self) -> None:
        """Begin watchers at what comes from now on."""
        await self._watchers.begin()

    async def teardown(self) -> None:
        """Delete what the run left, on a cluster that stays."""
        if self.server.endpoints:
            await self._store.clear()

    async def close(self) -> None:
        """Disconnect; a lease that was kept alive runs out."""
        await asyncio.gather(self._lock.close(), self._watchers.close())
        await super().close()
