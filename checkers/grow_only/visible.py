"""Session guarantees and PRAM on grow-only sets: which adds a read had to see.

    read-your-writes      each earlier add of its session
    monotonic-reads       each add that an earlier read of its session saw
    monotonic-writes      with each add that its session saw, now or before, the earlier ones of that one's session
    writes-follow-reads   with each add that its session saw, now or before, what that one's session had seen before
    pram                  the first three at once, and no later add of its own session

Only adds to the key that is read count. Each read is judged by itself; O(reads × (elements + sessions)).
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.common.session_order import KeyWrites
from splitbrain.checkers.common.violations import Violation, Violations

OWN = "{0} came after {1} in its session"
LATER = "{1} came after {0} in its session"


def _before(of: RegisterHistory, op: int) -> tuple[int, int]:
    """The chain of the session of an operation, and how many operations of it came before."""
    before = of.before[of.chain[op]]
    if before >= 0:
        return of.chain[before], of.position[before] + 1
    return of.chain[op], of.position[op]


class SetReads:
    """The reads of a grow-only set, with the adds of each key by chain."""

    def __init__(self, of: RegisterHistory) -> None:
        self.of, self.writes = of, KeyWrites(of)
        self.reads = [op for chain in of.chains for op in chain if not of.write[op]]

    def adds_until(self, key: int, chain: int, count: int) -> Sequence[int]:
        """The adds to a key among the first so many operations of a chain."""
        positions, adds = self.writes.chains(key).get(chain, ([], []))
        return adds[: bisect_left(positions, count)]

    def adds_after(self, key: int, chain: int, position: int) -> Sequence[int]:
        """The adds to a key after a position of a chain."""
        positions, adds = self.writes.chains(key).get(chain, ([], []))
        return adds[bisect_right(positions, position) :]

    def read_your_writes(self) -> Violations:
        """Violations of reading one's own adds."""
        out = Violations()
        for read in self.reads:
            own = self.adds_until(self.of.key[read], *_before(self.of, read))
            if own:
                out.note(self._missing(read, own, (), (OWN,)))
        return out

    def monotonic_reads(self) -> Violations:
        """Violations of seeing again what the session saw."""
        out = Violations()
        for ops in self.of.chains:
            known: dict[int, dict[int, int]] = defaultdict(dict)
            for op in ops:
                if self.of.write[op]:
                    continue
                of_key = known[self.of.key[op]]
                if of_key:
                    seen = set(self.of.seen[op])
                    missed = next((add for add in of_key if add not in seen), None)
                    why = ("{2}, earlier in the session, saw {1}",)
                    out.note(None if missed is None else Violation(op, missed, (of_key[missed],), why))
                for add in self.of.seen[op]:
                    of_key.setdefault(add, op)
        return out

    def monotonic_writes(self) -> Violations:
        """Violations of seeing the earlier adds of a session."""
        out = Violations()
        for read, latest in self._latest():
            key = self.of.key[read]
            if any(self.adds_until(key, chain, count) for chain, (count, _, _) in latest.items()):
                out.note(next(self._unordered(read, latest), None))
        return out

    def _latest(self) -> Iterator[tuple[int, dict[int, tuple[int, int, int]]]]:
        """Each read whose session has seen adds, with chain → how many operations of that one's session came before
        the latest of them, this add, and the read that saw it."""
        for ops in self.of.chains:
            latest: dict[int, tuple[int, int, int]] = {}
            for op in ops:
                if self.of.write[op]:
                    continue
                for add in self.of.seen[op]:
                    chain, count = _before(self.of, add)
                    if chain not in latest or latest[chain][0] < count:
                        latest[chain] = (count, add, op)
                if latest:
                    yield op, latest

    def _unordered(self, read: int, latest: dict[int, tuple[int, int, int]]) -> Iterator[Violation]:
        for chain, (count, add, by) in latest.items():
            owed = self.adds_until(self.of.key[read], chain, count)
            found = self._missing(read, owed, (add, by), ("{1} came before {2} in its session", "{3} saw {2}"))
            if found is not None:
                yield found

    def writes_follow_reads(self) -> Violations:
        """Violations of seeing what the author of an add had seen."""
        out, known = Violations(), self._known()
        for read, latest in self._latest():
            first = {chain: known.get((chain, self.of.key[read]), ((NEVER, 0, 0),))[0][0] for chain in latest}
            if any(first[chain] < count for chain, (count, _, _) in latest.items()):
                out.note(next(self._unfollowed(read, latest, known), None))
        return out

    def _known(self) -> dict[tuple[int, int], list[tuple[int, int, int]]]:
        """Chain and key → (position, read, add) for each first read of an add there, in order."""
        found: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
        for number, ops in enumerate(self.of.chains):
            known: set[int] = set()
            for position, op in enumerate(ops):
                fresh = [] if self.of.write[op] else [add for add in self.of.seen[op] if add not in known]
                known.update(fresh)
                for add in fresh:
                    found[number, self.of.key[op]].append((position, op, add))
        return found

    def _unfollowed(
        self,
        read: int,
        latest: dict[int, tuple[int, int, int]],
        known: dict[tuple[int, int], list[tuple[int, int, int]]],
    ) -> Iterator[Violation]:
        seen = set(self.of.seen[read])
        for chain, (count, add, by) in latest.items():
            for position, author, earlier in known.get((chain, self.of.key[read]), ()):
                if position >= count:
                    break
                if earlier not in seen:
                    why = ("{4} saw {1} before {2} in its session", "{3} saw {2}")
                    yield Violation(read, earlier, (add, by, author), why)

    def pram(self) -> Violations:
        """The adds and reads that no order of all adds explains for the session of a read."""
        for violations in (self.read_your_writes(), self.monotonic_reads(), self.monotonic_writes()):
            if violations.first is not None:
                return violations
        out = Violations(judged=len(self.reads))
        for read in self.reads:
            seen = set(self.of.seen[read])
            later = self.adds_after(self.of.key[read], self.of.chain[read], self.of.position[read])
            early = next((add for add in later if add in seen), None)
            if early is not None:
                out.first, out.count = Violation(read, early, (), (LATER,)), 1
                return out
        return out

    def _missing(
        self, read: int, owed: Sequence[int], through: tuple[int, ...], why: tuple[str, ...]
    ) -> Violation | None:
        seen = set(self.of.seen[read])
        missed = next((add for add in owed if add not in seen), None)
        return None if missed is None else Violation(read, missed, through, why)
