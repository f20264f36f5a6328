"""Interface of monitors: a MonitorInput in, a Decision out, or None where the history is none of theirs.

Pitfall: a procedure is believed in neither direction. Its order is verified like any other (`certificate`), and its
core is searched (`confirm_core`), so a mistake costs time or says `unknown`; but a core must be one from which nothing
needed was left out, and that only its proof can say.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import Call, Model
from splitbrain.checkers.porcupine.prepare import Prepared, Problem
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT, Interner

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MonitorInput:
    """One object and all that was done to it. `problem` has the operations in order of invocation, `prepared` says what
    they mean; `ret` is NEVER for one that crashed, and the crashed pure ones are gone. revisions: those recorded, by
    row, also for a model that does not look at them; ABSENT where there is none. locate: whether `Decision.blocked` is
    asked for."""

    model: Model
    problem: Problem
    prepared: Prepared
    spending: BudgetMeter
    revisions: Sequence[int] = ()
    locate: bool = True

    def meanings(self, meaning: Callable[[Call, Interner], T | None]) -> list[T] | None:
        """Meanings of the operations, asked once a class; None as soon as one of them means nothing to the
        procedure."""
        pool, classes = Interner(), self.prepared.classes
        known: dict[int, T] = {}
        out = []
        for kind in self.problem.kind:
            found = known.get(kind)
            if found is None:
                found = meaning(classes[kind], pool)
                if found is None:
                    return None
                known[kind] = found
            out.append(found)
        return out


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision of a procedure; operations by their place in the problem.

    order: one that is legal, of all operations but crashed ones that are not needed; None if there is none. core: then
    operations that are not linearizable by themselves, and of which nothing was left out that they rest on. blocked:
    the operation of the core up to whose return they are not, if that is known.
    """

    order: Sequence[int] | None = None
    core: Sequence[int] = ()
    blocked: int = ABSENT


Procedure = Callable[[MonitorInput], Decision | None]


def refuted(core: Iterable[int]) -> Decision:
    """Decide that it is not linearizable because of these operations; absent ones (-1) are passed over."""
    return Decision(core=sorted({operation for operation in core if operation >= 0}))


class ForcedSchedule:
    """A forced order, placed at the earliest moments: an operation may take effect no sooner than it was invoked and
    than all before it, and that must be before it returned. If the order is forced, no other choice does better."""

    def __init__(self, problem: Problem) -> None:
        self._call, self._ret = problem.call, problem.ret
        self.order: list[int] = []
        self.moment = -1
        self.cause = -1
        """The operation whose invocation the moment is."""

    def place(self, operation: int) -> bool:
        """Put an operation next; whether it had not returned by then."""
        if self._call[operation] > self.moment:
            self.moment, self.cause = self._call[operation], operation
        self.order.append(operation)
        return self.moment < self._ret[operation]


def crashed(problem: Problem, operation: int) -> bool:
    """Whether nobody knows how an operation ended."""
    return problem.ret[operation] == NEVER
