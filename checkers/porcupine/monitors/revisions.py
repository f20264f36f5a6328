"""Attempt with the recorded revisions as the order, in O(n log n); if that is no linearization, the search decides.

A store that tells the revision of what it holds has told the order of its writes, of one key or of all together. Each
write takes effect at the first moment not before it, before the writes of lower revisions, and before the reads that
saw what its key held before were invoked; each read as soon as it was invoked and its write is there. Every step is
asked of the model, and every moment must be before the return. If nothing objects, that is an order, whatever the
revisions are worth; so no proof is needed here. If something does, nothing follows for a model that knows nothing of
revisions.

Where a revision was seen that no write returned, the first crashed write of that value to that key not yet taken is
taken: they never returned, so the one invoked first is as good as any other. Pitfall: operations without a revision. A
read without one, or a write, has no place in the order, and it is not tried.
"""

from collections.abc import Iterator, Sequence

from splitbrain.checkers.porcupine.model import ILLEGAL, Call
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, crashed
from splitbrain.harness.history import ABSENT, Interner

READS = frozenset({"read", "get"})
WRITES = frozenset({"write", "put", "cas"})

_Step = tuple[int, int, int, int]
"""Moment, revision, whether it is a read, operation: in this order they are carried out."""


def revisions(case: MonitorInput) -> Decision | None:
    """An object of which every operation that returned has a revision. Never an order that is not legal; never a
    core."""
    calls = [case.prepared.classes[kind] for kind in case.problem.kind]
    known = [n for n in range(len(calls)) if not crashed(case.problem, n)]
    recorded = recorded_revisions(case)
    if any(recorded[n] == ABSENT or calls[n].refused for n in known) or not all(
        call.f in READS or call.f in WRITES for call in calls
    ):
        return None
    order = RevisionOrder(case, calls)
    for operation in known:
        order.add(operation, recorded[operation])
    order.guess()
    steps = order.steps()
    state = case.model.initial
    if len({operation for _, _, _, operation in steps} & {*known}) < len(known):
        return None
    for moment, _, _, operation in steps:
        state = case.model.step(state, calls[operation])
        if state is ILLEGAL or moment >= case.problem.ret[operation]:
            return None
    return Decision([operation for _, _, _, operation in steps])


def recorded_revisions(case: MonitorInput) -> list[int]:
    """The revision of each operation, ABSENT where there is none."""
    return [case.revisions[row] for row in case.problem.row] if case.revisions else [ABSENT] * len(case.problem)


def _left(call: Call) -> object:
    """The value that a write or cas leaves."""
    argument = call.argument
    return argument[1] if call.f == "cas" and isinstance(argument, Sequence) and len(argument) == 2 else argument


class RevisionOrder:
    """Writes by revision, and the reads of each."""

    def __init__(self, case: MonitorInput, calls: Sequence[Call]) -> None:
        self._invoked, self._calls = case.problem.call, calls
        self._pool = Interner()
        self._key = [self._pool.id(call.key) for call in calls]
        self._writes: dict[int, int] = {}
        """The write of each revision."""
        self._reads: dict[tuple[int, int], list[int]] = {}
        """By key and revision."""
        self._spare: dict[tuple[int, int], list[int]] = {}
        """Crashed writes by key and value, the last first."""
        for operation in reversed(range(len(calls))):
            if crashed(case.problem, operation) and calls[operation].f in WRITES:
                name = self._key[operation], self._pool.id(_left(calls[operation]))
                self._spare.setdefault(name, []).append(operation)

    def add(self, operation: int, revision: int) -> None:
        """An operation that returned this revision."""
        if self._calls[operation].f in WRITES:
            self._writes[revision] = operation
        else:
            self._reads.setdefault((self._key[operation], revision), []).append(operation)

    def take(self, revision: int, write: int) -> None:
        """Take a crashed write as that of a revision."""
        self._writes[revision] = write

    def guess(self) -> None:
        """Take the first crashed write that fits as that of each revision that only reads tell of."""
        for (key, revision), reads in self._reads.items():
            spare = self._spare.get((key, self._pool.id(self._calls[reads[0]].result)))
            if revision not in self._writes and spare:
                self._writes[revision] = spare.pop()

    def steps(self) -> list[_Step]:
        """All in their order."""
        return sorted(self._steps())

    def _steps(self) -> Iterator[_Step]:
        moment = -1
        held: dict[int, int] = {}
        """The revision of each key."""
        for revision, write in sorted(self._writes.items()):
            key = self._key[write]
            before = self._reads.get((key, held.get(key, 0)), ())
            moment = max(moment, self._invoked[write], *(self._invoked[read] for read in before))
            held[key] = revision
            yield moment, revision, 0, write
            for read in self._reads.get((key, revision), ()):
                yield max(moment, self._invoked[read]), revision, 1, read
        written = {(self._key[write], revision) for revision, write in self._writes.items()}
        for name, reads in self._reads.items():
            if name not in written:
                for read in reads:
                    yield self._invoked[read], name[1], 1, read
