"""Monitor of stacks whose elements repeat: all contents that the stack may have are followed at once.

A pop says which value was on top, and not which push it was: that shows when the stack is emptied so far, hundreds of
operations later. A search that holds one content at a time has to guess it; here nothing is guessed.

- *A configuration* is which of the open operations took effect; those that returned all did. At each return the open
  operations take effect one after the other, in all orders, until the one that returns has (Lowe, "Testing for
  linearizability", 2017: just in time).
- *All contents* that a configuration may have, by whatever order, are one set (`StackSets`), and two ways to one
  configuration unite. An order exists if a configuration is left at the end; it is read off backwards.
- *Of two open operations that do the same*, the one that returns first goes first: exchanged in a legal order, the two
  leave it legal. A crashed push goes behind those that returned. A crashed pop takes whatever is on top.

Every order is tried, so that none is left refutes. Pitfall: many open operations, crashed ones above all, make too many
configurations; then nothing is said.

All calls about one value can go together (`models.stack.parts`), so a part of the values that is refuted is a core.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, Procedure
from splitbrain.checkers.porcupine.monitors.queue_contents import ANYTHING, NOTHING, ContainerNames, said
from splitbrain.checkers.porcupine.monitors.restarts import few_values
from splitbrain.checkers.porcupine.monitors.stack_sets import EMPTY, NONE, Content, StackSets
from splitbrain.harness.operation import Value

COST_MAX, PARTS_COST_MAX = 800_000, 400_000
"""Operations that take effect in some configuration, and sets that are made for it: of all values, and of all parts of
them together. Some seconds, after which the search goes on."""

Meaning = tuple[bool, int]
"""An operation: is it a push, and its value; NOTHING, ANYTHING."""
Sets = dict[int, int]
"""Open operations that took effect, as bits → the set of contents."""


def repeating_stack_monitor(push: str, pop: str, empty: Value) -> Procedure:
    """The procedure for a stack with these operations, of which `pop` returns `empty` when there is nothing."""
    names = ContainerNames(push, pop, empty)

    def procedure(case: MonitorInput) -> Decision | None:
        found = said(case, names)
        if found is None or not any(not is_push and value != ANYTHING for is_push, value in found):
            return None
        whole = _Followed(case, found, None, COST_MAX)
        if whole.complete:
            return Decision(order=whole.order())
        part = _refuted_part(case, found)
        return part.refuting() if part is not None else whole.refuting() if whole.refuted else None

    return procedure


def _refuted_part(case: MonitorInput, found: list[Meaning]) -> "_Followed | None":
    """A value, or a pair of values, whose operations are refuted by themselves."""
    left = PARTS_COST_MAX
    for values in few_values(value for _, value in found if value >= 0):
        part = _Followed(case, found, values, left)
        if part.refuted:
            return part
        left -= part.cost
        if left <= 0 or case.spending.exhausted():
            break
    return None


@dataclass(slots=True)
class _Return:
    """A return, and what was met at it. operation, bit: which one. open: its bit → each open operation. before: sets
    that were left by the return before. met: sets of all configurations in which it had not taken effect yet."""

    operation: int
    bit: int
    open: dict[int, int]
    before: Sets
    met: Sets = field(default_factory=dict)


class _Followed:
    """The configurations of the operations about some values (None: all), from return to return.

    most: what it may cost. complete: whether one is left behind the last return. refuted: whether none is left behind
    one."""

    def __init__(self, case: MonitorInput, found: list[Meaning], values: frozenset[int] | None, most: int) -> None:
        self.case, self.found, self.most = case, found, most
        self.sets = StackSets()
        self.operations = [o for o, (_, value) in enumerate(found) if values is None or value < 0 or value in values]
        self.returns: list[_Return] = []
        self.last: Sets = {0: EMPTY}
        self.steps = 0
        self.complete = self._follow()
        self.refuted = not self.last and not self._spent()

    @property
    def cost(self) -> int:
        """The steps that were taken, and sets that were made."""
        return self.steps + len(self.sets)

    def _spent(self) -> bool:
        return self.cost > self.most or bool(self.case.spending.exhausted())

    def _follow(self) -> bool:
        call, ret = self.case.problem.call, self.case.problem.ret
        moments = sorted(
            [(call[o], o, True) for o in self.operations]
            + [(ret[o], o, False) for o in self.operations if ret[o] != NEVER]
        )
        open_bits: dict[int, int] = {}
        free, made = list[int](), 0
        for _, operation, begins in moments:
            if begins:
                if not free:
                    free, made = [made], made + 1
                open_bits[operation] = 1 << free.pop()
                continue
            bit = open_bits[operation]
            at = _Return(operation, bit, {bit: one for one, bit in open_bits.items()}, self.last)
            self.returns.append(at)
            self.last = self._taken(at)
            if not self.last or self._spent():
                return False
            free.append(bit.bit_length() - 1)
            del open_bits[operation]
        return True

    def _taken(self, at: _Return) -> Sets:
        """The sets in which the operation that returns took effect; without its bit, which is free again."""
        done: Sets = {}
        levels: dict[int, Sets] = {}
        for taken, contents in at.before.items():
            if taken & at.bit:
                done[taken ^ at.bit] = contents
            else:
                levels.setdefault(taken.bit_count(), {})[taken] = contents
        groups = self._groups(at)
        count = min(levels, default=0)
        while levels and not self._spent():
            level = levels.pop(count, {})
            at.met.update(level)
            count += 1
            for taken, contents in level.items():
                for bit, one in self._next(groups, taken):
                    self.steps += 1
                    after = self._step(contents, one)
                    if after == NONE:
                        continue
                    into = done if bit == at.bit else levels.setdefault(count, {})
                    key = taken if bit == at.bit else taken | bit
                    into[key] = self.sets.union(into[key], after) if key in into else after
        return done

    def _groups(self, at: _Return) -> list[list[tuple[int, int]]]:
        """The open operations, bit and operation, by what they do, each in order of return."""
        groups: dict[Meaning, list[tuple[int, int]]] = {}
        ret = self.case.problem.ret
        for bit, one in sorted(at.open.items(), key=lambda item: (ret[item[1]], item[1])):
            groups.setdefault(self.found[one], []).append((bit, one))
        return list(groups.values())

    def _next(self, groups: list[list[tuple[int, int]]], taken: int) -> Iterator[tuple[int, int]]:
        for group in groups:
            for bit, one in group:
                if not taken & bit:
                    yield bit, one
                    break

    def _step(self, contents: int, operation: int) -> int:
        is_push, value = self.found[operation]
        if is_push:
            return self.sets.pushed(contents, value)
        if value == NOTHING:
            return EMPTY if self.sets.may_be_empty(contents) else NONE
        return self.sets.popped_any(contents) if value == ANYTHING else self.sets.popped(contents, value)

    def order(self) -> list[int]:
        """A legal order, read off backwards from a content that the stack may have in the end."""
        taken, contents = next(iter(self.last.items()))
        content = self.sets.some(contents)
        order: list[int] = []
        for at in reversed(self.returns):
            if self.sets.holds(at.before.get(taken | at.bit, NONE), content):
                taken |= at.bit  # it had taken effect before
                continue
            content = self._undone(at.operation, content, at.met[taken])
            order.append(at.operation)
            while not self.sets.holds(at.before.get(taken, NONE), content):
                bit, operation = next(
                    (bit, one)
                    for bit, one in at.open.items()
                    if taken & bit and self._could_be_undone(one, content, at.met.get(taken ^ bit, NONE))
                )
                content = self._undone(operation, content, at.met[taken ^ bit])
                taken ^= bit
                order.append(operation)
        return order[::-1]

    def _could_be_undone(self, operation: int, content: Content, before: int) -> bool:
        """Whether an operation leads to a content from one of those before."""
        return any(self.sets.holds(before, one) for one in self._undoings(operation, content, before))

    def _undone(self, operation: int, content: Content, before: int) -> Content:
        """The content before an operation that led to this one."""
        return next(one for one in self._undoings(operation, content, before) if self.sets.holds(before, one))

    def _undoings(self, operation: int, content: Content, before: int) -> Iterator[Content]:
        is_push, value = self.found[operation]
        if is_push:
            if content[:1] == (value,):
                yield content[1:]
        elif value == NOTHING:
            if not content:
                yield content
        else:
            for top in self.sets.tops(before) if value == ANYTHING else (value,):
                yield (top, *content)

    def refuting(self) -> Decision:
        """The decision that no order exists, by all that was invoked before the return at which none was left."""
        blocked = self.returns[-1].operation
        call, until = self.case.problem.call, self.case.problem.ret[blocked]
        return Decision(core=[o for o in self.operations if call[o] < until], blocked=blocked)
