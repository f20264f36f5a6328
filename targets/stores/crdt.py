"""crdt: replicated data types whose copies agree once they have the same updates, in whatever order these came.

Shapiro, Preguiça, Baquero and Zawirski, "Conflict-Free Replicated Data Types", SSS 2011, and "A Comprehensive Study of
Convergent and Commutative Replicated Data Types", INRIA RR-7506, 2011; Roh et al., "Replicated Abstract Data Types",
JPDC 2011 (rga); Almeida, Shoker and Baquero, "Delta State Replicated Data Types", JPDC 2018, for what is sent: not
whole states but what an operation adds to them, each joined once.

Every node serves at once (AP). Promised: strong convergence.
For the registers `lww` and `mv` each key alone is sequential, too: what a client reads of one never goes back. All for
clients that stay at their node. Not promised: that a read is fresh, that the later of two writes at different nodes
wins, anything across keys, and an invariant over several elements. The type `ot` is here to be compared with `rga`: it
promises no convergence (see `transformed`).

| type | operations | of updates that did not know of each other |
|---|---|---|
| `g-counter`, `pn-counter` | increment (`g-counter`: by 0 or more) | all are added up |
| `g-set` | add | all are there |
| `or-set` | add, remove | a removal takes away the additions that it has seen, no others |
| `lww` | write | the greater stamp of a hybrid logical clock wins |
| `mv` | write | both are kept; a read names the greater |
| `rga` | append | both stand after the element that was last for their writers, the greater stamp first |
| `ot` | append | positions are moved by what their writers did not know (dOPT): copies may differ for good |
"""

from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.client import Shapes
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.messages import UNSUPPORTED, Request, Response
from splitbrain.targets.stores.multi_leader import KeptSiblings, OneWinner, identity
from splitbrain.targets.stores.peers import PeerStore
from splitbrain.targets.stores.planted import BUG
from splitbrain.targets.stores.spreading import SpreadNode, SpreadParts, SpreadSettings
from splitbrain.targets.stores.transformed import TransformedList
from splitbrain.targets.stores.updates import Dot, Update
from splitbrain.targets.stores.versions import covers


class CounterState(OneWinner):
    """Sums of all increments, by key and origin."""

    def __init__(self) -> None:
        super().__init__()
        self._sums: dict[str, dict[str, int]] = {}

    def apply(self, update: Update) -> None:
        """Add an increment to those of its origin."""
        sums = self._sums.setdefault(update.key, {})
        sums[update.origin] = sums.get(update.origin, 0) + update.value

    def read(self, key: str) -> Any:
        """The sum; None if it was never incremented."""
        return sum(self._sums[key].values()) if key in self._sums else None


class SetState(OneWinner):
    """Additions that were not removed, by key: dot → element."""

    def __init__(self) -> None:
        super().__init__()
        self._additions: dict[str, dict[Dot, Any]] = {}
        self._removed: set[Dot] = set()
        """Additions that were removed: also those that have not come yet, so it is never forgotten."""

    def apply(self, update: Update) -> None:
        """Take in an addition, or a removal of some."""
        additions = self._additions.setdefault(update.key, {})
        if update.f == "add":
            if update.dot not in self._removed:
                additions[update.dot] = update.value
            return
        for origin, number in update.value:
            self._removed.add((origin, number))
            additions.pop((origin, number), None)

    def read(self, key: str) -> Any:
        """The elements, each once; None if nothing was ever added."""
        additions = self._additions.get(key)
        return (
            None if additions is None else list({identity(element): element for element in additions.values()}.values())
        )

    def changed(self, key: str, request: Request) -> Any:
        """The element, or the additions of it that are known here."""
        if request.f == "add":
            return request.value
        wanted = identity(request.value)
        return [dot for dot, element in self._additions.get(key, {}).items() if identity(element) == wanted]


