"""Certificates of the causal models, verified: an order of operations shows that a history satisfies a model.

Written apart from the checkers that find the orders, by the definitions alone. Each function returns what is wrong with
an order, in a sentence, or None if it is a proof.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from splitbrain.checkers.causal.columns import Columns
from splitbrain.checkers.common.registers import INITIAL, RegisterHistory

try:
    from splitbrain.checkers.causal import certificate_native
except ImportError:  # installed without a C compiler
    certificate_native = None  # type: ignore[assignment]

BEFORE = 1
"""The compiled twin's mark of an operation that stands before one that it depends on."""


def causal_objection(
    of: RegisterHistory, order: Sequence[int], *, arbitration: bool, compiled: bool = True
) -> str | None:
    """The reason that an order does not prove causal consistency, or, as the order of arbitration, causal convergence.

    It must contain each operation once and put it after its session, what it saw and who handed it a token. Then a read
    is explained if no write of its key in its past overwrote the one that it returned: none that came causally after it
    or, with arbitration, that the order puts after it. compiled: whether the compiled twin may do the work.
    """
    wanted = sorted(op for chain in of.chains for op in chain)
    if sorted(order) != wanted:
        return "an operation is missing, or stands there twice"
    if compiled and certificate_native is not None:
        check = certificate_native.OrderCheck(Columns.of(of), array("i", order), arbitration)
        while check.step(len(order)):
            pass
        if check.wrong == BEFORE:
            return f"{of.name(check.op)} stands before {of.name(check.other)}, which it depends on"
        return _overlooked(of, check.op, check.other) if check.wrong else None
    past = _Pasts(of)
    for op in order:
        wrong = past.place(op)
        if wrong is None and not of.write[op]:
            wrong = past.unexplained(op, arbitration)
        if wrong is not None:
            return wrong
    return None


class _Pasts:
    """Causal pasts of the operations of an order, one after the other: of each chain, how many operations are in it."""

    def __init__(self, of: RegisterHistory) -> None:
        self.of = of
        self.placed: dict[int, int] = {}
        self.pasts: dict[int, list[int]] = {}
        self.last: list[list[int]] = [[0] * len(of.chains) for _ in of.chains]
        self.written: dict[int, dict[int, tuple[list[int], list[int]]]] = {}
        """Key → chain → the positions of its writes there so far, and the writes."""
        self.needed = set(of.source).union(of.before, *of.handed.values())

    def place(self, op: int) -> str | None:
        """Put an operation at the end; what is missing before it, if anything."""
        of, chain = self.of, self.of.chain[op]
        if of.position[op] and of.chains[chain][of.position[op] - 1] not in self.placed:
            return f"{of.name(op)} stands before what came before it in its session"
        mine = self.last[chain]
        for earlier in _directly_before(of, op):
            if earlier not in self.placed:
                return f"{of.name(op)} stands before {of.name(earlier)}, which it depends on"
            mine = [max(pair) for pair in zip(mine, self.pasts[earlier], strict=True)]
        mine = mine[:]
        mine[chain] = of.position[op] + 1
        self.last[chain] = mine
        self.placed[op] = len(self.placed)
        if of.write[op] or op in self.needed:
            self.pasts[op] = mine
        if of.write[op]:
            positions, writes = self.written.setdefault(of.key[op], {}).setdefault(chain, ([], []))
            positions.append(of.position[op])
            writes.append(op)
        return None

    def unexplained(self, read: int, arbitration: bool) -> str | None:
        """The reason that a read that was placed just now is not explained by its past."""
        of, source, mine = self.of, self.of.source[read], self.last[self.of.chain[read]]
        for chain, (positions, writes) in self.written.get(of.key[read], {}).items():
            count = bisect_right(positions, mine[chain] - 1)
            if not count or writes[count - 1] == source:
                continue
            other = writes[count - 1]
            if source == INITIAL:
                return _overlooked(of, read, other)
            after = self.placed[other] > self.placed[source]
            if not arbitration:
                after = self.pasts[other][of.chain[source]] > of.position[source]
            if after:
                return _overlooked(of, read, other)
        return None


def _overlooked(of: RegisterHistory, read: int, other: int) -> str:
    return f"{of.name(read)} has {of.name(other)} in its past, which came after what it returned"


def view_objection(of: RegisterHistory, session: int, order: Sequence[int], *, causal: bool) -> str | None:
    """The reason that an order does not prove that a session (a chain) saw one order: of what is in the causal past of
    what it did, or, for PRAM, of all writes and its own reads."""
    placed: set[int] = set()
    current: dict[int, int] = {}
    for op in order:
        if op in placed:
            return f"{of.name(op)} stands there twice"
        own = of.chain[op] == session
        if not own and not causal and not of.write[op]:
            return f"{of.name(op)} is a read of another session"
        for earlier in _before_in_view(of, op, session, causal):
            if earlier not in placed:
                return f"{of.name(op)} stands before {of.name(earlier)}, which it depends on"
        placed.add(op)
        if of.write[op]:
            current[of.key[op]] = op
        elif own and current.get(of.key[op], INITIAL) != of.source[op]:
            return f"{of.name(op)} returned another value than the last one written"
    owed = of.chains[session]
    if not causal:
        owed = [op for chain in of.chains for op in chain if of.write[op] or of.chain[op] == session]
    missing = next((op for op in owed if op not in placed), None)
    return None if missing is None else f"{of.name(missing)} is missing"


def _before_in_view(of: RegisterHistory, op: int, session: int, causal: bool) -> Iterator[int]:
    """Operations that have to stand before an operation in an order of a session: for PRAM without reads of others."""
    previous = op
    while previous == op or (
        not causal and previous >= 0 and not of.write[previous] and of.chain[previous] != session
    ):  # fmt: skip
        chain, position = of.chains[of.chain[previous]], of.position[previous]
        previous = chain[position - 1] if position else of.before[of.chain[previous]]
    if previous >= 0:
        yield previous
    if of.source[op] >= 0 and not of.write[op]:
        yield of.source[op]
    if causal:
        yield from of.handed.get(op, ())


def _directly_before(of: RegisterHistory, op: int) -> Iterator[int]:
    """Operations that an operation depends on, beside what came before it in its chain."""
    if of.position[op] == 0 and of.before[of.chain[op]] >= 0:
        yield of.before[of.chain[op]]
    if not of.write[op] and of.source[op] >= 0:
        yield of.source[op]
    yield from of.handed.get(op, ())
