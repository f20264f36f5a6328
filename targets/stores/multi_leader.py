"""multi-leader: every node accepts writes, answers from its own copy, and tells the others later. What happens to
writes that did not know of each other is the choice of `conflict`.

Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 5; Kulkarni et al., "Logical Physical Clocks", OPODIS
2014 (hlc); Parker et al., "Detection of Mutual Inconsistency in Distributed Systems", IEEE TSE 1983 (version vectors);
Shapiro et al., "Conflict-Free Replicated Data Types", SSS 2011.

- `lww`: the greatest wall clock wins, and the other write is lost, also one that was made later by a node whose clock
  is behind. AP, and nothing else: a client may lose what it wrote itself. The audit counts the acknowledged writes that
  were overwritten by others that did not know of them.
- `hlc`: the same by a hybrid logical clock, which is ahead of all that its node has seen. Writes made at the same time
  are lost still, but what a client reads of a key never goes back: per-key-sequential, and convergence.
- `siblings`: writes that did not know of each other are both kept, by version vectors, until a later one replaces them.
  Of a register a read names the greatest; of a set it joins them, so that nothing is lost: convergence.
- `crdt`: sets are joined, increments are added up, registers are as with `hlc`: convergence.

Registers are per-key-sequential with `siblings` and `crdt` too, but sets are not, as two clients may each see their own
element first; so that is not claimed of all.

All of it is for clients that stay: with none of them anything is promised to one that moves, and nothing across keys.
Nothing is lost by a restart.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from splitbrain.harness.client import Shapes
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.messages import UNSUPPORTED, Request, Response
from splitbrain.targets.stores.peers import PeerStore
from splitbrain.targets.stores.planted import BUG
from splitbrain.targets.stores.spreading import SpreadNode, SpreadParts, SpreadSettings
from splitbrain.targets.stores.updates import Dot, Update

LWW, HLC, SIBLINGS, CRDT = "lww", "hlc", "siblings", "crdt"


class OneWinner:
    """State in which the update of the greatest rank counts."""

    def __init__(self) -> None:
        self._winners: dict[str, Update] = {}
        self.lost: list[Dot] = []
        """The updates that were overwritten by one that did not know of them."""

    def apply(self, update: Update) -> None:
        """Take an update in."""
        other = self._winners.get(update.key)
        winner, loser = (update, other) if other is None or update.rank > other.rank else (other, update)
        self._winners[update.key] = winner
        if loser is not None and not winner.knows(loser):
            self.lost.append(loser.dot)

    def winner(self, key: str) -> Update | None:
        """The update that counts; None if there is none."""
        return self._winners.get(key)

    def read(self, key: str) -> Any:
        """The value of a key."""
        winner = self._winners.get(key)
        return None if winner is None else winner.value

    def changed(self, key: str, request: Request) -> Any:
        """The value of an update for a request: all of it, also of a set."""
        return joined(self.read(key) or (), [request.value]) if request.f == "add" else request.value


class KeptSiblings(OneWinner):
    """Updates that did not know of each other, kept side by side."""

    def __init__(self) -> None:
        super().__init__()
        self._siblings: dict[str, list[Update]] = {}

    def apply(self, update: Update) -> None:
        """Take an update in, and drop what it replaces."""
        before = self._siblings.get(update.key, [])
        after = [other for other in before if not update.knows(other)]
        self._siblings[update.key] = after if any(other.knows(update) for other in after) else [*after, update]

    def read(self, key: str) -> Any:
        """The elements of all siblings, or the value of the greatest."""
        siblings = self._siblings.get(key)
        if not siblings:
            return None
        winner = max(siblings, key=lambda update: update.rank)
        if winner.f != "add":
            return winner.value
        return joined(*(sibling.value for sibling in siblings))


class Merged(OneWinner):
    """Merge: sets are joined, and increments are added up."""

    def __init__(self) -> None:
        super().__init__()
        self._sums: dict[str, int] = {}
        self._elements: dict[str, dict[Any, Any]] = {}

    def apply(self, update: Update) -> None:
        """Take an update in."""
        if update.f == "increment":
            self._sums[update.key] = self._sums.get(update.key, 0) + update.value
        elif update.f == "add":
            self._elements.setdefault(update.key, {}).setdefault(identity(update.value), update.value)
        else:
            super().apply(update)

    def read(self, key: str) -> Any:
        """The sum, the elements, or the value."""
        if key in self._sums:
            return self._sums[key]
        return list(self._elements[key].values()) if key in self._elements else super().read(key)

    def changed(self, key: str, request: Request) -> Any:
        """An element, a delta or a value."""
        return request.value


STATES: Mapping[str, type[OneWinner]] = {LWW: OneWinner, HLC: OneWinner, SIBLINGS: KeptSiblings, CRDT: Merged}
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    CRDT: ("read", "write", "add", "increment"),
    **dict.fromkeys((LWW, SIBLINGS), ("read", "write", "add")),
    HLC: ("read", "write"),
}
CLAIMS: Mapping[str, tuple[str, ...]] = {
    LWW: ("AP",),
    HLC: ("per-key-sequential", "convergence", "AP"),
    **dict.fromkeys((SIBLINGS, CRDT), ("convergence", "AP")),
}
CORRECT = SpreadParts()


class LeadingNode(SpreadNode):
    """One node: a leader, as all are."""

    state: OneWinner

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: SpreadSettings,
        parts: SpreadParts = CORRECT,
    ) -> None:
        self.conflict = settings.options["conflict"]
        state = (parts.state or STATES[self.conflict])()
        super().__init__(name, nodes, random, settings=settings, parts=parts, state=state)

    def update(self, key: str, request: Request) -> Update | Response:
        """The update of a change; any is accepted."""
        if request.f not in OPERATIONS[self.conflict]:
            return Response(error=UNSUPPORTED, text=f"no such operation: {request.f}")
        return self.next_update(request.f, key, self.state.changed(key, request), self.stamp())

    def stamp(self) -> int:
        """The stamp of an update that is made now."""
        if self.conflict == LWW:
            return self.now.wall
        return self.clock + 1 if self.conflict == SIBLINGS else max(self.clock + 1, self.now.wall)


class MultiLeader(PeerStore):
    """The target `multi-leader`."""

    name = "multi-leader"
    summary = "every node accepts writes and tells the others later: conflicts are lost, kept as siblings, or merged"
    options = (
        Option(
            "conflict",
            LWW,
            "of writes that did not know of each other: lww: the later by the wall clock wins; hlc: by a hybrid "
            "logical clock; siblings: both are kept; crdt: they are merged",
            (LWW, HLC, SIBLINGS, CRDT),
        ),
        Option("gossip_ms", 50, "how often a node asks another for what it lacks, milliseconds", least=1),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:MULTI_LEADER"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._node = SpreadSettings(
            self._nanoseconds("gossip_ms"), self._word("disk") == "sync", {"conflict": self._word("conflict")}
        )

    @property
    def operations(self) -> Shapes:
        """Registers; sets, but with `hlc`, which would lose elements; and counters where increments are added up."""
        return shapes(*OPERATIONS[self._word("conflict")])

    @property
    def claims(self) -> Sequence[str]:
        """See the table above."""
        if not self._node.persistent:
            return ()
        return CLAIMS[self._word("conflict")]

    @property
    def program(self) -> ProgramFactory:
        """Make a LeadingNode."""
        return self.program_of((LeadingNode, CORRECT), settings=self._node)


def joined(*sets: Sequence[Any]) -> list[Any]:
    """The elements of some sets, each once, in the order in which they come."""
    return list({identity(element): element for elements in sets for element in elements}.values())


def identity(element: Any) -> Any:
    """The hashable form by which an element is told from others: 1, true and [1] are three."""
    return element if type(element) in (int, str) else msgspec.msgpack.encode(element)
