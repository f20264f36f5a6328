"""A node of quorum: replica, and coordinator of what its clients ask.

Pitfall: w + r > n says that a read meets every write that has *ended*. One that has not, and has reached one replica,
is read and then not read any more, unless reads write back what they found (`read_repair=blocking`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from splitbrain.harness.errors import UsageError
from splitbrain.harness.program import Effect, Effects, Mark, Now, Reply, Send, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.quorum.handoff import Handoff, StandIns
from splitbrain.targets.stores.quorum.merkle import BUCKETS, LEAVES, KeyHashes, MerkleTree, bucket, differing, leaf
from splitbrain.targets.stores.quorum.messages import Compare, Exchange, QuorumMessage
from splitbrain.targets.stores.quorum.ring import Ring
from splitbrain.targets.stores.replicas import (
    TICK,
    Get,
    Put,
    ReplicaMessage,
    ReplicaNode,
    ReplicaParts,
    ReplicaSettings,
    in_doubt,
    refused,
)
from splitbrain.targets.stores.rounds import Answers
from splitbrain.targets.stores.versions import Version, Versions, following, newest, siblings

CORRECT = ReplicaParts()
UPKEEP = "upkeep"
"""The timer of handoff and of the comparison of copies."""
TOO_FEW = "too few replicas answered"
ALL, MAJORITY = "all", "majority"


def size(quorum: int | str, n: int) -> int:
    """The number of n replicas that a quorum is: a number, a majority or all."""
    if isinstance(quorum, int):
        return quorum
    return n if quorum == ALL else n // 2 + 1


@dataclass(frozen=True)
class QuorumSettings:
    """The options of a node; times in nanoseconds.

    n: replicas of a key; None: all nodes. w, r: how many of them a write and a read wait for, see `size`.
    vectors: versions by version vectors, else by the wall clock. repair: "off", "async" or "blocking". hint_after:
    silence of a replica after which another node stands in; None: never. compare_every: how often copies are compared;
    None: never.
    """

    replica: ReplicaSettings = ReplicaSettings()  # noqa: RUF009 - frozen
    n: int | None = None
    w: int | str = MAJORITY
    r: int | str = MAJORITY
    vectors: bool = True
    repair: str = "async"
    hint_after: int | None = None
    hand_over_every: int = 250_000_000
    compare_every: int | None = None


class QuorumNode(ReplicaNode):
    """One node."""

    message_type: ClassVar[Any] = QuorumMessage

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: QuorumSettings,
        parts: ReplicaParts = CORRECT,
    ) -> None:
        join = siblings if settings.vectors else newest
        super().__init__(name, nodes, random, join=join, settings=settings.replica, parts=parts)
        self.quorum = settings
        n = len(nodes) if settings.n is None else settings.n
        self.ring = Ring(nodes, n)
        if n > len(nodes):
            raise UsageError(f"quorum: n={n} replicas of a key need as many nodes, and there are {len(nodes)}")
        self.w, self.r = size(settings.w, n), size(settings.r, n)
        self.stand_ins = StandIns(self.rounds, settings.hint_after or 0)
        self.handoff = Handoff(self.copies, settings.hand_over_every)
        self._compared = 0
        self._hashes = KeyHashes()
        self._made: dict[str, Version] = {}
        """The version of each key that this life of the node made last."""

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Read what is on disk, and begin the upkeep, if there is any."""
        effects = list(super().on_start(now, disk))
        if self.quorum.hint_after is not None or self.quorum.compare_every is not None:
            effects.append(SetTimer(UPKEEP, self._upkeep_every()))
        return effects

    def on_timer(self, now: Now, name: str) -> Effects:
        """Rounds and upkeep."""
        if name == TICK:
            return [*super().on_timer(now, name), *self._finish(self._stand_in())]
        self.now = now
        return [*self._finish(self._upkeep()), SetTimer(UPKEEP, self._upkeep_every())]

    def _read(self, handle: int, key: str) -> list[Effect]:
        then = partial(self._answer_read, handle, key)
        afterwards = partial(self._repair_quietly, key) if self.quorum.repair == "async" else None
        return self._ask(key, then, partial(refused, handle, TOO_FEW), afterwards)

    def _ask(self, key: str, then: Any, gives_up: Any, afterwards: Any = None) -> list[Effect]:
        """Ask the replicas of a key for its versions, and go on with those of r of them."""
        effects = self.begin(
            self.ring.replicas(key), lambda number: Get(number, key), self.r, then, gives_up, afterwards
        )
        self._sloppy(key, ())
        return effects

    def _answer_read(self, handle: int, key: str, answers: Answers) -> list[Effect]:
        found = self.joined(answers)
        value = max(found, key=lambda version: version.rank).value if found else None
        answer: list[Effect] = [Reply(handle, Response(value))]
        if len(found) > 1:
            answer.append(Mark("siblings", key, len(found)))
        if self.quorum.repair != "blocking" or not found:
            return answer
        if sum(versions == found for versions in answers.values()) >= self.w:
            return answer
        return self._store(key, found, answer, partial(refused, handle, TOO_FEW))

    def _repair_quietly(self, key: str, answers: Answers) -> list[Effect]:
        """Read repair after the answer: all replicas that were heard get what they lack."""
        found = self.joined(answers)
        behind = [node for node, versions in answers.items() if versions != found]
        return [Send(node, Put(0, key, found)) for node in behind]

    def joined(self, answers: Answers) -> Versions:
        """The versions that these replicas have together."""
        return self.copies.join(version for versions in answers.values() for version in versions)

    def _change(self, handle: int, key: str, request: Request) -> list[Effect]:
        if not self.quorum.vectors:
            version = Version(self.now.wall, self.actor, self.next_number(), request.value)
            return self._write(handle, key, version)
        then = partial(self._write_after, handle, key, request.value)
        return self._ask(key, then, partial(refused, handle, TOO_FEW))

    def _write_after(self, handle: int, key: str, value: Any, answers: Answers) -> list[Effect]:
        """Write a version that replaces all that r replicas have, and what this node has made."""
        made = self._made.get(key)
        known = (*self.joined(answers), *(() if made is None else (made,)))
        version = self._made[key] = following(known, self.actor, self.next_number(), value)
        return self._write(handle, key, version)

    def _write(self, handle: int, key: str, version: Version) -> list[Effect]:
        answer: list[Effect] = [Reply(handle, Response(version.rank))]
        return self._store(key, (version,), answer, partial(in_doubt, handle, TOO_FEW))

    def _store(self, key: str, versions: Versions, answer: Sequence[Effect], gives_up: Any) -> list[Effect]:
        """Answer when w replicas have these versions."""
        replicas = self.ring.replicas(key)
        effects = self.begin(replicas, lambda number: Put(number, key, versions), self.w, lambda _: answer, gives_up)
        self._sloppy(key, versions)
        return effects

    def _sloppy(self, key: str, versions: Versions) -> None:
        if self.quorum.hint_after is not None:
            self.stand_ins.watch(key, versions, self.ring.replicas(key), self.ring.others(key))

    def _stand_in(self) -> list[Effect]:
        return self.stand_ins.tick(self.now.monotonic)

    def _receive(self, sender: str, message: QuorumMessage) -> list[Effect]:
        match message:
            case Compare(level, hashes):
                return self._compare(sender, level, hashes)
            case Exchange(items, answer):
                effects = [effect for key, versions in items for effect in self.merge(key, versions)]
                return [*effects, *self._send_leaves(sender, answer, ())]
        ordinary: ReplicaMessage = message
        return super()._receive(sender, ordinary)

    def _upkeep_every(self) -> int:
        every = [self.quorum.compare_every, self.quorum.hand_over_every if self.quorum.hint_after is not None else None]
        return min(time for time in every if time is not None)

    def _upkeep(self) -> list[Effect]:
        """Hand over hints, and compare copies with one other node, drawn by lot."""
        effects: list[Effect] = []
        now = self.now.monotonic
        for (key, owner), versions in self.handoff.due(now).items():
            arrived = partial(self._arrived, key, owner, versions)
            effects += self.begin((owner,), partial(_put, key, versions), 1, arrived, lambda: [])
        if self.quorum.compare_every is not None and now - self._compared >= self.quorum.compare_every:
            self._compared = now
            others = [node for node in self.nodes if node != self.name]
            if others:
                other = self.random.choice(others)
                effects.append(Send(other, Compare(BUCKETS, self._tree(other).buckets)))
        return effects

    def _arrived(self, key: str, owner: str, versions: Versions, answers: Answers) -> list[Effect]:
        self.handoff.arrived(key, owner, versions)
        return [] if (key, owner) in self.copies.hints else self.handed(key, owner)

    def _shared(self, other: str) -> list[str]:
        """The keys of which this node and another one are replicas."""
        if self.ring.everywhere:
            return list(self.copies)
        return [key for key in self.copies if {other, self.name} <= set(self.ring.replicas(key))]

    def _tree(self, other: str) -> MerkleTree:
        return MerkleTree(((key, self.copies.of(key)) for key in self._shared(other)), self._hashes)

    def _compare(self, sender: str, level: int, hashes: Mapping[int, int]) -> list[Effect]:
        tree = self._tree(sender)
        if level == BUCKETS:
            buckets = differing(tree.buckets, hashes)
            return [Send(sender, Compare(LEAVES, tree.below(buckets)))] if buckets else []
        leaves = differing(tree.below({bucket(at) for at in hashes}), hashes)
        return self._send_leaves(sender, leaves, leaves)

    def _send_leaves(self, to: str, leaves: Sequence[int], answer: Sequence[int]) -> list[Effect]:
        """Send the versions of the keys of these leaves that are on disk, and ask for those of the other."""
        if not leaves:
            return []
        wanted, durable = frozenset(leaves), self.copies.journal.durable
        items = [
            (key, self.copies.of(key))
            for key in self._shared(to)
            if leaf(key) in wanted and self.copies.held_by(key) <= durable
        ]
        return [Send(to, Exchange(items, list(answer)))]


def _put(key: str, versions: Versions, number: int) -> Put:
    return Put(number, key, versions)
