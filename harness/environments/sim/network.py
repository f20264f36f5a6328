"""Links of a simulated cluster, and how they behave without faults."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from splitbrain.harness.environments.sim.link import DirectedLink, Latency, LinkStats, Receive, size_of
from splitbrain.harness.environments.sim.link_injections import Impairing, Limping
from splitbrain.harness.environments.sim.scheduler import Timeline
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import ImpairMessages, Link
from splitbrain.harness.program import Message
from splitbrain.harness.random_stream import RandomStream

Heard = Callable[[str, str, int], object]
"""Function that takes sender, receiver and bytes of a message."""


@dataclass(frozen=True)
class NetworkOptions:
    """Options of the network without faults.

    A message takes between `latency_ms_min` and `latency_ms_max`, each equally likely, plus a waiting time of a
    Poisson process with mean `latency_ms_tail_mean`. spread: each link, in each direction, is up to so many times
    slower or faster than that, drawn once. tail: probability that a message takes up to `tail_ms_max` longer. loss,
    duplicate, reorder: probabilities that a message between nodes is lost, arrives twice, or is held back, even
    without an injection; duplicate_ms_max: how much later the second one comes. reorder_ms_max: a message that is held
    back, by this or by an injection, arrives after the next one on its link, or so much late if none comes. rate_kbit:
    bandwidth of each link; 0 is unlimited. reset_ms: mean time from one break of a connection to the next; 0 is never.
    """

    latency_ms_min: float = 0.2
    latency_ms_max: float = 1.0
    latency_ms_tail_mean: float = 0.2
    spread: float = 1.0
    tail: float = 0.0
    tail_ms_max: float = 500.0
    loss: float = 0.0
    duplicate: float = 0.0
    duplicate_ms_max: float = 0.0
    reorder: float = 0.0
    reorder_ms_max: float = 100.0
    rate_kbit: float = 0.0
    reset_ms: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.latency_ms_min <= self.latency_ms_max:
            raise UsageError(f"latencies have to be 0 <= latency_ms_min <= latency_ms_max: {self}")
        durations = (self.latency_ms_tail_mean, self.reorder_ms_max, self.tail_ms_max, self.duplicate_ms_max)
        if self.latency_ms_max <= 0 or min(*durations, self.rate_kbit, self.reset_ms) < 0:
            raise UsageError(f"latency_ms_max has to be above 0, and no duration or rate below: {self}")
        if not all(0 <= share <= 1 for share in (self.loss, self.duplicate, self.reorder, self.tail)):
            raise UsageError(f"loss, duplicate, reorder and tail are probabilities: {self}")
        if self.spread < 1:
            raise UsageError(f"spread is a factor, 1 or more: {self}")

    def latency(self, stream: RandomStream) -> Latency:
        """The latency of one way of this network; draws its speed if they differ."""
        factor = 1.0 if self.spread == 1.0 else self.spread ** stream.between(-1.0, 1.0)
        return Latency(
            self.latency_ms_min * factor, self.latency_ms_max * factor, self.latency_ms_tail_mean * factor, stream
        )


class Network:
    """All links of a cluster."""

    def __init__(self, kernel: Timeline, options: NetworkOptions, seed: int, names: Sequence[str]) -> None:
        self.stats = LinkStats()
        self.options = options
        self._links: dict[str, dict[str, DirectedLink]] = {}
        for sender in names:
            self._links[sender] = {}
            for to in names:
                stream = RandomStream(seed, "network", sender, to)
                latency = options.latency(stream).draw
                self._links[sender][to] = DirectedLink(
                    kernel, (sender, to), latency, options.reorder_ms_max, stream, self.stats
                )
        self._make_usual(options)

    def attach(self, to: str, receive: Receive) -> None:
        """Say who takes the messages to a node; until then there is nobody."""
        for links in self._links.values():
            links[to].receive = receive

    def tap(self, heard: Heard) -> None:
        """Have a function called before a message is received, of each that is sent from now on."""
        for links in self._links.values():
            for to, link in links.items():
                link.receive = _tapped(to, link.receive, heard)

    def links_from(self, sender: str) -> dict[str, DirectedLink]:
        """A node's links by receiver, itself included."""
        return self._links[sender]

    def link(self, link: Link) -> DirectedLink:
        """One link."""
        sender, to = link
        return self._links[sender][to]

    def _make_usual(self, options: NetworkOptions) -> None:
        """The usual badness of each link, other than to a node itself, without an injection."""
        usual = ImpairMessages(
            (), loss=options.loss, duplicate=options.duplicate, reorder=options.reorder, tail=options.tail,
            tail_ms=options.tail_ms_max, duplicate_ms=options.duplicate_ms_max, reset_ms=options.reset_ms,
        )  # fmt: skip
        impaired = options.loss or options.duplicate or options.reorder or options.tail or options.reset_ms
        for sender, links in self._links.items():
            for to, link in links.items():
                if sender == to:
                    continue
                if impaired:
                    link.impairs.append(Impairing(usual))
                if options.rate_kbit:
                    link.limps.append(Limping(ns_per_byte(options.rate_kbit)))
                if options.reset_ms:
                    link.begin_resets(link.impairs[0])
                link.changed()


def _tapped(to: str, receive: Receive, heard: Heard) -> Receive:
    def tapped(sender: str, message: Message) -> None:
        heard(sender, to, size_of(message))
        receive(sender, message)

    return tapped


def ns_per_byte(rate_kbit: float) -> float:
    """The time that a byte takes at a bandwidth in kbit/s."""
    return 8e6 / rate_kbit
