"""The real server: all operations on three members, inside the namespaces of `--env local`."""

import subprocess
import sys
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import namespaces
from splitbrain.targets.etcd.target import SOFTWARE

unavailable = namespaces.unavailable()
pytestmark = [
    pytest.mark.skipif(unavailable is not None, reason=unavailable or ""),
    pytest.mark.skipif(SOFTWARE.available(SOFTWARE.resolve("")) is None, reason="there is no etcd here"),
]

RUN = (
    "import sys; from splitbrain.harness.environments.linux import namespaces; "
    "sys.exit(namespaces.reexecute([sys.executable, '-m', 'pytest', *sys.argv[1:]]))"
)


LIVE = Path(__file__).with_name("live.py")


def test_every_operation_on_three_members() -> None:
    played("test_every_operation_on_three_members")


def test_members_that_change() -> None:
    played("test_members_that_change")


def test_a_rolling_upgrade() -> None:
    from .live import unobtainable

    # Not when tests are collected: it may take a download.
    reason = unobtainable()
    if reason is not None:
        pytest.skip(reason)
    played("test_a_rolling_upgrade")


def played(test: str) -> None:
    command = [sys.executable, "-c", RUN, "-q", "-x", "-p", "no:xdist", f"{LIVE}::{test}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout
