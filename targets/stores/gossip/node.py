"""Node of gossip: it counts its heartbeats, tells what it knows of others', and says which of them are up.

Pitfall: others know a count from before a restart, and take no smaller one for new. So a node writes down, ahead of its
heartbeats, how far it may count, and goes on from there when it starts again; without a disk that answers it is silent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from splitbrain.harness.program import Effect, Effects, Mark, Now, Reply, Role, Send, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.gossip.detectors import Detector, PhiDetector, TimeoutDetector
from splitbrain.targets.stores.journal import Journal, give_up
from splitbrain.targets.stores.messages import UNSUPPORTED, Request, Response

BEAT = "beat"
MEMBERS = "members"

NEWS_PERIODS = 5
"""Periods between two news of a node, before any have come: they come by chance, and through others."""
RESERVED = 20
"""Heartbeats that a node may count ahead of its disk."""
_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(int).decode


class HeartbeatTable(Struct, frozen=True, tag="beats"):
    """All that a node knows: node → the number of its last heartbeat."""

    beats: dict[str, int]


@dataclass(frozen=True)
class GossipSettings:
    """Options of a node. detector: "timeout" or "phi". period, timeout: nanoseconds."""

    detector: str = "timeout"
    period: int = 100_000_000
    timeout: int = 1_000_000_000
    phi: float = 8.0

    def new_detector(self) -> Detector:
        """A detector for one node."""
        if self.detector == "phi":
            return PhiDetector(self.phi, NEWS_PERIODS * self.period)
        return TimeoutDetector(self.timeout)


@dataclass
class WatchedNode:
    """The knowledge of another node. heard: when it last heard a new heartbeat, by the monotonic clock."""

    detector: Detector
    heard: int
    beat: int = 0
    suspected: bool = False


@dataclass(frozen=True)
class GossipParts:
    """The classes of which a node is made."""

    journal: type[Journal] = Journal


CORRECT = GossipParts()


class GossipNode:
    """One node."""

    message_type: ClassVar[Any] = HeartbeatTable
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: GossipSettings,
        parts: GossipParts = CORRECT,
    ) -> None:
        self.name, self.nodes, self.random, self.settings = name, tuple(nodes), random, settings
        self.others = tuple(node for node in nodes if node != name)
        self.journal = parts.journal()
        self.beat = 0
        self._reserved: list[tuple[int, int]] = []
        """Records that are not on disk yet, and how far each lets this node count."""
        self._limit = 0
        self.known: dict[str, WatchedNode] = {}

    @property
    def role(self) -> Role:
        """ "peer", as all are."""
        return Role("peer")

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Go on counting. All others are taken for up until they have been silent for too long."""
        records, effects = self.journal.recover(disk)
        self.beat = self._limit = max(map(_decode, records), default=0)
        for other in self.others:
            self.known[other] = WatchedNode(self.settings.new_detector(), now.monotonic)
        return [*effects, SetTimer(BEAT, self.settings.period), *self._reserve()]

    def on_timer(self, now: Now, name: str) -> Effects:
        """One more heartbeat; tell somebody, and see who has been silent for too long."""
        self.beat = min(self.beat + 1, self._limit)
        effects: list[Effect] = [SetTimer(BEAT, self.settings.period), *self._reserve(), *self.look(now)]
        if self.others:
            effects.append(Send(self.random.choice(self.others), self.table()))
        return effects

    def _reserve(self) -> list[Effect]:
        """Write down how far this node may count, if it is half way there."""
        if self._reserved or self._limit - self.beat > RESERVED // 2:
            return []
        limit = self.beat + RESERVED
        self._reserved.append((self.journal.rewrite([_encode(limit)]), limit))
        return self.journal.flush()

    def on_durable(self, now: Now, token: int) -> Effects:
        """Count on."""
        self.journal.on_durable(token)
        for record, limit in self._reserved:
            if record <= self.journal.durable:
                self._limit = limit
        self._reserved = [one for one in self._reserved if one[0] > self.journal.durable]
        return self.journal.flush()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def table(self) -> HeartbeatTable:
        """All that this node knows."""
        return HeartbeatTable({self.name: self.beat, **{other: node.beat for other, node in self.known.items()}})

    def on_message(self, now: Now, sender: str, message: HeartbeatTable) -> Effects:
        """Take from another node what it knows."""
        effects: list[Effect] = []
        for name, beat in message.beats.items():
            if name in self.known:
                effects += self.take(now, name, beat)
        return effects

    def take(self, now: Now, name: str, beat: int) -> list[Effect]:
        """Take in a heartbeat of another node, if it is new."""
        node = self.known[name]
        if beat <= node.beat:
            return []
        node.detector.heard(now.monotonic - node.heard)
        node.beat, node.heard = beat, now.monotonic
        return [Mark("heard", name, now.monotonic), *self.look(now)]

    def look(self, now: Now) -> list[Effect]:
        """See who is suspected from now on, and who no more."""
        effects: list[Effect] = []
        for name, node in self.known.items():
            suspected = self.suspects(node, now)
            if suspected != node.suspected:
                node.suspected = suspected
                effects.append(Mark("suspects" if suspected else "trusts", name))
        return effects

    def suspects(self, node: WatchedNode, now: Now) -> bool:
        """Whether another node has been silent for too long."""
        return node.detector.suspects(now.monotonic - node.heard)

    def members(self) -> list[str]:
        """The nodes that are taken for up."""
        return [node for node in self.nodes if node == self.name or not self.known[node].suspected]

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Say who is up. A `read` is what every client asks first, and tells nothing."""
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.table().beats))]
        if message.f not in (MEMBERS, "read"):
            return [Reply(request, Response(error=UNSUPPORTED, text="members are read, and nothing else"))]
        marks = self.look(now)
        members = self.members()
        told = Mark("told", now.monotonic, tuple(members))
        return [*marks, told, Reply(request, Response(members if message.f == MEMBERS else None))]
