"""Registers judged by everything that was recorded: values, refusals and revisions."""

from typing import Any

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
