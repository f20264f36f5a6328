"""Refusal of every order that is no proof, by the verifier."""

import pytest

from splitbrain.checkers.porcupine import MODELS, objection
from splitbrain.harness.history import History

from .histories import recorded

REGISTER = MODELS["register"].make()


@pytest.fixture
def history() -> History:
    """write 1 and read 1 after it; write 2 that crashed; a write that failed; read 2 at the end."""
    return recorded(
        "0 invoke write 1", "0 ok write 1", "1 invoke read", "1 ok read 1", "2 invoke write 2", "2 info write 2",
        "3 invoke write 3", "3 fail write 3", "1 invoke read", "1 ok read 2",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ((0, 2, 4, 8), None),
        ((0, 2, 8, 4), "does not allow read → 2 of event 8"),
        ((0, 2, 4), "event 8 is missing"),
        ((2, 0, 4, 8), "does not allow read → 1"),
        ((0, 4, 8, 2), "event 2 had returned when that of 8"),
        ((0, 2, 4, 4, 8), "event 4 is in the order twice"),
        ((0, 2, 4, 6, 8), "event 6 failed"),
        ((0, 1, 2, 4, 8), "event 1 is not an invocation"),
        ((0, 2, 4, 99), "event 99 is not an invocation"),
        ((), "event 0 is missing"),
    ],
)
def test_orders(history: History, order: tuple[int, ...], words: str | None) -> None:
    found = objection(REGISTER, history, order)
    assert found is None if words is None else (found is not None and words in found)


def test_a_refused_cas_that_observes_must_stand_in_the_order() -> None:
    history = recorded("0 invoke cas [1 2]", "0 fail cas [1 2]", "0 invoke read", "0 ok read nil")
    assert objection(MODELS["cas-register"].make(), history, (2,)) is None
    observing = MODELS["cas-register"].make({"precondition": "observe"})
    assert objection(observing, history, (0, 2)) is None
    assert "event 0 is missing" in (objection(observing, history, (2,)) or "")
