"""Monitor of sets that are read as a whole: orders the reads, and keeps of each element what it may be by itself.

Only reads are about several elements at once. Once it is fixed where each read stands among the calls and returns,
elements have nothing to do with each other: orders of each element's operations around the reads merge into one of all.
So a configuration is the reads placed so far, and for each element *every* way in which it may stand: present or not,
and which of its open operations took effect. The search in general keeps one such way for all elements together, of
which there are as many as the product; here their number is the sum.

- A read is placed just before a return: between two returns there are only invocations, and to wait for them loses
  nothing. It keeps the ways in which each element is as it was seen; an element without one refutes the place.
- A read that keeps every way is placed at once, and a return that drops none is passed: whatever goes on from another
  choice goes on from this one, where every way is still there.
- A configuration is left when an open read needs an element as it can no longer become: no way leads there now, nor
  does an operation that is invoked before the read returns.

What was tried is remembered, so it ends; if nothing is left to try, there is no order, and what happened before the
latest return that was asked for is a core. Pitfall: many reads open at once are as many orders of them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import UNSEEN, Call
from splitbrain.checkers.porcupine.monitors.element_ways import ElementCall, SetElements, Way, Ways
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, refuted
from splitbrain.harness.history import Interner

CONFIGURATIONS_MAX = 200_000
"""Configurations that are entered at most."""
_LOOK_EVERY = 256


class _Node(NamedTuple):
    """A configuration just before a return. event: its number. placed: the reads placed that have not returned."""

    event: int
    placed: frozenset[int]
    ways: tuple[Ways, ...]


class _Entered:
    """Configurations that were entered. One is no better than another at the same return that has all its reads placed
    and all its ways."""

    def __init__(self) -> None:
        self.count = 0
        self._at: dict[int, dict[frozenset[int], list[tuple[Ways, ...]]]] = {}

    def enter(self, node: _Node) -> bool:
        """Enter one; whether none that was entered before is at least as good."""
        here = self._at.setdefault(node.event, {})
        for placed, entered in here.items():
            if node.placed <= placed:
                for ways in entered:
                    if all(those is more or those <= more for those, more in zip(node.ways, ways, strict=True)):
                        return False
        here.setdefault(node.placed, []).append(node.ways)
        self.count += 1
        return True


Meaning = ElementCall | frozenset[int]
"""The meaning of an operation: on an element, or a read of those that were there."""


def whole_reads(case: MonitorInput, each: int = CONFIGURATIONS_MAX) -> Decision | None:
    """A set with reads of the whole, and operations on its elements. each: configurations for each operation, at most
    CONFIGURATIONS_MAX in all."""
    found = meanings(case)
    if found is None:
        return None
    search = ReadOrderSearch(case, found, min(each * len(found), CONFIGURATIONS_MAX))
    alien = next((n for n, seen in search.reads.items() if search.of_unknown(seen)), None)
    return refuted((alien,)) if alien is not None else search.decided()


def meanings(case: MonitorInput) -> list[Meaning] | None:
    """The meanings of the operations; None without a read of the whole, or if one is none of these."""
    answers = "add" in case.model.observes

    def meaning(call: Call, pool: Interner) -> Meaning | None:
        if call.f == "read":
            if not isinstance(call.result, tuple | list | set | frozenset | None):
                return None
            seen = frozenset(map(pool.id, call.result or ()))
            return seen if len(seen) == len(call.result or ()) else None
        element, told = pool.id(call.argument), call.result
        if call.f == "contains":
            return ElementCall(element, told, None) if isinstance(told, bool) else None
        present = call.f == "remove"
        if not answers or told is UNSEEN:
            return ElementCall(element, None, not present)
        return ElementCall(element, present == told, not present) if isinstance(told, bool) else None

    found: list[Meaning] | None = case.meanings(meaning)
    return found if found is not None and any(isinstance(one, frozenset) for one in found) else None


class ReadOrderSearch:
    """The search for places of the reads."""

    def __init__(self, case: MonitorInput, found: list[Meaning], limit: int) -> None:
        """found: the meanings of the operations of the case. limit: of configurations that are entered."""
        self.case, self.limit = case, limit
        self.call, self.ret = case.problem.call, case.problem.ret
        self.elements = SetElements(case, found)
        self.reads = {n: seen for n, seen in enumerate(found) if isinstance(seen, frozenset)}
        numbers = self.elements.numbers
        self.present = {n: frozenset(numbers[e] for e in seen if e in numbers) for n, seen in self.reads.items()}
        self.answers = "add" in case.model.observes
        self.unchanging = {n for n, one in enumerate(found) if isinstance(one, frozenset) or one.leaves is None}
        self.returns = sorted((ret, n) for n, ret in enumerate(self.ret) if ret != NEVER)
        self.open_reads = [self._open_at(ret) for ret, _ in self.returns]
        self.latest = 0
        """The latest return whose operation had to be placed by then, or could not be."""

    def of_unknown(self, seen: frozenset[int]) -> bool:
        """Whether a read saw an element that nobody ever added."""
        return not all(element in self.elements.numbers for element in seen)

    def decided(self) -> Decision | None:
        """The order, or the core; None if it would take too long."""
        start = tuple(frozenset({(False, 0)}) for _ in range(len(self.elements)))
        path: list[Iterator[tuple[int, _Node]]] = []
        chosen: list[tuple[int, int]] = []
        seen = _Entered()
        node: _Node | None = self._settled(_Node(0, frozenset(), start), chosen)
        marks = [0]
        while True:
            if node is not None and node.event == len(self.returns):
                return Decision(_ReadOrder(self, chosen).operations())
            if node is not None and seen.enter(node):
                if seen.count > self.limit or (seen.count % _LOOK_EVERY == 0 and self.case.spending.exhausted()):
                    return None
                path.append(self._ways_on(node))
                marks.append(len(chosen))
            node = None
            while path and node is None:
                del chosen[marks[-1] :]
                step = next(path[-1], None)
                if step is None:
                    path.pop()
                    marks.pop()
                    continue
                read, following = step
                if read >= 0:
                    chosen.append((following.event, read))
                node = self._settled(following, chosen)
            if node is None:
                return refuted(self._core())

    def _open_at(self, moment: int) -> list[int]:
        """The reads open at a moment, the one that returns first being the first."""
        return sorted((n for n in self.reads if self.call[n] < moment <= self.ret[n]), key=self.ret.__getitem__)

    def _core(self) -> Iterator[int]:
        """The operations before the latest return that was asked for, without reads that returned after it, which may
        rest on others; all of them where those that change elements tell what they found."""
        for number, call in enumerate(self.call):
            if self.answers or (
                call < self.latest and not (number in self.unchanging and self.ret[number] > self.latest)
            ):
                yield number

    def _ways_on(self, node: _Node) -> Iterator[tuple[int, _Node]]:
        """The ways on: to pass the return, then to place an open read before it, first those by which the fewest
        elements are bound. The read (-1 for none), and what follows."""
        moment, returned = self.returns[node.event]
        if returned not in self.reads:
            passed = self._passed(node)
            if passed is not None:
                yield -1, passed
        self.latest = max(self.latest, moment)
        found = []
        for rank, read in enumerate(self.open_reads[node.event]):
            ways = None if read in node.placed else self._seen_by(read, node.ways, moment)
            if ways is not None:
                bound = sum(those is not before for those, before in zip(ways, node.ways, strict=True))
                found.append((bound, rank, read, _Node(node.event, node.placed | {read}, ways)))
        yield from ((read, following) for _, _, read, following in sorted(found, key=lambda one: one[:2]))

    def _settled(self, node: _Node, chosen: list[tuple[int, int]]) -> _Node | None:
        """The configuration after every step to which no choice is preferable; None if it leads nowhere."""
        while node.event < len(self.returns):
            moment, returned = self.returns[node.event]
            free = [
                read
                for read in self.open_reads[node.event]
                if read not in node.placed and self._keeps_all(read, node.ways)
            ]
            chosen += [(node.event, read) for read in free]
            node = node._replace(placed=node.placed.union(free))
            if any(
                self._hopeless(read, node, moment) for read in self.open_reads[node.event] if read not in node.placed
            ):
                return None
            if returned in self.reads:
                if returned not in node.placed:
                    return node
                node = node._replace(event=node.event + 1, placed=node.placed - {returned})
            elif all(used & self.elements.slot[returned] for _, used in node.ways[self.elements.element_of(returned)]):
                passed = self._passed(node)
                assert passed is not None
                node = passed
            else:
                return node
        return node

    def _passed(self, node: _Node) -> _Node | None:
        """The configuration after the return of an operation on an element."""
        moment, returned = self.returns[node.event]
        element, slot = self.elements.element_of(returned), self.elements.slot[returned]
        ways = node.ways[element]
        if not all(used & slot for _, used in ways):
            ways = frozenset(self.elements.closure(element, ways, moment))
        kept = [(present, used & ~slot) for present, used in ways if used & slot]
        if not kept:
            self.latest = max(self.latest, moment)
            return None
        left = self.elements.least(element, kept, moment + 1)
        return _Node(node.event + 1, node.placed, (*node.ways[:element], left, *node.ways[element + 1 :]))

    def _keeps_all(self, read: int, ways: tuple[Ways, ...]) -> bool:
        seen = self.present[read]
        return all(present == (place in seen) for place, those in enumerate(ways) for present, _ in those)

    def _seen_by(self, read: int, ways: tuple[Ways, ...], moment: int) -> tuple[Ways, ...] | None:
        """The ways in which each element is as a read saw it; None if one has none."""
        seen, out = self.present[read], []
        for element, those in enumerate(ways):
            wanted = element in seen
            if all(present == wanted for present, _ in those):
                out.append(those)
                continue
            kept = self.elements.least(
                element, (w for w in self.elements.closure(element, those, moment) if w[0] == wanted), moment
            )
            if not kept:
                return None
            out.append(kept)
        return tuple(out)

    def _hopeless(self, read: int, node: _Node, moment: int) -> bool:
        """Whether some element is not, and will not be, as a read saw it, for as long as the read is open."""
        for element, those in enumerate(node.ways):
            wanted = element in self.present[read]
            if any(present == wanted for present, _ in those):
                continue
            calls = self.elements.calls(element, wanted)
            later = bisect_right(calls, moment)
            if later < len(calls) and calls[later] < self.ret[read]:
                continue
            if not any(way[0] == wanted for way in self.elements.closure(element, those, moment)):
                self.latest = max(self.latest, self.ret[read])
                return True
        return False


class _ReadOrder:
    """The order of all operations, once it is known before which return each read stands."""

    def __init__(self, search: ReadOrderSearch, chosen: list[tuple[int, int]]) -> None:
        self.search = search
        self.stations: list[tuple[int, int]] = []
        """Moments at which something is asked of an element, in order: a read that is placed, or a return."""
        reads = iter([*chosen, (len(search.returns), -1)])
        event, read = next(reads)
        for number, (moment, returned) in enumerate(search.returns):
            while event == number:
                self.stations.append((moment, read))
                event, read = next(reads)
            if returned not in search.reads:
                self.stations.append((moment, returned))

    def operations(self) -> list[int]:
        """All operations that take effect, in order."""
        before: list[list[int]] = [[] for _ in self.stations]
        for element in range(len(self.search.elements)):
            self._place(element, before)
        out = []
        for (_, one), placed in zip(self.stations, before, strict=True):
            out += [*placed, *([one] if one in self.search.reads else [])]
        return out

    def _place(self, element: int, before: list[list[int]]) -> None:
        """Put the operations on an element before the stations at which they are needed."""
        search = self.search
        ways: Iterable[Way] = [(False, 0)]
        layers: list[dict[Way, tuple[Way, list[int]]]] = []
        for moment, one in self.stations:
            of_read = one in search.reads
            closed = search.elements.closure(element, ways, moment)
            layer: dict[Way, tuple[Way, list[int]]] = {}
            slot = 0 if of_read or search.elements.element_of(one) != element else search.elements.slot[one]
            for way in closed:
                if way[0] != (element in search.present[one]) if of_read else slot and not way[1] & slot:
                    continue
                back, operations = way, []
                while (step := closed[back]) is not None:
                    back, operation = step
                    operations.append(operation)
                layer.setdefault((way[0], way[1] & ~slot), (back, operations[::-1]))
            layers.append(layer)
            ways = layer
        way = next(iter(ways))
        for number in reversed(range(len(layers))):
            way, operations = layers[number][way]
            before[number] += operations
