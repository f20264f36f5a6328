"""Is a small history linearizable? Decided by trying every order: the definition, and nothing clever.

The only thing remembered is which (operations placed, states) have failed already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from splitbrain.checkers.porcupine import ILLEGAL, REFUSED, UNSEEN, Call, Model
from splitbrain.harness.history import Event, History


@dataclass
class Op:
    """An operation: what the model sees, when it was invoked, when it returned (None: it crashed)."""

    call: Call
    key: object
    invoke: int
    complete: int | None


def operations(model: Model, history: Sequence[Event] | History) -> list[Op]:
    """The operations that happened or may have, and could matter: what a crashed read saw nobody knows."""
    open_ops: dict[object, Op] = {}
    out = []
    for position, event in enumerate(history):
        key = event.key if isinstance(event.key, str) else None
        if event.type == "invoke":
            op = Op(_call(model, event, event.value, UNSEEN), key, position, None)
            open_ops[event.process] = op
            out.append(op)
            continue
        op = open_ops.pop(event.process)
        if event.type == "ok":
            op.call, op.complete = _call(model, event, op.call.argument, event.value), position
        elif event.type == "fail":
            if event.f in model.refusals and event.error[0] == "precondition":
                op.call, op.complete = _call(model, event, op.call.argument, REFUSED), position
            else:
                out.remove(op)
    return [op for op in out if op.complete is not None or op.call.f not in model.pure]


def _call(model: Model, event: Event, argument: Any, result: Any) -> Call:
    key = event.key if isinstance(event.key, str) and not model.by_key else None
    process = event.process if "process" in model.sees else None
    revision = event.revision if "revision" in model.sees and event.revision is not UNSET else None
    return Call(event.f, argument, result, key, process, revision)


def linearizable(model: Model, history: Sequence[Event] | History) -> bool:
    """Whether some order of all completed and some crashed operations respects real time and the model."""
    ops = operations(model, history)
    failed = set()

    def place(placed: frozenset[int], states: dict[object, Any]) -> bool:
        name = (placed, frozenset(states.items()))
        if name in failed:
            return False
        left = [i for i in range(len(ops)) if i not in placed]
        if all(ops[i].complete is None for i in left):
            return True
        for i in left:
            if any(ops[j].complete is not None and ops[j].complete < ops[i].invoke for j in left):
                continue
            key = ops[i].key if model.by_key else None
            state = model.step(states.get(key, model.initial), ops[i].call)
            if state is not ILLEGAL and place(placed | {i}, {**states, key: state}):
                return True
        failed.add(name)
        return False

    return place(frozenset(), {})
