"""Directed link between two nodes: when a message arrives, if it does.

Nodes talk as over one connection per direction: on a healthy link messages arrive in the order in which they were
sent, and all of them do. Injections on one link overlap freely, and each counts what it did: a message that two cuts
would drop counts for both, and one that was cut was not impaired. Frames between nodes carry a checksum, so a
corrupted message is a lost one.

Pitfall: a duplicate, a message held back to reorder it, and one withheld keep to no order, but a delay alone reorders
nothing: whatever is sent later waits behind it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from splitbrain.harness.environments.sim.link_injections import (
    Cutting,
    Held,
    Impairing,
    Limping,
    Shortening,
    Withholding,
)
from splitbrain.harness.environments.sim.scheduler import MILLISECOND, SECOND, Timeline, nanoseconds
from splitbrain.harness.program import Message
from splitbrain.harness.random_stream import RandomStream

Receive = Callable[[str, Message], object]
"""The receiver's function that takes a message: (sender, message)."""

OLD_NS = SECOND // 2
"""A message that arrives so long after it was sent is counted as old."""
QUEUED_MAX = 2_000
"""Messages that a sender keeps for a link that lets nothing through; more are lost, as a full socket buffer loses
them."""
BACKLOG_NS_MAX = 2 * SECOND
"""The limit of the wait for a slow link; a message that would wait longer is lost."""
SHORT_BYTES = 128
"""A message that does not wait behind longer ones on a slow link, as in fair queues."""
LOG_SPAN_MS = 1.0
"""Times that are drawn log-uniformly begin here."""


class SendsMessages(Protocol):
    """The sender's end of a link."""

    def send(self, message: Message) -> None:
        """Send a message; the receiver gets it later, or never."""


@dataclass(slots=True)
class LinkStats:
    """Counts of messages between nodes, over all links, for the run's coverage."""

    old: int = 0
    """Arrived `OLD_NS` or more after they were sent."""
    duplicated: int = 0
    reordered: int = 0
    queued: int = 0
    resets: int = 0

    def counts(self) -> Mapping[str, int]:
        """All of them, by name."""
        return {
            "old_messages": self.old,
            "messages_duplicated": self.duplicated,
            "messages_reordered": self.reordered,
            "messages_queued": self.queued,
            "connections_reset": self.resets,
        }


class Latency:
    """A draw of how long one message takes, in nanoseconds."""

    __slots__ = ("_low", "_random", "_span", "_tail")

    def __init__(self, low_ms: float, high_ms: float, tail_mean_ms: float, stream: RandomStream) -> None:
        self._low = nanoseconds(low_ms)
        self._span = high_ms * 1e6 - self._low
        self._tail = tail_mean_ms * 1e6
        self._random = stream.random

    def draw(self) -> int:
        """The next one."""
        random = self._random
        return self._low + int(self._span * random() - self._tail * math.log(1.0 - random()))


