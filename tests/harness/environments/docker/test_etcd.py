"""Every operation of etcd on three containers: the test of `--env local`, elsewhere."""

from pathlib import Path

import pytest

from splitbrain.harness.environments.docker import Docker

from ....targets.etcd import live
from .containers import needs_docker


@needs_docker
def test_every_operation_on_three_containers(tmp_path: Path) -> None:
    environment = Docker()
    environment.run(lambda: live.played(tmp_path, environment))


@needs_docker
def test_members_that_change(tmp_path: Path) -> None:
    environment = Docker()
    environment.run(lambda: live.played(tmp_path, environment, live.CHANGES))


@needs_docker
def test_a_rolling_upgrade(tmp_path: Path) -> None:
    environment = Docker()
    reason = live.unobtainable()
    if reason is not None:
        pytest.skip(reason)
    environment.run(lambda: live.upgraded(tmp_path, environment))
