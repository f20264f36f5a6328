"""How does a client speak to a node in the simulator? Over a connection that takes the network's latency, keeps order,
loses nothing, and breaks when the node's process dies.

Cuts and impairments between nodes do not touch it. A process that is stopped still accepts connections and requests,
as an operating system does for it. The trap: a client learns that a connection broke only a latency later; what it
sends meanwhile is lost, and raises `ChannelClosed` like everything under way.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from splitbrain.harness.environments.sim.scheduler import EventQueue
from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.program import Message


class Host(Protocol):
    """The node's end of connections: one process."""

    def accept(self, channel: "SimChannel") -> None:
        """A client has connected; the channel is told when the process dies."""

    def request(self, channel: "SimChannel", request: int, message: Message) -> None:
        """A client's request arrives."""

    def hang_up(self, channel: "SimChannel") -> None:
        """The client has closed the connection."""


class SimChannel:
    """A client's connection to one node. Requests are matched to replies by number."""

    def __init__(
        self, kernel: EventQueue, latency: Callable[[], int], node: str, dial: Callable[[], Host | None]
    ) -> None:
        self._kernel = kernel
        self._latency = latency
        self._node = node
        self._dial = dial
        self._host: Host | None = None
        self._closed = False
        self._requests = 0
        self._pending: dict[int, asyncio.Future[Message]] = {}
        self._last_up = 0
        self._last_down = 0

    async def open(self) -> None:
        """Connect, which takes a round trip. ConnectionRefusedError if there is no process."""
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._up(self._reach, (opened,))
        await opened

    async def request(self, message: Message) -> Message:
        """The node's answer. See `splitbrain.harness.node.Channel`."""
        if self._closed:
            raise ChannelClosed(f"the client has closed its connection to {self._node}")
        if self._host is None:
            raise ConnectionRefusedError(f"the connection to {self._node} broke before anything was sent")
        self._requests += 1
        number = self._requests
        answer = self._pending[number] = asyncio.get_running_loop().create_future()
        self._up(self._deliver, (self._host, number, message))
        try:
            return await answer
        finally:
            self._pending.pop(number, None)

    async def close(self) -> None:
        """Close; requests under way raise ChannelClosed."""
        self._closed = True
        if self._host is not None:
            self._host.hang_up(self)
            self._host = None
        self._fail_pending(f"the client closed its connection to {self._node}")

    def answer(self, number: int, message: Message) -> None:
        """Called by the host: the reply to a request leaves."""
        self._down(self._settle, (number, message))

    def host_died(self, host: Host) -> None:
        """Called by the host: its process is gone, and the client will learn it."""
        self._down(self._broke, (host,))

    def _reach(self, opened: asyncio.Future[None]) -> None:
        host = self._dial()
        if host is not None and not self._closed:
            host.accept(self)
        self._down(self._opened, (opened, host))

    def _opened(self, opened: asyncio.Future[None], host: Host | None) -> None:
        if opened.done():
            return
        if host is None:
            opened.set_exception(ConnectionRefusedError(f"{self._node} refused the connection: it is not running"))
        else:
            self._host = host
            opened.set_result(None)

    def _deliver(self, host: Host, number: int, message: Message) -> None:
        host.request(self, number, message)

    def _settle(self, number: int, message: Message) -> None:
        answer = self._pending.get(number)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _broke(self, host: Host) -> None:
        if self._host is host:
            self._host = None
            self._fail_pending(f"{self._node} died, and the connection to it broke")

    def _fail_pending(self, why: str) -> None:
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(ChannelClosed(why))

    def _up(self, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        self._last_up = max(self._last_up, self._kernel.now + self._latency())
        self._kernel.at(self._last_up, call, args)

    def _down(self, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        self._last_down = max(self._last_down, self._kernel.now + self._latency())
        self._kernel.at(self._last_down, call, args)
