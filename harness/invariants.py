"""Invariants: what must hold at every moment of a simulated run, watched through the marks of the nodes.

A target declares them: `invariants = (one_leader_a_term("leader"), never_back("commit"))`, and its program makes the
marks: `Mark("leader", term)`. Each invariant is watched by a function of its own that a run makes anew; it is called
with every mark of the names that it wants, and answers with the words of a breach, or None. A breach refutes the run,
whatever its history says: two leaders in one term are wrong though no client may have seen it.

What is remembered is bounded, for a run may last for hours: the latest indexes, requests and terms. What is said of
older ones is let pass, never a breach.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.marks import EMPTIED, OF_SIMULATOR, START, MarkEvent, Marks
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict, Witness

CHECK = "invariants"
"""The name under which a run reports them."""

Watch = Callable[[MarkEvent], str | None]
"""Function that looks at one mark after the other; the words of a breach, None while all is well."""

T = TypeVar("T")


class Latest(Generic[T]):
    """Knowledge of the latest terms, or of the latest of anything else that is counted upwards.

    window: the highest number and so many below it are remembered.
    """

    def __init__(self, window: int = 1000) -> None:
        self._window = window
        self._known: dict[int, T] = {}
        self._floor = -1
        """The highest number of which nothing is remembered."""

    def __len__(self) -> int:
        return len(self._known)

    def setdefault(self, number: int, new: T) -> T | None:
        """The knowledge of a number, or else this from now on; None if nothing is remembered of it, being too old."""
        found = self._known.get(number)
        if found is not None or number <= self._floor:
            return found
        self._known[number] = new
        self._floor = max(self._floor, number - self._window - 1)
        while (oldest := next(iter(self._known))) <= self._floor:
            del self._known[oldest]
        return new


@dataclass(frozen=True)
class Invariant:
    """name: what must hold, in a few words. marks: the names of the marks that it looks at. watch: makes the function
    that looks at those of one run."""

    name: str
    marks: tuple[str, ...]
    watch: Callable[[], Watch]


@runtime_checkable
class Invariable(Protocol):
    """A target that declares invariants of its nodes."""

    @property
    def invariants(self) -> Sequence[Invariant]:
        """Invariants that hold with the target's settings."""


@dataclass(frozen=True)
class Breach:
    """An invariant that did not hold. time: nanoseconds since the start of the run."""

    invariant: str
    node: str
    time: int
    words: str

    @property
    def sentence(self) -> str:
        """The time, and what was seen, in a sentence."""
        return f"{self.invariant}: {self.words} (at {self.time / SECOND:.6f} s)"


class InvariantMonitor:
    """The monitor of one run's invariants; of each, the first breach counts."""

    def __init__(self, invariants: Sequence[Invariant], marks: Marks) -> None:
        self._names = tuple(invariant.name for invariant in invariants)
        self._marks = marks
        self.breaches: list[Breach] = []
        """In order of time."""
        self._watches: dict[str, list[tuple[Watch, Invariant]]] = {}
        """Mark → what looks at it, in the order of the invariants."""
        for invariant in invariants:
            watching = (invariant.watch(), invariant)
            for name in invariant.marks:
                self._watches.setdefault(name, []).append(watching)
        for name, watches in self._watches.items():
            marks.subscribe(self._listener(watches), name)

    def _listener(self, watches: list[tuple[Watch, Invariant]]) -> Callable[[MarkEvent], None]:
        """A function that shows marks of one name to those that look at them."""

        def see(event: MarkEvent) -> None:
            for watch, invariant in watches:
                words = watch(event)
                if words is not None:
                    self._breached(invariant, event, words)

        return see

    def _breached(self, breached: Invariant, event: MarkEvent, words: str) -> None:
        """Keep the breach; nothing looks at that invariant any more."""
        self.breaches.append(Breach(breached.name, event.node, event.time, words))
        for watches in self._watches.values():  # in place, for one of them is being gone through
            watches[:] = [(_ignore, other) if other is breached else (watch, other) for watch, other in watches]

    def verdict(self) -> Verdict:
        """`invalid` if one did not hold; `valid`, with the number of marks seen, otherwise."""
        details: dict[str, Value] = {"invariants": list(self._names), "marks": dict(sorted(self._marks.counts.items()))}
        if not self.breaches:
            return Verdict(Validity.VALID, f"{len(self._names)} invariants held at every mark", CHECK, details=details)
        details["breaches"] = [
            {"invariant": breach.invariant, "node": breach.node, "time": breach.time, "words": breach.words}
            for breach in self.breaches
        ]
        words = tuple(breach.sentence for breach in self.breaches)
        return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), words), details=details)


