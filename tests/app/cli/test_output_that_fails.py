"""Output that cannot be written, of every command: it never chooses the code of a verdict, and is never silent.

The rows of docs/exit-codes.md about runs, campaigns, lists and helps are in `test_exit_codes.py`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HISTORY = '{"index":0,"time":0,"process":0,"type":"invoke","f":"read","value":null}\n' + (
    '{"index":1,"time":1,"process":0,"type":"ok","f":"read","value":%s}\n'
)
RUNS = {
    "good": "single --time-limit 1 --seed 1",
    "bad": "raft:reads=local --nemesis partition --time-limit 12 --seed 1",
}
QUICK = {
    "check good.jsonl -m register": 0,
    "check bad.jsonl -m register": 1,
    "check good.jsonl bad.jsonl -m register --json": 1,
    "compare good good": 0,
    "report good": 0,
    "runs .": 0,
    "runs . --json": 0,
}
"""The code of each of these where all goes well."""
SLOW = {
    "classify single --seeds 1 --jobs 1": 2,
    "classify single --seeds 1 --jobs 1 --json": 2,
    "claims partitions-few-keys --seeds 1 --jobs 1": 0,
    "claims partitions-few-keys --seeds 1 --jobs 1 --markdown": 0,
    "compare good bad": 1,
    "compare good bad --json": 1,
    "replay good": 0,
    "replay bad --json": 0,
    "shrink bad --budget 1s": 0,
    "shrink bad --budget 1s --json": 0,
    "zoo raft:bug=half-is-a-majority --aimed --cpu-limit 6": 0,
    "zoo raft:bug=vote-by-length --cpu-limit 0.01 --time-limit 0.1 --json": 2,
    "demo": 0,
}
NOBODY_READS, FULL, NO_ERRORS, CLOSED = "| true", ">/dev/full", "2>/dev/full", "<&- >&- 2>&-"
CASES = [
    *((words, code, way) for words, code in QUICK.items() for way in (NOBODY_READS, FULL)),
    *(
        pytest.param(words, code, way, marks=pytest.mark.long)
        for words, code in (QUICK | SLOW).items()
        for way in (NOBODY_READS, FULL, NO_ERRORS, CLOSED)
        if words in SLOW or way in (NO_ERRORS, CLOSED)
    ),
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that is valid, one that is invalid, and a history of each kind."""
    place = tmp_path_factory.mktemp("kept")
    for name, words in RUNS.items():
        subprocess.run(
            [sys.executable, "-m", "splitbrain", "run", *words.split(), "--out", place / "runs"],
            capture_output=True, check=False,
        )  # fmt: skip
        (place / "runs" / "latest").resolve().rename(place / name)
        (place / f"{name}.jsonl").write_text(HISTORY % ("null" if name == "good" else "7"))
    shutil.rmtree(place / "runs")
    return place


@pytest.mark.parametrize(("words", "code", "way"), CASES)
def test_a_command_keeps_its_code_whatever_becomes_of_its_output(tmp_path, kept, words, code, way):
    shutil.copytree(kept, tmp_path / "here")
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m splitbrain {words} {way}; exit ${{PIPESTATUS[0]}}"],
        cwd=tmp_path / "here", capture_output=True, text=True, timeout=100, check=False, env=dict(os.environ),
    )  # fmt: skip
    unwritten = way == FULL and code != 1
    assert done.returncode == (3 if unwritten else code), done.stderr
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr
    assert ("could not be written" in done.stderr) == (way == FULL)
