"""k-atomicity (Aiyer, Alvisi, Bazzi 2005): some order of the operations of each key respects real time and lets each
read return one of the last k values written before it.

A read that k writes stand before for certain, after the write that it returned, needs more: that gives a least k
without a search. Whether it suffices, a search says: depth first over sets of placed operations, which are few where
few operations overlap. The initial value is written before all others. A write of unknown outcome may be left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.findings import SearchStopped
from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.staleness.reads import versions_behind
from splitbrain.harness.budget import BudgetMeter

LOOK_EVERY = 256
State = tuple[int, frozenset[int], tuple[int, ...]]


@dataclass(frozen=True)
class SmallestK:
    """k: the smallest that explains the history, None if none does or it is not known. least: k is at least that.
    order: of all operations, by number, for k. doubt: why k is not known. impossible: a read that no k explains."""

    k: int | None
    least: int
    order: tuple[int, ...] = ()
    doubt: str | None = None
    impossible: int | None = None
    worst: int | None = None
    """A read that needs `least`."""


def smallest_k(registers: RegisterHistory, most: int | None, spending: BudgetMeter) -> SmallestK:
    """The smallest k up to `most`, or any if that is None."""
    behind = versions_behind(registers)
    impossible = next((op for op in registers.reads() if op not in behind), None)
    if impossible is not None:
        return SmallestK(None, 1, impossible=impossible)
    worst = max(behind, key=lambda op: (behind[op], -op), default=None)
    least = 1 + (behind[worst] if worst is not None else 0)
    keys: dict[int, list[int]] = {}
    latest: dict[tuple[int, int], int] = {}
    for op in registers.reads():
        at = (registers.key[op], registers.value[op])
        latest[at] = max(latest.get(at, -1), registers.end[op])
    for op, write in enumerate(registers.write):
        # A write of unknown outcome that no read can have seen is left out.
        readable = latest.get((registers.key[op], registers.value[op]), -1) > registers.start[op]
        if not write or registers.end[op] < NEVER or readable:
            keys.setdefault(registers.key[op], []).append(op)
    k, order = least, []
    limit = most if most is not None else max(map(len, keys.values()), default=0) + 1
    for ops in keys.values():
        try:
            found = _placed(registers, ops, k, spending) if k <= limit else None
            while found is None and k < limit:
                k += 1
                found = _placed(registers, ops, k, spending)
        except SearchStopped as stopped:
            return SmallestK(None, k, doubt=f"{stopped}, in the search for an order with k={k}", worst=worst)
        if found is None:
            return SmallestK(None, max(k, limit + 1), worst=worst if least > limit else None)
        order += found
    return SmallestK(k, least, tuple(order), worst=worst)


def _placed(registers: RegisterHistory, ops: Sequence[int], k: int, spending: BudgetMeter) -> list[int] | None:
    """An order of the operations of one key, or None if there is none; SearchStopped if that is not known.

    ops: in order of invocation. A state is the number of the first operation not placed, the placed ones after it, and
    the last k values. A read that can be placed is placed at once: it changes nothing.
    """
    ends = [registers.end[op] for op in ops]
    starts = [registers.start[op] for op in ops]
    begin: State = (0, frozenset[int](), (registers.initial,))
    seen = {begin}
    stack: list[State] = [begin]
    parents: dict[object, tuple[object, tuple[int, ...]]] = {}
    while stack:
        state = stack.pop()
        spending.configurations += 1
        if spending.configurations % LOOK_EVERY == 0 and (limit := spending.exhausted()):
            raise SearchStopped(limit)
        first, ahead, last = state
        first, ahead, taken = _reads(registers, ops, starts, ends, first, ahead, last)
        if all(ends[at] == NEVER for at in range(first, len(ops)) if at not in ahead):
            order = list(taken)
            back: object = state
            while back in parents:
                back, steps = parents[back]
                order[:0] = steps
            return order
        for at in _minimal(starts, ends, first, ahead):
            if not registers.write[ops[at]]:
                continue
            placed = _advanced(first, ahead | {at}, len(ops))
            following: State = (placed[0], placed[1], (*last, registers.value[ops[at]])[-k:])
            if following not in seen:
                seen.add(following)
                parents[following] = (state, (*taken, ops[at]))
                stack.append(following)
    return None


def _minimal(starts: Sequence[int], ends: Sequence[int], first: int, ahead: frozenset[int]) -> list[int]:
    """What is not placed and follows nothing that is not placed."""
    found: list[int] = []
    owed = NEVER
    for at in range(first, len(starts)):
        if starts[at] > owed:
            break
        if at not in ahead:
            found.append(at)
            owed = min(owed, ends[at])
    return found


def _advanced(first: int, ahead: frozenset[int], count: int) -> tuple[int, frozenset[int]]:
    while first < count and first in ahead:
        ahead -= {first}
        first += 1
    return first, ahead


def _reads(
    registers: RegisterHistory,
    ops: Sequence[int],
    starts: Sequence[int],
    ends: Sequence[int],
    first: int,
    ahead: frozenset[int],
    last: Sequence[int],
) -> tuple[int, frozenset[int], list[int]]:
    """What is placed after all reads that can be placed now, and these reads."""
    taken: list[int] = []
    while True:
        ready = [
            at for at in _minimal(starts, ends, first, ahead)
            if not registers.write[ops[at]] and registers.value[ops[at]] in last
        ]  # fmt: skip
        if not ready:
            return first, ahead, taken
        taken += [ops[at] for at in ready]
        first, ahead = _advanced(first, ahead | set(ready), len(ops))


def objection(registers: RegisterHistory, order: Sequence[int], k: int) -> str | None:
    """Why an order does not show k-atomicity, or None: an independent check of what the search found."""
    placed: dict[int, list[int]] = {}
    for op in order:
        placed.setdefault(registers.key[op], []).append(op)
    owed = {op for op, write in enumerate(registers.write) if not write or registers.end[op] < NEVER}
    if len(set(order)) != len(order) or not owed <= set(order):
        return "an operation is missing, or stands there twice"
    for ops in placed.values():
        latest, values = -1, [registers.initial]
        for op in ops:
            if registers.end[op] < latest:
                return f"{registers.name(op)} stands after an operation that began when it had ended"
            latest = max(latest, registers.start[op])
            if registers.write[op]:
                values.append(registers.value[op])
            elif registers.value[op] not in values[-k:]:
                return f"{registers.name(op)} returned none of the last {k} values"
    return None