def _ignore(event: MarkEvent) -> None:
    """Look at a mark of which nothing more is to be said."""


def one_leader_a_term(mark: str = "leader") -> Invariant:
    """At most one node that leads in one term. The mark's first value is the term, a number that grows."""

    def watch() -> Watch:
        leaders: Latest[MarkEvent] = Latest()

        def see(event: MarkEvent) -> str | None:
            first = leaders.setdefault(event.values[0], event)
            if first is None or first.node == event.node:
                return None
            return f"{event.node} leads in term {event.values[0]}, in which {first.node} led at {_at(first)}"

        return see

    return Invariant("one leader a term", (mark,), watch)


def one_entry_an_index(mark: str = "applied", *, window: int = 50_000) -> Invariant:
    """One entry at one index, the same on all nodes and each time. The mark's first value is the index, the second
    stands for the entry. window: so many of the latest indexes are remembered."""

    def watch() -> Watch:
        entries: Latest[MarkEvent] = Latest(window)

        def see(event: MarkEvent) -> str | None:
            index, entry = event.values[:2]
            first = entries.setdefault(index, event)
            if first is None or first.values[1] == entry:
                return None
            there = f"{first.node} had {first.values[1]!r} at {_at(first)}"
            return f"{event.node} has {entry!r} at index {index}, where {there}"

        return see

    return Invariant(f"one entry an index ({mark})", (mark,), watch)


def one_choice(mark: str) -> Invariant:
    """One choice of a node, which keeps to it, over restarts too. The mark's first value is what is chosen about (a
    term, a number that grows), the second the choice (whom it votes for). A node that was emptied keeps to nothing."""

    def watch() -> Watch:
        choices: Latest[dict[tuple[str, int], MarkEvent]] = Latest()
        lives: Counter[str] = Counter()

        def see(event: MarkEvent) -> str | None:
            if event.name == EMPTIED:
                lives[event.node] += 1
                return None
            about, choice = event.values[:2]
            made = choices.setdefault(about, {})
            if made is None:
                return None
            first = made.setdefault((event.node, lives[event.node]), event)
            if first.values[1] == choice:
                return None
            return f"{event.node} {mark} {choice!r} in {about}, and {first.values[1]!r} at {_at(first)}"

        return see

    return Invariant(f"one choice ({mark})", (mark, EMPTIED), watch)


def never_back(mark: str, *, durable: bool = True) -> Invariant:
    """No fall of the mark's first value on a node. durable: not over a restart either; make such a mark only of what is
    on disk."""

    def watch() -> Watch:
        highest: dict[str, MarkEvent] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name in OF_SIMULATOR:
                highest.pop(event.node, None)
                return None
            before = highest.get(event.node)
            highest[event.node] = event
            if before is None or event.values[0] >= before.values[0]:
                return None
            return f"{event.node} goes back to {event.values[0]} from {before.values[0]}, which it had at {_at(before)}"

        return see

    return Invariant(f"{mark} never goes back", (mark, EMPTIED) if durable else (mark, START), watch)


def done_once(mark: str = "executed", *, window: int = 50_000) -> Invariant:
    """At most one place at which a request takes effect. The mark's first value is the request's name, the second the
    place (an index). window: so many of the latest requests are remembered."""

    def watch() -> Watch:
        places: OrderedDict[Any, MarkEvent] = OrderedDict()

        def see(event: MarkEvent) -> str | None:
            name, place = event.values[:2]
            first = places.get(name)
            if first is None:
                places[name] = event
                if len(places) > window:
                    places.popitem(last=False)
                return None
            if first.values[1] == place:
                return None
            return (
                f"{event.node} carries out request {name!r} at index {place}, which {first.node} carried out "
                f"at index {first.values[1]} at {_at(first)}"
            )

        return see

    return Invariant("a request takes effect once", (mark,), watch)


def _at(event: MarkEvent) -> str:
    return f"{event.time / SECOND:.6f} s"
