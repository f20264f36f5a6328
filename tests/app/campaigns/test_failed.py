"""Failing seeds in `regressions/`: kept, tried first, and left out of baselines."""

import tomllib

import pytest

from splitbrain import campaign
from splitbrain.campaigns.failed import KEPT_MOST
from splitbrain.cli import command
from splitbrain.harness.errors import UsageError

STALE = {"target": "raft:reads=local", "workload": "register", "nemesis": "partition", "time-limit": 5, "rate": 50}


def test_seeds_that_fail_are_kept_and_tried_first_even_if_they_are_no_seeds_of_the_test(tmp_path):
    place, order = tmp_path / "regressions", []
    test = {**STALE, "name": "mine", "seeds": [3]}
    other = {**STALE, "name": "expected", "expect": "invalid", "seeds": [3]}
    campaign({"test": [other, test]}, out=tmp_path, keep="none", regressions=place)
    assert [path.name for path in place.iterdir()] == ["mine.toml"]
    (entry,) = tomllib.loads((place / "mine.toml").read_text())["failed"]
    assert entry["seed"] == 3 and entry["token"].startswith("sb") and entry["reason"]
    found = campaign(
        {"test": [other, {**test, "target": "raft", "seeds": 2}]},
        out=tmp_path,
        keep="none",
        jobs=1,
        regressions=place,
        told=lambda line: order.append(line.key),
        write_baseline=tmp_path / "baseline.toml",
    )
    assert order == [("mine", 3), ("expected", 3), ("mine", 1), ("mine", 2)]
    assert found.status == "valid" and found.not_run == 0
    baseline = tomllib.loads((tmp_path / "baseline.toml").read_text())
    assert baseline["test"]["mine"]["verdicts"] == {"valid": 2}


def test_a_test_keeps_so_many_seeds_and_none_that_are_known(tmp_path):
    from splitbrain.campaigns.failed import keep_failed

    from .test_outcome import campaign as judged

    keep_failed(judged(("valid", "i" * (KEPT_MOST + 3)), seeds=KEPT_MOST + 3), tmp_path)
    assert len(tomllib.loads((tmp_path / "t0.toml").read_text())["failed"]) == KEPT_MOST
    known = judged(("valid", "iv"))
    for line in known.tests[0].lines:
        line.plain["counts_as"] = "valid"
    keep_failed(known, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_file_that_cannot_be_understood_is_told_before_anything_starts(tmp_path):
    (tmp_path / "mine.toml").write_text("failed = 3\n")
    with pytest.raises(UsageError, match=r"mine\.toml"):
        campaign({"test": [{**STALE, "name": "mine"}]}, out=tmp_path / "out", regressions=tmp_path)
    assert not (tmp_path / "out").exists()


def test_the_command_line_keeps_them_in_the_users_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = [f"{key} = {value!r}" for key, value in {**STALE, "name": "mine"}.items()]
    (tmp_path / "c.toml").write_text("\n".join(["[[test]]", *lines]))
    assert command(["campaign", "c.toml", "--keep", "none"]) == 1
    assert (tmp_path / "regressions" / "mine.toml").is_file()
