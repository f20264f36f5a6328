"""Session order of registers: topological order of operations, clocks, and the writes of each key by session.

A clock is a list with, for each chain of a `RegisterHistory`, the position of its last operation that is known to come
before or at an operation, or -1: relations that contain the order of each chain have pasts that are prefixes of chains.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from splitbrain.checkers.common.registers import RegisterHistory

Clock = list[int]
Needs = Callable[[int], Iterable[int]]
"""The operations, of other chains, that must come before one."""


class KeyWrites:
    """The writes of each key: chain by chain, in order."""

    def __init__(self, registers: RegisterHistory) -> None:
        self._found: dict[int, dict[int, tuple[list[int], list[int]]]] = {}
        for chain, ops in enumerate(registers.chains):
            for position, op in enumerate(ops):
                if registers.write[op]:
                    of_key = self._found.setdefault(registers.key[op], {})
                    positions, writes = of_key.setdefault(chain, ([], []))
                    positions.append(position)
                    writes.append(op)

    def latest(self, key: int, clock: Sequence[int]) -> Iterator[int]:
        """The last write of a key in each chain that a clock covers."""
        for chain, (positions, writes) in self._found.get(key, {}).items():
            at = bisect_right(positions, clock[chain])
            if at:
                yield writes[at - 1]

    def last_until(self, key: int, chain: int, position: int) -> int:
        """The last write of a key in a chain at or before a position; -1 if there is none."""
        positions, writes = self._found.get(key, {}).get(chain, ([], []))
        at = bisect_right(positions, position)
        return writes[at - 1] if at else -1

    def chains(self, key: int) -> dict[int, tuple[list[int], list[int]]]:
        """Chain → positions and operations of the writes of a key."""
        return self._found.get(key, {})


def ordered(registers: RegisterHistory, chains: Sequence[Sequence[int]], needs: Needs) -> tuple[list[int], list[int]]:
    """A topological order of the operations of these chains, as far as there is one, and the first operation of each
    chain that cannot be placed: none if there is no cycle."""
    order: list[int] = []
    done = bytearray(len(registers))
    waiting: dict[int, list[int]] = {}
    at = [0] * len(chains)
    ready = list(range(len(chains)))
    while ready:
        number = ready.pop()
        chain, here = chains[number], at[number]
        while here < len(chain):
            op = chain[here]
            need = next((need for need in needs(op) if not done[need]), None)
            if need is not None:
                waiting.setdefault(need, []).append(number)
                break
            done[op] = 1
            order.append(op)
            here += 1
            if op in waiting:
                ready += waiting.pop(op)
        at[number] = here
    return order, [chain[here] for chain, here in zip(chains, at, strict=True) if here < len(chain)]


def cycle(registers: RegisterHistory, order: Sequence[int], stuck: Sequence[int], needs: Needs) -> list[int]:
    """A cycle among operations that `ordered` could not place: each comes before the next, and the last before the
    first."""
    done = set(order)
    head_of = {registers.chain[op]: op for op in stuck}
    seen: dict[int, int] = {}
    path: list[int] = []
    op = stuck[0]
    while op not in seen:
        seen[op] = len(path)
        need = next(need for need in needs(op) if need not in done)
        path += [op, need]
        op = head_of[registers.chain[need]]
    found = path[seen[op] :][::-1]
    return [op for place, op in enumerate(found) if op != found[place - 1]]


def path(registers: RegisterHistory, start: int, ends: Iterable[int], needs: Needs | None = None) -> list[int]:
    """A shortest way from an operation to one of others, in steps from any operation to a later one of its session and
    from those that must come before one, both ends among it; it must exist. needs: `foreign`, if None."""
    came: dict[int, int] = {end: end for end in ends}
    reached: dict[int, int] = {}
    front = list(came)
    while start not in came:
        assert front, "there is a way"
        following = []
        for op in front:
            chain, position = registers.chain[op], registers.position[op]
            known = reached.get(chain, 0)
            reached[chain] = max(known, position)
            others = foreign(registers, op) if needs is None else needs(op)
            for earlier in (*registers.chains[chain][known:position], *others):
                if earlier not in came:
                    came[earlier] = op
                    following.append(earlier)
        front = following
    way = [start]
    while came[way[-1]] != way[-1]:
        way.append(came[way[-1]])
    return way


def foreign(registers: RegisterHistory, op: int, *, tokens: bool = True) -> Iterator[int]:
    """Operations directly before an operation, from other chains: the writes that it read, and those whose tokens it
    was handed. tokens: whether these count."""
    if registers.position[op] == 0 and registers.before[registers.chain[op]] >= 0:
        yield registers.before[registers.chain[op]]
    if registers.source[op] >= 0:
        yield registers.source[op]
    if registers.seen:
        yield from registers.seen.get(op, ())
    if tokens and registers.handed:
        yield from registers.handed.get(op, ())


def shown(registers: RegisterHistory, earlier: int, later: int) -> bool:
    """Whether a session, a read or a token shows that an operation comes before another."""
    return link_of(registers, earlier, later, "") != ""


def reason_of(registers: RegisterHistory, earlier: int, later: int, names: Sequence[str]) -> str:
    """The reason that an operation comes directly before another. names: what to call both."""
    if _seen(registers, earlier, later):
        return f"{names[1]} saw {names[0]}"
    if earlier in registers.handed.get(later, ()):
        return f"{names[0]} handed a token to the client of {names[1]}"
    return f"{names[0]} came before {names[1]} in its session"


def link_of(registers: RegisterHistory, earlier: int, later: int, otherwise: str = "comes before") -> str:
    """The verb that leads from an operation to one that comes after it. otherwise: where no client shows it."""
    if _seen(registers, earlier, later):
        return "was seen by"
    if earlier in registers.handed.get(later, ()):
        return "handed a token to the client of"
    same = registers.session[earlier] == registers.session[later] and registers.end[earlier] < registers.start[later]
    return "came, in its session, before" if same else otherwise


def _seen(registers: RegisterHistory, earlier: int, later: int) -> bool:
    """Whether an operation is a read of what another wrote."""
    read = not registers.write[later]
    return read and (registers.source[later] == earlier or earlier in registers.seen.get(later, ()))
