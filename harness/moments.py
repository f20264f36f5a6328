"""Interesting moments of a run, as they happen, and what they tell about the nodes: at whom to aim the next fault.

In the simulator they are the nodes' marks; elsewhere, changes of what nodes say of their roles.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from splitbrain.harness.generator.storm import MOMENTS
from splitbrain.harness.marks import START, MarkEvent, Marks

LEADER = "leader"
"""The mark of a node that leads; also the role of one."""
LEADING = frozenset((LEADER, "primary"))
PROGRESS = ("applied", "commit")
"""Marks whose first value is how far a node is."""


class Moments:
    """Knowledge of a cluster's nodes, and the tasks that wait for the next moment.

    heard: whether nodes make marks of their own.
    """

    def __init__(self, nodes: Sequence[str]) -> None:
        self._nodes = tuple(nodes)
        self._waiting: list[tuple[str, Callable[[str], None]]] = []
        self._terms: dict[str, int] = {}
        self._candidate: str | None = None
        self._progress: dict[str, int] = dict.fromkeys(nodes, 0)
        self._told: Mapping[str, str] = {}
        self.heard = False
        self.hit: Counter[str] = Counter()
        """Counts of strikes that came at a moment of each name."""

    def listen(self, marks: Marks) -> None:
        """Hear the nodes' marks from now on."""
        marks.subscribe(self._see, *(name for name in dict.fromkeys((*MOMENTS, START)) if name not in PROGRESS))
        marks.subscribe(self._see_progress, *PROGRESS)

    def tell(self, roles: Mapping[str, str]) -> None:
        """Note what nodes said when they were asked; a new leader is a moment."""
        before, self._told = self._told, {**self._told, **roles}
        for node, role in roles.items():
            if role in LEADING and before.get(node) not in LEADING:
                self._happened(LEADER, node)

    def next(self, moment: str, call: Callable[[str], None]) -> Callable[[], None]:
        """Call `call(node)` at the next moment of this name, once, from within it; returns what gives up waiting.
        Without marks only changes of leader are known: they stand for every name."""
        entry = (moment, call)
        self._waiting.append(entry)

        def give_up() -> None:
            if entry in self._waiting:
                self._waiting.remove(entry)

        return give_up

    def roles(self) -> Mapping[str, str]:
        """Roles that nodes are believed to have, as of now: by their marks, else by what they said last."""
        if not self._terms:
            return self._told
        newest = max(self._terms.values())
        return {node: LEADER for node, term in self._terms.items() if term == newest}

    @property
    def leads(self) -> bool:
        """Whether a node has marked that it leads, and still runs."""
        return bool(self._terms)

    @property
    def candidate(self) -> str | None:
        """The node that somebody voted for last: it may be about to lead."""
        return self._candidate

    @property
    def lagging(self) -> str | None:
        """The node that is farthest behind, if one is."""
        if not any(self._progress.values()):
            return None
        return min(self._nodes, key=lambda node: self._progress[node])

    def _see(self, event: MarkEvent) -> None:
        name, values = event.name, event.values
        self.heard = self.heard or name != START
        if name == LEADER:
            self._terms[event.node] = _number(values)
        elif name == START:
            self._terms.pop(event.node, None)
        elif name == "voted" and len(values) > 1 and isinstance(values[1], str):
            self._candidate = values[1]
        if self._waiting:
            self._happened(name, event.node)

    def _see_progress(self, event: MarkEvent) -> None:
        self.heard = True
        node, reached = event.node, _number(event.values)
        if reached > self._progress.get(node, 0):
            self._progress[node] = reached
        if self._waiting:
            self._happened(event.name, node)

    def _happened(self, name: str, node: str) -> None:
        due = [entry for entry in self._waiting if entry[0] == name or not self.heard]
        for entry in due:
            self._waiting.remove(entry)
            self.hit[name] += 1
            entry[1](node)


def _number(values: Sequence[object]) -> int:
    return values[0] if values and isinstance(values[0], int) else 0
