"""When does a message arrive, if it does? Directed links between nodes, each with a latency, cuts and impairments.

Nodes talk as over one connection per direction: on a healthy link messages arrive in the order in which they were
sent, and all of them do. A cut drops what is sent while it is in force; what was under way arrives. Injections on one
link overlap freely, and each counts what it did: a message that two cuts would drop counts for both, and one that was
cut was not impaired. Frames between nodes carry a checksum, so a corrupted message is a lost one. The trap: a
duplicate, or a message held back to reorder it, keeps to no order, but a delay alone reorders nothing: whatever is
sent later waits behind it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.environments.sim.scheduler import EventQueue, nanoseconds
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Impair, Link
from splitbrain.harness.program import Message
from splitbrain.harness.random_stream import RandomStream

Receive = Callable[[str, Message], object]
"""What takes a message at its receiver: (sender, message)."""


@dataclass(frozen=True)
class NetworkOptions:
    """How the network behaves when nothing hurts it.

    A message takes between `latency_ms_min` and `latency_ms_max`, each equally likely, plus a waiting time of a
    Poisson process with mean `latency_ms_tail_mean`. loss, duplicate, reorder: probabilities that a message between
    nodes is lost, arrives twice, or is held back, even without an injection. reorder_ms_max: a message that is held
    back, by this or by an injection, arrives after the next one on its link, or so much late if none comes.
    """

    latency_ms_min: float = 0.2
    latency_ms_max: float = 1.0
    latency_ms_tail_mean: float = 0.2
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_ms_max: float = 100.0

    def __post_init__(self) -> None:
        if not 0 <= self.latency_ms_min <= self.latency_ms_max:
            raise UsageError(f"latencies have to be 0 <= latency_ms_min <= latency_ms_max: {self}")
        if self.latency_ms_max <= 0 or self.latency_ms_tail_mean < 0 or self.reorder_ms_max < 0:
            raise UsageError(f"latency_ms_max has to be above 0, and no duration below: {self}")
        if not all(0 <= share <= 1 for share in (self.loss, self.duplicate, self.reorder)):
            raise UsageError(f"loss, duplicate and reorder are probabilities: {self}")


class Latency:
    """Draws how long one message takes, in nanoseconds."""

    __slots__ = ("_low", "_random", "_span", "_tail")

    def __init__(self, options: NetworkOptions, stream: RandomStream) -> None:
        self._low = nanoseconds(options.latency_ms_min)
        self._span = options.latency_ms_max * 1e6 - self._low
        self._tail = options.latency_ms_tail_mean * 1e6
        self._random = stream.random

    def draw(self) -> int:
        """The next one."""
        random = self._random
        return self._low + int(self._span * random() - self._tail * math.log(1.0 - random()))


@dataclass(slots=True, eq=False)
class Cutting:
    """A cut in force, and how many messages it dropped."""

    dropped: int = 0


@dataclass(slots=True, eq=False)
class Impairing:
    """An impairment in force, and what it did to how many messages."""

    harm: Impair
    delay: int = field(init=False)
    jitter: int = field(init=False)
    delayed: int = 0
    dropped: int = 0
    duplicated: int = 0
    reordered: int = 0
    corrupted: int = 0

    def __post_init__(self) -> None:
        self.delay = nanoseconds(self.harm.delay_ms)
        self.jitter = nanoseconds(self.harm.jitter_ms)


@dataclass(slots=True, eq=False)
class Held:
    """A message that waits to be overtaken, and the impairments that hold it back."""

    message: Message
    holding: list[Impairing]


class DirectedLink:
    """The way from one node to another."""

    __slots__ = (
        "_held",
        "_kernel",
        "_last",
        "_latency",
        "_receive",
        "_reorder_max",
        "_sender",
        "_stream",
        "cuts",
        "impairs",
    )

    def __init__(
        self, kernel: EventQueue, options: NetworkOptions, stream: RandomStream, sender: str, receive: Receive
    ) -> None:
        self._kernel = kernel
        self._latency = Latency(options, stream).draw
        self._reorder_max = nanoseconds(options.reorder_ms_max)
        self._stream = stream
        self._sender = sender
        self._receive = receive
        self._last = 0
        self._held: list[Held] = []
        self.cuts: list[Cutting] = []
        self.impairs: list[Impairing] = []

    def send(self, message: Message) -> None:
        """Send a message; the receiver gets it later, or never."""
        if self.cuts or self.impairs:
            self._send_hurt(message)
            return
        arrival = self._kernel.now + self._latency()
        if arrival < self._last:  # noqa: PLR1730 - `max` costs as much as the rest of it
            arrival = self._last
        self._last = arrival
        self._kernel.at(arrival, self._receive, (self._sender, message))

    def _send_hurt(self, message: Message) -> None:
        for cut in self.cuts:
            cut.dropped += 1
        if self.cuts or self._lost():
            return
        arrival = self._kernel.now + self._latency() + self._delay()
        holding = [i for i in self.impairs if i.harm.reorder and self._stream.chance(i.harm.reorder)]
        if holding:
            held = Held(message, holding)
            self._held.append(held)
            self._kernel.at(arrival + self._reorder_max, self._let_go, (held,))
        else:
            arrival = self._last = max(self._last, arrival)
            self._deliver(arrival, message)
            self._overtake(arrival)
        for impair in self.impairs:
            if impair.harm.duplicate and self._stream.chance(impair.harm.duplicate):
                impair.duplicated += 1
                self._deliver(arrival + self._latency(), message)

    def _deliver(self, arrival: int, message: Message) -> None:
        self._kernel.at(arrival, self._receive, (self._sender, message))

    def _lost(self) -> bool:
        lost = False
        for impair in self.impairs:
            if impair.harm.loss and self._stream.chance(impair.harm.loss):
                impair.dropped += 1
                lost = True
            if impair.harm.corrupt and self._stream.chance(impair.harm.corrupt):
                impair.corrupted += 1
                lost = True
        return lost

    def _delay(self) -> int:
        total = 0
        for impair in self.impairs:
            if impair.delay or impair.jitter:
                delay = max(0, impair.delay + round(self._stream.between(-impair.jitter, impair.jitter)))
                impair.delayed += delay > 0
                total += delay
        return total

    def _overtake(self, arrival: int) -> None:
        """A message arrives then, and after it those that were held back to be overtaken."""
        for held in self._held:
            self._deliver(arrival + self._latency(), held.message)
            for impair in held.holding:
                impair.reordered += 1
        self._held.clear()

    def _let_go(self, held: Held) -> None:
        """A message was held back, and nothing has overtaken it in time."""
        if held in self._held:
            self._held.remove(held)
            self._receive(self._sender, held.message)


class Network:
    """All links of a cluster."""

    def __init__(
        self, kernel: EventQueue, options: NetworkOptions, seed: int, receivers: Sequence[tuple[str, Receive]]
    ) -> None:
        self._links = {
            sender: {
                to: DirectedLink(kernel, options, RandomStream(seed, "network", sender, to), sender, receive)
                for to, receive in receivers
            }
            for sender, _ in receivers
        }
        if options.loss or options.duplicate or options.reorder:
            usual = Impair((), loss=options.loss, duplicate=options.duplicate, reorder=options.reorder)
            for links in self._links.values():
                for link in links.values():
                    link.impairs.append(Impairing(usual))

    def links_from(self, sender: str) -> dict[str, DirectedLink]:
        """A node's links by receiver, itself included."""
        return self._links[sender]

    def link(self, link: Link) -> DirectedLink:
        """One link."""
        sender, to = link
        return self._links[sender][to]
