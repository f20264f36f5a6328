"""Orders on grow-only sets: causal consistency by the causal past of each read, sequential consistency by placing.

A read is explained by its causal past if it saw exactly the adds to its key that are in it: what it saw is in its past,
so that only what it missed is looked for. O(n·k) and what the reads returned.

For sequential consistency each read orders each add to its key: those that it saw come before it, the others after.
All of these, and the sessions, are one relation; there is an order if and only if it has no cycle.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

from splitbrain.checkers.common.findings import Finding
from splitbrain.checkers.common.patterns import closed, cyclic, why_each
from splitbrain.checkers.common.per_key import LOOK_EVERY
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.common.session_order import Clock, KeyWrites, cycle, foreign, ordered, path
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT

VERIFIED_MAX = 20_000
"""Adds of a set whose causal order is verified: that takes as many bits for each of them."""


def causal(of: RegisterHistory, spending: BudgetMeter) -> Finding:
    """Causal consistency of a grow-only set."""

    def needs(op: int) -> Iterator[int]:
        return foreign(of, op)

    order, stuck = ordered(of, of.chains, needs)
    if stuck:
        return cyclic(of, cycle(of, order, stuck, needs), "CyclicCO")
    writes, width = KeyWrites(of), len(of.chains)
    clocks: list[Clock] = [[]] * len(of)
    for count, op in enumerate(order):
        if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
            return Finding(doubt=f"{limit}, with {count:,} of {len(order):,} operations looked at")
        position = of.position[op]
        clock = clocks[of.chains[of.chain[op]][position - 1]] if position else [-1] * width
        for earlier in foreign(of, op):
            if clock[of.chain[earlier]] < of.position[earlier]:
                clock = list(map(max, clock, clocks[earlier]))
        clock = clock[:]
        clock[of.chain[op]] = position
        clocks[op] = clock
        if not of.write[op] and (missed := _missed(of, writes, op, clock)) >= 0:
            way = path(of, missed, (op,))
            last = len(way) - 1
            sentence = f"{{{last}}} has not what {{0}} had added, though that came causally before it"
            links = closed(of, way, "returned no element of, as if it came before")
            return Finding(of.witness(way, sentence, of.start[op], why_each(of, way), links), "WriteCOInitRead")
    wrong = causal_objection(of, order)
    if wrong is not None:
        return Finding(doubt=f"an order was found but not verified: {wrong}")
    return Finding(reason="every read has exactly what is in its causal past",
                   certificate=tuple(of.start[op] for op in order))  # fmt: skip


def _missed(of: RegisterHistory, writes: KeyWrites, read: int, clock: Clock) -> int:
    """An add to the key of a read that is in its past and that it did not see; -1 if there is none."""
    past = [
        adds[: bisect_right(positions, clock[chain])]
        for chain, (positions, adds) in writes.chains(of.key[read]).items()
    ]
    seen = of.seen[read]
    if sum(map(len, past)) == len(seen):
        return -1
    known = set(seen)
    return next((add for adds in past for add in adds if add not in known), -1)


def causal_objection(of: RegisterHistory, order: Sequence[int]) -> str | None:
    """The reason that an order does not prove causal consistency, or None: the past of each operation as a set of
    adds."""
    if sorted(order) != sorted(op for chain in of.chains for op in chain):
        return "an operation is missing, or stands there twice"
    if sum(of.write[op] for op in order) > VERIFIED_MAX:
        return f"more than {VERIFIED_MAX:,} elements were added"
    past: dict[int, int] = {}
    of_key: Counter[int] = Counter()
    for op in order:
        if of.write[op]:
            of_key[of.key[op]] |= 1 << op
    for op in order:
        before = [of.chains[of.chain[op]][of.position[op] - 1]] if of.position[op] else []
        if not before and of.before[of.chain[op]] >= 0:
            before = [of.before[of.chain[op]]]
        mine = 1 << op
        for earlier in (*before, *of.seen.get(op, ()), *of.handed.get(op, ())):
            if earlier not in past:
                return f"{of.name(op)} stands before {of.name(earlier)}, which it depends on"
            mine |= past[earlier]
        past[op] = mine
        if not of.write[op] and mine & of_key[of.key[op]] != sum(1 << add for add in of.seen[op]):
            return f"{of.name(op)} has other elements than its causal past"
    return None


def sequential(of: RegisterHistory, spending: BudgetMeter) -> Finding:
    """Sequential consistency of a grow-only set."""
    placing = _Placing(of)
    order = placing.order(spending)
    if isinstance(order, str):
        return Finding(doubt=order)
    if len(order) < sum(map(len, of.chains)):
        heads = placing.heads()
        sentence = "no order of all operations respects each session and what each read saw: none of these can be next"
        read = next((op for op in heads if not of.write[op]), heads[0])
        return Finding(of.witness(heads, sentence, of.start[read], [placing.why(op, f"{{{at}}}") for at, op
                                                                   in enumerate(heads)]))  # fmt: skip
    wrong = sequential_objection(of, order)
    if wrong is not None:
        return Finding(doubt=f"an order was found but not verified: {wrong}")
    reason = f"an order of {len(order):,} operations was found and verified"
    return Finding(reason=reason, certificate=tuple(of.start[op] for op in order))


class _Placing:
    """Operations one after the other, each once nothing must come before it.

    reads: key → reads that are not placed. saw: add → those of them that saw it. placed: key → adds placed.
    """

    def __init__(self, of: RegisterHistory) -> None:
        self.of, self.done = of, bytearray(len(of))
        self.here = [0] * len(of.chains)
        self.reads = Counter(of.key[op] for chain in of.chains for op in chain if not of.write[op])
        self.saw: Counter[int] = Counter()
        for adds in of.seen.values():
            self.saw.update(adds)
        self.placed: Counter[int] = Counter()

    def order(self, spending: BudgetMeter) -> list[int] | str:
        """An order of as many operations as can be placed, or the reason that there is no answer."""
        of, order = self.of, list[int]()
        moved = True
        while moved:
            moved = False
            for number, chain in enumerate(of.chains):
                while self.here[number] < len(chain) and not self.why(op := chain[self.here[number]], ""):
                    if len(order) % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                        return f"{limit}, with {len(order):,} operations placed"
                    self._place(op)
                    order.append(op)
                    self.here[number] += 1
                    moved = True
        return order

    def _place(self, op: int) -> None:
        of = self.of
        self.done[op] = 1
        if of.write[op]:
            self.placed[of.key[op]] += 1
        else:
            self.reads[of.key[op]] -= 1
            self.saw.subtract(of.seen[op])

    def why(self, op: int, name: str) -> str:
        """The reason why an operation cannot be next; empty if it can. name: what to call it."""
        of, key = self.of, self.of.key[op]
        before = of.before[of.chain[op]] if of.position[op] == 0 else ABSENT
        if any(not self.done[earlier] for earlier in of.handed.get(op, ())) or (before >= 0 and not self.done[before]):
            return f"{name} comes after what its client was handed, or had done"
        if of.write[op]:
            return f"{name} comes after reads that have not seen it" if self.reads[key] > self.saw[op] else ""
        if self.placed[key] > len(of.seen[op]):
            return f"{name} did not see all that was added before"
        seen = self.placed[key] == len(of.seen[op]) and all(self.done[add] for add in of.seen[op])
        return "" if seen else f"{name} comes after what it saw"

    def heads(self) -> list[int]:
        """The next operation of each chain."""
        return [chain[at] for chain, at in zip(self.of.chains, self.here, strict=True) if at < len(chain)]


def sequential_objection(of: RegisterHistory, order: Sequence[int]) -> str | None:
    """The reason that an order does not show sequential consistency, or None."""
    if sorted(order) != sorted(op for chain in of.chains for op in chain):
        return "an operation is missing, or stands there twice"
    begun: dict[int, int] = {}
    elements: dict[int, set[int]] = {}
    placed: set[int] = set()
    for op in order:
        if begun.get(of.session[op], -1) > of.end[op]:
            return f"{of.name(op)} stands after what came later in its session"
        begun[of.session[op]] = max(begun.get(of.session[op], -1), of.start[op])
        if any(giver not in placed for giver in of.handed.get(op, ())):
            return f"{of.name(op)} stands before what handed it a token"
        placed.add(op)
        current = elements.setdefault(of.key[op], set())
        if of.write[op]:
            current.add(op)
        elif current != set(of.seen[op]):
            return f"{of.name(op)} returned other elements than those added before it"
    return None


def session_order_of(of: RegisterHistory, session: int) -> list[int]:
    """An order of all adds and the reads of a session (a chain), each add as late as these allow."""
    order: list[int] = []
    placed = [0] * len(of.chains)

    def place_until(chain: int, count: int) -> None:
        """Place the adds among the first so many operations of a chain, and what its session did before."""
        before = of.before[chain]
        if before >= 0:
            place_until(of.chain[before], of.position[before] + 1)
        order.extend(op for op in of.chains[chain][placed[chain] : count] if of.write[op] or of.chain[op] == session)
        placed[chain] = max(placed[chain], count)

    for position, op in enumerate(of.chains[session]):
        if not of.write[op]:
            for add in of.seen[op]:
                place_until(of.chain[add], of.position[add] + 1)
        place_until(session, position + 1)
    for chain, ops in enumerate(of.chains):
        place_until(chain, len(ops))
    return order


def session_objection(of: RegisterHistory, session: int, order: Sequence[int]) -> str | None:
    """The reason why an order does not show what PRAM asks of a session (a chain), or None."""
    owed = {op for chain in of.chains for op in chain if of.write[op] or of.chain[op] == session}
    if len(order) != len(owed) or set(order) != owed:
        return "an operation is missing, or stands there twice"
    begun: dict[int, int] = {}
    elements: dict[int, set[int]] = {}
    for op in order:
        if begun.get(of.session[op], -1) > of.end[op]:
            return f"{of.name(op)} stands after what came later in its session"
        begun[of.session[op]] = max(begun.get(of.session[op], -1), of.start[op])
        current = elements.setdefault(of.key[op], set())
        if of.write[op]:
            current.add(op)
        elif current != set(of.seen[op]):
            return f"{of.name(op)} returned other elements than those added before it"
    return None