class DirectedLink:
    """The way from one node to another.

    cuts, impairs, limps, shortenings, withholdings: what is in force; call `changed` after a change of one.
    """

    __slots__ = (
        "_epoch",
        "_faulty",
        "_held",
        "_kernel",
        "_last",
        "_latency",
        "_queue",
        "_reorder_max",
        "_sender",
        "_stats",
        "_stream",
        "_to",
        "cuts",
        "impairs",
        "limps",
        "receive",
        "shortenings",
        "withholdings",
    )

    def __init__(
        self,
        kernel: Timeline,
        ends: tuple[str, str],
        latency: Callable[[], int],
        reorder_ms_max: float,
        stream: RandomStream,
        stats: LinkStats,
    ) -> None:
        """latency: how long the next message takes, in nanoseconds."""
        self._kernel = kernel
        self._sender, self._to = ends
        self._latency = latency
        self._reorder_max = nanoseconds(reorder_ms_max)
        self._stream = stream
        self.receive: Receive = _nobody
        """Function that takes messages at the receiver."""
        self._stats = stats
        self._last = 0
        self._epoch = 0
        self._faulty = False
        self._held: list[Held] = []
        self._queue: list[tuple[int, Message]] = []
        self.cuts: list[Cutting] = []
        self.impairs: list[Impairing] = []
        self.limps: list[Limping] = []
        self.shortenings: list[Shortening] = []
        self.withholdings: list[Withholding] = []

    def changed(self) -> None:
        """Note a change of what is in force: what a cut kept goes on its way, if none is left."""
        self._faulty = bool(self.cuts or self.impairs or self.limps or self.shortenings or self.withholdings)
        if any(not cut.queued for cut in self.cuts):
            self._queue.clear()
        elif self._queue and not self.cuts:
            queue, self._queue = self._queue, []
            for sent, message in queue:
                self._pass(sent, message)

    def send(self, message: Message) -> None:
        """Send a message; the receiver gets it later, or never."""
        if self._faulty:
            self._send_injected(message)
            return
        arrival = self._kernel.now + self._latency()
        if arrival < self._last:  # noqa: PLR1730 - `max` costs as much as the rest of it
            arrival = self._last
        self._last = arrival
        self._kernel.at(arrival, self.receive, (self._sender, message))

    def begin_resets(self, impairing: Impairing) -> None:
        """Break the connection now and then, as long as the impairment is in force."""
        mean = nanoseconds(impairing.injection.reset_ms)
        self._kernel.at(self._kernel.now + int(self._stream.exponential(mean)), self._reset, (impairing,))

    def _reset(self, impairing: Impairing) -> None:
        if impairing not in self.impairs:
            return
        self._epoch += 1
        self._queue.clear()
        self._held.clear()
        impairing.resets += 1
        self._stats.resets += 1
        self.begin_resets(impairing)

    def _send_injected(self, message: Message) -> None:
        now = self._kernel.now
        if self.cuts:
            for cut in self.cuts:
                cut.stopped += 1
            if all(cut.queued for cut in self.cuts) and len(self._queue) < QUEUED_MAX:
                self._queue.append((now, message))
                self._stats.queued += 1
        elif not self._lost(message):
            self._pass(now, message)

    def _pass(self, sent: int, message: Message) -> None:
        """Send a message that was not lost on its way."""
        wait = self._wait(message)
        if wait is None:
            return
        arrival = self._kernel.now + self._latency() + wait
        for withholding in self.withholdings:
            if withholding.holds(self._to, message):
                withholding.withheld += 1
                self._deliver(arrival + withholding.hold, sent, message)
                return
        holding = [i for i in self.impairs if i.injection.reorder and self._stream.chance(i.injection.reorder)]
        if holding:
            self._hold(arrival, Held(message, sent, holding))
        else:
            if not (self.limps and size_of(message) <= SHORT_BYTES):
                arrival = self._last = max(self._last, arrival)
            self._deliver(arrival, sent, message)
            self._overtake(arrival)
        for impair in self.impairs:
            if impair.injection.duplicate and self._stream.chance(impair.injection.duplicate):
                impair.duplicated += 1
                self._stats.duplicated += 1
                late = self._log_uniform(impair.injection.duplicate_ms) if impair.injection.duplicate_ms else 0
                self._deliver(arrival + self._latency() + late, sent, message)

    def _deliver(self, arrival: int, sent: int, message: Message) -> None:
        if arrival - sent >= OLD_NS:
            self._stats.old += 1
        self._kernel.at(arrival, self._arrive, (self._epoch, message))

    def _arrive(self, epoch: int, message: Message) -> None:
        """Hand a message to its receiver, unless its connection broke meanwhile."""
        if epoch == self._epoch:
            self.receive(self._sender, message)

    def _lost(self, message: Message) -> bool:
        lost = False
        for impair in self.impairs:
            if impair.injection.loss and self._stream.chance(impair.injection.loss):
                impair.dropped += 1
                lost = True
            if impair.injection.corrupt and self._stream.chance(impair.injection.corrupt):
                impair.corrupted += 1
                lost = True
        if self.shortenings:
            size = size_of(message)
            for shortening in self.shortenings:
                if size > shortening.bytes_max:
                    shortening.dropped += 1
                    lost = True
        return lost

    def _wait(self, message: Message) -> int | None:
        """The additional time of a message beside the latency, in nanoseconds; None if it is lost to a full queue."""
        total = 0
        for impair in self.impairs:
            delay = 0
            if impair.delay or impair.jitter:
                delay = max(0, impair.delay + round(self._stream.between(-impair.jitter, impair.jitter)))
            if impair.injection.tail and self._stream.chance(impair.injection.tail):
                delay += self._log_uniform(impair.injection.tail_ms)
            impair.delayed += delay > 0
            total += delay
        if self.limps:
            size = size_of(message)
            for limp in self.limps:
                wait = self._limp(limp, size)
                if wait is None:
                    return None
                total += wait
        return total

    def _limp(self, limp: Limping, size: int) -> int | None:
        now = self._kernel.now
        taking = int(size * limp.ns_per_byte)
        if size <= SHORT_BYTES:
            return taking
        begin = max(now, limp.free)
        if begin - now > BACKLOG_NS_MAX:
            limp.dropped += 1
            return None
        limp.free = begin + taking
        limp.delayed += 1
        return limp.free - now

    def _hold(self, arrival: int, held: Held) -> None:
        longest = max((impair.injection.reorder_ms for impair in held.holding), default=0.0)
        if longest:
            self._count_reordered(held)
            self._deliver(arrival + self._log_uniform(longest), held.sent, held.message)
        else:
            self._held.append(held)
            self._kernel.at(arrival + self._reorder_max, self._let_go, (held,))

    def _overtake(self, arrival: int) -> None:
        """Deliver, after a message that arrives then, those that were held back to be overtaken."""
        for held in self._held:
            self._deliver(arrival + self._latency(), held.sent, held.message)
            self._count_reordered(held)
        self._held.clear()

    def _let_go(self, held: Held) -> None:
        """Hand over a message that was held back, and that nothing has overtaken in time."""
        if held in self._held:
            self._held.remove(held)
            self.receive(self._sender, held.message)

    def _count_reordered(self, held: Held) -> None:
        self._stats.reordered += 1
        for impair in held.holding:
            impair.reordered += 1

    def _log_uniform(self, longest_ms: float) -> int:
        """Nanoseconds up to so many milliseconds, short times as likely as long ones."""
        longest_ms = max(longest_ms, LOG_SPAN_MS)
        return int(LOG_SPAN_MS * (longest_ms / LOG_SPAN_MS) ** self._stream.random() * MILLISECOND)


def _nobody(sender: str, message: Message) -> None:
    """Take messages where there is no node yet."""


def size_of(message: Message) -> int:
    """The bytes of a message on a wire."""
    try:
        return len(msgspec.msgpack.encode(message))
    except (TypeError, ValueError, OverflowError):
        return len(repr(message))
