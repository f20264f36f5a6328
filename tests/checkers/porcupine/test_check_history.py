"""Answers of `check`: vacuous histories, keys, rounds, budgets, wrong use, models that break."""

import time
from array import array
from dataclasses import replace
from typing import Any

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.linearizability import Linearizability
from splitbrain.checkers.porcupine import ILLEGAL, MODELS, Call, Model
from splitbrain.checkers.porcupine.check_history import LISTED_KEYS
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict

from .histories import recorded

REGISTER = MODELS["register"].make()
CAS = MODELS["cas-register"].make()


def keyed(*keys: tuple[Any, Any, Any]) -> History:
    """One write and one later read on each key: (key, written, read)."""
    history = History()
    for key, written, seen in keys:
        for kind, f, value in ((0, "write", written), (1, "write", written), (0, "read", None),
                               (1, "read", seen)):  # fmt: skip
            history.add(kind, 0, f, value, key, len(history), None)
    return history


def asked(state: object, call: Call) -> object:
    """The step of a register, which no search knows by heart under this name."""
    return REGISTER.step(state, call)


ASKED = replace(REGISTER, step=asked, monitors=())


def hard(waves: int, width: int) -> History:
    """Waves of concurrent writes and reads of other values, all crossing: many orders, none of them right."""
    history = History()
    for wave in range(waves):
        for kind in (0, 1):
            for process in range(width):
                value = wave * width + process
                f, seen = ("write", value) if process % 2 else ("read", value - 1 if kind else None)
                history.add(kind, process, f, seen, None, len(history), None)
    return history


def test_an_empty_history_is_unknown() -> None:
    verdict = porcupine.check(REGISTER, History())
    assert verdict.value is Validity.UNKNOWN
    assert "empty" in verdict.reason


def test_a_history_in_which_nothing_took_effect_is_unknown() -> None:
    assert porcupine.check(REGISTER, recorded("0 invoke write 1", "0 fail write 1")).value is Validity.UNKNOWN
    assert porcupine.check(REGISTER, recorded("0 invoke read")).value is Validity.UNKNOWN


def test_a_history_that_observed_nothing_is_unknown() -> None:
    verdict = porcupine.check(REGISTER, recorded("0 invoke write 1", "0 ok write 1"))
    assert verdict.value is Validity.UNKNOWN
    assert "no read succeeded" in verdict.reason


def test_a_valid_history_has_an_order_of_invocations() -> None:
    history = recorded(
        "0 invoke write 1", "1 invoke read", "1 ok read 1", "2 invoke write 2", "0 info write 1", "2 ok write 2"
    )
    assert porcupine.check(REGISTER, history).certificate == (0, 1, 3)


def test_an_unknown_operation_is_wrong_use_even_if_it_failed() -> None:
    with pytest.raises(UsageError, match=r"register does not know the operation `cas`; it knows read, write"):
        porcupine.check(REGISTER, recorded("0 invoke cas [1 2]", "0 fail cas [1 2]"))


def test_values_are_typed() -> None:
    for written, seen in ((0, "0"), (1, True), (1, 1.0), ((1,), (True,)), ("nil", None), ({"a": 1}, {"a": True})):
        assert porcupine.check(REGISTER, keyed((None, written, seen))).value is Validity.INVALID
        assert porcupine.check(REGISTER, keyed((None, written, written))).value is Validity.VALID


def test_nil_is_a_value() -> None:
    nil = recorded("0 invoke read", "0 ok read nil")
    assert porcupine.check(REGISTER, nil).value is Validity.VALID
    assert porcupine.check(MODELS["register"].make({"initial": "0"}), nil).value is Validity.INVALID


