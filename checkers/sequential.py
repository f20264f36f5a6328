"""Sequential consistency of registers (Lamport 1979), and of each key alone (coherence).

Refuted quickly by the patterns of the causal models that it implies; else searched, depth first over how far each
session is, with the values of all keys. NP-complete even with unique writes (Gibbons & Korach 1997), so that beyond its
budget the search is `unknown`. A read that can be placed is placed at once, for it changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.causal.check import causal_memory, convergence
from splitbrain.checkers.common.data_types import DataType, data_type
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.findings import Finding, SearchStopped, verdict_of
from splitbrain.checkers.common.registers import INITIAL_OPTION, RegisterHistory, initial_of, registers
from splitbrain.checkers.common.shrinking import shrunk
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.grow_only import check as grow_only
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Verdict

LOOK_EVERY = 256
LISTED = 64
"""The number of operations that a witness lists, at most."""


@dataclass(frozen=True)
class SequentialCheck:
    """Sequential consistency. by_key: of each key alone. initial: the value of each key before any write."""

    by_key: bool = False
    initial: Value = None

    @property
    def name(self) -> str:
        """`sequential` or `per-key-sequential`."""
        return "per-key-sequential" if self.by_key else "sequential"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for operations that are neither a register's nor a set's."""
        if data_type(history) is DataType.SET:
            return grow_only.judge(self.name, history, budget.start())
        return self.judge(registers(history, self.name, self.initial), budget.start())

    def judge(self, of: RegisterHistory, spending: BudgetMeter) -> Verdict:
        """The verdict on registers that were read from a history before."""
        return verdict_of(self.name, of, self._finding(of, spending), len(of.reads()))

    def _finding(self, of: RegisterHistory, spending: BudgetMeter) -> Finding:
        order: list[int] = []
        for part in of.parts() if self.by_key else (of,):
            found = refuted_quickly(part, spending)
            if found is None:
                try:
                    placed = search(part, spending)
                except SearchStopped as limit:
                    return Finding(doubt=f"{limit}, in the search for an order")
                found = None if placed is not None else self._no_order(part, spending)
                order += [part.start[op] for op in placed or ()]
            if found is not None:
                return found
        if of.doubt:
            return Finding(doubt=of.doubt)
        numbers = {start: op for op, start in enumerate(of.start)}
        wrong = objection(of, [numbers[start] for start in order], by_key=self.by_key)
        if wrong is not None:
            return Finding(doubt=f"an order was found but not verified: {wrong}")
        reason = f"an order of {len(order):,} operations was found and verified"
        return Finding(reason=reason, certificate=tuple(order))

    def _no_order(self, of: RegisterHistory, spending: BudgetMeter) -> Finding:
        """The verdict of a search that came to its end without an order."""

        def explained(ops: list[int], meter: BudgetMeter) -> bool:
            return search(of.only(ops), meter) is not None

        ops = shrunk(of, (op for chain in of.chains for op in chain), explained, spending)
        key = of.key[ops[0]]
        about = f" on key {shown(of.history.pool.values[key])}" if self.by_key and key != ABSENT else ""
        sentence = f"no order of all operations{about} respects each session and explains each read"
        return Finding(of.witness(ops if len(ops) <= LISTED else ops[-1:], sentence, of.start[ops[-1]]))


def refuted_quickly(of: RegisterHistory, spending: BudgetMeter) -> Finding | None:
    """A pattern of causal convergence or causal memory, which sequential consistency implies."""
    judgings: tuple[Callable[[RegisterHistory, BudgetMeter], Finding], ...] = (convergence, causal_memory)
    for judging in judgings:
        found = judging(of, spending)
        if found.witness is not None or found.doubt is not None:
            return found
    return None


def search(of: RegisterHistory, spending: BudgetMeter) -> list[int] | None:
    """A legal order that respects each session, or None if there is none; SearchStopped if that is not known."""
    keys = {key: place for place, key in enumerate(sorted(set(of.key)))}
    places = [keys[key] for key in of.key]
    begin = (tuple([0] * len(of.chains)), tuple([ABSENT] * len(keys)))
    seen, stack = {begin}, [begin]
    parents: dict[object, tuple[object, tuple[int, ...]]] = {}
    while stack:
        state = stack.pop()
        spending.configurations += 1
        if spending.configurations % LOOK_EVERY == 0 and (limit := spending.exhausted()):
            raise SearchStopped(limit)
        at, values = state
        here, taken = _reads(of, places, at, values)
        if all(place == len(chain) for place, chain in zip(here, of.chains, strict=True)):
            return _way(parents, state, taken)
        heads = _writes(of, places, here, values)
        # What ended first is tried first: it is the last that is put on the stack.
        for op, number in sorted(heads, key=lambda head: -of.end[head[0]]):
            place = places[op]
            moved = (*here[:number], here[number] + 1, *here[number + 1 :])
            following = (moved, (*values[:place], op, *values[place + 1 :]))
            if following not in seen:
                seen.add(following)
                parents[following] = (state, (*taken, op))
                stack.append(following)
    return None


