"""Small random histories for differentials: processes that invoke and complete as chance has it, and are told what to
answer."""

import os
import secrets
from collections.abc import Callable
from random import Random
from typing import Any

from splitbrain.harness.budget import Budget
from splitbrain.harness.checker import Checker
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

QUICK, LONG = 2_000, 100_000

Ask = Callable[[Random], dict[str, Any]]
"""The fields of the next invocation."""
Answer = Callable[[Random, Event, str], dict[str, Any]]
"""(random, invocation, ok or fail or info) → the fields of the completion."""
Naive = Callable[[list[Event]], Validity]


def events(
    random: Random, ask: Ask, answer: Answer, operations: int, threads: int = 3, weights: tuple[int, ...] = (8, 1, 1)
) -> list[Event]:
    """A well-formed history. weights: of ok, fail and info."""
    out: list[Event] = []
    idle: list[int | str] = list(range(threads))
    busy, following = list[Event](), threads
    while operations or busy:
        if operations and idle and (not busy or random.random() < 0.5):
            operations -= 1
            process = idle.pop(random.randrange(len(idle)))
            out.append(_event(out, process, "invoke", ask(random)))
            busy.append(out[-1])
            continue
        if not busy:
            break
        invoked = busy.pop(random.randrange(len(busy)))
        kind = random.choices(("ok", "fail", "info"), weights)[0]
        fields = {"f": invoked.f, "key": invoked.key, "value": invoked.value} | answer(random, invoked, kind)
        out.append(_event(out, invoked.process, kind, fields))
        if kind == "info":
            idle.append(following)
            following += 1
        else:
            idle.append(invoked.process)
    return out


def _event(before: list[Event], process: Any, kind: str, fields: dict[str, Any]) -> Event:
    return Event(index=len(before), time=len(before) * 1_000_000, process=process, type=kind, **fields)


def pairs(recorded: list[Event]) -> list[tuple[Event, Event | None]]:
    """(invocation, completion or None) in order of invocation."""
    open_, out = dict[Any, int](), list[tuple[Event, Event | None]]()
    for event in recorded:
        if event.type == "invoke":
            open_[event.process] = len(out)
            out.append((event, None))
        else:
            at = open_.pop(event.process)
            out[at] = (out[at][0], event)
    return out


def differential(
    name: str, checker: Checker, make: Callable[[Random], list[Event]], naive: Naive, count: int, *, alone: bool = True
) -> None:
    """The checker against the naive reading of its definition; a witness must refute all by itself, if `alone`.
    SPLITBRAIN_TEST_SEED repeats a failure."""
    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    print(f"{name}: SPLITBRAIN_TEST_SEED={seed}")
    random = Random(f"{seed} {name}")
    seen = dict.fromkeys(Validity, 0)
    for _ in range(count):
        recorded = make(random)
        expected, verdict = naive(recorded), checker.check(History.of(recorded), Budget())
        shown = "\n".join(map(str, recorded)) + f"\nexpected {expected}\n{verdict}"
        assert verdict.value is expected, shown
        if expected is Validity.INVALID:
            assert verdict.witness is not None
            assert verdict.witness.events == tuple(sorted(set(verdict.witness.events)))
            witness = History.of(recorded[index] for index in verdict.witness.events)
            proof = not alone or checker.check(witness, Budget()).value is Validity.INVALID
            assert proof, f"no proof by itself:\n{shown}"
        seen[expected] += 1
    print(f"{name}: {count} histories: {seen}")
    assert seen[Validity.INVALID] >= count // 10
    assert seen[Validity.VALID] >= count // 20
