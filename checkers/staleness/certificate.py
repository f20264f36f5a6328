"""Certificate of k-atomicity, verified: an order of operations shows that a history satisfies it."""

from collections.abc import Sequence

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import RegisterHistory

try:
    from splitbrain.checkers.staleness import orders_native
except ImportError:  # installed without a C compiler
    orders_native = None  # type: ignore[assignment]

MISSING = "an operation is missing, or stands there twice"


def objection(registers: RegisterHistory, order: Sequence[int], k: int, *, compiled: bool = True) -> str | None:
    """The reason that an order does not show k-atomicity, or None. compiled: whether the compiled twin may do the
    work."""
    if compiled and orders_native is not None:
        return _compiled_objection(registers, order, k)
    placed: dict[int, list[int]] = {}
    there = bytearray(len(registers))
    key = registers.key
    for op in order:
        if key[op] not in placed:
            placed[key[op]] = []
        placed[key[op]].append(op)
        there[op] += 1 if there[op] < 2 else 0
    owed = (not write or end < NEVER for write, end in zip(registers.write, registers.end, strict=True))
    if 2 in there or any(wanted > found for wanted, found in zip(owed, there, strict=True)):
        return MISSING
    write, value, start, end = registers.write, registers.value, registers.start, registers.end
    for ops in placed.values():
        latest, values = -1, [registers.initial]
        for op in ops:
            if end[op] < latest:
                return f"{registers.name(op)} stands after an operation that began when it had ended"
            latest = max(latest, start[op])
            if write[op]:
                values.append(value[op])
            elif value[op] != values[-1] and value[op] not in values[-k:]:
                return f"{registers.name(op)} returned none of the last {k} values"
    return None


def _compiled_objection(registers: RegisterHistory, order: Sequence[int], k: int) -> str | None:
    code, op = orders_native.objection(
        registers.write, registers.key, registers.value, registers.start, registers.end, registers.initial, order, k,
        max(registers.key, default=0) + 1,
    )  # fmt: skip
    if code == orders_native.INCOMPLETE:
        return MISSING
    if code == orders_native.EARLY:
        return f"{registers.name(op)} stands after an operation that began when it had ended"
    return f"{registers.name(op)} returned none of the last {k} values" if code == orders_native.UNEXPLAINED else None
