"""Witnesses of weak models: what they name is refuted by itself, and each sentence is true of the history."""

from collections import Counter
from random import Random

import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Verdict

from .exhaustive import history_of, tiny
from .test_papers import history

MODELS = (
    "causal-consistency", "causal-convergence", "causal-memory", "pram", "sequential", "per-key-sequential",
    "read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads", "regular", "safe",
    "k-atomicity", "delta-atomicity",
)  # fmt: skip
SETTINGS: dict[str, dict[str, int]] = {"k-atomicity": {"k": 1}, "delta-atomicity": {"delta": 1}}


def verdict(of: History, model: str, **settings: int) -> Verdict:
    return entry(model).make(settings or SETTINGS.get(model, {})).check(of, Budget())


def words(*sessions: str, model: str) -> tuple[str, ...]:
    """The witness against a model, of sessions one after another, whose registers begin as 0."""
    found = verdict(history(sessions), model, initial=0)
    assert found.witness is not None
    return tuple(found.witness.words)


def test_what_a_witness_names_is_refuted_by_itself() -> None:
    random, refuted = Random("witnesses of weak models"), Counter[str]()
    for _ in range(500):
        whole = history_of(tiny(random, 7))
        for model in MODELS:
            found = verdict(whole, model)
            if found.value.value == "invalid":
                assert found.witness is not None
                part = [event for index, event in enumerate(whole) if index in found.witness.events]
                assert verdict(History.of(part), model).value.value == "invalid", (found, part)
                refuted[str(found.details.get("anomaly", model))] += 1
    assert min(refuted[name] for name in ("CyclicCF", "CyclicHB", "WriteCORead", "writes-follow-reads")) >= 3


@pytest.mark.parametrize("model", ["causal-convergence", "causal-memory"])
def test_an_order_of_writes_is_said_with_the_read_that_shows_it(model: str) -> None:
    session = ", of the session," if model == "causal-memory" else ""
    sessions = ("wx1 rx2", "wx2 rx1") if model == "causal-convergence" else ("wx1", "wx2 rx1 rx2")
    said = words(*sessions, model=model)
    shown = f"came before write x 2 of process 1, for read x → 2 of process {0 if session == '' else 1}{session} had"
    assert f"write x 1 of process 0 {shown} the first in its past and returned the second" in said
    assert any(line.endswith("in its session") and line.startswith("write x") for line in said)


def test_an_order_against_that_of_a_session_is_not_said_to_be_of_it() -> None:
    said = words("wx1 wx2", "rx2 rx1", model="pram")
    assert "write x 2 of process 0 came before write x 1 of process 0 in its session" not in said
    assert "write x 1 of process 0 came before write x 2 of process 0 in its session" in said
    assert "read x → 2 of process 1 came before read x → 1 of process 1 in its session" in said


def test_a_way_leaps_along_a_session() -> None:
    said = words("wx1 wz1 wz2 wz3 wz4 wy1", "rz4 ry1 rz4 rz4 rz4 rx0", model="causal-consistency")
    assert said[1:4] == (
        "write x 1 of process 0 came before write z 4 of process 0 in its session",
        "read z → 4 of process 1 saw write z 4 of process 0",
        "read z → 4 of process 1 came before read x → 0 of process 1 in its session",
    )
    assert len(said) == 8


def test_a_search_without_an_order_names_the_few_operations_that_have_none() -> None:
    noise = " ".join(f"wz{number}" for number in range(1, 40))
    found = verdict(history((f"{noise} wx1 ry0", "wy1 rx0")), "sequential", initial=0)
    assert found.witness is not None
    assert len(found.witness.events) == 8


def test_a_key_without_an_order_for_k_is_shown_by_the_few_operations_that_have_none() -> None:
    writes = [(0, "invoke", "wx1"), (1, "invoke", "wx2"), (0, "ok", "wx1"), (1, "ok", "wx2")]
    reads = [(2, kind, f"rx{value}") for value in (1, 2, 1, 2) for kind in ("invoke", "ok")]
    events = [
        Event(
            index=0, time=0, process=process, type=kind, f="write" if word[0] == "w" else "read", key="x",
            value=int(word[2:]),
        )
        for process, kind, word in (*writes, *reads)
    ]  # fmt: skip
    found = verdict(History.of(events), "k-atomicity", k=1)
    assert found.witness is not None and "one of the last 1 values" in found.reason
    assert len(found.witness.events) == 8
