"""`membership`: the last answer of each node counts, and must have all that answer."""

from collections.abc import Sequence
from typing import Any

import pytest

from splitbrain.checkers.domain.membership import MembershipCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import NEMESIS_PROCESS, Event, History
from splitbrain.harness.verdict import Verdict

SECOND = 1_000_000_000
ALL = ("n1", "n2", "n3")


def judged(*answers: tuple[float, str, Sequence[str] | None], fault_s: float = 0.0) -> Verdict:
    """The verdict on reads, each at its second through its node; None: it failed. fault_s: when a fault ended."""
    made: list[dict[str, Any]] = []
    if fault_s:
        fault = {"time": fault_s, "process": NEMESIS_PROCESS, "type": "info"}
        made += [{**fault, "f": f"{word}-kill"} for word in ("start", "stop")]
    for at, node, members in answers:
        read = {"time": at, "process": int(node[1:]), "f": "members", "node": node}
        made += [
            {**read, "type": "invoke"},
            {**read, "type": "ok" if members is not None else "fail", "value": members},
        ]
    made.sort(key=lambda event: event["time"])
    listed = [Event(index=at, **{**one, "time": round(one["time"] * SECOND)}) for at, one in enumerate(made)]
    return MembershipCheck(5.0).check(History.of(listed), Budget())


def settled(node: str, *answers: Sequence[str]) -> list[tuple[float, str, Sequence[str]]]:
    """Answers of a node, from second 9 on."""
    return [(9 + at, node, members) for at, members in enumerate(answers)]


def test_what_was_said_on_the_way_is_counted_and_the_end_is_judged() -> None:
    end = [one for node in ALL for one in settled(node, ALL, ("n1", "n2"), ALL)]
    found = judged((1, "n1", ("n1",)), *end, fault_s=2.0)
    assert found.value.value == "valid" and "3 nodes leave none of the 3 out" in found.reason
    assert found.details["reads_that_left_somebody_out"] == 4


def test_who_answers_and_is_left_out_all_the_time_refutes() -> None:
    found = judged(*settled("n1", *[("n1", "n2")] * 3), *settled("n2", ALL, ALL, ALL), (9, "n3", ALL), fault_s=2.0)
    assert found.value.value == "invalid"
    assert "n1 leaves out n3, which answers, in all of its last 3 answers" in found.reason
    assert found.witness is not None and len(found.witness.events) == 8, "three answers, and one of who is left out"
    assert sum("members → [n1 n2]" in words for words in found.witness.words) == 3


def test_a_node_that_does_not_answer_is_up_or_down() -> None:
    two = [*settled("n1", *[("n1", "n2")] * 3), *settled("n2", ALL, ALL, ALL)]
    assert judged(*two, (9, "n3", None), fault_s=2.0).value.value == "valid"


def test_too_few_answers_and_answers_soon_after_a_fault_do_not_count() -> None:
    assert judged(*settled("n1", ("n1",), ("n1",)), *settled("n2", ALL), fault_s=2.0).value.value == "unknown"
    assert judged(*settled("n1", ("n1",), ("n1",), ("n1",)), fault_s=2.0).value.value == "unknown", "it is alone"
    soon = [*settled("n1", *[("n1",)] * 3), *settled("n2", ALL)]
    assert judged(*soon, fault_s=2.0).value.value == "invalid"
    assert judged(*soon, fault_s=4.5).value.value == "unknown"


@pytest.mark.parametrize("members", [3, "n1"])
def test_an_answer_that_is_no_list_is_not_understood(members: object) -> None:
    assert judged((1, "n1", members), (1, "n2", ALL)).value.value == "unknown"  # type: ignore[arg-type]


def test_other_operations_are_wrong_use() -> None:
    event = Event(index=0, time=0, process=1, type="invoke", f="write", key="members", value=1)
    with pytest.raises(UsageError, match="write"):
        MembershipCheck().check(History.of([event]), Budget())
