"""How does a client speak to etcd? It dispatches on the operation's name; all of one client goes through one member.

The trap: a connection is opened and answered before the first operation is sent, so what fails until then is certain
not to have happened. A member that is paused accepts connections and answers nothing: without that question every
operation on it would end in doubt.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.etcd.gateway import Access, Gateway
from splitbrain.targets.etcd.lock import Lock, LockRules
from splitbrain.targets.etcd.store import Store
from splitbrain.targets.etcd.watch import Positions, Watchers


@dataclass(frozen=True)
class Manners:
    """How clients behave, from the target's options. root: the prefix of all keys of the run. clean: whether that is
    deleted at the end."""

    access: Access
    root: str
    serializable: bool
    with_leader: bool
    lock: LockRules
    clean: bool


class EtcdClient:
    """One logical client, pinned to one member."""

    def __init__(self, node: Node, manners: Manners, positions: Positions) -> None:
        self._manners = manners
        self._gateway = gateway = Gateway(node.address, manners.access)
        self._store = store = Store(
            gateway, manners.root, serializable=manners.serializable, with_leader=manners.with_leader
        )
        self._lock = Lock(gateway, store, manners.lock)
        self._watchers = Watchers(gateway, store, positions)
        self._handlers: Mapping[str, Callable[[Operation], Awaitable[Outcome]]] = {
            "read": store.read,
            "write": store.write,
            "cas": store.cas,
            "add": store.add,
            "append": store.append,
            "acquire": self._lock.acquire,
            "hold": self._lock.hold,
            "use": self._lock.use,
            "release": self._lock.release,
            "watch": self._watchers.watch,
            "drain": self._watchers.drain,
        }

    async def open(self) -> None:
        """Connect, and log in where there is a user."""
        await self._gateway.open()

    async def setup(self) -> None:
        """Watchers begin at what comes from now on."""
        await self._watchers.begin()

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation. Raises what the error table knows."""
        return await self._handlers[operation.f](operation)

    async def teardown(self) -> None:
        """Delete what the run left, on a cluster that stays."""
        if self._manners.clean:
            await self._store.clear()

    async def close(self) -> None:
        """Disconnect; a lease that was kept alive runs out."""
        await asyncio.gather(self._lock.close(), self._watchers.close())
        await self._gateway.close()
