"""Schedules as data in a real environment: hand-written ones, and those that a simulated run has kept."""

import pytest

from splitbrain import run
from splitbrain.harness.environments.linux import namespaces
from splitbrain.runner.script import FILE
from splitbrain.targets.etcd.target import SOFTWARE

from .scheduled import FIELDS, WRITTEN, faults, struck_as_written

pytestmark = pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")


@pytest.mark.parametrize("target", ["raft", pytest.param("etcd", marks=pytest.mark.long)])
def test_a_schedule_by_hand_strikes_the_nodes_that_it_names(tmp_path, target):
    if target == "etcd" and SOFTWARE.available(SOFTWARE.resolve("")) is None:
        pytest.skip("there is no etcd here")
    file = tmp_path / "schedule.toml"
    file.write_text(WRITTEN)
    struck_as_written(run(target, schedule=str(file), env="local", seed=5, out=tmp_path, **FIELDS))


def test_the_schedule_that_a_simulated_run_has_kept_strikes_alike(tmp_path):
    simulated = run("raft", nemesis="partition,kill", nemesis_interval=1.0, seed=2, out=tmp_path, **FIELDS)
    kept = simulated.folder.path / FILE
    real = run("raft", schedule=str(kept), env="local", seed=2, out=tmp_path, **FIELDS)
    assert real.status != "infrastructure", real.reason
    first, again = faults(simulated)[0], faults(real)[0]
    scheduled = kept.read_text().count("[[fault]]")
    assert scheduled >= 2
    assert again[:scheduled] == first[:scheduled]
