"""Cycles and ways of an order of operations, as findings and sentences."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise

from splitbrain.checkers.common.findings import Finding
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.common.session_order import link_of, reason_of, shown

Shows = Callable[[int, int], list[int]]
"""The way by which a read shows that a write comes before another one: from the first to a read that returned the
second, each operation before the next."""


class Steps:
    """Sentences of steps from operations to later ones, with all operations that they need. ops: what they name, by
    number. shows: the way that shows a step that neither a session, a read nor a token does. who: whose reads."""

    def __init__(
        self, registers: RegisterHistory, ops: Sequence[int], shows: Shows | None = None, who: str = ""
    ) -> None:
        self.registers, self.ops, self.shows, self.who = registers, list(ops), shows, who
        self.lines: list[str] = []
        self._said: set[tuple[int, int]] = set()
        self._numbers = {op: number for number, op in enumerate(self.ops)}

    def along(self, way: Sequence[int]) -> None:
        """Say each step of a way, and then what shows those that need a read."""
        pending = deque(pairwise(way))
        while pending:
            step = pending.popleft()
            if step not in self._said:
                self._said.add(step)
                pending += pairwise(self._say(*step))

    def _say(self, earlier: int, later: int) -> list[int]:
        """Say one step; the way that shows it, empty where nothing more is needed."""
        one, other = self._name(earlier), self._name(later)
        if self.shows is None or shown(self.registers, earlier, later):
            self.lines.append(reason_of(self.registers, earlier, later, (one, other)))
            return []
        way = self.shows(earlier, later)
        said = f"{one} came before {other}, for {self._name(way[-1])}{self.who} had the first in its past and returned"
        self.lines.append(f"{said} the second")
        return way

    def _name(self, op: int) -> str:
        if op not in self._numbers:
            self._numbers[op] = len(self.ops)
            self.ops.append(op)
        return f"{{{self._numbers[op]}}}"


def why_each(registers: RegisterHistory, way: Sequence[int]) -> list[str]:
    """A sentence for each step of a way."""
    steps = Steps(registers, way)
    steps.along(way)
    return steps.lines


def cyclic(
    registers: RegisterHistory, ops: list[int], name: str, shows: Shows | None = None, who: str = "", link: str = ""
) -> Finding:
    """The pattern of a cycle: each operation comes before the next, and the last before the first. shows, who: see
    `Steps`. link: what leads from one to the next where a read shows it."""
    steps = Steps(registers, ops, shows, who)
    steps.along([*ops, ops[0]])
    sentence = f"{{0}} came before itself, in a cycle of {len(ops)} operations"
    links = [(op, link_of(registers, op, ops[(place + 1) % len(ops)], link)) for place, op in enumerate(ops)]
    offending = registers.start[max(steps.ops, key=registers.start.__getitem__)]
    return Finding(registers.witness(steps.ops, sentence, offending, steps.lines, links), name)


def closed(
    registers: RegisterHistory, way: list[int], last: str, otherwise: str = "comes before"
) -> list[tuple[int, str]]:
    """A way as a cycle, each operation with what leads to the next. last: what leads from its end back to its
    beginning. otherwise: what leads where no client shows it."""
    steps = [(op, link_of(registers, op, later, otherwise)) for op, later in pairwise(way)]
    return [*steps, (way[-1], last)]
