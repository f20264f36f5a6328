"""Overwritten writes: those that another acknowledged write of their key comes after in causal order.

Causal order is the transitive closure of session order and reads-from, with tokens that clients were handed: the
happens-before of Burckhardt, "Principles of Eventual Consistency" (2014), which arbitration respects (his causal
arbitration), so that the write that wins is one of the last concurrent ones. Writes that did not know of each other may
win either way, also where one of them had ended before the other began. A read of what had not begun to be written
tells no order.
"""

from collections.abc import Iterable, Mapping

from splitbrain.checkers.common.findings import SearchStopped
from splitbrain.checkers.common.per_key import LOOK_EVERY, NEVER
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.common.session_order import foreign
from splitbrain.harness.budget import BudgetMeter


def rivals(of: RegisterHistory, writes: Iterable[int]) -> dict[int, list[int]]:
    """Write → the acknowledged writes of its key that may come after it in causal order: those that began later."""
    asked: dict[int, list[int]] = {}
    for write in writes:
        asked.setdefault(of.key[write], []).append(write)
    found: dict[int, list[int]] = {write: [] for of_key in asked.values() for write in of_key}
    for other in of.writes():
        if of.end[other] < NEVER:
            for write in asked.get(of.key[other], ()):
                if other > write:
                    found[write].append(other)
    return found


def overwritten(of: RegisterHistory, asked: Mapping[int, list[int]], spending: BudgetMeter) -> dict[int, int]:
    """Write → the first of its rivals that comes after it in causal order, for those that have one. SearchStopped at
    the end of the budget.

    One pass: of each operation, a bit for each write in question that comes before it. An order in which writes stand
    where they began, and reads where they ended, respects causal order.
    """
    contested = [write for write, others in asked.items() if others]
    if not contested:
        return {}
    bit = {write: 1 << place for place, write in enumerate(contested)}
    since = of.start[min(contested)]
    end, start, chain = of.end, of.start, of.chain
    ops = [op for ops in of.chains for op in ops if end[op] >= since]
    ops.sort(key=lambda op: start[op] if of.write[op] else end[op])
    past: dict[int, int] = {}
    running = [0] * len(of.chains)
    for count, op in enumerate(ops):
        if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
            raise SearchStopped(limit)
        before = running[chain[op]]
        for earlier in foreign(of, op):
            before |= past.get(earlier, 0)  # 0 for a write that begins only after the read of its value has ended
        before |= bit.get(op, 0)
        running[chain[op]] = before
        if before:
            past[op] = before
    after = {
        write: next((other for other in asked[write] if past.get(other, 0) & bit[write]), None) for write in contested
    }
    return {write: other for write, other in after.items() if other is not None}
