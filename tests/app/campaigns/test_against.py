"""A campaign that is held to a baseline: from the command line, with simulated runs."""

import json

import pytest

from splitbrain import campaign
from splitbrain.cli import command
from splitbrain.harness.errors import UsageError

FILE = """
[defaults]
time-limit = 5
rate = 50
seeds = 4
workload = "register"
nemesis = "partition"

[[test]]
name = "weak"
target = "WEAK"
expect = "invalid"
known = "local reads may be stale"

[[test]]
name = "strong"
target = "STRONG"
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A campaign with its baseline, in a folder."""
    place = tmp_path_factory.mktemp("baseline")
    write(place, "raft:reads=local", "raft")
    found = campaign(place / "night.toml", out=place, keep="none", write_baseline=place / "baseline.toml")
    assert found.status == "valid"
    return place


def write(place, weak, strong):
    (place / "night.toml").write_text(FILE.replace("WEAK", weak).replace("STRONG", strong))


def held(place, weak, strong, **more):
    write(place, weak, strong)
    return campaign(place / "night.toml", out=place, keep="none", baseline=place / "baseline.toml", **more)


def test_the_known_weakness_is_no_news(places):
    found = held(places, "raft:reads=local", "raft")
    assert [test.status.value for test in found.tests] == ["passed", "passed"]
    assert not any("better" in remark or "no longer" in remark for remark in found.remarks)


def test_a_broken_store_in_the_place_of_a_correct_one_fails(places):
    found = held(places, "raft:reads=local", "raft:reads=local")
    assert [test.status.value for test in found.tests] == ["passed", "failed"]
    assert "where valid is expected; the baseline has none" in found.tests[1].reason
    junit = (places / "latest" / "junit.xml").read_text()
    assert "where valid is expected; the baseline has none" in junit


def test_a_weakness_that_is_mended_is_told_and_fails_nothing(places, capsys):
    write(places, "raft", "raft")
    words = ["campaign", str(places / "night.toml"), "--out", str(places), "--keep", "none"]
    assert command([*words, "--baseline", str(places / "baseline.toml")]) == 0
    told = capsys.readouterr().out
    assert "weak: not refuted in 4 of 4 seeds" in told or "weak: no longer refuted in 4 of 4 seeds; was 4 of 4" in told
    assert command(words) == 1
    capsys.readouterr()
    assert command([*words, "--baseline", str(places / "baseline.toml"), "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(last["baseline"]) == {"tests", "unknown", "missing"}
    assert "weak" in last["baseline"]["tests"]
    for page in ("summary.md", "report.html"):
        assert "compared with the baseline" in (places / "latest" / page).read_text().lower()


def test_the_same_runs_again_have_the_same_baseline(places):
    write(places, "raft:reads=local", "raft")
    campaign(places / "night.toml", out=places, keep="none", write_baseline=places / "again.toml")
    assert (places / "again.toml").read_bytes() == (places / "baseline.toml").read_bytes()


def test_a_baseline_of_other_conditions_is_refused_before_anything_starts(places):
    write(places, "raft", "raft")
    text = (places / "night.toml").read_text().replace("rate = 50", "rate = 60")
    (places / "faster.toml").write_text(text)
    begun = []
    with pytest.raises(UsageError, match=r"--rate 50.*--rate 60.*--write-baseline"):
        campaign(
            places / "faster.toml", out=places, baseline=places / "baseline.toml", begun=lambda *about: begun.append(1)
        )
    assert not begun


def test_a_place_where_no_baseline_can_be_written_is_told_before_anything_starts(places, tmp_path):
    (tmp_path / "file").write_text("")
    begun = []
    with pytest.raises(UsageError, match="file"):
        campaign(
            places / "night.toml",
            out=tmp_path,
            write_baseline=tmp_path / "file" / "b.toml",
            begun=lambda *about: begun.append(1),
        )
    assert not begun


def test_tests_that_only_one_side_has_are_told(places):
    write(places, "raft:reads=local", "raft")
    text = (places / "night.toml").read_text().replace('"strong"', '"another"')
    (places / "other.toml").write_text(text)
    found = campaign(places / "other.toml", out=places, keep="none", baseline=places / "baseline.toml")
    assert "another: not in the baseline, so compared with nothing" in found.remarks
    assert "strong: in the baseline, and not run" in found.remarks
    assert found.status == "valid"


def test_a_campaign_that_was_cut_short_writes_no_baseline(places):
    write(places, "raft:reads=local", "raft")
    cut = campaign(places / "night.toml", out=places, deadline=1e-6, write_baseline=places / "cut.toml")
    assert cut.not_run
    assert not (places / "cut.toml").exists()


def test_a_page_begins_with_what_is_new_and_tells_a_comparison_once(places):
    held(places, "raft", "raft:reads=local")
    page = (places / "latest" / "report.html").read_text()
    assert page.index('id="test-2"') < page.index('id="test-1"')  # the second failed
    assert "<b>nothing new</b>" in page and "0 of 4 refuted, expected on some" in page
    assert page.count("too few to tell a change") == page.count("<li>2 tests: 4 runs, and 4 before: too few") == 1
