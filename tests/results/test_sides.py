"""Service by side of a split, and of the nodes that other faults hit."""

import pytest

from splitbrain.harness.history import Event, History
from splitbrain.results.faults import windows
from splitbrain.results.intervals import wilson
from splitbrain.results.sides import SideService, sides, sides_of
from splitbrain.results.summary import answers

from .samples import event

NODES = ["n1", "n2", "n3", "n4", "n5"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"groups": [["n5"], ["n1", "n2", "n3", "n4"]]}, {"minority": ["n5"], "majority": NODES[:4]}),
        (
            {"groups": [["n4", "n5"], ["n1", "n2"]], "bridge": "n3"},
            {"half": ["n4", "n5", "n1", "n2"], "bridge": ["n3"]},
        ),
        ({"groups": [["n1"], ["n2"], ["n3", "n4", "n5"]]}, {"minority": ["n1", "n2"], "majority": ["n3", "n4", "n5"]}),
        ({"groups": [["n1", "n2"], ["n3"], ["n4"], ["n5"]]}, {"minority": NODES}),
        ({"ring": NODES, "sees": {}}, {"each sees a majority": NODES}),
        ({"size": "one", "nodes": ["n2"]}, {"hit": ["n2"], "others": ["n1", "n3", "n4", "n5"]}),
        ({"nodes": NODES}, {"hit": NODES}),
        ({"kind": "offset", "offset_ms": {"n1": 5, "n3": -5}}, {"hit": ["n1", "n3"], "others": ["n2", "n4", "n5"]}),
        ({"kind": "reset", "reset_ms": 300.0}, {"all nodes": NODES}),
        (None, {"all nodes": NODES}),
        ({"groups": [["other", "n9"], ["n1"]]}, {"minority": ["n1"], "bridge": NODES[1:]}),
    ],
)
def test_sides_are_read_from_what_a_fault_said(value, expected):
    assert sides_of(value, NODES) == expected


def history(*rows: tuple[float, int | str, str, str, dict[str, object]]) -> History:
    return History.of(event(place, ms, who, kind, f, **more) for place, (ms, who, kind, f, more) in enumerate(rows))


def found(of: History) -> dict[tuple[str, str], SideService]:
    return {(one.fault, one.side): one for one in sides(of, windows(of), answers(of), timed=True)}


def op(process: int, node: str, begin: float, end: float, kind: str = "ok") -> list[tuple[float, Event]]:
    more = {"node": node} | ({} if kind == "ok" else {"error": ("no-leader", "no")})
    return [(begin, (process, "invoke", {"node": node})), (end, (process, kind, more))]  # type: ignore[list-item]


def split(*operations: list) -> History:
    """A split of n1 from n2 and n3 from 10 ms to 100 ms, and these operations."""
    groups = {"value": {"groups": [["n1"], ["n2", "n3"]]}}
    moments = [
        (10, ("nemesis", "start-partition", groups)),
        (100, ("nemesis", "stop-partition", {"value": {"bite": {}}})),
    ]
    rows = []
    for ms, (who, what, more) in sorted(
        [*moments, *(one for each in operations for one in each)], key=lambda one: one[0]
    ):
        rows.append((ms, who, "info", what, more) if who == "nemesis" else (ms, who, what, "read", more))
    return history(*rows)


def test_each_side_has_its_share_its_latency_and_its_recovery():
    of = split(
        op(0, "n1", 5, 20), op(3, "n1", 20, 25, "fail"), op(6, "n1", 30, 35, "fail"), op(9, "n1", 120, 150),
        op(1, "n2", 20, 24), op(4, "n2", 101, 110, "fail"), op(7, "n2", 111, 131), op(2, "n3", 50, 58),
        op(5, "n3", 101, 102),
    )  # fmt: skip
    minority, majority = found(of)["partition", "minority"], found(of)["partition", "majority"]
    assert (minority.answered, minority.windows) == (wilson(0, 2), 1)
    assert minority.p99_ms is None and minority.recovery_ms == (50.0, 50.0) and minority.unrecovered == 0
    assert majority.answered == wilson(2, 2) and 0.3 < majority.answered.low < majority.answered.high == 1.0
    assert (majority.p50_ms, majority.p99_ms) == (4.0, 8.0)
    assert majority.recovery_ms == (31.0, 31.0), "the slower of n2 and n3"


def test_a_side_that_never_answers_again_is_said_and_one_that_is_not_asked_is_not_judged():
    of = split(op(0, "n1", 120, 130, "fail"), op(3, "n1", 140, 150, "fail"), op(1, "n2", 20, 24))
    assert found(of)["partition", "minority"].unrecovered == 1
    assert found(of)["partition", "minority"].recovery_ms is None
    assert found(of)["partition", "majority"].unrecovered == 0
