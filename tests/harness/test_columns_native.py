"""Columns and pairs of events, the same from compiled code as from Python."""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from msgspec import UNSET

from splitbrain.harness import history as histories
from splitbrain.harness import interner as pools
from splitbrain.harness.history import Event, History, IllFormed
from splitbrain.harness.interner import DEPTH_MAX, Interner
from splitbrain.harness.pairing import Pairing

pytestmark = pytest.mark.skipif(pools.columns_native is None, reason="not built")

COLUMNS = ("type", "process", "f", "value", "key", "time", "node", "error", "revision", "token", "session")
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, 1.0, -0.0, 2**70, "1", "", "x", (), [], (1, 2), [1, 2], (1, 2.0), (True, 2), ((1, 2), 3),
    [[1], [2]], (None, "x"), {"a": 1}, {"a": (1, [2])}, {1, 2}, frozenset({1}), ({"a": 1}, 2), (frozenset({1}),),
)  # fmt: skip


@contextmanager
def in_python() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histories, "_INTAKE", None)
        patch.setattr(histories, "columns_native", None)
        patch.setattr(pools, "columns_native", None)
        yield


def random_event(random: Random) -> Event:
    def maybe(value: Any) -> Any:
        return value if random.random() < 0.4 else UNSET

    return Event(
        index=0, time=random.randrange(-5, 1 << 40), process=random.choice((0, 1, 2, 300, "nemesis", 1 << 30)),
        type=random.choice(("invoke", "ok", "fail", "info")), f=random.choice(("read", "write", "cas")),
        key=maybe(random.choice(VALUES)), value=random.choice(VALUES), node=maybe(random.choice(("n1", "n2"))),
        error=maybe(("timeout", random.choice("ab"))), revision=maybe(random.randrange(9)),
        token=maybe(random.choice(VALUES)), session=maybe(random.randrange(3)),
    )  # fmt: skip


def names(column: "array[int]") -> list[int]:
    """Numbers in the order in which they come up: which are the same, and no more."""
    seen: dict[int, int] = {}
    return [seen.setdefault(number, len(seen)) for number in column]


def test_columns_are_the_same() -> None:
    random = Random(5)
    for _ in range(300):
        events = [random_event(random) for _ in range(random.randrange(40))]
        quick = History()
        for start in range(0, len(events), 7):
            quick.extend(events[start : start + 7])
        with in_python():
            slow = History()
            slow.extend(events)
        assert [repr(event) for event in quick] == [repr(event) for event in slow]
        every = ("value", "key", "error", "token", "f", "node", "session")
        both = [array("i", [i for name in every for i in getattr(each, name)]) for each in (quick, slow)]
        assert names(both[0]) == names(both[1])
        assert [len(getattr(quick, name)) for name in COLUMNS] == [len(events)] * len(COLUMNS)


def test_what_is_wrong_is_said_by_python_and_nothing_is_added() -> None:
    right = random_event(Random(1))
    wrongs: tuple[dict[str, Any], ...] = ({"type": "maybe"}, {"process": "somebody"})
    for wrong in wrongs:
        history = History()
        with pytest.raises(ValueError, match="not '"):
            history.extend([right, Event(**{"index": 0, "time": 0, "process": 0, "type": "ok", "f": "f"} | wrong)])  # type: ignore[arg-type]
        assert len(history) == 0
        assert [len(getattr(history, name)) for name in COLUMNS] == [0] * len(COLUMNS)


def test_what_is_no_data_is_refused_before_anything_is_added() -> None:
    history = History()
    with pytest.raises(TypeError):
        history.extend([Event(index=0, time=0, process=0, type="ok", f="f", value=bytearray(b"x"))])
    assert [len(getattr(history, name)) for name in COLUMNS] == [0] * len(COLUMNS)


def test_values_are_nested_as_deeply_as_in_python() -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    def deepest() -> int:
        pool = Interner()
        for depth in range(1, DEPTH_MAX + 10):
            try:
                pool.id(nested(depth))
            except RecursionError:
                return depth
        raise AssertionError

    quick = deepest()
    with in_python():
        assert deepest() == quick


def test_pairs_are_the_same_and_so_is_what_is_wrong() -> None:
    assert pools.columns_native is not None
    random, broken = Random(7), 0
    for _ in range(2000):
        processes = random.choice(((0, 1), (0, 1, 2, 5000), (-1, 0, 3, 1 << 30)))
        size = random.randrange(30)
        types = array("b", [random.choice((0, 0, 1, 1, 2, 3)) for _ in range(size)])
        whose = array("q", [random.choice(processes) for _ in range(size)])
        what = array("i", [random.choice((0, 0, 0, 1)) for _ in range(size)])
        cut = random.randrange(size + 1)
        said: list[tuple[Any, ...]] = []
        for pairing in (pools.columns_native.NativePairing(["read", "write"]), Pairing(["read", "write"])):
            try:
                pairing.extend(types[:cut], whose[:cut], what[:cut])
                pairing.extend(types[cut:], whose[cut:], what)
                said.append((pairing.partner, pairing.invoke, None, None))
            except IllFormed as wrong:
                said.append((pairing.partner, pairing.invoke, wrong.position, wrong.text))
                broken += 1
        assert said[0] == said[1]
    assert 1000 < broken < 3900