def _way(parents: Mapping[object, tuple[object, tuple[int, ...]]], state: object, taken: Sequence[int]) -> list[int]:
    order = list(taken)
    while state in parents:
        state, steps = parents[state]
        order[:0] = steps
    return order


def _ready(of: RegisterHistory, here: Sequence[int], number: int) -> bool:
    """Whether what a chain follows is placed."""
    before = of.before[number]
    return before < 0 or here[of.chain[before]] > of.position[before]


def _handed(of: RegisterHistory, here: Sequence[int], op: int) -> bool:
    """Whether those are placed who handed a token to the client of an operation."""
    return all(here[of.chain[giver]] > of.position[giver] for giver in of.handed.get(op, ()))


def _reads(
    of: RegisterHistory, places: Sequence[int], at: Sequence[int], values: Sequence[int]
) -> tuple[tuple[int, ...], list[int]]:
    """The place of each session once all reads that can be placed are, and these reads."""
    here, taken, write, source = list(at), list[int](), of.write, of.source
    while True:
        before = len(taken)
        for number, chain in enumerate(of.chains):
            whole = len(chain)
            while here[number] < whole:
                op = chain[here[number]]
                if write[op] or source[op] != values[places[op]]:
                    break
                if not _ready(of, here, number) or not _handed(of, here, op):
                    break
                taken.append(op)
                here[number] += 1
        if len(taken) == before or not of.handed:
            return tuple(here), taken


def _writes(
    of: RegisterHistory, places: Sequence[int], here: Sequence[int], values: Sequence[int]
) -> list[tuple[int, int]]:
    """The writes that may come next, with the numbers of their chains."""
    write, found = of.write, list[tuple[int, int]]()
    free = dict[int, bool]()
    for number, (chain, at) in enumerate(zip(of.chains, here, strict=True)):
        if at == len(chain) or not write[op := chain[at]]:
            continue
        place = places[op]
        if place not in free:
            free[place] = not _still_read(of, here, values[place], of.key[op])
        if free[place] and _ready(of, here, number) and _handed(of, here, op):
            found.append((op, number))
    return found


def _still_read(of: RegisterHistory, here: Sequence[int], current: int, key: int) -> bool:
    """Whether a read that is not placed saw the value of a key that a write would overwrite."""
    return any(of.position[read] >= here[of.chain[read]] for read in of.readers().get((key, current), ()))


def objection(of: RegisterHistory, order: Sequence[int], *, by_key: bool) -> str | None:
    """The reason that an order does not show sequential consistency, or None: an independent check of what the search
    found."""
    owed = [op for chain in of.chains for op in chain]
    if len(order) != len(owed) or set(order) != set(owed):
        return "an operation is missing, or stands there twice"
    begun: dict[tuple[int, int], int] = {}
    current: dict[int, int] = {}
    placed: set[int] = set()
    for op in order:
        session = (of.session[op], of.key[op] if by_key else 0)
        if begun.get(session, -1) > of.end[op]:
            return f"{of.name(op)} stands after what came later in its session"
        begun[session] = max(begun.get(session, -1), of.start[op])
        if not by_key and any(giver not in placed for giver in of.handed.get(op, ())):
            return f"{of.name(op)} stands before what handed it a token"
        placed.add(op)
        if of.write[op]:
            current[of.key[op]] = of.value[op]
        elif current.get(of.key[op], of.initial) != of.value[op]:
            return f"{of.name(op)} returned another value than the last one written"
    return None


ENTRIES = tuple(
    CatalogueEntry(
        name, summary, (INITIAL_OPTION,),
        lambda settings, by_key=by_key: _made(settings, by_key),  # type: ignore[misc]
    )
    for name, summary, by_key in (
        ("sequential", "one order respects each session and explains each read; unique-value registers, sets", False),
        ("per-key-sequential", "the operations on each key alone are sequential; unique-value registers, sets", True),
    )
)  # fmt: skip


def _made(settings: Mapping[str, Setting], by_key: bool) -> SequentialCheck:
    return SequentialCheck(by_key, initial_of(settings["initial"]))
