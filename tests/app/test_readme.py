"""Quotes of the README from real output and real files: it cannot drift."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SIMULATED = sorted(
    set(re.findall(r"(?m)splitbrain run ((?:raft|examples)[^\s`\"]*(?: --nemesis \w+)?)(?:[`\"]| {2}|$)", README))
)


def test_the_output_that_it_quotes_is_what_the_demonstration_prints(splitbrain, tmp_path):
    printed = splitbrain("demo", "--out", tmp_path).out.rstrip()
    assert f"```\n{printed}\n```" in README


def test_the_first_test_that_it_shows_is_the_example():
    assert f"```python\n{(ROOT / 'examples' / 'islands.py').read_text().rstrip()}\n```" in README


def test_every_room_is_on_the_map():
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert rooms and rooms <= set(re.findall(r"`(\w+)/`", README))


def test_links_lead_somewhere():
    assert [link for link in re.findall(r"\]\((?!http)([^)#]+)", README) if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("words", SIMULATED)
def test_its_simulated_runs_end_with_a_verdict(splitbrain, tmp_path, monkeypatch, words):
    monkeypatch.chdir(ROOT)
    said = splitbrain("run", *words.split(), "--env", "sim", "--time-limit", 4, "--seed", 1, "--out", tmp_path)
    assert said.code in (0, 1, 2) and said.out.split(":")[0] in ("valid", "invalid", "unknown"), said.err
