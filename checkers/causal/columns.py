"""Registers as arrays of integers, for the compiled parts of the causal checkers."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

from splitbrain.checkers.common.registers import RegisterHistory

Ints = "array[int]"


@dataclass(frozen=True)
class Columns:
    """Registers, column by column. key: dense from 0. starts, flat: the chains, one after the other. more_starts,
    more: what each operation follows beside its chain and the write that it read."""

    write: bytes
    key: "array[int]"
    source: "array[int]"
    chain: "array[int]"
    position: "array[int]"
    starts: "array[int]"
    flat: "array[int]"
    more_starts: "array[int]"
    more: "array[int]"
    keys: int

    @staticmethod
    def of(registers: RegisterHistory) -> "Columns":
        """The columns of a history."""
        number: dict[int, int] = {}
        key = array("i", [number.setdefault(key, len(number)) for key in registers.key])
        more: dict[int, list[int]] = {op: list(givers) for op, givers in registers.handed.items()}
        for ops, before in zip(registers.chains, registers.before, strict=True):
            if before >= 0:
                more.setdefault(ops[0], []).append(before)
        more_starts, followed = grouped(len(registers), more)
        return Columns(
            bytes(registers.write), key, array("i", registers.source), array("i", registers.chain),
            array("i", registers.position), array("i", accumulate(map(len, registers.chains), initial=0)),
            array("i", chain.from_iterable(registers.chains)), more_starts, followed, len(number),
        )  # fmt: skip


def grouped(count: int, found: "dict[int, list[int]]") -> tuple["array[int]", "array[int]"]:
    """Lists of some of so many operations, one after the other, with the place where each begins."""
    if not found:
        return array("i", bytes(4 * (count + 1))), array("i", [0])
    lists: Iterable[Sequence[int]] = [found.get(op, ()) for op in range(count)]
    starts = array("i", accumulate(map(len, lists), initial=0))
    return starts, array("i", chain.from_iterable(lists))
