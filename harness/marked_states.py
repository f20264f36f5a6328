"""Marked states: the distinct situations that the nodes of a simulated run marked, as a measure of what it reached.

Terms and indexes are new in every run, so a state keeps none of them. It is the mark that a node made before, the mark
that it makes now, and of each value how it stands to the one before and to the highest of all nodes. The same seed
gives the same states; nothing of them depends on how fast the machine is.
"""

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.marks import START, MarkEvent, Marks

STATES_MAX = 5_000
"""The number of states that are kept of one run; a store whose marks never repeat is cut off here."""
WORDS_MAX = 16
"""The number of different texts that one value of a mark may have before it counts as free text."""
TEXT = "text"
NOTHING = ""


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
        self._own: dict[tuple[str, str], tuple[Any, ...]] = {}
        """Node and mark → the values that it had last."""
        self._highest: dict[tuple[str, int], int] = {}
        self._words: dict[tuple[str, int], dict[str, None]] = {}
        marks.subscribe(self._see)

    def words(self) -> Sequence[str]:
        """The states, each as `mark(values) after mark`, sorted."""
        return sorted(
            f"{name}({', '.join(values)}) after {before or 'nothing'}" for before, name, *values in self._states
        )

    def _see(self, event: MarkEvent) -> None:
        name, node = event.name, event.node
        own = self._own.get((node, name))
        said = [
            self._number(name, place, value, own) if type(value) is int else self._other(name, place, value, node)
            for place, value in enumerate(event.values)
        ]
        state = (self._previous.get(node, NOTHING), name, *said)
        if state not in self._states and len(self._states) < STATES_MAX:
            self._states[state] = None
        self._previous[node] = name
        self._own[node, name] = event.values

    def _number(self, name: str, place: int, value: int, own: tuple[Any, ...] | None) -> str:
        """The relation of a number to the node's own one before, and to the highest of all."""
        highest = self._highest.get((name, place))
        before = own[place] if own is not None and place < len(own) else None
        if highest is None or value > highest:
            self._highest[name, place] = value
            beside = "ahead"
        else:
            beside = "level" if value == highest else "behind"
        if type(before) is not int:
            return f"first {beside}"
        if value == before:
            return f"same {beside}"
        if value < before:
            return f"back {beside}"
        return f"next {beside}" if value == before + 1 else f"up {beside}"

    def _other(self, name: str, place: int, value: Any, node: str) -> str:
        """The word for a value that is no number."""
        if not isinstance(value, str):
            return str(value) if value is None or isinstance(value, bool) else type(value).__name__
        if (value, START) in self._own:
            return "self" if value == node else "other"
        words = self._words.setdefault((name, place), {})
        if value not in words:
            if len(words) >= WORDS_MAX or not value.replace("-", "").isalpha():
                return TEXT
            words[value] = None
        return value
