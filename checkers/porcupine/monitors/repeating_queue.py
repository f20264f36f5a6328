"""Monitor of first-in-first-out queues whose elements repeat: puts and takes of one value are paired, one by one.

A legal order is a sequence of pairs, of which the n-th is the n-th put and the n-th take, with the empty takes between
them; elements that stay are behind all others. The state of the queue does not matter, nor which put belongs to which
take before they are paired: that is what the search in general guesses, and finds out much later.

- *Moments.* A put takes effect when it and all before it in the sequence are invoked, a take when its put has taken
  effect too; each must be before its return. An empty take needs a moment after all before it, and all that come after
  it in the sequence are later. So a configuration is what is paired, and the latest moments of a put and of a take.
- *Of two open operations of one value* the one that returns first goes first, unless it would make the moment later:
  exchanged in a legal sequence, the two leave it legal. So a take that returned goes before a crashed one, and a put
  that did; crashed takes go by invocation.
- *Crashed takes* may have any element; only a value with more puts than takes that need one (Hall's condition).
- *A take that must wait* for more puts than there are takes before it returns ends a configuration.

Values by themselves and in pairs are tried first where the whole takes long: they are small cores. If every way was
tried there is no order. Pitfall: crashed takes and many clients, with a wrong value: then there may be too many ways.
"""

from bisect import bisect_left

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, Procedure, crashed
from splitbrain.checkers.porcupine.monitors.queue_contents import ANYTHING, NOTHING, ContainerNames, said
from splitbrain.checkers.porcupine.monitors.restarts import PairingOutcome, PairingWay, few_values, search_with_restarts
from splitbrain.harness.operation import Value

CONFIGURATIONS_MAX = 60_000
SMALL = 3_000
"""Configurations for the first look at the whole, and for each value and each pair; for all of these twenty times as
many."""
_CRASHED_TAKE = 40.0
"""Events by which an element is given to a crashed take later than to another."""

State = tuple[int, int, int, int, int, int, int]
"""The first put that is not paired, those paired behind it as bits; the same of takes; how many crashed takes are used;
the latest moments of a put and of a take."""
START: State = (0, 0, 0, 0, 0, -1, -1)


def repeating_queue_monitor(put: str, take: str, empty: Value) -> Procedure:
    """The procedure for a queue with these operations, of which `take` returns `empty` when there is nothing."""
    names = ContainerNames(put, take, empty)

    def procedure(case: MonitorInput) -> Decision | None:
        found = said(case, names)
        if found is None:
            return None
        whole = _Pairing(case, found)
        outcome = whole.search(SMALL)
        if outcome.ways is None and not outcome.exhausted:
            left = 20 * SMALL
            for values in few_values(value for _, value in found if value >= 0):
                part = _Pairing(case, found, values).search(min(left, SMALL))
                if part.exhausted:
                    return _refuted(case, found, values)
                left -= part.entered
                if left <= 0 or case.spending.exhausted():
                    break
            outcome = whole.search(CONFIGURATIONS_MAX)
        if outcome.ways is not None:
            return Decision(whole.laid_out(outcome.ways))
        return _refuted(case, found, None) if outcome.exhausted else None

    return procedure


