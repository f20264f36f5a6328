"""Verdicts that depend on what happened, and not on names, numbers and clocks."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest

from splitbrain.checkers import porcupine
from splitbrain.harness.history import Event, History

from .small import FAMILIES, history

OTHER = {"a": "b", "b": "a"}


def seeded(events: list[Event], values: list[Any]) -> History:
    """The history of these events, its pool having seen some values before: other ids."""
    out = History()
    out.pool.ids(values)
    out.extend(events)
    return out


def changed(events: list[Event], **fields: Any) -> list[Event]:
    return [msgspec.structs.replace(e, **{name: change(e) for name, change in fields.items()}) for e in events]


def renamed(event: Event) -> Any:
    """The value of an event; what a range saw, with the other keys."""
    if event.f != "range" or not event.value:
        return event.value
    if isinstance(event.value, Mapping):
        return {OTHER[key]: seen for key, seen in event.value.items()}
    return [(OTHER[key], *seen) for key, *seen in event.value]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_verdict_by_any_other_name(name: str) -> None:
    seed = secrets.randbits(32)
    print(f"{name}: seed {seed}")
    random, family = Random(f"{seed} {name}"), replace(FAMILIES[name], keys=("a", "b"))
    for _ in range(150):
        events = history(family, random)
        verdict = porcupine.check(family.model, History.of(events))
        names = random.sample(range(1000), 100)
        others = [
            History.of(changed(events, process=lambda e, names=names: names[e.process])),
            History.of(changed(events, time=lambda e: e.time * 7 + 10**12)),
            History.of(changed(events, key=lambda e: OTHER.get(e.key, e.key), value=renamed)),
            seeded(events, random.sample([2, 1, 0, None, "x", (1, 0), True], 7)),
            seeded(events, [e.value for e in reversed(events)]),
        ]
        for other in others:
            again = porcupine.check(family.model, other)
            assert again.value is verdict.value, (events, list(other))
            assert (again.witness is None) == (verdict.witness is None)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_verdict_every_time(name: str) -> None:
    for seed in range(50):
        events = history(FAMILIES[name], Random(f"{seed} {name}"))
        model = FAMILIES[name].model
        assert porcupine.check(model, History.of(events)) == porcupine.check(model, History.of(events))
