"""Verification of certificates: whether an order proves that a history is linearizable, in linear time, from the
history and the model alone.

Nothing of the search is used here: neither its interning nor its table nor its columns. An order is a sequence of the
indexes of invocations. It proves linearizability (Herlihy & Wing 1990, §2) if every completed operation stands in it
once, no operation that returned before another was invoked comes after that one, and the model allows every step.
Pitfall: with keys, each key has a state of its own, and the order of the whole must still respect real time.
"""

from collections.abc import Iterable, Sequence
from heapq import merge

from splitbrain.checkers.porcupine import refusals
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Model
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT, History, Operations
from splitbrain.harness.operation import EventType

_LOOK_EVERY = 4096


def objection(model: Model, history: History, order: Sequence[int], spending: BudgetMeter | None = None) -> str | None:
    """The reason that an order is no proof, in one sentence; None if it is one. Linear in the history.

    order: indexes of invocations; crashed operations that took effect stand in it, the others do not.
    spending: looked at on the way, if given; reaching its deadline is an objection too.
    """
    proof = _Proof(model, history)
    for place, index in enumerate(order):
        wrong = proof.place(index)
        if spending is not None and place % _LOOK_EVERY == 0:
            wrong = wrong or spending.exhausted()
        if wrong is not None:
            return wrong
    return proof.missing()


class _Proof:
    """An order being followed, operation by operation."""

    def __init__(self, model: Model, history: History) -> None:
        self.model, self.history = model, history
        self.operations = history.operations()
        self.rows = {invoke: row for row, invoke in enumerate(self.operations.invoke)}
        self.placed = bytearray(len(self.operations))
        self.states: dict[int, object] = {}
        self.latest = -1
        """The latest invocation among the operations placed."""

    def place(self, index: int) -> str | None:
        """Put an operation next in the order; why it cannot stand there, or None."""
        model, operations = self.model, self.operations
        row = self.rows.get(index)
        if row is None or self.placed[row]:
            return f"event {index} is " + ("not an invocation of a client" if row is None else "in the order twice")
        self.placed[row] = True
        call = seen(model, self.history, operations, row)
        if call is None:
            return f"the operation of event {index} failed"
        self.latest = max(self.latest, index)
        if operations.ended[row] != EventType.INFO and operations.complete[row] < self.latest:
            return (
                f"the operation of event {index} had returned when that of {self.latest}, placed earlier, was invoked"
            )
        part = operations.key[row] if model.by_key else ABSENT
        state = model.step(self.states.get(part, model.initial), call)
        if state is ILLEGAL:
            return f"the model does not allow {model.show_call(call)} of event {index} at its place"
        self.states[part] = state
        return None

    def missing(self) -> str | None:
        """The reason that the order is not complete, or None."""
        operations, info = self.operations, EventType.INFO
        for row, ended in enumerate(operations.ended):
            if not self.placed[row] and ended != info and seen(self.model, self.history, operations, row) is not None:
                return f"the completed operation of event {operations.invoke[row]} is missing"
        return None


def seen(model: Model, history: History, operations: Operations, row: int) -> Call | None:
    """The call of an operation as the model sees it, or None if it failed."""
    values = history.pool.values
    ended = operations.ended[row]
    f = values[operations.f[row]]
    if ended == EventType.OK:
        result = values[operations.result[row]]
    elif ended == EventType.INFO:
        result = UNSEEN
    else:
        code = refusals.at(model, history, operations.invoke[row], operations.complete[row])
        if code == refusals.NO_ANSWER:
            return None
        result = refusals.result_of(values, code)
    key = operations.key[row]
    process = operations.process[row] if "process" in model.sees else None
    revision = operations.revision[row] if "revision" in model.sees and result is not UNSEEN else ABSENT
    token = history.token[operations.complete[row]] if "token" in model.sees and result is not UNSEEN else ABSENT
    return Call(
        f,
        values[operations.argument[row]],
        result,
        None if model.by_key or key == ABSENT else values[key],
        process,
        None if revision == ABSENT else revision,
        None if token == ABSENT else values[token],
    )


def merged(orders: Iterable[Sequence[int]]) -> list[int]:
    """One order of the whole history from an order of each key (Herlihy & Wing 1990, §3.3, locality).

    Each operation gets a moment: its invocation, or that of an operation before it in its order if that is later. In
    an order that respects real time this moment lies before its return. So operations ordered by their moments respect
    real time over all keys, and moments never decrease along the order of a key, which stays as it is.
    """
    return [index for _, index in merge(*map(_moments, orders), key=_moment)]


def of_key(history: History, order: Iterable[int], key: int) -> list[int]:
    """The part of an order that is about one key (a value id of the history): an order of that key."""
    return [index for index in order if history.key[index] == key]


def _moments(order: Sequence[int]) -> Iterable[tuple[int, int]]:
    latest = -1
    for index in order:
        latest = max(latest, index)
        yield latest, index


def _moment(pair: tuple[int, int]) -> int:
    return pair[0]
