"""etcd on three machines, by the tests of `--env local`: every operation, members that change, a rolling upgrade."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from machines import Machines, needs_machines

from splitbrain.harness.environments.ssh import Ssh
from splitbrain.harness.environments.ssh.hosts import read

pytestmark = needs_machines

LIVE = Path(__file__).parents[3] / "targets" / "etcd" / "live.py"


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("live_on_machines", LIVE)
    assert spec is not None and spec.loader is not None
    live = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(live)
    return live


def test_every_operation_on_three_machines(five: Machines, tmp_path: Path) -> None:
    live = loaded()
    environment = Ssh(0, read(five.file(), 3))
    environment.run(lambda: live.played(tmp_path, environment))
    assert [machine.leftovers() for machine in five.all] == [""] * 5


def test_members_that_change(five: Machines, tmp_path: Path) -> None:
    live = loaded()
    environment = Ssh(0, read(five.file(), 3))
    environment.run(lambda: live.played(tmp_path, environment, [live.members_leave_and_join]))
    assert "members with a vote: n" in (tmp_path / "environment.txt").read_text()


def test_a_rolling_upgrade(five: Machines, tmp_path: Path) -> None:
    live = loaded()
    reason = live.unobtainable()
    if reason is not None:
        pytest.skip(reason)
    environment = Ssh(0, read(five.file(), 3))
    environment.run(lambda: live.upgraded(tmp_path, environment))
    assert "versions told" in (tmp_path / "environment.txt").read_text()