def _refuted(case: MonitorInput, found: list[tuple[bool, int]], values: frozenset[int] | None) -> Decision:
    """The decision where operations about these values are not linearizable: with the return up to which they are not,
    found by halving. What was open at a return counts as crashed."""
    core = _Pairing(case, found, values).operations
    if not case.locate:
        return Decision(core=core)
    returns = sorted((ret, operation) for operation, ret in enumerate(case.problem.ret) if ret != NEVER)
    low, high = 0, len(returns) - 1
    while low < high:
        middle = (low + high) // 2
        if _Pairing(case, found, values, returns[middle][0]).search(CONFIGURATIONS_MAX // 4).exhausted:
            high = middle
        else:
            low = middle + 1
    return Decision(core=core, blocked=returns[low][1] if returns[low][1] in core else -1)


class _Pairing:
    """The operations about some values (None: all), and the ways to pair them; up to a moment, if one is given."""

    def __init__(
        self,
        case: MonitorInput,
        found: list[tuple[bool, int]],
        values: frozenset[int] | None = None,
        moment: int = NEVER,
    ) -> None:
        self.case = case
        self.call = case.problem.call
        self.ret = [ret if ret <= moment else NEVER for ret in case.problem.ret]
        self.value = [
            value if is_put or ret != NEVER else ANYTHING for (is_put, value), ret in zip(found, self.ret, strict=True)
        ]
        self.operations = [
            operation
            for operation, (_, value) in enumerate(found)
            if self.call[operation] < moment and (values is None or value < 0 or value in values)
        ]
        self.puts = [o for o in self.operations if found[o][0]]
        self.takes = [o for o in self.operations if not found[o][0] and self.value[o] != ANYTHING]
        self.crashed = [o for o in self.operations if self.value[o] == ANYTHING]
        self.crashed_calls = [self.call[o] for o in self.crashed]
        returns = sorted(self.ret[o] for o in self.puts)
        self.puts_before = [bisect_left(returns, self.call[o]) for o in self.puts]
        """Of each put, how many must go before it."""
        self.calls = [self.call[o] for o in self.takes if self.value[o] != NOTHING]
        self.puts_of = self._by_value(self.puts)
        self.takes_of = {
            v: sorted(of, key=lambda place: self.ret[self.takes[place]])
            for v, of in self._by_value(self.takes).items()
        }  # fmt: skip

    def _by_value(self, operations: list[int]) -> dict[int, list[int]]:
        out: dict[int, list[int]] = {}
        for place, operation in enumerate(operations):
            out.setdefault(self.value[operation], []).append(place)
        return out

    def search(self, most: int) -> PairingOutcome:
        """Pair everything, entering at most so many configurations."""
        if not self.takes:
            return PairingOutcome(ways=[])
        return search_with_restarts(
            START, self._ways_on, lambda state: state[2] == len(self.takes), most, self.case.spending
        )

    def _ways_on(self, state: State) -> list[PairingWay[State]]:
        _, _, at, done, _, put_moment, _ = state
        takes, first_take = self._front(self.takes, at, done)
        if self._hopeless(state, takes):
            return []
        puts, first_put = self._front(self.puts, state[0], state[1])
        open_puts = {
            value: self._foremost(of, self.puts, put_moment) for value, of in self._of_values(puts, self.puts).items()
        }
        open_takes = self._of_values(takes, self.takes)
        out: list[PairingWay[State]] = []
        for value, places in open_takes.items():
            if value == NOTHING:
                out += self._empty(state, places, first_put)
            for put in open_puts.get(value, ()):
                out += self._pairs(state, put, places)
        if state[4] < len(self.crashed):
            out += self._given_to_crashed(state, open_puts, open_takes, first_take)
        return out

    def _pairs(self, state: State, put: int, takes: list[int]) -> list[PairingWay[State]]:
        """A put with each of the takes of its value."""
        _, _, at, done, used, put_moment, take_moment = state
        operation = self.puts[put]
        put_moment = max(put_moment, self.call[operation])
        out = []
        for take in self._foremost(takes, self.takes, max(put_moment, take_moment)):
            moment = max(put_moment, take_moment, self.call[self.takes[take]])
            after = _without(at, done, take)
            if moment < min(self.ret[self.takes[take]], self._front(self.takes, *after)[1]):
                rank = self.ret[self.takes[take]] + min(self.ret[operation], 2 * len(self.call)) / 2
                following = (*_without(state[0], state[1], put), *after, used, put_moment, moment)
                out.append(PairingWay(rank, (operation, self.takes[take]), following))
        return out

    def _empty(self, state: State, places: list[int], first_put: int) -> list[PairingWay[State]]:
        """Empty takes: all that is paired is before them, and all else after them."""
        _, _, at, done, used, put_moment, take_moment = state
        moment = max(put_moment, take_moment)
        out = []
        for place in self._foremost(places, self.takes, moment):
            operation = self.takes[place]
            now = max(moment, self.call[operation])
            after = _without(at, done, place)
            if now < min(self.ret[operation], first_put, self._front(self.takes, *after)[1]):
                out.append(PairingWay(self.ret[operation], (operation,), (state[0], state[1], *after, used, now, now)))
        return out

    def _given_to_crashed(
        self, state: State, open_puts: dict[int, list[int]], open_takes: dict[int, list[int]], first_take: int
    ) -> list[PairingWay[State]]:
        """Puts with the crashed take that was invoked first of those left."""
        _, _, at, done, used, before, take_moment = state
        take = self.crashed[used]
        out = []
        for value, puts in open_puts.items():
            for put in puts:
                operation = self.puts[put]
                put_moment = max(before, self.call[operation])
                moment = max(put_moment, take_moment, self.call[take])
                after = _without(state[0], state[1], put)
                better = any(self.call[self.takes[other]] <= moment for other in open_takes.get(value, ()))
                if moment < first_take and not better and not self._starved(value, after, (at, done)):
                    rank = self.call[take] + _CRASHED_TAKE + min(self.ret[operation], 2 * len(self.call)) / 2
                    following = (*after, at, done, used + 1, put_moment, moment)
                    out.append(PairingWay(rank, (operation, take), following))
        return out

    def _starved(self, value: int, puts: tuple[int, int], takes: tuple[int, int]) -> bool:
        """Whether takes of a value that are left lack a put that was invoked before they return."""
        places = self.puts_of[value]
        following = bisect_left(places, puts[0])
        for take in self.takes_of.get(value, ()):
            if _gone(*takes, take):
                continue
            while following < len(places) and _gone(*puts, places[following]):
                following += 1
            if following == len(places) or self.call[self.puts[places[following]]] > self.ret[self.takes[take]]:
                return True
            following += 1
        return False

    def _hopeless(self, state: State, takes: list[int]) -> bool:
        """Whether a take can be seen not to get its turn."""
        first, paired, _, _, used, _, _ = state
        gone = first + paired.bit_count()
        for place in takes:
            operation = self.takes[place]
            places = self.puts_of.get(self.value[operation], ())
            if self.value[operation] == NOTHING:
                continue
            following = bisect_left(places, first)
            while following < len(places) and _gone(first, paired, places[following]):
                following += 1
            if following == len(places):
                return True
            ret, put = self.ret[operation], places[following]
            room = bisect_left(self.calls, ret) - (gone - used) - 1
            room += max(0, bisect_left(self.crashed_calls, ret) - used)
            if self.call[self.puts[put]] > ret or self.puts_before[put] - gone > room:
                return True
        return False

    def _front(self, operations: list[int], at: int, done: int) -> tuple[list[int], int]:
        """Places of those left that were invoked before any of these returned, and when the first of them does."""
        out, first = [], NEVER
        for place in range(at, len(operations)):
            if not done >> (place - at) & 1:
                operation = operations[place]
                if self.call[operation] > first:
                    break
                out.append(place)
                first = min(first, self.ret[operation])
        return out, first

    def _of_values(self, places: list[int], operations: list[int]) -> dict[int, list[int]]:
        out: dict[int, list[int]] = {}
        for place in places:
            out.setdefault(self.value[operations[place]], []).append(place)
        return out

    def _foremost(self, places: list[int], operations: list[int], moment: int) -> list[int]:
        """Places, all of one value, of which no other returns earlier without making the moment later."""
        ranked = sorted((self.ret[operations[p]], max(moment, self.call[operations[p]]), p) for p in places)
        out: list[int] = []
        soonest = NEVER + 1
        for _, later, place in ranked:
            if later < soonest:
                out.append(place)
                soonest = later
        return out

    def laid_out(self, ways: list[tuple[int, ...]]) -> list[int]:
        """The order: everything at its moment, and elements that stay behind all others."""
        call, moments = self.call, []
        put_moment = take_moment = -1
        for place, way in enumerate(ways):
            if len(way) == 1:
                put_moment = take_moment = max(put_moment, take_moment, call[way[0]])
                moments.append((take_moment, place, 0, way[0]))
                continue
            put, take = way
            put_moment = max(put_moment, call[put])
            take_moment = max(put_moment, take_moment, call[take])
            moments += [(put_moment, place, 0, put), (take_moment, place, 1, take)]
        paired = {operation for way in ways for operation in way}
        for put in self.puts:
            if put not in paired and not crashed(self.case.problem, put):
                put_moment = max(put_moment, call[put])
                moments.append((put_moment, len(ways), 0, put))
        return [operation for _, _, _, operation in sorted(moments)]


def _gone(first: int, done: int, place: int) -> bool:
    return place < first or bool(done >> (place - first) & 1)


def _without(first: int, done: int, place: int) -> tuple[int, int]:
    """The first place and the bits when that place is gone too."""
    done |= 1 << (place - first)
    while done & 1:
        done >>= 1
        first += 1
    return first, done
