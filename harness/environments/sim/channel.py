"""Connection of a client to a simulated node: it takes the network's latency, keeps order, and breaks when the node's
process dies.

Cuts and impairments between nodes do not touch it; those between clients and a node are kept in that node's
`ClientLink`. A process that is stopped still accepts connections and requests, as an operating system does for it.

Pitfall: a client learns that a connection broke only a latency later; what it sends meanwhile is lost, and raises
`ChannelClosed` like everything under way.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from splitbrain.harness.environments.sim.scheduler import MILLISECOND, Timeline
from splitbrain.harness.injection import CutClients, ImpairClients
from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.program import Message
from splitbrain.harness.random_stream import RandomStream

Call = Callable[..., object]


@dataclass(slots=True, eq=False)
class ClientCutting:
    """A cut between clients and nodes in force, and how many requests and replies it stopped."""

    injection: CutClients
    requests: int = 0
    replies: int = 0


@dataclass(slots=True, eq=False)
class ClientImpairing:
    """An impairment between clients and nodes in force, and what it did to how many requests."""

    injection: ImpairClients
    delayed: int = 0
    duplicated: int = 0


class ClientLink:
    """The way between all clients and one node.

    cuts, impairs: what is in force; call `changed` after a change.
    """

    def __init__(self, kernel: Timeline, stream: RandomStream) -> None:
        self._kernel = kernel
        self._stream = stream
        self._queue: list[tuple[Call, tuple[Any, ...]]] = []
        self.faulty = False
        self.cuts: list[ClientCutting] = []
        self.impairs: list[ClientImpairing] = []

    def changed(self) -> None:
        """Note a change of what is in force: what a cut kept goes on its way, if none is left."""
        self.faulty = bool(self.cuts or self.impairs)
        if self._queue and not self.cuts:
            queue, self._queue = self._queue, []
            for call, args in queue:
                call(*args)

    def stops(self, call: Call, args: tuple[Any, ...], *, request: bool) -> bool | None:
        """Whether a cut stops what goes to the node, or comes from it: True if it is lost, None if it is kept until the
        heal, as `call(*args)`; False if it passes."""
        cuts = [cut for cut in self.cuts if (cut.injection.requests if request else cut.injection.replies)]
        for cut in cuts:
            cut.requests += request
            cut.replies += not request
        if not cuts:
            return False
        if any(not cut.injection.queued for cut in cuts):
            return True
        self._queue.append((call, args))
        return None

    def delay(self) -> int:
        """The additional time of the next request, in nanoseconds."""
        total = 0
        for impair in self.impairs:
            injection = impair.injection
            if injection.delay_ms or injection.jitter_ms:
                wait = max(0.0, injection.delay_ms + self._stream.between(-injection.jitter_ms, injection.jitter_ms))
                impair.delayed += wait > 0
                total += int(wait * MILLISECOND)
        return total

    def duplicates(self) -> list[int]:
        """Delays after which the next request comes again, in nanoseconds, one for each time that it does."""
        late: list[int] = []
        for impair in self.impairs:
            if impair.injection.duplicate and self._stream.chance(impair.injection.duplicate):
                impair.duplicated += 1
                late.append(int(self._stream.between(0, impair.injection.duplicate_ms) * MILLISECOND))
        return late


class PeerHost(Protocol):
    """The node's end of connections: one process."""

    def accept(self, channel: "SimChannel") -> None:
        """Take a client's connection; the channel is told when the process dies."""

    def request(self, channel: "SimChannel", request: int, message: Message) -> None:
        """Take a client's request."""

    def hang_up(self, channel: "SimChannel") -> None:
        """Take the end of a connection that the client has closed."""


class SimChannel:
    """A client's connection to one node. Requests are matched to replies by number."""

    def __init__(
        self,
        kernel: Timeline,
        latency: Callable[[], int],
        node: str,
        dial: Callable[[], PeerHost | None],
        way: ClientLink,
    ) -> None:
        self._kernel = kernel
        self._way = way
        self._latency = latency
        self._node = node
        self._dial = dial
        self._host: PeerHost | None = None
        self._closed = False
        self._requests = 0
        self._pending: dict[int, asyncio.Future[Message]] = {}
        self._last_up = 0
        self._last_down = 0

    async def open(self) -> None:
        """Connect, which takes a round trip. ConnectionRefusedError if there is no process."""
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._dial_up(opened)
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
        if self._way.faulty:
            self._ask(self._host, number, message)
        else:
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
        """Send the reply to a request on its way; called by the host."""
        if self._way.faulty:
            stopped = self._way.stops(self.answer, (number, message), request=False)
            if stopped is not False:
                self._break(lost=stopped)
                return
        self._down(self._settle, (number, message))

    def host_died(self, host: PeerHost) -> None:
        """Close, as the host's process is gone, and let the client learn it; called by the host."""
        self._down(self._broke, (host, "it died"))

    def _dial_up(self, opened: asyncio.Future[None]) -> None:
        """The first step of a connection: its request is refused, waits for the heal of a cut, or goes on its way."""
        stopped = self._way.stops(self._dial_up, (opened,), request=True) if self._way.faulty else False
        if stopped:
            self._down(self._opened, (opened, None, "the way to it is cut"))
        elif stopped is False:
            self._up(self._reach, (opened,))

    def _ask(self, host: PeerHost, number: int, message: Message) -> None:
        """Send a request over a way with a fault."""
        stopped = self._way.stops(self._ask, (host, number, message), request=True)
        if stopped is not False:
            self._break(lost=stopped)
            return
        self._up(self._deliver, (host, number, message), self._way.delay())
        for late in self._way.duplicates():
            self._kernel.at(self._last_up + late, self._deliver, (host, number, message))

    def _break(self, *, lost: bool | None) -> None:
        """Break the connection if what was stopped is lost, and let the client learn it."""
        if lost and self._host is not None:
            self._host.hang_up(self)
            self._down(self._broke, (self._host, "the way to it was cut"))

    def _reach(self, opened: asyncio.Future[None]) -> None:
        host = self._dial()
        if host is not None and not self._closed:
            host.accept(self)
        self._down(self._opened, (opened, host, "it is not running"))

    def _opened(self, opened: asyncio.Future[None], host: PeerHost | None, why_not: str) -> None:
        if opened.done():
            return
        if host is None:
            opened.set_exception(ConnectionRefusedError(f"{self._node} refused the connection: {why_not}"))
        else:
            self._host = host
            opened.set_result(None)

    def _deliver(self, host: PeerHost, number: int, message: Message) -> None:
        host.request(self, number, message)

    def _settle(self, number: int, message: Message) -> None:
        answer = self._pending.get(number)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _broke(self, host: PeerHost, why: str) -> None:
        if self._host is host:
            self._host = None
            self._fail_pending(f"the connection to {self._node} broke: {why}")

    def _fail_pending(self, why: str) -> None:
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(ChannelClosed(why))

    def _up(self, call: Call, args: tuple[Any, ...], wait: int = 0) -> None:
        self._last_up = max(self._last_up, self._kernel.now + self._latency() + wait)
        self._kernel.at(self._last_up, call, args)

    def _down(self, call: Call, args: tuple[Any, ...]) -> None:
        self._last_down = max(self._last_down, self._kernel.now + self._latency())
        self._kernel.at(self._last_down, call, args)
