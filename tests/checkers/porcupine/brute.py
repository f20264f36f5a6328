"""Linearizability of a small history by trying every order: the definition, and nothing clever.

The only thing remembered is which (operations placed, states) have failed already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from splitbrain.checkers.porcupine import ILLEGAL, REFUSED, UNSEEN, Call, Model, Refused
from splitbrain.harness.history import Event, History


@dataclass
class SmallOperation:
    """An operation: what the model sees, when it was invoked, when it returned (None: it crashed)."""

    call: Call
    key: object
    invoke: int
    complete: int | None


_ABOUT_PRECONDITIONS: tuple[Any, ...] = (
    ("precondition", ""), ("precondition", "was 3"), ("precondition-failed", "no"), "precondition-failed",
    "Precondition failed: no", None, False, UNSET,
)  # fmt: skip


def operations(model: Model, history: Sequence[Event] | History) -> list[SmallOperation]:
    """The operations that happened or may have, and could matter: what a crashed read saw nobody knows."""
    open_ops: dict[object, SmallOperation] = {}
    out = []
    for position, event in enumerate(history):
        key = event.key if isinstance(event.key, str) else None
        if event.type == "invoke":
            op = SmallOperation(_call(model, event, event.value, UNSEEN), key, position, None)
            open_ops[event.process] = op
            out.append(op)
            continue
        op = open_ops.pop(event.process)
        if event.type == "ok":
            op.call, op.complete = _call(model, event, op.call.argument, event.value), position
        elif event.type == "fail":
            if event.f in model.refusals and (model.every_failure or event.error in _ABOUT_PRECONDITIONS):
                told = event.value not in (op.call.argument, None) and not isinstance(event.value, tuple)
                result = Refused(event.value) if told else REFUSED
                op.call, op.complete = _call(model, event, op.call.argument, result), position
            else:
                out.remove(op)
    return [op for op in out if op.complete is not None or op.call.f not in model.pure]


def _call(model: Model, event: Event, argument: Any, result: Any) -> Call:
    key = event.key if isinstance(event.key, str) and not model.by_key else None
    process = event.process if "process" in model.sees else None
    revision = event.revision if "revision" in model.sees and event.revision is not UNSET else None
    token = event.token if "token" in model.sees and event.token is not UNSET else None
    return Call(event.f, argument, result, key, process, revision, token)  # type: ignore[arg-type]


def linearizable(model: Model, history: Sequence[Event] | History) -> bool:
    """Whether some order of all completed and some crashed operations respects real time and the model."""
    ops = operations(model, history)
    parts = list({op.key if model.by_key else None: None for op in ops})
    part = [parts.index(op.key) if model.by_key else 0 for op in ops]
    # Sets of operations are bits of an integer.
    completed = sum(1 << i for i, op in enumerate(ops) if op.complete is not None)
    before = [sum(1 << j for j, a in enumerate(ops) if a.complete is not None and a.complete < b.invoke) for b in ops]
    failed = set()

    def place(placed: int, states: tuple[Any, ...]) -> bool:
        if completed & ~placed == 0:
            return True
        if (placed, states) in failed:
            return False
        for i, op in enumerate(ops):
            if placed >> i & 1 or before[i] & ~placed:
                continue
            state = model.step(states[part[i]], op.call)
            if state is ILLEGAL:
                continue
            if place(placed | 1 << i, (*states[: part[i]], state, *states[part[i] + 1 :])):
                return True
        failed.add((placed, states))
        return False

    return place(0, (model.initial,) * len(parts))
