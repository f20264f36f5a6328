"""Commands as a user calls them: words in; exit code, standard output and standard error out."""

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from splitbrain.start import started


@dataclass(frozen=True)
class Said:
    """The output of a command, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The lines of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Said]


@pytest.fixture
def splitbrain(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """`splitbrain("run", "raft", …)`, in this process."""

    def call(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["splitbrain", *map(str, words)])
        before = signal.getsignal(signal.SIGINT)
        try:
            code = started()
        finally:
            signal.signal(signal.SIGINT, before)  # a command that is over ignores it until its process is gone
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return call
