"""Attempt with the recorded revisions as the order, in O(n log n); if that is no linearization, the search decides.

A store that tells the revision of what it holds has told the order of its writes. Writes are taken in order of their
revisions, each followed by the reads that saw it, all at the earliest moments (see `monitor.ForcedSchedule`), and every
step is asked of the model. If nothing objects, that is an order, whatever the revisions are worth; so no proof is
needed here. If something does, nothing follows for a model that knows nothing of revisions.

Where a revision was seen that no write returned, the first crashed write of that value not yet taken is taken: they
never returned, so the one invoked first is as good as any other. Pitfall: operations without a revision. A read
without one, or a write, has no place in the order, and it is not tried.
"""

from collections.abc import Sequence

from splitbrain.checkers.porcupine.model import ILLEGAL, Call, State
from splitbrain.checkers.porcupine.monitors.monitor import Decision, ForcedSchedule, MonitorInput, crashed
from splitbrain.harness.history import ABSENT, Interner

READS = frozenset({"read", "get"})


def revisions(case: MonitorInput) -> Decision | None:
    """An object of which every operation that returned has a revision. Never an order that is not legal; never a
    core."""
    classes, kind = case.prepared.classes, case.problem.kind
    calls = [classes[kind[operation]] for operation in range(len(kind))]
    known = [n for n in range(len(calls)) if not crashed(case.problem, n)]
    recorded = [case.revisions[row] for row in case.problem.row] if case.revisions else [ABSENT] * len(calls)
    if any(recorded[n] == ABSENT or calls[n].refused for n in known):
        return None
    pool = Interner()
    spare: dict[int, list[int]] = {}
    for operation in reversed(range(len(calls))):
        if crashed(case.problem, operation):
            spare.setdefault(pool.id(_left(calls[operation])), []).append(operation)
    known.sort(key=lambda n: (recorded[n], calls[n].f in READS, n))
    walk = _RevisionOrder(case, calls)
    written = 0
    for operation in known:
        call = calls[operation]
        if call.f in READS and recorded[operation] != written:
            candidates = spare.get(pool.id(call.result))
            if not candidates or not walk.goes_to(candidates.pop()):
                return None
        written = recorded[operation]
        if not walk.goes_to(operation):
            return None
    return Decision(walk.schedule.order)


def _left(call: Call) -> object:
    """The value that a write or cas leaves."""
    argument = call.argument
    return argument[1] if call.f == "cas" and isinstance(argument, Sequence) and len(argument) == 2 else argument


class _RevisionOrder:
    """An order being followed, in time and by the model."""

    def __init__(self, case: MonitorInput, calls: Sequence[Call]) -> None:
        self.schedule = ForcedSchedule(case.problem)
        self._model, self._calls = case.model, calls
        self._state: State = case.model.initial

    def goes_to(self, operation: int) -> bool:
        """Whether an operation can stand next."""
        self._state = self._model.step(self._state, self._calls[operation])
        return self._state is not ILLEGAL and self.schedule.place(operation)
