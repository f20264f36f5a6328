"""Causal order by vector clocks, and the bad patterns of causal consistency and causal convergence.

Causal order is the transitive closure of session order and reads-from. O(n·k) for n operations and k sessions: of each
read only the last write of its key in each session of its past is looked at, for the earlier ones come before that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from splitbrain.checkers.causal.columns import Columns
from splitbrain.checkers.common.findings import Finding
from splitbrain.checkers.common.patterns import closed, cyclic, why_each
from splitbrain.checkers.common.per_key import LOOK_EVERY
from splitbrain.checkers.common.registers import INITIAL, THIN_AIR, RegisterHistory
from splitbrain.checkers.common.session_order import (
    Clock,
    KeyWrites,
    cycle,
    foreign,
    ordered,
    path,
)
from splitbrain.harness.budget import BudgetMeter

try:
    from splitbrain.checkers.causal import clocks_native
except ImportError:  # installed without a C compiler
    clocks_native = None  # type: ignore[assignment]

STEP = 65_536
"""Operations that the compiled pass looks at between two looks at the budget."""


@dataclass(slots=True)
class CausalOrder:
    """order: a topological order of causal order, complete only if there is no cycle. clocks: of each operation, what
    causally precedes it, itself among it; empty for reads that nothing of another chain follows. conflicts: write →
    writes of its key that arbitration must put before it, for some read of it had seen them. finding: a bad pattern of
    CC, or why there is no answer."""

    order: list[int]
    native: "clocks_native.CausalPass | None" = None
    """The compiled pass that found it; it has the clocks and the conflicts then."""
    clocks: list[Clock] = field(default_factory=list)
    conflicts: dict[int, list[int]] = field(default_factory=dict)
    last: list[Clock] = field(default_factory=list)
    """The clock of the last operation of each chain."""
    finding: Finding | None = None


def thin_air(registers: RegisterHistory) -> Finding | None:
    """ThinAirRead: a read of what nobody wrote."""
    found = next((op for op in registers.reads() if registers.source[op] == THIN_AIR), None)
    if found is None:
        return None
    witness = registers.witness([found], "{0} returned a value that nobody wrote", registers.start[found])
    return Finding(witness, "ThinAirRead")


def causal_order(registers: RegisterHistory, spending: BudgetMeter, *, compiled: bool = True) -> CausalOrder:
    """Causal order, or the first bad pattern of CC: ThinAirRead, CyclicCO, WriteCOInitRead, WriteCORead. compiled:
    whether the compiled twin may do the work, where there is one."""

    def needs(op: int) -> Iterator[int]:
        return foreign(registers, op)

    native = None
    if compiled and clocks_native is not None:
        native = clocks_native.CausalPass(Columns.of(registers))
        found, stuck = native.order()
        order = found.tolist()
    else:
        order, stuck = ordered(registers, registers.chains, needs)
    out = CausalOrder(order, native=native)
    out.finding = thin_air(registers)
    if out.finding is None and stuck:
        out.finding = cyclic(registers, cycle(registers, order, stuck, needs), "CyclicCO")
    if out.finding is None:
        look = _clocks if native is None else _compiled_clocks
        look(registers, out, spending)
    return out


def _compiled_clocks(registers: RegisterHistory, out: CausalOrder, spending: BudgetMeter) -> None:
    native = out.native
    assert native is not None
    native.begin()
    looked = 0
    while native.step(STEP):
        looked += STEP
        if limit := spending.exhausted():
            out.finding = _stopped(out, limit, looked)
            return
    if native.read >= 0:
        out.finding = _unexplained(registers, native.read, native.other)
    out.last = native.last()
    native.release()


def _stopped(out: CausalOrder, limit: str, looked: int) -> Finding:
    return Finding(doubt=f"{limit}, with {looked:,} of {len(out.order):,} operations looked at")


def _clocks(registers: RegisterHistory, out: CausalOrder, spending: BudgetMeter) -> None:
    chains, source = registers.chain, registers.source
    width = len(registers.chains)
    clocks: list[Clock] = [[]] * len(registers)
    out.clocks = clocks
    followed = {op for op in registers.before if op >= 0}.union(*registers.handed.values())
    running: list[Clock] = [[-1] * width for _ in range(width)]
    out.last = running
    writes = KeyWrites(registers)
    for count, op in enumerate(out.order):
        if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
            out.finding = _stopped(out, limit, count)
            return
        chain = chains[op]
        clock = running[chain]
        for earlier in foreign(registers, op):
            if clock[chains[earlier]] < registers.position[earlier]:
                clock = list(map(max, clock, clocks[earlier]))
        clock[chain] = registers.position[op]
        running[chain] = clock
        if registers.write[op] or op in followed:
            clocks[op] = clock[:]
        if not registers.write[op] and source[op] >= INITIAL and (found := _stale(registers, out, writes, op, clock)):
            out.finding = found
            return


def _stale(registers: RegisterHistory, out: CausalOrder, writes: KeyWrites, read: int, clock: Clock) -> Finding | None:
    """The pattern that a read makes, if any; else its conflicts are noted."""
    written = registers.source[read]
    for other in writes.latest(registers.key[read], clock):
        if other == written:
            continue
        if written == INITIAL or out.clocks[other][registers.chain[written]] >= registers.position[written]:
            return _unexplained(registers, read, other)
        out.conflicts.setdefault(written, []).append(other)
    return None


def _unexplained(registers: RegisterHistory, read: int, other: int) -> Finding:
    """The pattern of a read with a write in its past that it should not have missed."""
    written = registers.source[read]
    if written == INITIAL:
        return write_before_initial(registers, path(registers, other, (read,)), "WriteCOInitRead")
    return _overwritten(registers, written, other, read)


def write_before_initial(registers: RegisterHistory, way: list[int], name: str) -> Finding:
    """The pattern of a read of the initial value after a write of its key. way: from the write to the read."""
    last = len(way) - 1
    sentence = f"{{{last}}} returned the initial value, though {{0}} came causally before it"
    links = closed(registers, way, "returned the initial value, as if it came before")
    return Finding(registers.witness(way, sentence, registers.start[way[-1]], why_each(registers, way), links), name)


def _overwritten(registers: RegisterHistory, written: int, other: int, read: int) -> Finding:
    first = path(registers, written, (other,))
    way = [*first, *path(registers, other, (read,))[1:]]
    middle, last = len(first) - 1, len(way) - 1
    sentence = f"{{{last}}} returned what {{{middle}}} had overwritten: {{0}} came causally before {{{middle}}}, "
    sentence += f"and {{{middle}}} before the read"
    links = closed(registers, way, "returned, though it was overwritten since, what was written by")
    return Finding(
        registers.witness(way, sentence, registers.start[read], why_each(registers, way), links), "WriteCORead"
    )


def arbitration(registers: RegisterHistory, causal: CausalOrder) -> list[int] | Finding:
    """An order of arbitration that explains all reads; CyclicCF if there is none."""
    conflicts = causal.conflicts

    def needs(op: int) -> Iterator[int]:
        yield from foreign(registers, op)
        yield from conflicts.get(op, ())

    if causal.native is not None:
        found, stuck = causal.native.order(conflicts=True)
        order = found.tolist()
    else:
        order, stuck = ordered(registers, registers.chains, needs)
    if not stuck:
        return order
    if causal.native is not None:
        conflicts = causal.native.conflicts()
    ops = cycle(registers, order, stuck, needs)

    def shows(earlier: int, later: int) -> list[int]:
        return path(registers, earlier, registers.readers()[registers.key[later], later])

    return cyclic(registers, ops, "CyclicCF", shows, link="must, by a read that had seen both, come before")
