"""A schedule written by hand, and what its faults did: for tests of `--schedule` in every real environment."""

from typing import Any

from splitbrain.harness.history import NEMESIS_PROCESS
from splitbrain.runner.script import FILE

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
FIELDS: dict[str, Any] = {"workload": "register", "nodes": 3, "rate": 40, "time_limit": 3}


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


def struck_as_written(made):
    """Assert that a run of `WRITTEN` hit the nodes that it names, each fault bit, and the schedule was kept as it
    was."""
    assert made.status not in ("infrastructure", "invalid"), made.reason
    starts, stops = faults(made)
    assert [name for name, _ in starts[:2]] == ["start-partition", "start-kill"]
    assert list(map(list, starts[0][1]["groups"])) == [["n2"], ["n1", "n3"]]
    assert list(starts[1][1]["nodes"]) == ["n1"]
    bites = dict(stops[:2])
    assert bites["stop-partition"]["bite"]["messages_dropped"] > 0
    assert bites["stop-kill"]["bite"] == {"processes_killed": 1}
    assert (made.folder.path / FILE).read_text() == WRITTEN
