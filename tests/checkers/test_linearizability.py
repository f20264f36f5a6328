"""Registers judged by everything that was recorded: values, refusals and revisions; and each type by its model."""

from typing import Any

import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.checkers.linearizability import RegisterLinearizability
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict


def judged(*steps: tuple[str, object, str, object, int | None]) -> Verdict:
    """The verdict on operations one after another, each (f, argument, type, result, revision)."""
    events = []
    for number, (f, argument, kind, result, revision) in enumerate(steps):
        common: dict[str, Any] = {"process": number, "f": f, "key": "r1"}
        more: dict[str, Any] = {} if revision is None else {"revision": revision}
        if kind == "fail":
            more["error"] = ("precondition", "another value")
        at = 2 * number
        events.append(Event(index=at, time=at, type="invoke", value=argument, **common))
        events.append(Event(index=at + 1, time=at + 1, type=kind, value=result, **common, **more))
    return RegisterLinearizability().check(History.of(events), Budget())


def test_what_values_refute_is_shown_by_values_alone() -> None:
    writes = [("write", value, "ok", value, value) for value in range(1, 8)]
    verdict = judged(*writes, ("read", None, "ok", 3, 3))
    assert verdict.value is Validity.INVALID
    assert verdict.witness is not None
    assert len(verdict.witness.events) == 4


def test_revisions_refute_what_values_allow() -> None:
    steps = (("write", 1, "ok", 1, 5), ("write", 2, "ok", 2, 4), ("read", None, "ok", 2, 4))
    assert judged(*steps).value is Validity.INVALID
    assert (
        judged(*((f, argument, kind, result, None) for f, argument, kind, result, _ in steps)).value is Validity.VALID
    )


def test_a_refusal_from_old_state_is_refuted() -> None:
    assert judged(("write", 1, "ok", 1, 1), ("cas", (1, 2), "fail", (1, 2), None)).value is Validity.INVALID
    assert judged(("write", 1, "ok", 1, 1), ("cas", (3, 2), "fail", (3, 2), None)).value is Validity.VALID


def by_type(*rows: tuple[int, str, Any]) -> Verdict:
    """Rows: process, operation, value of key x; one after the other."""
    events = [
        Event(
            index=0, time=0, process=process, type=kind, f=f, key="x",
            value=None if kind == "invoke" and f in ("read", "get") else value,
        )
        for process, f, value in rows
        for kind in ("invoke", "ok")
    ]  # fmt: skip
    return entry("linearizable").make().check(History.of(events), Budget())


@pytest.mark.parametrize(
    ("update", "read", "before", "after"),
    [
        (("write", 1), "read", None, 1),
        (("put", 1), "get", None, 1),
        (("put", 1), "read", None, 1),
        (("write", 1), "get", None, 1),
        (("cas", (None, 1)), "read", None, 1),
        (("append", 1), "read", (), (1,)),
        (("add", 1), "read", (), (1,)),
        (("increment", 2), "read", None, 2),
        (("add", 2), "read", 0, 2),
    ],
)
def test_a_history_says_which_model_it_is_linearizable_by(
    update: tuple[str, Any], read: str, before: Any, after: Any
) -> None:
    assert by_type((1, read, before), (0, *update), (1, read, after)).value.value == "valid"
    stale = by_type((0, *update), (1, read, before), (1, read, after))
    assert stale.value.value == "invalid" and stale.checker == "linearizable"
