"""Schedules as data in a real environment: hand-written ones, and those that a simulated run has kept."""

import pytest

from splitbrain import run
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.history import NEMESIS_PROCESS
from splitbrain.runner.script import FILE

pytestmark = pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")

WRITTEN = """
[[fault]]
fault = "partition"
variant = "one-node"
start = 0.5
duration = 1
nodes = ["n2"]
[[fault]]
fault = "kill"
start = 2
duration = 0.5
nodes = ["n1"]
"""
FIELDS = {"workload": "register", "nodes": 3, "rate": 40, "time_limit": 3}


def faults(made):
    """Events of the nemesis in the main phase, in order: name, value; and the bites at their ends."""
    history = made.history()
    values = history.pool.values
    told = [
        (values[history.f[at]], values[history.value[at]])
        for at, process in enumerate(history.process)
        if process == NEMESIS_PROCESS
    ]
    return [event for event in told if event[0].startswith("start")], [e for e in told if e[0].startswith("stop")]


def test_a_schedule_by_hand_strikes_the_nodes_that_it_names(tmp_path):
    file = tmp_path / "schedule.toml"
    file.write_text(WRITTEN)
    made = run("raft", schedule=str(file), env="local", seed=5, out=tmp_path, **FIELDS)
    assert made.status != "infrastructure", made.reason
    starts, stops = faults(made)
    assert [name for name, _ in starts[:2]] == ["start-partition", "start-kill"]
    assert list(map(list, starts[0][1]["groups"])) == [["n2"], ["n1", "n3"]]
    assert list(starts[1][1]["nodes"]) == ["n1"]
    bites = dict(stops[:2])
    assert bites["stop-partition"]["bite"]["messages_dropped"] > 0
    assert bites["stop-kill"]["bite"] == {"processes_killed": 1}
    assert (made.folder.path / FILE).read_text() == WRITTEN


def test_the_schedule_that_a_simulated_run_has_kept_strikes_alike(tmp_path):
    simulated = run("raft", nemesis="partition,kill", nemesis_interval=1.0, seed=2, out=tmp_path, **FIELDS)
    kept = simulated.folder.path / FILE
    real = run("raft", schedule=str(kept), env="local", seed=2, out=tmp_path, **FIELDS)
    assert real.status != "infrastructure", real.reason
    first, again = faults(simulated)[0], faults(real)[0]
    scheduled = kept.read_text().count("[[fault]]")
    assert scheduled >= 2
    assert again[:scheduled] == first[:scheduled]
