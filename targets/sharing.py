"""Clients that share one session with their node, of a driver that blocks; see `servers.driver`."""

from splitbrain.targets.servers.client import ServerClient
from splitbrain.targets.servers.driver import SharedSession


class SharingClient(ServerClient):
    """A client whose connection is the session with its node; `sessions` of its server has them."""

    shared: SharedSession | None = None

    async def open(self) -> None:
        """Take part in the session."""
        self.shared = self.server.sessions.join(self.address)
        self.connection = await self.shared.session()

    async def close(self) -> None:
        """Leave the session; the last client closes it."""
        shared, self.shared, self.connection = self.shared, None, None
        if shared is not None:
            await self.server.sessions.leave(shared)
