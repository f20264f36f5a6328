"""Monitor of stores that tell revisions: the revisions seen are the order of the writes, and crashed writes are matched
to those that no write returned.

Every write that returned has a place in the order, and so has every read. A revision of which only reads tell, or
which nobody saw though each change raises the revision by one, is that of a crashed write: of the value that was seen,
or of any. Let the *latest* of a revision be the first return of what saw it, or a greater one: it was there by then.
What must have been invoked before a write takes effect is the write, and the reads of what its key held before. All
that must be before the latest of its revision; and if it is, each write takes effect as early as it can.

Which key held what before a revision that nobody saw depends on no other of these: had another write of that key been
there in between, the reads would be before that one, which is before this. So whether a crashed write may have a
revision depends on the two alone, and there is an order if and only if there is a matching in which each such revision
has a write of its own. Crashed writes that are not matched did not happen.

Pitfall: where one revision is counted upon to follow another, leaving out any operation that returned opens a gap. So
the core is everything.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import Call
from splitbrain.checkers.porcupine.monitors.matching import matched
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, crashed
from splitbrain.checkers.porcupine.monitors.revisions import READS, RevisionOrder, recorded_revisions
from splitbrain.harness.history import ABSENT, Interner
from splitbrain.harness.operation import Value

WRITES = frozenset({"write", "put"})
PAIRS_MAX = 1_000_000
"""Pairs of a revision without a write and a crashed write that are looked at."""


@dataclass
class _Revision:
    """All that was seen of a revision. key, value: ids, ABSENT as long as nobody saw it. write: the operation that
    returned it. latest: when it was there at the latest, seen from it alone, and by which operation that is known.
    read: the last invocation of a read that saw it."""

    key: int = ABSENT
    value: int = ABSENT
    write: int = ABSENT
    latest: int = NEVER
    told_by: int = ABSENT
    read: int = -1

    def seen(self, key: int, value: int, operation: int, returned: int) -> bool:
        """Take in what an operation saw; whether it agrees with what was seen before."""
        if self.key == ABSENT:
            self.key, self.value = key, value
        if returned < self.latest:
            self.latest, self.told_by = returned, operation
        return (self.key, self.value) == (key, value)


def revision_order(case: MonitorInput, *, initial: Value, exact: bool) -> Decision | None:
    """Reads and writes of keys that begin with one value, with revisions that rise with every write. exact: each raises
    them by one."""
    calls = [case.prepared.classes[kind] for kind in case.problem.kind]
    recorded = recorded_revisions(case)
    for operation, call in enumerate(calls):
        returned, write = not crashed(case.problem, operation), call.f in WRITES
        if call.refused or not (write or call.f in READS):
            return None
        if returned and (recorded[operation] == ABSENT or (write and recorded[operation] == 0)):
            return None
    return _RevisionMatching(case, calls, recorded, initial).decided(exact)


@dataclass
class _RevisionMatching:
    """The revisions, and the crashed writes that may have some of them."""

    case: MonitorInput
    calls: list[Call]
    recorded: list[int]
    initial: Value
    pool: Interner = field(default_factory=Interner)
    revisions: dict[int, _Revision] = field(default_factory=dict)
    unwritten: dict[int, int] = field(default_factory=dict)
    """By key, the last invocation of a read that found it as it was at first."""
    by_key: dict[int, list[int]] = field(default_factory=dict)
    """The revisions of each key that were seen, in order."""
    latest: dict[int, int] = field(default_factory=dict)
    """The moment at which each revision was there at the latest."""

    def decided(self, exact: bool) -> Decision | None:
        """The order, or that there is none; None where that would take too long."""
        wrong = self._contradiction()
        if wrong != ABSENT:
            return self._refuted(wrong)
        known = sorted(self.revisions)
        if exact and known:
            if known[-1] - known[0] >= len(self.calls):
                return self._refuted(self.revisions[known[-1]].told_by)
            for revision in range(known[0], known[-1]):
                self.revisions.setdefault(revision, _Revision())
        late = self._late()
        if late != ABSENT:
            return self._refuted(late)
        return self._match()

    def _contradiction(self) -> int:
        """An operation whose answer contradicts another, or that no write accounts for; ABSENT if there is none."""
        initial = self.pool.id(self.initial)
        for operation, (call, revision) in enumerate(zip(self.calls, self.recorded, strict=True)):
            if crashed(self.case.problem, operation):
                continue
            key, write = self.pool.id(call.key), call.f in WRITES
            value = self.pool.id(call.argument if write else call.result)
            if revision <= 0:
                if write or revision < 0 or value != initial:
                    return operation
                self.unwritten[key] = max(self.unwritten.get(key, -1), self.case.problem.call[operation])
                continue
            known = self.revisions.setdefault(revision, _Revision())
            if not known.seen(key, value, operation, self.case.problem.ret[operation]):
                return operation
            if write and known.write != ABSENT:
                return operation
            if write:
                known.write = operation
            else:
                known.read = max(known.read, self.case.problem.call[operation])
        return ABSENT

    def _late(self) -> int:
        """The operation that saw a revision before what must come before; ABSENT if there is none."""
        for revision in sorted(self.revisions):
            key = self.revisions[revision].key
            if key != ABSENT:
                self.by_key.setdefault(key, []).append(revision)
        latest, told_by = NEVER, ABSENT
        for revision in sorted(self.revisions, reverse=True):
            known = self.revisions[revision]
            if known.latest < latest:
                latest, told_by = known.latest, known.told_by
            self.latest[revision] = latest
            if known.key != ABSENT and self._before(known.key, revision, known.write) >= latest:
                return told_by
        return ABSENT

    def _before(self, key: int, revision: int, write: int) -> int:
        """The last invocation before which a write of this key cannot have this revision."""
        known = self.by_key.get(key, ())
        place = bisect_left(known, revision)
        read = self.revisions[known[place - 1]].read if place else self.unwritten.get(key, -1)
        return max(read, self.case.problem.call[write] if write != ABSENT else -1)

    def _match(self) -> Decision | None:
        """The decision once only the crashed writes are to be chosen."""
        wanted = [revision for revision in sorted(self.revisions) if self.revisions[revision].write == ABSENT]
        spare = [n for n in range(len(self.calls)) if crashed(self.case.problem, n) and self.calls[n].f in WRITES]
        if len(wanted) * len(spare) > PAIRS_MAX:
            return None
        names = [(self.pool.id(self.calls[n].key), self.pool.id(self.calls[n].argument)) for n in spare]
        able = [self._able(revision, spare, names) for revision in wanted]
        matching = matched(able, lambda: self.case.spending.exhausted() is not None)
        if matching is None:
            return None
        found, lacking = matching
        if lacking != ABSENT:
            return self._refuted(self._told_by(wanted[lacking]))
        order = RevisionOrder(self.case, self.calls)
        for operation, revision in enumerate(self.recorded):
            if not crashed(self.case.problem, operation):
                order.add(operation, revision)
        for revision, place in zip(wanted, found, strict=True):
            order.take(revision, spare[place])
        return Decision([operation for _, _, _, operation in order.steps()])

    def _able(self, revision: int, spare: Sequence[int], names: Sequence[tuple[int, int]]) -> list[int]:
        """The places of the crashed writes that may have a revision."""
        known, latest = self.revisions[revision], self.latest[revision]
        return [
            place
            for place, (write, name) in enumerate(zip(spare, names, strict=True))
            if known.key == ABSENT or name == (known.key, known.value)
            if self._before(name[0], revision, write) < latest
        ]

    def _told_by(self, revision: int) -> int:
        """The operation that saw a revision, or a greater one, first."""
        greater = (known for number, known in self.revisions.items() if number >= revision)
        return min(greater, key=lambda known: known.latest).told_by

    def _refuted(self, blocked: int) -> Decision:
        return Decision(core=range(len(self.calls)), blocked=blocked)
