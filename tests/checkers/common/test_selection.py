"""Parts of a history: what is selected, and that a verdict on a part names events of the whole."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.common.selection import OfKeys, select
from splitbrain.checkers.linearizability import Linearizability
from splitbrain.checkers.porcupine.models import MODELS
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

REGISTER = Linearizability(MODELS["register"].make({"initial": None}))


def history(*lines: tuple[int | str, str, str, object, str | None]) -> History:
    """Events as (process, type, f, value, key)."""
    events = []
    for at, (process, kind, f, value, key) in enumerate(lines):
        more: dict[str, Any] = {} if key is None else {"key": key}
        events.append(Event(index=at, time=at, process=process, type=kind, f=f, value=value, **more))
    return History.of(events)


MIXED = history(
    (0, "invoke", "write", 1, "r1"),
    (1, "invoke", "append", 7, "l1"),
    ("nemesis", "info", "start-kill", None, None),
    (0, "ok", "write", 1, "r1"),
    (1, "ok", "append", 7, "l1"),
    (2, "invoke", "read", None, "r1"),
    (3, "invoke", "ping", None, None),
    (2, "ok", "read", None, "r1"),
)


def test_only_operations_on_the_wanted_keys_are_selected_with_their_places() -> None:
    part, positions = select(MIXED, lambda key: str(key).startswith("r"))
    assert list(positions) == [0, 3, 5, 7]
    assert [(event.f, event.key, event.value) for event in part] == [
        (event.f, event.key, event.value) for event in map(MIXED.event, positions)
    ]
    assert len(part.operations()) == 2


def test_a_witness_on_a_part_names_events_of_the_whole() -> None:
    verdict = OfKeys("registers", REGISTER, lambda key: str(key).startswith("r")).check(MIXED, Budget())
    assert (verdict.value, verdict.checker) == (Validity.INVALID, "registers")
    assert verdict.witness is not None
    assert set(verdict.witness.events) <= {0, 3, 5, 7}
    assert verdict.witness.offending == verdict.details["blocked"] == 5
    assert set(verdict.details["longest"]) <= {0, 3, 5, 7}


def test_a_certificate_on_a_part_names_events_of_the_whole() -> None:
    verdict = OfKeys("lists", Linearizability(MODELS["register"].make()), lambda key: key == "r2").check(
        history((0, "invoke", "write", 3, "r1"), (1, "invoke", "write", 4, "r2"), (1, "ok", "write", 4, "r2"),
                (2, "invoke", "read", None, "r2"), (0, "ok", "write", 3, "r1"), (2, "ok", "read", 4, "r2")),
        Budget(),
    )  # fmt: skip
    assert verdict.value is Validity.VALID
    assert verdict.certificate == (1, 3)


def test_nothing_selected_is_unknown() -> None:
    verdict = OfKeys("sets", REGISTER, lambda key: False).check(MIXED, Budget())
    assert verdict.value is Validity.UNKNOWN


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.booleans()), max_size=30))
def test_the_parts_of_all_keys_are_the_whole(steps: list[tuple[int, str, bool]]) -> None:
    lines: list[tuple[int | str, str, str, object, str | None]] = []
    opened: dict[int, str] = {}
    for process, key, closes in steps:
        if process in opened:
            lines.append((process, "ok", "write", 0, opened.pop(process)))
        if not closes:
            opened[process] = key
            lines.append((process, "invoke", "write", 0, key))
    whole = history(*lines)
    parts = [select(whole, key.__eq__)[1] for key in "abc"]
    assert sorted(position for part in parts for position in part) == list(range(len(lines)))
