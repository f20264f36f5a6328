"""A schedule as data on etcd on machines of their own: the test of `--env local`, elsewhere."""

from pathlib import Path

import pytest

from splitbrain import run

from ....app.runner.scheduled import FIELDS, WRITTEN, struck_as_written
from .machines import Machines, needs_machines

pytestmark = needs_machines


@pytest.mark.long
def test_a_schedule_by_hand_strikes_the_hosts_that_it_names(five: Machines, tmp_path: Path) -> None:
    file, hosts = tmp_path / "schedule.toml", str(five.file())
    file.write_text(WRITTEN)
    struck_as_written(run("etcd", schedule=str(file), env="ssh", hosts=hosts, seed=5, out=tmp_path, **FIELDS))
    assert [machine.leftovers() for machine in five.all] == [""] * 5
