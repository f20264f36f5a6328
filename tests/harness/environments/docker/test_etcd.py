"""Every operation of etcd on three containers: the test of `--env local`, elsewhere."""

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from containers import needs_docker

from splitbrain.harness.environments.docker import Docker

LIVE = Path(__file__).parents[3] / "targets" / "etcd" / "live.py"


@needs_docker
def test_every_operation_on_three_containers(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("live_in_containers", LIVE)
    assert spec is not None and spec.loader is not None
    live = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(live)
    environment = Docker()
    environment.run(lambda: live.played(tmp_path, environment))
