"""Values of events: lists of micro-operations that a reader of lines left flat are what they would be otherwise."""

import io
import json
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness import value_column
from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories import read, validate
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType

pytest.importorskip("splitbrain.harness.micro_operations_native", reason="no compiled parts here")

VALUES = (
    [],
    [["r", 1, None]],
    [["append", "x", 1], ["r", "x", [1, 2, 70_000, -3, 0]], ["w", True, "y"]],
    [["r", "x", []]],
    [["r", None, [True, None, "a", 123456789012345678]]],
)
OTHERS = (
    [["r", 1, 12345678901234567890]],
    None,
    5,
    [1, 2],
    [["r", 1]],
    [["r", [1], 2]],
    [["w", 1, [2]]],
    [["r", 1, [[2]]]],
    [["r", 1, 1.5]],
    ["r", 1, 2],
)


def text(values: tuple[object, ...], **json_options: object) -> bytes:
    lines = [
        {"index": at, "time": at, "process": at // 2, "type": ("invoke", "ok")[at % 2], "f": "txn", "value": value}
        for at, value in enumerate(value for value in values for _ in range(2))
    ]
    return b"".join(json.dumps(line, **json_options).encode() + b"\n" for line in lines)  # type: ignore[arg-type]


def of(data: bytes) -> History:
    return read(io.BytesIO(data), "jsonl")


def test_lists_of_micro_operations_stay_flat_until_their_ids_are_asked_for() -> None:
    history = of(text(VALUES))
    column = history.value_column
    assert column.flat is not None and len(column.flat) == 2 * len(VALUES)
    assert history.event(3).value == (("r", 1, None),)
    assert list(history.operations().ended) == [EventType.OK] * len(VALUES)
    assert column.flat is not None
    assert [history.pool.values[id] for id in history.operations().result[1:3]] == [
        (("r", 1, None),), (("append", "x", 1), ("r", "x", (1, 2, 70_000, -3, 0)), ("w", True, "y"))
    ]  # fmt: skip
    assert column.flat is None
    assert min(column.raw) >= 0


@pytest.mark.parametrize("separators", [(",", ":"), (" , ", " : "), (",  ", ":")])
def test_they_are_what_python_reads(separators: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for values in (VALUES, OTHERS, VALUES + OTHERS, OTHERS + VALUES, tuple(zip(VALUES, OTHERS, strict=False))):
        data = text(values, separators=separators)
        found = of(data)
        with monkeypatch.context() as patch:
            patch.setattr(validate, "lines_native", None)
            expected = of(data)
        assert list(found) == list(expected)
        assert [found.pool.values[id] for id in found.value] == [expected.pool.values[id] for id in expected.value]
        assert list(found) == list(expected)


def test_a_value_has_one_id_flat_or_not() -> None:
    history = of(text(VALUES + VALUES))
    assert history.value[: 2 * len(VALUES)] == history.value[2 * len(VALUES) :]
    for value, id in zip(VALUES, history.value[::2], strict=False):
        assert history.pool.id(value) == id


def test_what_is_added_behind_flat_values_stands_there() -> None:
    history = of(text(VALUES))
    history.add(0, 99, "txn", [["r", 1, None]], None, 99, None)
    assert history.value_column.flat is not None
    assert history.value[-1] == history.value[2]


def test_lines_that_are_left_to_python_leave_the_others_flat() -> None:
    column = of(text(VALUES + OTHERS + VALUES)).value_column
    assert column.flat is not None and len(column.flat) >= 4 * len(VALUES)


def test_numbers_that_json_does_not_have_are_refused() -> None:
    good = text(([["r", 7, [7, 8, 8]]],), separators=(",", ":"))
    for number in (b"08", b"8.", b"-", b"8 8", b"+8"):
        with pytest.raises(HistoryError, match=r":1: "):
            of(good.replace(b"8,8", b"8," + number))


@given(st.lists(st.integers(-(1 << 62), (1 << 62) - 1), min_size=1), st.data())
def test_differences_are_those_of_python(column: list[int], data: st.DataObject) -> None:
    places = st.lists(st.integers(0, len(column) - 1), min_size=5, max_size=5)
    later, earlier = (array("q", data.draw(places)) for _ in range(2))
    expected = [column[one] - column[other] for one, other in zip(later, earlier, strict=True)]
    assert value_column.differences(array("q", column), later, earlier).tolist() == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_column, "columns_native", None)
        assert value_column.differences(array("q", column), later, earlier).tolist() == expected
