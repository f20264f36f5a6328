"""Values and operations as text, which reads as the checkers' words do, stays short, and carries no control
characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.operation import EventType, Value
from splitbrain.results import format


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "nil"),
        (True, "true"),
        (1, "1"),
        ("1", '"1"'),
        ("k1", "k1"),
        ((1, ("a", None)), "[1 [a nil]]"),
        (frozenset((10, 9)), "#{10 9}"),
        ({"a": (1, 2), 3: None}, "{a [1 2], 3 nil}"),
        ("\u202e\n", '"\\u202e\\n"'),
    ],
)
def test_values(data: Value, told: str) -> None:
    assert format.value(data) == told


@pytest.mark.parametrize(
    ("f", "argument", "result", "ended", "told"),
    [
        ("read", None, 4, EventType.OK, "read → 4"),
        ("read", None, None, EventType.OK, "read → nil"),
        ("read", None, 4, EventType.INFO, "read"),
        ("write", 5, 5, EventType.OK, "write 5"),
        ("write", 5, None, EventType.OK, "write 5"),
        ("cas", (3, 4), (3, 4), EventType.OK, "cas 3 → 4"),
        ("cas", 3, 3, EventType.FAIL, "cas 3"),
        ("add", 5, 6, EventType.OK, "add 5 → 6"),
    ],
)
def test_operations(f: str, argument: Value, result: Value, ended: EventType, told: str) -> None:
    assert format.operation(f, argument, result, ended) == told


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.frozensets(st.text())))
def test_values_stay_short_and_printable(data: Value) -> None:
    for told in (format.value(data, 20), format.name(data, 20), format.told(data, 20)):
        assert len(told) <= 21
        assert told.isprintable()


def test_what_a_fault_says_of_itself() -> None:
    value = {"topology": "halves", "groups": (("n1", "n2"), ("n3",)), "ms": 5}
    assert format.told(value) == "topology halves · groups n1 n2 | n3 · ms 5"
    assert format.bite({"processes_killed": 2, "paused_ms": 1500.0, "x": 0}) == "1,500 ms paused, 2 processes killed"
    assert format.bite({"processes_killed": 1, "syncs_delayed": 1}) == "1 process killed, 1 sync delayed"
    assert format.bite({"x": 0}) == "never bit"
    unread = {"skew_ms": 500, "clock_reads": 0}
    assert format.bite(unread) == "500 ms skew (no program looked at its wall clock)"
    assert format.bite({**unread, "clock_reads": 2}) == "2 clock reads, 500 ms skew"
    assert format.bite({"skew_ms": 0, "clock_reads": 0}) == "never bit"


def test_a_very_long_sentence_is_cut_and_says_so() -> None:
    assert format.sentence("short\x1b") == "short\ufffd"
    told = format.sentence("x" * (format.SENTENCE + 1_000))
    assert told == "x" * format.SENTENCE + "… (1,000 characters more; --json has all)"
