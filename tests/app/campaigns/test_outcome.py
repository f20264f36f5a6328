"""Meaning of the runs of a test, and of the tests of a campaign."""

import itertools

import pytest

from splitbrain.campaigns.file import parse
from splitbrain.campaigns.grid import grid
from splitbrain.campaigns.outcome import CampaignResult, TestStatus, outcomes
from splitbrain.campaigns.tasks import RunLine

WORDS = {"v": "valid", "i": "invalid", "u": "unknown", "n": "infrastructure"}


def campaign(*tests, seeds=4):
    """The result of tests given as (expected, "vvi"): how each run ended."""
    tables = "".join(
        f'[[test]]\nname = "t{i}"\ntarget = "raft"\nseeds = {seeds}\nexpect = "{expect}"\n'
        for i, (expect, _) in enumerate(tests)
    )
    lines = [
        RunLine({"test": f"t{i}", "seed": seed, "verdict": WORDS[sign], "reason": f"because {seed}", "run": None,
                 "expect": expect, "as_expected": WORDS[sign] == expect})
        for i, (expect, signs) in enumerate(tests)
        for seed, sign in enumerate(signs, 1)
    ]  # fmt: skip
    return CampaignResult("night", "campaigns/night", outcomes(grid(parse(tables, "night.toml")), lines))


@pytest.mark.parametrize(
    ("expect", "signs", "status"),
    [
        ("valid", "vvvv", "passed"),
        ("valid", "vvvi", "failed"),
        ("valid", "unni", "failed"),
        ("valid", "vuvv", "unknown"),
        ("valid", "vunv", "infrastructure"),
        ("valid", "vv", "passed"),
        ("valid", "", "unknown"),
        ("invalid", "vvvi", "passed"),
        ("invalid", "unni", "passed"),
        ("invalid", "vvvv", "failed"),
        ("invalid", "vvv", "unknown"),
        ("invalid", "vvvu", "unknown"),
        ("invalid", "vvvn", "unknown"),
        ("invalid", "", "unknown"),
    ],
)
def test_the_status_of_a_test(expect, signs, status):
    (outcome,) = campaign((expect, signs)).tests
    assert outcome.status == status


def test_the_worst_test_decides_a_campaign():
    parts = {
        "valid": ("valid", "v"),
        "unknown": ("valid", "u"),
        "infrastructure": ("valid", "n"),
        "invalid": ("valid", "i"),
    }
    rank = ["invalid", "infrastructure", "unknown", "valid"]
    for several in itertools.product(parts, repeat=2):
        assert campaign(*(parts[word] for word in several)).status == min(several, key=rank.index)


def test_a_refutation_that_never_came_says_on_how_many_seeds_that_rests():
    (outcome,) = campaign(("invalid", "vvvv")).tests
    assert "never was with 4 seeds" in outcome.reason and "below 49 %" in outcome.reason


def test_what_was_not_run_is_told():
    found = campaign(("valid", "vv"), ("valid", "iv"), ("valid", ""))
    assert found.not_run == 8
    assert found.tests[0].reason == "valid with 2 seeds, 2 more not run"
    assert found.tests[1].reason == "invalid 1 of 2 seeds, 2 more not run; seed 1: because 1"
    assert found.tests[2].reason == "nothing of it was run"


def test_the_last_line_counts_tests():
    line = campaign(("valid", "vv"), ("valid", "i"), ("valid", "u"), ("valid", "n"), ("invalid", "i")).headline()
    assert line == {
        "campaign": "campaigns/night", "name": "night", "runs": 6, "not_run": 14, "tests": 5, "passed": 2, "failed": 1,
        "unknown": 1, "infrastructure": 1, "states": 0, "verdict": "invalid",
    }  # fmt: skip


def test_statuses_are_told_apart_by_name():
    assert {status.value for status in TestStatus} == {"passed", "failed", "unknown", "infrastructure"}
