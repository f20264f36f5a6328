"""Marked states: the distinct situations that the nodes of a simulated run marked, as a measure of what it reached.

Terms and indexes are new in every run, so a state keeps none of them. It is the mark that a node made before, the mark
that it makes now, and of each value how it stands to the one before and to the highest of all nodes. The same seed
gives the same states; nothing of them depends on how fast the machine is.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from splitbrain.harness.marks import START, MarkEvent, Marks

STATES_MAX = 5_000
"""The number of states that are kept of one run; a store whose marks never repeat is cut off here."""
WORDS_MAX = 16
"""The number of different texts that one value of a mark may have before it counts as free text."""
TEXT = "text"
NOTHING = ""


class NumberRelations(NamedTuple):
    """Words for a number ahead of the highest, level with it, or behind it: what it is of the node's one before."""

    first: str
    same: str
    next: str
    up: str
    back: str


AHEAD, LEVEL, BEHIND = (
    NumberRelations(*(f"{step} {beside}" for step in NumberRelations._fields))
    for beside in ("ahead", "level", "behind")
)


class MarkedStates:
    """The states of one run, counted from its marks as they are made.

    A number is `first`, `same`, `next` (one more), `up` or `back` of the node's own one before; and `behind`, `level`
    or `ahead` of the highest that any node has marked. A node's name is `self` or `other`; words are kept if there are
    few of them; of anything else its type is.
    """

    def __init__(self, marks: Marks) -> None:
        self._states: dict[tuple[Any, ...], None] = {}
        self._previous: dict[str, str] = {}
        """Node → the name of the mark that it made last."""
        self._own: dict[str, dict[str, tuple[Any, ...]]] = {START: {}}
        """Mark → node → the values that it had last."""
        self._highest: dict[str, list[int | None]] = {START: []}
        """Mark → the highest number of each place; None where none was seen."""
        self._words: dict[tuple[str, int], dict[str, None]] = {}
        marks.subscribe(self._see)

    def words(self) -> Sequence[str]:
        """The states, each as `mark(values) after mark`, sorted."""
        return sorted(
            f"{name}({', '.join(values)}) after {before or 'nothing'}" for before, name, *values in self._states
        )

    def _see(self, event: MarkEvent) -> None:
        """Note the state that a mark stands for. Every mark of a run comes here, so numbers are compared in place."""
        name, node, values = event.name, event.node, event.values
        if name not in self._own:
            self._own[name], self._highest[name] = {}, []
        own, highest = self._own[name].get(node, ()), self._highest[name]
        if len(highest) < len(values):
            highest += [None] * (len(values) - len(highest))
        state = [self._previous.get(node, NOTHING), name]
        for place, value in enumerate(values):
            if type(value) is not int:
                state.append(self._other(name, place, value, node))
                continue
            top = highest[place]
            if top is None or value > top:
                highest[place], beside = value, AHEAD
            else:
                beside = LEVEL if value == top else BEHIND
            before = own[place] if place < len(own) else None
            if type(before) is not int:
                state.append(beside.first)
            elif value == before:
                state.append(beside.same)
            elif value < before:
                state.append(beside.back)
            else:
                state.append(beside.next if value == before + 1 else beside.up)
        made = tuple(state)
        if made not in self._states and len(self._states) < STATES_MAX:
            self._states[made] = None
        self._previous[node] = name
        self._own[name][node] = values

    def _other(self, name: str, place: int, value: Any, node: str) -> str:
        """The word for a value that is no number."""
        if not isinstance(value, str):
            return str(value) if value is None or isinstance(value, bool) else type(value).__name__
        if value in self._own[START]:
            return "self" if value == node else "other"
        words = self._words.setdefault((name, place), {})
        if value not in words:
            if len(words) >= WORDS_MAX or not value.replace("-", "").isalpha():
                return TEXT
            words[value] = None
        return value
