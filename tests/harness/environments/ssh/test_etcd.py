"""Every operation of etcd on three machines: the test of `--env local`, elsewhere."""

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from machines import Machines, needs_machines

from splitbrain.harness.environments.ssh import Ssh
from splitbrain.harness.environments.ssh.hosts import read

LIVE = Path(__file__).parents[3] / "targets" / "etcd" / "live.py"


@needs_machines
def test_every_operation_on_three_machines(five: Machines, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("live_on_machines", LIVE)
    assert spec is not None and spec.loader is not None
    live = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(live)
    environment = Ssh(0, read(five.file(), 3))
    environment.run(lambda: live.played(tmp_path, environment))
    assert [machine.leftovers() for machine in five.all] == [""] * 5
