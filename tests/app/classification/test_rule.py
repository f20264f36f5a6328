"""The class rule, a line of it a case."""

from dataclasses import replace

import pytest

from splitbrain.classification.rule import RUNS_MIN, CapClass, ClassFacts, SideFacts, find_class
from splitbrain.classification.windows import READ, WRITE

MINOR, MAJOR = "leader in the minority", "leader in the majority"


def sides(**serves: str) -> list[SideFacts]:
    """Sides of both placements: `minority="rw"` serves reads and writes; what is not named serves nothing, `?` is not
    settled."""
    found = []
    for placement in (MINOR, MAJOR):
        for side in ("minority", "majority"):
            said = serves.get(side, "")
            for kind, letter in ((READ, "r"), (WRITE, "w")):
                counts = (12, 0) if letter in said else (2, 0) if "?" in said else (0, 12)
                found.append(SideFacts(placement, side, kind, *counts))
    return found


CP = ClassFacts(False, sides(majority="rw"), 0, 24, 0, True, (), 0, 0, True, 0)
AP = ClassFacts(False, sides(majority="rw", minority="rw"), 16, 8, 0, True, (), 0, 0, True, 500)


def one(placement: str, side: str, kind: str) -> list[SideFacts]:
    """Facts by which all serve, but this side does not serve operations of this kind."""
    everything = sides(majority="rw", minority="rw")
    return [
        replace(fact, served=0, not_served=12) if (fact.placement, fact.side, fact.kind) == (placement, side, kind)
        else fact for fact in everything
    ]  # fmt: skip


CASES: dict[str, tuple[ClassFacts, str, str, str]] = {
    "CP": (CP, "CP", "CP", "CP"),
    "AP": (AP, "AP", "AP", "AP"),
    "stale reads everywhere, writes at the majority": (
        replace(CP, sides=sides(majority="rw", minority="r"), refuted=16, confirmed=8), "neither", "AP", "CP",
    ),
    "neither: refuses and is refuted": (
        replace(CP, refuted=3, confirmed=21, lost=4), "neither", "neither", "neither",
    ),
    "refuses on one side, in one placement, one kind": (
        replace(CP, sides=one(MAJOR, "majority", WRITE)), "CP", "undetermined", "CP",
    ),
    "writes stop everywhere": (replace(CP, sides=sides(majority="r", minority="r")), "CP", "undetermined", "CP"),
    "copies differ at the end": (replace(AP, equal=False), "neither", "AP", "neither"),
    "copies were not compared": (replace(AP, equal=None), "undetermined", "AP", "AP"),
    "writes that others won over": (replace(AP, lost=9), "AP", "AP", "AP"),
    "writes that vanish": (replace(AP, lost=9, vanished=4), "neither", "AP", "neither"),
    "writes that vanish, nothing compared": (replace(AP, lost=9, vanished=4, equal=None), "neither", "AP", "neither"),
    "one copy": (ClassFacts(True, [], 0, 10, 0, True, (), 0, 0, None, 0), "CA", "CA", "CA"),
    "one copy that forgets": (ClassFacts(True, [], 1, 9, 0, True, (), 2, 1, None, 0), "neither", "neither", "neither"),
    "one copy, few runs": (
        ClassFacts(True, [], 0, RUNS_MIN - 1, 0, True, (), 0, 0, None, 0),
        "undetermined", "undetermined", "undetermined",
    ),
    "few runs": (replace(CP, confirmed=RUNS_MIN - 1), "undetermined", "undetermined", "undetermined"),
    "a run that was not decided": (replace(CP, undecided=1), "undetermined", "undetermined", "CP"),
    "no split": (replace(CP, sides=[]), "undetermined", "undetermined", "undetermined"),
    "sides that are not settled": (
        replace(AP, sides=sides(majority="rw", minority="?")), "undetermined", "undetermined", "undetermined",
    ),
    "a side whose windows all said too little": (
        replace(AP, sides=[replace(fact, served=0) if fact.side == "minority" else fact for fact in AP.sides]),
        "undetermined", "undetermined", "undetermined",
    ),
    "does not serve without faults": (
        replace(CP, unhealthy=("it answers little",)), "undetermined", "undetermined", "undetermined",
    ),
    "no healthy run": (replace(CP, healthy_tried=False), "undetermined", "undetermined", "undetermined"),
    "serves everywhere, nothing refuted, nothing crossed": (
        replace(AP, refuted=0, confirmed=24, crossed=0), "undetermined", "undetermined", "undetermined",
    ),
    "serves everywhere, nothing refuted": (
        replace(AP, refuted=0, confirmed=24), "undetermined", "undetermined", "undetermined",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_line_of_the_rule(name: str) -> None:
    facts, cap, reads, writes = CASES[name]
    found = find_class(facts)
    assert (found.cap, found.reads, found.writes) == (cap, reads, writes), found
    assert found.reason
    assert bool(found.missing) == (found.cap is CapClass.UNDETERMINED)


def test_an_alarm_comes_from_reads_on_one_side_of_what_the_other_wrote() -> None:
    silent = replace(AP, refuted=0, confirmed=24)
    assert "impossible" in find_class(silent).alarm
    assert find_class(replace(silent, sides=sides(majority="rw", minority="r"))).alarm
    assert not find_class(replace(silent, crossed=0)).alarm
    assert not find_class(replace(silent, undecided=1)).alarm
    assert not find_class(replace(silent, confirmed=0)).alarm
    assert not find_class(replace(silent, sides=sides(majority="r", minority="r"))).alarm
    assert not find_class(AP).alarm
    assert not find_class(CP).alarm


def test_the_majority_is_told_for_each_placement() -> None:
    assert find_class(CP).majority_serves == {MINOR: True, MAJOR: True}
    assert find_class(replace(CP, sides=one(MAJOR, "majority", WRITE))).majority_serves == {MINOR: True, MAJOR: False}


def test_missing_says_how_many_windows() -> None:
    found = find_class(replace(AP, sides=sides(majority="rw", minority="?")))
    assert any("10 more windows" in reason for reason in found.missing)
