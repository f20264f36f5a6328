"""Views of sessions as one order each: the bad patterns of causal memory and of PRAM.

For one session, `hb` is the smallest transitive relation that contains causal order (PRAM: session order, and
reads-from of the session's own reads) and, for each read of the session that returned a write, puts every other write
of its key that comes before the read before that write. The session's view exists if and only if `hb` has no cycle and
no read of the initial value comes after a write of its key: the reads of one session stand in one order, so that their
pasts are nested, and any order that respects `hb` and appends each read to its past explains it.

Computed in rounds to a fixed point, each O(n·k).
"""

from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate
from itertools import chain as joined

from splitbrain.checkers.causal.clocks import CausalOrder
from splitbrain.checkers.common.findings import Finding
from splitbrain.checkers.common.patterns import Steps, closed, cyclic
from splitbrain.checkers.common.registers import INITIAL, RegisterHistory
from splitbrain.checkers.common.session_order import Clock, KeyWrites, cycle, foreign, ordered, path
from splitbrain.harness.budget import BudgetMeter

try:
    from splitbrain.checkers.causal import sessions_native
except ImportError:  # installed without a C compiler
    sessions_native = None  # type: ignore[assignment]

WHO = ", of the session,"
WHY_LINK = "must, for this session, come before"


class SessionView:
    """The relation `hb` of one session, in rounds. chains: the operations it is about, in the order of their sessions.
    everything: whether reads of other sessions tell something too, which is causal memory, else PRAM."""

    def __init__(self, registers: RegisterHistory, writes: KeyWrites, chains: Sequence[Sequence[int]], session: int,
                 everything: bool) -> None:  # fmt: skip
        self.registers, self.writes, self.chains = registers, writes, chains
        self.session, self.everything = session, everything
        self.forced: dict[int, list[int]] = {}
        self.round = 0
        self.causes: dict[tuple[int, int], tuple[int, int]] = {}
        """Two writes in order → the read that put them in it, and in which round."""

    def needs(self, op: int, round_: int | None = None) -> Iterator[int]:
        """Operations that come before an operation, from other chains. round_: as was known when it began."""
        registers = self.registers
        if self.everything:
            yield from foreign(registers, op)
        elif registers.write[op] or registers.chain[op] == self.session:
            yield from foreign(registers, op, tokens=False)
        for earlier in self.forced.get(op, ()):
            if round_ is None or self.causes[earlier, op][1] < round_:
                yield earlier

    def shows(self, earlier: int, later: int) -> list[int]:
        """The way from a write to the read that puts it before another."""
        read, round_ = self.causes[earlier, later]
        return path(self.registers, earlier, (read,), partial(self.needs, round_=round_))

    def view(self, spending: BudgetMeter) -> list[int] | Finding:
        """The order that the session saw, or the pattern that refutes that it saw one."""
        while True:
            if limit := spending.exhausted():
                return Finding(doubt=limit)
            order, stuck = ordered(self.registers, self.chains, self.needs)
            if stuck:
                ops = cycle(self.registers, order, stuck, self.needs)
                return cyclic(self.registers, ops, "CyclicHB", self.shows, WHO, WHY_LINK)
            clocks = self.clocks(order)
            grown = False
            for read in self.chains[self.session]:
                if self.registers.write[read]:
                    continue
                found = self._saturate(read, clocks)
                if isinstance(found, Finding):
                    return found
                grown |= found
            self.round += 1
            if not grown:
                return self._by_reads(order, clocks)

    def _by_reads(self, order: Sequence[int], clocks: Sequence[Sequence[int]]) -> list[int]:
        """The operations of a topological order, each read of the session right after its past; for PRAM without the
        reads of other sessions."""
        level = dict.fromkeys(order, len(order))
        at = [0] * len(self.chains)
        reads = [op for op in self.chains[self.session] if not self.registers.write[op]]
        for number, read in enumerate(reads):
            for chain, last in enumerate(clocks[read]):
                while at[chain] <= last:
                    level[self.chains[chain][at[chain]]] = number
                    at[chain] += 1
        found = sorted(order, key=level.__getitem__)
        if self.everything:
            return found
        own = set(reads)
        return [op for op in found if self.registers.write[op] or op in own]

    def clocks(self, order: Sequence[int], *, compiled: bool = True) -> Sequence[Sequence[int]]:
        """The clock of each operation of a topological order. compiled: whether the compiled twin may find them."""
        registers, width = self.registers, len(self.registers.chains)
        if compiled and sessions_native is not None:
            needs = [tuple(self.needs(op)) for op in order]
            starts = array("i", accumulate(map(len, needs), initial=0))
            of_chain, position = array("i", registers.chain), array("i", registers.position)
            flat = array("i", joined.from_iterable(needs))
            return sessions_native.clocks(array("i", order), of_chain, position, width, starts, flat)
        clocks: list[Clock] = [[]] * len(registers)
        empty = [-1] * width
        for op in order:
            number, position_of = registers.chain[op], registers.position[op]
            clock = clocks[registers.chains[number][position_of - 1]] if position_of else empty
            for earlier in self.needs(op):
                if clock[registers.chain[earlier]] < registers.position[earlier]:
                    clock = list(map(max, clock, clocks[earlier]))
            clock = clock[:]
            clock[number] = position_of
            clocks[op] = clock
        return clocks

    def _saturate(self, read: int, clocks: Sequence[Sequence[int]]) -> Finding | bool:
        """Whether the writes before a read ordered more of them; or the pattern that it makes."""
        registers = self.registers
        written, grown = registers.source[read], False
        for other in self.writes.latest(registers.key[read], clocks[read]):
            if written == INITIAL:
                return self._initial(other, read)
            if other != written and clocks[written][registers.chain[other]] < registers.position[other]:
                if (other, written) not in self.causes:
                    self.forced.setdefault(written, []).append(other)
                    self.causes[other, written] = read, self.round
                grown = True
        return grown

    def _initial(self, other: int, read: int) -> Finding:
        way = path(self.registers, other, (read,), partial(self.needs, round_=self.round))
        steps = Steps(self.registers, way, self.shows, WHO)
        steps.along(way)
        sentence = f"{{{len(way) - 1}}} returned the initial value, though its session had {{0}} before it"
        links = closed(self.registers, way, "returned the initial value, as if it came before", WHY_LINK)
        witness = self.registers.witness(steps.ops, sentence, self.registers.start[read], steps.lines, links)
        return Finding(witness, "WriteHBInitRead")


Views = dict[int, list[int]]
"""Session, as the number of its chain → the order that it saw."""


def memory(registers: RegisterHistory, causal: CausalOrder, spending: BudgetMeter) -> Views | Finding:
    """The view of each session with reads; WriteHBInitRead or CyclicHB of causal memory if one saw no one order."""
    views: Views = {}
    writes = KeyWrites(registers)
    for session, ops in enumerate(registers.chains):
        if all(registers.write[op] for op in ops):
            continue
        last = causal.last[session]
        chains = [chain[: last[number] + 1] for number, chain in enumerate(registers.chains)]
        found = SessionView(registers, writes, chains, session, True).view(spending)
        if isinstance(found, Finding):
            return found
        views[session] = found
    return views


def pram(registers: RegisterHistory, writes: KeyWrites, spending: BudgetMeter) -> Views | Finding:
    """The view of each session with reads; CyclicHB or WriteHBInitRead if one did not see the writes of each session in
    order."""
    views: Views = {}
    for session, ops in enumerate(registers.chains):
        if all(registers.write[op] for op in ops):
            continue
        found = SessionView(registers, writes, registers.chains, session, False).view(spending)
        if isinstance(found, Finding):
            return found
        views[session] = found
    return views
