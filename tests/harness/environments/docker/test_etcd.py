"""Every operation of etcd on three containers: the test of `--env local`, elsewhere."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from containers import needs_docker

from splitbrain.harness.environments.docker import Docker

LIVE = Path(__file__).parents[3] / "targets" / "etcd" / "live.py"


@needs_docker
def test_every_operation_on_three_containers(tmp_path: Path) -> None:
    live, environment = loaded(), Docker()
    environment.run(lambda: live.played(tmp_path, environment))


@needs_docker
def test_members_that_change(tmp_path: Path) -> None:
    live, environment = loaded(), Docker()
    environment.run(lambda: live.played(tmp_path, environment, live.CHANGES))


@needs_docker
def test_a_rolling_upgrade(tmp_path: Path) -> None:
    live, environment = loaded(), Docker()
    reason = live.unobtainable()
    if reason is not None:
        pytest.skip(reason)
    environment.run(lambda: live.upgraded(tmp_path, environment))


def loaded() -> ModuleType:
    """The scenarios, that are no tests where they stand."""
    spec = importlib.util.spec_from_file_location("live_in_containers", LIVE)
    assert spec is not None and spec.loader is not None
    live = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(live)
    return live
