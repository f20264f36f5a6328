"""Preparation: from the columns of a history to one small problem of integers for each key.

What is left out, and why that is sound:

- operations that failed: they certainly did not happen (Herlihy & Wing 1990: only what took effect is ordered);
- crashed operations that are pure: whether they happened changes no state and nobody saw what they returned, so any
  order with them is an order without them.

Pitfall: a failure that says that its precondition was false is an observation for a model that asks for it; see
`refusals`.
"""

from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine import refusals
from splitbrain.checkers.porcupine.model import UNSEEN, Call, Model
from splitbrain.checkers.porcupine.table import is_pure
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History, Operations
from splitbrain.harness.operation import EventType

_UNSEEN = -2
_LOOK_EVERY = 8192


class OverBudget(Exception):
    """Error of a limit that was reached; the message says which."""


@dataclass(slots=True)
class Problem:
    """The operations on one object, in order of invocation, as columns of integers.

    key: value id of the key, or ABSENT. row: row in `History.operations()`. kind: class of the call. call, ret: event
    positions of invocation and completion; `ret` is NEVER for an operation that crashed and so may be left out.
    observations: how many of them could have refuted the model.
    """

    key: int
    row: "array[int]" = field(default_factory=lambda: array("q"))
    kind: "array[int]" = field(default_factory=lambda: array("i"))
    call: "array[int]" = field(default_factory=lambda: array("q"))
    ret: "array[int]" = field(default_factory=lambda: array("q"))
    observations: int = 0

    def __len__(self) -> int:
        return len(self.row)


@dataclass(slots=True)
class Prepared:
    """All problems of a history, in order of their first invocation, and what their classes mean.

    classes: the call of each class number. pure: of each class, 1 if it never changes a state.
    """

    classes: list[Call]
    pure: bytearray
    problems: list[Problem]


def prepare(model: Model, history: History, spending: BudgetMeter, only: Collection[int] | None = None) -> Prepared:
    """Split a history into problems; of these keys only (value ids), if given.

    UsageError for an operation the model does not know; OverBudget when the time is spent.
    """
    operations = history.operations()
    check_known(model, history, operations)
    values = history.pool.values
    numbers: dict[tuple[int | None, ...], int] = {}
    out = Prepared([], bytearray(), [])
    problems: dict[int, Problem] = {}
    pure_f = {f for f in _distinct(operations.f) if values[f] in model.pure}
    observing = {f for f in _distinct(operations.f) if values[f] in model.observes}
    told = "revision" in model.sees
    ok, fail = int(EventType.OK), int(EventType.FAIL)
    rows = zip(
        operations.invoke, operations.complete, operations.ended, operations.f, operations.key, operations.argument,
        operations.result, strict=True,
    )  # fmt: skip
    for row, (invoke, complete, ended, f, key, argument, result) in enumerate(rows):
        if row % _LOOK_EVERY == 0 and (limit := spending.exhausted()):
            raise OverBudget(limit)
        if ended == ok:
            seen = result
        elif ended == fail:
            seen = refusals.at(model, history, invoke, complete)
        else:
            seen = refusals.NO_ANSWER if f in pure_f else _UNSEEN
        if seen == refusals.NO_ANSWER:
            continue
        part = key if model.by_key else ABSENT
        if only is not None and part not in only:
            continue
        name = (f, argument, seen) if model.by_key else (f, argument, seen, key)
        if model.sees:
            name += more_seen(model, history, operations, row)
        kind = numbers.get(name)
        if kind is None:
            kind = numbers[name] = len(numbers)
            shown = UNSEEN if seen == _UNSEEN else values[seen] if seen >= 0 else refusals.result_of(values, seen)
            process, revision, token = more_seen(model, history, operations, row)
            call = Call(
                values[f], values[argument], shown, None if model.by_key or key == ABSENT else values[key],
                process, revision, None if token is None else values[token],
            )  # fmt: skip
            out.classes.append(call)
            out.pure.append(is_pure(model, call))
        problem = problems.get(part)
        if problem is None:
            problem = problems[part] = Problem(part)
            out.problems.append(problem)
        problem.row.append(row)
        problem.kind.append(kind)
        problem.call.append(invoke)
        problem.ret.append(NEVER if seen == _UNSEEN else complete)
        if seen <= refusals.PLAIN or (
            ended == ok and (f in observing or (told and operations.revision[row] != ABSENT))
        ):
            problem.observations += 1
    return out


def more_seen(
    model: Model, history: History, operations: Operations, row: int
) -> tuple[int | None, int | None, int | None]:
    """Process, revision and value id of the token of an operation, as far as the model sees them; None for what it does
    not see."""
    process = operations.process[row] if "process" in model.sees else None
    if operations.ended[row] == EventType.INFO:
        return process, None, None
    revision = operations.revision[row] if "revision" in model.sees else ABSENT
    token = history.token[operations.complete[row]] if "token" in model.sees else ABSENT
    return (
        process, None if revision == ABSENT else revision, None if token == ABSENT else token
    )  # fmt: skip


def check_known(model: Model, history: History, operations: Operations) -> None:
    """UsageError if a client did something the model does not know, whatever came of it."""
    names = [history.pool.values[f] for f in _distinct(operations.f)]
    unknown = ", ".join(f"`{f}`" for f in names if f not in model.operations)
    if unknown:
        knows = ", ".join(model.operations)
        raise UsageError(f"model {model.name} does not know the operation {unknown}; it knows {knows}")


def _distinct(column: Iterable[int]) -> list[int]:
    return sorted(set(column))
