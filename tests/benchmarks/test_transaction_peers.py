"""Peers of the benchmark of transactions: stand-ins are found, given their formats, and measured or quoted."""

import json
from pathlib import Path

import pytest
import transaction_peers
import transactions

from splitbrain.harness.histories import read

ECHO = "#!/bin/sh\nfor file; do :; done\ncp \"$file\" '{0}'\necho \"$@\" > '{0}.words'\nexit {1}\n"


def program(path: Path, kept: Path, code: int = 0) -> Path:
    path.write_text(ECHO.format(kept, code))
    path.chmod(0o755)
    return path


def test_awdit_is_given_lines_of_plume_and_called_for_each_level(tmp_path: Path) -> None:
    file, kept = tmp_path / "history.jsonl", tmp_path / "kept"
    transactions.write(file, "rw-register/serial", 50)
    peers = transaction_peers.installed(None, program(tmp_path / "awdit", kept))
    found = transactions.of_peers(peers, file, "rw-register/serial", tmp_path)
    assert list(found) == ["awdit read-committed", "awdit read-atomic", "awdit causal"]
    assert all(type(seconds) is float for seconds in found.values())
    assert (tmp_path / "kept.words").read_text().startswith("-s 4000 check -i causal ")
    lines = kept.read_text().splitlines()
    history = read(file)
    answers = [history.event(event) for event in history.operations().complete]
    steps = [step for event in answers if event.type == "ok" for step in event.value]
    assert [line[0] for line in lines] == [f for f, _, _ in steps]
    nil = [line for line, (_, _, value) in zip(lines, steps, strict=True) if value is None]
    assert nil and all(line.split(",")[1] == "0" for line in nil)
    assert transactions.of_peers(peers, file, "list-append/serial", tmp_path) == {}


def test_elle_cli_is_given_an_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, kept = tmp_path / "history.jsonl", tmp_path / "kept"
    transactions.write(file, "list-append/serial", 20)
    program(tmp_path / "java", kept, 1)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    peers = transaction_peers.installed(tmp_path / "elle.jar", None)
    found = transactions.of_peers(peers, file, "list-append/serial", tmp_path)
    assert type(found["elle-cli"]) is float, "an invalid history is an answer"
    assert "--model list-append" in (tmp_path / "kept.words").read_text()
    assert len(json.loads(kept.read_text())) == 40


def test_a_peer_that_fails_says_why(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    transactions.write(file, "rw-register/serial", 5)
    (tmp_path / "awdit").write_text("#!/bin/sh\necho 'no such level' >&2\nexit 101\n")
    (tmp_path / "awdit").chmod(0o755)
    found = transactions.of_peers(
        transaction_peers.installed(None, tmp_path / "awdit"), file, "rw-register/serial", tmp_path
    )
    assert set(found.values()) == {"no such level"}


def test_quoted_figures_are_of_cases_that_there_are() -> None:
    assert {case for case, _ in transaction_peers.QUOTED} <= set(transactions.CASES)
