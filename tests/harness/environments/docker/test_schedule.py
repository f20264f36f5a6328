"""A schedule as data on etcd in containers: the test of `--env local`, elsewhere."""

from pathlib import Path

import pytest

from splitbrain import run

from ....app.runner.scheduled import FIELDS, WRITTEN, struck_as_written
from .containers import needs_docker


@pytest.mark.long
@needs_docker
def test_a_schedule_by_hand_strikes_the_containers_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "schedule.toml"
    file.write_text(WRITTEN)
    struck_as_written(run("etcd", schedule=str(file), env="docker", seed=5, out=tmp_path, **FIELDS))