def test_a_failed_cas_is_an_observation_only_when_asked() -> None:
    history = recorded(
        "0 invoke write 1", "0 ok write 1", "1 invoke cas [1 2]", "1 fail cas [1 2]", "0 invoke read", "0 ok read 1"
    )
    assert porcupine.check(CAS, history).value is Validity.VALID
    observing = MODELS["cas-register"].make({"precondition": "observe"})
    verdict = porcupine.check(observing, history)
    assert verdict.value is Validity.INVALID
    assert "cas 1 → 2 was refused" in verdict.reason


def test_one_bad_key_makes_it_invalid_and_each_key_is_told() -> None:
    verdict = porcupine.check(REGISTER, keyed(("a", 1, 1), ("b", 1, 2), ("c", 3, 3)))
    assert verdict.value is Validity.INVALID
    assert [(child.key, child.value.value) for child in verdict.children] == [
        ("a", "valid"), ("b", "invalid"), ("c", "valid"),
    ]  # fmt: skip
    assert verdict.reason.startswith("key b: process 0 read 2")
    assert verdict.witness == verdict.children[1].witness
    assert verdict.children[0].certificate == (0, 2)


def test_the_order_of_all_keys_is_an_order_of_each() -> None:
    history = keyed(*((f"k{number}", number, number) for number in range(5)))
    verdict = porcupine.check(REGISTER, history)
    assert verdict.value is Validity.VALID
    assert verdict.certificate is not None
    assert [child.certificate for child in verdict.children] == [None] * 5
    assert porcupine.of_key(history, verdict.certificate, history.key[4]) == [4, 6]


def test_many_keys_are_counted_and_only_the_bad_ones_listed() -> None:
    history = keyed(*((f"k{number}", number, number if number != 70 else -1) for number in range(LISTED_KEYS + 10)))
    verdict = porcupine.check(REGISTER, history)
    assert [child.key for child in verdict.children] == ["k70"]
    assert verdict.details["keys"] == LISTED_KEYS + 10
    assert verdict.details["valid"] == LISTED_KEYS + 9
    assert len(porcupine.check(REGISTER, history, every_key=True).children) == LISTED_KEYS + 10


def test_a_bad_key_is_found_without_waiting_for_a_hard_one() -> None:
    history = hard(6, 12)
    history.key[:] = array("i", [history.pool.id("hard")] * len(history))
    for kind, f, value in ((0, "read", None), (1, "read", 77)):
        history.add(kind, 0, f, value, "easy", len(history), None)
    verdict = porcupine.check(REGISTER, history, Budget(configurations=100_000), every_key=True)
    assert verdict.value is Validity.INVALID
    assert {child.key: child.value.value for child in verdict.children}["easy"] == "invalid"
    assert verdict.details["configurations"] < 50_000


def test_beyond_the_budget_of_configurations_it_is_unknown_and_says_how_far_it_came() -> None:
    verdict = porcupine.check(ASKED, hard(3, 30), Budget(configurations=2_000))
    assert verdict.value is Validity.UNKNOWN
    assert "2,000 configurations" in verdict.reason
    assert "operations placed" in verdict.reason
    assert verdict == porcupine.check(ASKED, hard(3, 30), Budget(configurations=2_000))


def test_beyond_the_budget_of_seconds_it_is_unknown_in_time() -> None:
    """Time of the processor, which is what the check can help; on a busy machine it has less of it, and never more."""
    history = hard(3, 60)
    history.operations()
    begun = time.process_time()
    verdict = porcupine.check(ASKED, history, Budget(seconds=0.5, configurations=1 << 60))
    assert time.process_time() - begun <= 0.55
    assert verdict.value is Validity.UNKNOWN
    assert "0.5 s" in verdict.reason


def test_beyond_the_budget_of_memory_it_is_unknown() -> None:
    verdict = porcupine.check(ASKED, hard(3, 60), Budget(bytes=1 << 20))
    assert verdict.value is Validity.UNKNOWN
    assert "memory" in verdict.reason


def test_no_time_at_all_is_unknown() -> None:
    assert porcupine.check(REGISTER, keyed(("a", 1, 1)), Budget(seconds=0)).value is Validity.UNKNOWN


