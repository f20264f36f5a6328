"""`splitbrain serve`."""

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from splitbrain.cli.exits import USAGE
from splitbrain.cli.serve import _listening

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_when_it_is_told_to(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "runs").mkdir()
    command = [sys.executable, "-m", "splitbrain", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None and server.stderr is not None
        said = server.stdout.readline()
        with urllib.request.urlopen(said.split()[0], timeout=60) as page:
            assert b"No run fits" in page.read()
        server.send_signal(number)
        assert (server.wait(60), server.stdout.read(), server.stderr.read()) == (0, "", "")


def test_wrong_use_is_told(splitbrain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = splitbrain("serve")
    assert said.code == USAGE and "no runs, campaigns or cards in this folder" in said.err
    assert splitbrain("serve", "gone").code == USAGE
    said = splitbrain("serve", tmp_path, "--host", "no.such.host.invalid")
    assert said.code == USAGE and "expected a name or an address of this machine" in said.err
    with _listening("127.0.0.1", 0) as taken:
        said = splitbrain("serve", tmp_path, "--port", taken.getsockname()[1])
    assert said.code == USAGE and "Address already in use: give another --port" in said.err
