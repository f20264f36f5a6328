"""Tokens: an operation invoked with one comes after the one that had ended with it."""

from typing import Any

import pytest
from msgspec import UNSET

from splitbrain.checkers.catalogue import entry
from splitbrain.checkers.common.registers import registers
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History

INVALID, VALID = "invalid", "valid"
Step = tuple[int, str, str, object, dict[str, str]]


def history(*steps: Step) -> History:
    """Operations one after another: process, f, key, value; `takes` of the invocation, `gives` of the completion,
    `session` of both, `ended` if not ok."""
    events = []
    for process, f, key, value, more in steps:
        same: dict[str, Any] = {"process": process, "f": f, "key": key, "session": more.get("session", UNSET)}
        argument, token = (None if f == "read" else value), more.get("takes", UNSET)
        events.append(Event(index=0, time=0, type="invoke", value=argument, token=token, **same))
        token = more.get("gives", UNSET)
        events.append(Event(index=0, time=0, type=more.get("ended", "ok"), value=value, token=token, **same))
    return History.of(events)


def verdict(of: History, model: str) -> str:
    return entry(model).make().check(of, Budget()).value.value


HANDED = (
    (0, "write", "x", 1, {"gives": "a"}),
    (1, "read", "y", None, {"takes": "a"}),
    (1, "read", "x", None, {}),
)


@pytest.mark.parametrize("model", ["causal-consistency", "causal-convergence", "causal-memory", "sequential"])
def test_who_was_handed_a_token_sees_what_the_giver_wrote(model: str) -> None:
    assert verdict(history(*HANDED), model) == INVALID
    assert verdict(history(*((p, f, k, v, {}) for p, f, k, v, _ in HANDED)), model) == VALID


@pytest.mark.parametrize("model", ["pram", "read-your-writes", "monotonic-reads", "per-key-sequential"])
def test_models_without_causality_know_no_tokens(model: str) -> None:
    assert verdict(history(*HANDED), model) != INVALID


def test_a_token_counts_though_the_operation_that_took_it_failed() -> None:
    failed = (HANDED[0], (1, "read", "y", None, {"takes": "a", "ended": "fail"}), HANDED[2])
    found = entry("causal-consistency").make().check(history(*failed), Budget())
    assert found.value.value == INVALID and found.witness is not None
    assert "write x 1 of process 0 handed a token to the client of read x → nil of process 1" in found.witness.words


def test_the_last_operation_that_had_ended_with_a_token_counts() -> None:
    of = registers(history(
        (0, "write", "x", 1, {"gives": "a"}),
        (0, "write", "x", 2, {"gives": "a"}),
        (1, "read", "x", 2, {"takes": "a"}),
        (0, "write", "x", 3, {"gives": "a"}),
    ), "pram", None)  # fmt: skip
    assert of.handed == {2: [1]}


def test_who_gave_a_token_last_counts_though_what_it_read_is_not_forced() -> None:
    of = history(
        (2, "write", "y", 2, {}),
        (3, "write", "y", 2, {}),
        (0, "write", "x", 3, {"gives": "a"}),
        (0, "write", "x", 1, {"gives": "a"}),
        (1, "read", "y", 2, {"gives": "a"}),
        (1, "read", "x", 3, {"takes": "a"}),
    )
    assert verdict(of, "causal-consistency") == "unknown"
    assert registers(of, "pram", None).handed == {}


@pytest.mark.parametrize("ended", ["fail", "info"])
def test_who_gave_a_token_with_what_failed_or_may_have_failed_gave_what_its_session_had_done(ended: str) -> None:
    failed = (HANDED[0], (0, "write", "y", 2, {"gives": "b", "ended": ended}))
    taken = ((1, "read", "z", None, {"takes": "b"}), HANDED[2])
    assert verdict(history(*failed, *taken), "causal-consistency") == INVALID


def test_who_took_a_token_with_a_write_of_unknown_outcome_took_it_for_what_the_session_did_next() -> None:
    in_session = {"session": "s"}
    of = history(
        (0, "write", "x", 2, {"gives": "a"}),
        (1, "write", "y", 2, {"takes": "a", "ended": "info", **in_session}),
        (2, "write", "x", 1, in_session),
        (2, "read", "x", 2, in_session),
        (2, "read", "y", 2, in_session),
    )
    assert verdict(of, "causal-consistency") == INVALID


def test_a_session_that_hands_its_token_to_itself_is_in_order_anyway() -> None:
    of = registers(history(
        (0, "write", "x", 1, {"session": "s", "takes": "s", "gives": "s"}),
        (1, "read", "x", 1, {"session": "s", "takes": "s", "gives": "s"}),
    ), "pram", None)  # fmt: skip
    assert of.handed == {} and of.chains == [[0, 1]]


def test_a_search_places_reads_that_wait_for_a_token_of_a_later_session() -> None:
    of = history(
        (0, "write", "x", 1, {}),
        (2, "read", "x", 1, {"gives": "a"}),
        (1, "read", "x", 1, {"takes": "a", "gives": "b"}),
        (0, "read", "x", 1, {"takes": "b"}),
        (3, "write", "x", 2, {}),
    )
    assert verdict(of, "sequential") == VALID
