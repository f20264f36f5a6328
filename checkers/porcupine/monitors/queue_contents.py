"""Contents of containers of different elements: which operation put each in, and which took it out.

Shared by the monitors of queues, stacks and priority queues. A crashed put that nobody took is left out; one whose
element was taken did happen, and never returned.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import UNSEEN, Call
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, crashed, refuted
from splitbrain.checkers.porcupine.prepare import Problem
from splitbrain.harness.history import Interner
from splitbrain.harness.operation import Value

NOTHING = -1
"""In place of the value of a take that found nothing."""
ANYTHING = -2
"""In place of the value of a take of unknown end."""


class ContainerNames(NamedTuple):
    """The operations of a container, and what `take` returns when there is nothing."""

    put: str
    take: str
    empty: Value


@dataclass(slots=True)
class QueueElement:
    """Something put in (operation `put`) and taken out (`take`, or -1 if never): when these were invoked and returned.

    put_end is no later than take_end, and take_begin no earlier than put_begin.
    """

    put: int
    take: int
    put_begin: int
    put_end: int
    take_begin: int
    take_end: int

    def operations(self) -> tuple[int, int]:
        return self.put, self.take


@dataclass(slots=True)
class Contents:
    """The elements, in order of being put in, the takes that found nothing, and those of unknown end in order of
    invocation; or what refutes at once. guessed: whether a value was put in more than once, so that which put goes with
    which take is a guess, and refutes nothing."""

    elements: list[QueueElement]
    empty: list[int]
    crashed_takes: list[int]
    guessed: bool = False
    refuted: Decision | None = None


def contents(case: MonitorInput, names: ContainerNames, *, newest: bool = False) -> Contents | None:
    """The contents of a history of puts and takes; None if there are other operations, if the value that means empty is
    put in, or if no guess fits. newest: whether of equal values the one that was put in last is the one to take."""
    found = said(case, names)
    if found is None:
        return None
    puts: dict[int, list[int]] = {}
    takes: dict[int, list[int]] = {}
    out = Contents([], [], [])
    for operation, (is_put, value) in enumerate(found):
        if is_put:
            puts.setdefault(value, []).append(operation)
        elif value == NOTHING:
            out.empty.append(operation)
        elif value == ANYTHING:
            out.crashed_takes.append(operation)
        else:
            takes.setdefault(value, []).append(operation)
    pairs: dict[int, int] = {}
    for value, taken in takes.items():
        given = puts.get(value, [])
        out.guessed |= len(given) > 1
        if not _paired(case.problem, given, taken, newest, pairs):
            if len(given) > 1 and len(given) >= len(taken):
                return None
            out.refuted = refuted((*given, *taken))
            return out
    out.guessed |= any(len(given) > 1 for given in puts.values())
    out.elements = [
        element_of(case.problem, operation, pairs.get(operation, -1))
        for operation, (is_put, _) in enumerate(found)
        if is_put and (operation in pairs or not crashed(case.problem, operation))
    ]
    return out


def _paired(problem: Problem, puts: list[int], takes: list[int], newest: bool, pairs: dict[int, int]) -> bool:
    """Give each take of a value a put of it that was invoked before it returned; whether there is one for each."""
    lacking = len(takes) - sum(not crashed(problem, put) for put in puts)
    free = []
    for put in puts:
        if not crashed(problem, put) or lacking > 0:
            lacking -= crashed(problem, put)
            free.append(put)
    free.reverse()
    fitting: deque[int] = deque()
    for take in sorted(takes, key=problem.ret.__getitem__):
        while free and problem.call[free[-1]] < problem.ret[take]:
            fitting.append(free.pop())
        if not fitting:
            return False
        pairs[fitting.pop() if newest else fitting.popleft()] = take
    return True


def said(case: MonitorInput, names: ContainerNames) -> list[tuple[bool, int]] | None:
    """(is it a put, the value) of each operation; NOTHING for a take that found nothing, ANYTHING for a crashed one."""
    put, take, empty = names
    nothing: list[int] = []

    def meaning(call: Call, pool: Interner) -> tuple[bool, int] | None:
        if call.f not in (put, take):
            return None
        if not nothing:
            nothing.append(pool.id(empty))
        value = pool.id(call.argument if call.f == put else None if call.result is UNSEEN else call.result)
        if call.f == put:
            return None if value == nothing[0] else (True, value)
        if call.result is UNSEEN:
            return False, ANYTHING
        return False, NOTHING if value == nothing[0] else value

    return case.meanings(meaning)


def element_of(problem: Problem, put: int, take: int) -> QueueElement:
    """The element of these operations; take: -1 if it stays."""
    call, ret = problem.call, problem.ret
    if take < 0:
        return QueueElement(put, take, call[put], ret[put], NEVER, NEVER)
    return QueueElement(put, take, call[put], min(ret[put], ret[take]), max(call[take], call[put]), ret[take])
