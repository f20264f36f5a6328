"""Sets with whole reads and counters with deltas: decided as the search does, and where the search does not."""

import os
import secrets
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS
from splitbrain.checkers.porcupine.monitors.counter_reads import counter_reads
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, Procedure
from splitbrain.checkers.porcupine.monitors.whole_reads import whole_reads
from splitbrain.checkers.porcupine.prepare import prepare
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History

from .overlapping import Overlapping, corrupted

CASES: list[tuple[str, str, Procedure, int]] = [
    ("lin-set", "set", whole_reads, 3),
    ("lin-counter", "counter", counter_reads, 4),
]
COUNTED = Budget(seconds=600, configurations=1_000_000)


def decided(name: str, procedure: Procedure, history: History) -> Decision | None:
    model = MODELS[name].make()
    spending = COUNTED.start()
    prepared = prepare(model, history, spending)
    return procedure(MonitorInput(model, prepared.problems[0], prepared, spending))


@pytest.mark.parametrize(("name", "kind", "procedure", "few"), CASES)
@pytest.mark.parametrize("count", [100, pytest.param(20_000, marks=pytest.mark.long)])
def test_decisions_are_those_of_the_search(name: str, kind: str, procedure: Procedure, few: int, count: int) -> None:
    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    print(f"SPLITBRAIN_TEST_SEED={seed}")
    random, model = Random(f"{seed} {name}"), MODELS[name].make()
    searched = replace(model, monitors=())
    told: Counter[str] = Counter()
    for _ in range(count):
        history = Overlapping(kind, random, random.randint(2, 6), 0.1, few).made(random.randint(10, 40))
        if random.random() < 0.6:
            history = corrupted(history, random, few)
        found = decided(name, procedure, history)
        if found is None:
            told["outside"] += 1
            continue
        expected = porcupine.check(searched, history, COUNTED, explain=False).value.value
        said = "invalid" if found.order is None else "valid"
        assert said == expected, "\n".join(map(str, history))
        told[said] += 1
        if found.order is not None:
            problem = prepare(model, history, COUNTED.start()).problems[0]
            assert porcupine.objection(model, history, [problem.call[n] for n in found.order]) is None
    assert told["invalid"] >= count // 10
    assert told["valid"] >= count // 10
    assert told["outside"] <= count // 10


@pytest.mark.parametrize(("name", "kind", "procedure", "few"), CASES)
@pytest.mark.parametrize("clients", [10, 30])
def test_a_thousand_operations_are_decided(name: str, kind: str, procedure: Procedure, few: int, clients: int) -> None:
    size = 10 if kind == "set" else 99
    history = Overlapping(kind, Random(f"{name} {clients}"), clients, 0.03, size).made(1_000)
    found = decided(name, procedure, history)
    assert found is not None
    assert found.order is not None
    verdict = porcupine.check(MODELS[name].make(), history, COUNTED, explain=False)
    assert verdict.value.value == "valid"


def calls(*rows: tuple[int, str, str, object]) -> History:
    return History.of(
        Event(index=n, time=n, process=process, type=kind, f=f, value=value)  # type: ignore[arg-type]
        for n, (process, kind, f, value) in enumerate(rows)
    )


def test_an_add_counts_once_in_a_sum() -> None:
    history = calls(
        (3, "invoke", "add", 1), (0, "invoke", "read", None), (0, "ok", "read", 0), (2, "invoke", "add", 1),
        (0, "invoke", "read", None), (3, "ok", "add", 1), (3, "invoke", "add", 2), (0, "ok", "read", 2),
        (1, "invoke", "read", None), (0, "invoke", "add", 2), (2, "ok", "add", 1), (1, "ok", "read", 3),
        (3, "ok", "add", 2), (0, "ok", "add", 2),
    )  # fmt: skip
    found = decided("lin-counter", counter_reads, history)
    assert found is not None
    assert found.order is None


def test_reads_of_one_value_need_not_overlap() -> None:
    history = calls(
        (0, "invoke", "read", None), (0, "ok", "read", 0), (1, "invoke", "add", 1), (0, "invoke", "read", None),
        (0, "ok", "read", 0), (1, "ok", "add", 1), (0, "invoke", "read", None), (0, "ok", "read", 1),
    )  # fmt: skip
    found = decided("lin-counter", counter_reads, history)
    assert found is not None
    assert found.order is not None


@pytest.mark.parametrize("deltas", [(1, -1), (1, 0), (1, 0.5), (1, True)])
def test_counters_that_may_go_down_or_stand_are_left_to_the_search(deltas: tuple[float, float]) -> None:
    rows = [row for n, delta in enumerate(deltas) for row in ((n, "invoke", "add", delta), (n, "ok", "add", delta))]
    history = calls(*rows, (9, "invoke", "read", None), (9, "ok", "read", sum(deltas)))
    assert decided("lin-counter", counter_reads, history) is None


def test_two_reads_that_saw_the_elements_in_opposite_orders_are_refuted() -> None:
    history = calls(
        (0, "invoke", "add", 1), (1, "invoke", "add", 2), (2, "invoke", "read", None), (3, "invoke", "read", None),
        (2, "ok", "read", (1,)), (3, "ok", "read", (2,)), (0, "ok", "add", 1), (1, "ok", "add", 2),
    )  # fmt: skip
    found = decided("lin-set", whole_reads, history)
    assert found is not None
    assert found.order is None
    both = calls(
        (0, "invoke", "add", 1), (1, "invoke", "add", 2), (4, "invoke", "remove", 1), (2, "invoke", "read", None),
        (3, "invoke", "read", None), (2, "ok", "read", (1,)), (3, "ok", "read", (2,)), (0, "ok", "add", 1),
        (1, "ok", "add", 2), (4, "ok", "remove", 1),
    )  # fmt: skip
    found = decided("lin-set", whole_reads, both)
    assert found is not None
    assert found.order is not None