def test_a_model_that_fails_is_unknown_and_says_where() -> None:
    def step(state: int, call: Call) -> int:
        return state // call.argument

    broken = Model("broken", "", ("divide",), 1, step, frozenset({"divide"}))
    verdict = porcupine.check(broken, recorded("0 invoke divide 0", "0 ok divide 0"))
    assert verdict.value is Validity.UNKNOWN
    assert "divide 0 in state 1: ZeroDivisionError" in verdict.reason


def test_a_model_that_breaks_its_promise_is_unknown() -> None:
    liar = Model("liar", "", ("read",), 0, lambda state, _: state + 1, frozenset({"read"}), pure=frozenset({"read"}))
    verdict = porcupine.check(liar, recorded("0 invoke read", "0 ok read 1"))
    assert verdict.value is Validity.UNKNOWN
    assert "changes no state" in verdict.reason


def test_a_model_of_ones_own_over_all_keys() -> None:
    """Two keys that must never both be set: not a product of keys."""

    def step(state: frozenset[str], call: Call) -> object:
        if call.f == "free":
            return state - {call.key}
        return ILLEGAL if state - {call.key} else state | {call.key}

    either = Model("either", "", ("take", "free"), frozenset(), step, frozenset({"take"}), by_key=False)

    def history(*lines: tuple[str, str]) -> History:
        out = History()
        for f, key in lines:
            for kind in (0, 1):
                out.add(kind, 0, f, None, key, len(out), None)
        return out

    assert porcupine.check(either, history(("take", "a"), ("free", "a"), ("take", "b"))).value is Validity.VALID
    assert porcupine.check(either, history(("take", "a"), ("take", "b"))).value is Validity.INVALID


def test_verdicts_survive_a_file() -> None:
    verdict = porcupine.check(REGISTER, keyed(("a", 1, 1), ("b", 1, 2)))
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_the_checker_of_workloads() -> None:
    assert Linearizability(REGISTER).check(keyed(("a", 1, 1)), Budget()).value is Validity.VALID


def test_a_long_history_needs_no_deep_stack() -> None:
    history = History()
    for number in range(20_000):
        for kind in (0, 1):
            history.add(
                kind, 0, "write" if number % 2 else "read", number - number % 2 or None, None, len(history), None
            )
    history.value[1] = history.pool.id(None)
    verdict = porcupine.check(REGISTER, history)
    assert verdict.value is Validity.INVALID or verdict.certificate is not None


@pytest.mark.parametrize(("read", "value"), [(False, Validity.UNKNOWN), (True, Validity.VALID)])
def test_transactions_of_writes_alone_observe_nothing(read: bool, value: Validity) -> None:
    model, history = MODELS["multi-register"].make(), History()
    for kind in (0, 1):
        history.add(kind, 0, "txn", (("write", "x", 1), ("write", "y", 2)), None, kind, None)
    if read:
        for kind, seen in ((0, None), (1, 1)):
            history.add(kind, 0, "txn", (("read", "x", seen),), None, 2 + kind, None)
    verdict = porcupine.check(model, history)
    assert verdict.value is value, verdict.reason
    assert porcupine.values_of(model, [history]) == [value]


@pytest.mark.parametrize(("f", "asked", "seen"), [("read", None, {}), ("txn", (("read", "x", None),), None)])
def test_a_read_of_no_register_observes_nothing(f: str, asked: Value, seen: Value) -> None:
    model, history = MODELS["multi-register"].make(), History()
    for kind, value in ((0, asked), (1, seen)):
        history.add(kind, 0, f, value, None, kind, None)
    verdict = porcupine.check(model, history)
    assert verdict.value is Validity.UNKNOWN and "nothing could have refuted" in verdict.reason
    assert porcupine.values_of(model, [history]) == [Validity.UNKNOWN]
