"""Contents of the folders."""

from pathlib import Path

import pytest

from splitbrain.results.index import RunFilter
from splitbrain.serve import contents
from splitbrain.serve.places import Places


@pytest.fixture
def places(kept: Path) -> Places:
    return Places.of([kept / "runs", kept / "campaigns"])


def verdicts(found: list[contents.ListedRun]) -> list[str]:
    return sorted(shown.run.verdict for shown in found)


def test_runs_of_all_folders_are_found_and_filtered(places: Places) -> None:
    every = contents.runs(places, RunFilter(), "", "", "age")
    assert {"valid", "invalid", "interrupted"} == set(verdicts(every))
    assert [shown.run.began for shown in every] == sorted((shown.run.began for shown in every), reverse=True)
    assert verdicts(contents.runs(places, RunFilter(target="raft"), "", "", "age")) == ["invalid"]
    assert verdicts(contents.runs(places, RunFilter(), "INVALID reads=local", "", "age")) == ["invalid"]
    assert verdicts(contents.runs(places, RunFilter(), "", "partition", "age")) == ["invalid"]
    assert contents.runs(places, RunFilter(), "nothing-of-that-kind", "", "age") == []
    ordered = [shown.run.target for shown in contents.runs(places, RunFilter(), "", "", "target")]
    assert ordered == sorted(ordered) and len(ordered) == len(every)


def test_a_run_says_whether_it_may_go_on_and_has_a_page(places: Places) -> None:
    cut = contents.runs(places, RunFilter(verdict="interrupted"), "", "", "age")
    assert [(shown.going, shown.report, shown.faults) for shown in cut] == [(True, False, contents.NO_FAULTS)]
    (refuted,) = contents.runs(places, RunFilter(verdict="invalid"), "", "", "age")
    assert (refuted.going, refuted.report, refuted.faults) == (False, True, "partition")
    assert places.find(refuted.address) is not None


def test_runs_are_grouped_with_their_counts(places: Places) -> None:
    found = contents.runs(places, RunFilter(), "", "", "age")
    assert [group.name for group in contents.grouped(found, "")] == [""]
    assert contents.grouped([], "") == []
    by_target = {group.name: dict(group.counts) for group in contents.grouped(found, "target")}
    assert by_target["raft:reads=local"] == {"invalid": 1}
    assert by_target["single"]["interrupted"] == 1
    assert sum(count for counts in by_target.values() for count in counts.values()) == len(found)


def test_the_grid_has_a_cell_for_each_target_and_faults(places: Places) -> None:
    columns, rows = contents.grid(contents.runs(places, RunFilter(), "", "", "age"))
    assert columns == [contents.NO_FAULTS, "partition"]
    assert rows["raft:reads=local"]["partition"].tone == "invalid"
    assert rows["single"][contents.NO_FAULTS].tone == "interrupted"
    assert "partition" not in rows["single"]


def test_campaigns_are_found(places: Places) -> None:
    (found,) = contents.campaigns(places)
    assert (found.lines, list(found.counts), found.surprises, found.report) == (2, [("valid", 2)], 0, True)


def test_what_is_no_campaign_or_card_any_more_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "campaign.json").write_text('{"format": 99}')
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "card.html").write_text("")
    (tmp_path / "card" / "card.json").write_text('{"target": "x", "class": "CP"}')
    places = Places.of([tmp_path])
    assert contents.campaigns(places) == []
    assert [(card.target, card.word) for card in contents.cards(places)] == [("x", "CP")]
