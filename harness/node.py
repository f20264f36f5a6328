"""Node: a member of a cluster, seen from outside. It has a name and an address, can be started and killed, and a client
can open a channel to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from splitbrain.harness.program import Message


class ChannelClosed(ConnectionError):
    """A channel that broke after a request was sent: whether it happened is unknown."""


class Channel(Protocol):
    """A client's connection to an own store's node. Replies are matched to requests by id, so a late reply never
    answers the next request."""

    async def request(self, message: Message) -> Message:
        """The node's reply. ChannelClosed if the connection breaks meanwhile; ConnectionRefusedError if it was
        known to be broken before: nothing was sent."""

    async def close(self) -> None:
        """Close; requests under way raise ChannelClosed."""


class Node(Protocol):
    """One member of a running cluster."""

    @property
    def name(self) -> str:
        """ "n1", "n2", …"""

    @property
    def address(self) -> str:
        """The address for clients: an IP address, or the name in the simulator; empty if only `connect` leads to it."""

    @property
    def running(self) -> bool:
        """Whether its process is alive; a paused one is."""

    async def connect(self) -> Channel:
        """A channel to an own store's node. ConnectionRefusedError if it is not running: nothing was sent."""

    async def start(self) -> None:
        """Start it, if it is not running; returns when it is started, not when it is ready."""

    async def kill(self) -> None:
        """End it at once; what was not synced may be lost."""

    def logs(self) -> Path | None:
        """The file its output is followed into, if it has one."""