class ListState(OneWinner):
    """Trees, one a key: every element hangs on the one after which it was put (rga)."""

    def __init__(self) -> None:
        super().__init__()
        self._children: dict[tuple[str, Dot | None], list[Update]] = {}

    def apply(self, update: Update) -> None:
        """Hang an element on the one before it, which may not have come yet."""
        before = update.value[0]
        children = self._children.setdefault((update.key, None if before is None else (before[0], before[1])), [])
        children.append(update)
        self.arrange(children)

    def arrange(self, children: list[Update]) -> None:
        """Put the elements after one element in order: the greatest rank first."""
        children.sort(key=lambda update: update.rank, reverse=True)

    def walk(self, key: str) -> list[Update]:
        """The elements in order; what hangs on one that has not come is not among them."""
        found: list[Update] = []
        ahead = list(reversed(self._children.get((key, None), ())))
        while ahead:
            update = ahead.pop()
            found.append(update)
            ahead.extend(reversed(self._children.get((key, update.dot), ())))
        return found

    def read(self, key: str) -> Any:
        """The elements; None if there are none."""
        return [update.value[1] for update in self.walk(key)] or None

    def changed(self, key: str, request: Request) -> Any:
        """The name of the last element, None if there is none, and the new one."""
        there = self.walk(key)
        return [list(there[-1].dot) if there else None, request.value]


TYPES: Mapping[str, tuple[type[OneWinner], tuple[str, ...], str]] = {
    "g-counter": (CounterState, ("increment",), "counter"),
    "pn-counter": (CounterState, ("increment",), "counter"),
    "g-set": (SetState, ("add",), "set"),
    "or-set": (SetState, ("add", "remove"), "deletes"),
    "lww": (OneWinner, ("write",), "unique-register"),
    "mv": (KeptSiblings, ("write",), "unique-register"),
    "rga": (ListState, ("append",), "list"),
    "ot": (TransformedList, ("append",), "list"),
}
"""By name: the state, the operations beside read, and the workload that fits best."""
REGISTERS = ("lww", "mv")
LISTS = ("rga", "ot")
CORRECT = SpreadParts()


class CrdtNode(SpreadNode):
    """One node."""

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
        self.type = settings.options["type"]
        state = (parts.state or TYPES[self.type][0])()
        super().__init__(name, nodes, random, settings=settings, parts=parts, state=state)
        self.ordered = self.type in LISTS

    def may_apply(self, update: Update) -> bool:
        """Whether the next update of an origin may be applied: with `ot` all that its writer had is here."""
        return self.type != "ot" or covers(self.log.vector, update.known)

    def update(self, key: str, request: Request) -> Update | Response:
        """An update that adds what the operation does."""
        if request.f not in TYPES[self.type][1]:
            return Response(error=UNSUPPORTED, text=f"no such operation of {self.type}: {request.f}")
        if request.f == "increment" and (
            type(request.value) is not int or (request.value < 0 and self.type == "g-counter")
        ):
            return Response(error=UNSUPPORTED, text=f"{request.value!r} is no increment of {self.type}")
        stamp = max(self.clock + 1, self.now.wall) if self.type == "lww" else self.clock + 1
        return self.next_update(request.f, key, self.state.changed(key, request), stamp)


class Crdt(PeerStore):
    """The target `crdt`."""

    name = "crdt"
    summary = "replicated data types (Shapiro et al. 2011): copies that have the same updates agree"
    options = (
        Option(
            "type",
            "or-set",
            "counters that grow, or go both ways; sets that grow, or from which elements are removed; registers of one "
            "winner, or of several values; a list; a list by operational transformation (dOPT)",
            tuple(TYPES),
        ),
        Option("gossip_ms", 50, "how often a node asks another for what it lacks, milliseconds", least=1),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:CRDT"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._type = self._word("type")
        self._node = SpreadSettings(self._nanoseconds("gossip_ms"), self._word("disk") == "sync", {"type": self._type})

    @property
    def operations(self) -> Shapes:
        """Operations of the type."""
        return shapes("read", *TYPES[self._type][1])

    @property
    def default_workload(self) -> str:
        """The workload that tests the type best."""
        return TYPES[self._type][2]

    @property
    def claims(self) -> Sequence[str]:
        """See the table above."""
        if not self._node.persistent:
            return ()
        if self._type == "ot":
            return ("AP",)
        own = ("per-key-sequential",) if self._type in REGISTERS else ()
        return (*own, "strong-convergence", "AP")

    @property
    def program(self) -> ProgramFactory:
        """Make a CrdtNode."""
        return self.program_of((CrdtNode, CORRECT), settings=self._node)
