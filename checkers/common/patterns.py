"""Cycles and ways of an order of operations, as findings and sentences."""

from itertools import pairwise

from splitbrain.checkers.common.findings import Finding
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.common.session_order import link_of, reason_of


def why_each(registers: RegisterHistory, way: list[int]) -> list[str]:
    """A sentence for each step of a way."""
    names = [f"{{{place}}}" for place in range(len(way))]
    return [reason_of(registers, way[place], way[place + 1], names[place : place + 2]) for place in range(len(way) - 1)]


def cyclic(registers: RegisterHistory, ops: list[int], name: str, why: str = "") -> Finding:
    """The pattern of a cycle: each operation comes before the next, and the last before the first. why: what orders
    writes besides sessions and reads-from."""
    steps = []
    for place, op in enumerate(ops):
        after = (place + 1) % len(ops)
        names = (f"{{{place}}}", f"{{{after}}}")
        later = ops[after]
        known = registers.source[later] == op or registers.chain[op] == registers.chain[later]
        if known or op in registers.handed.get(later, ()) or not why:
            steps.append(reason_of(registers, op, later, names))
        else:
            steps.append(f"{names[0]} came before {names[1]}: {why}")
    sentence = f"{{0}} came before itself, in a cycle of {len(ops)} operations"
    links = [(op, link_of(registers, op, ops[(place + 1) % len(ops)])) for place, op in enumerate(ops)]
    return Finding(registers.witness(ops, sentence, registers.start[ops[0]], steps, links), name)


def closed(
    registers: RegisterHistory, way: list[int], last: str, otherwise: str = "comes before"
) -> list[tuple[int, str]]:
    """A way as a cycle, each operation with what leads to the next. last: what leads from its end back to its
    beginning. otherwise: what leads where no client shows it."""
    steps = [(op, link_of(registers, op, later, otherwise)) for op, later in pairwise(way)]
    return [*steps, (way[-1], last)]
