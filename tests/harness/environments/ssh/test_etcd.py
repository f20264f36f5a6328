"""etcd on three machines, by the tests of `--env local`: every operation, members that change, a rolling upgrade."""

from pathlib import Path

import pytest

from splitbrain.harness.environments.ssh import Ssh
from splitbrain.harness.environments.ssh.hosts import read

from ....targets.etcd import live
from .machines import Machines, needs_machines

pytestmark = needs_machines


@pytest.mark.long
def test_every_operation_on_three_machines(five: Machines, tmp_path: Path) -> None:
    environment = Ssh(0, read(five.file(), 3))
    environment.run(lambda: live.played(tmp_path, environment))
    assert [machine.leftovers() for machine in five.all] == [""] * 5


def test_members_that_change(five: Machines, tmp_path: Path) -> None:
    environment = Ssh(0, read(five.file(), 3))
    environment.run(lambda: live.played(tmp_path, environment, [live.members_leave_and_join]))
    assert "members with a vote: n" in (tmp_path / "environment.txt").read_text()


def test_a_rolling_upgrade(five: Machines, tmp_path: Path) -> None:
    reason = live.unobtainable()
    if reason is not None:
        pytest.skip(reason)
    environment = Ssh(0, read(five.file(), 3))
    environment.run(lambda: live.upgraded(tmp_path, environment))
    assert "versions told" in (tmp_path / "environment.txt").read_text()
