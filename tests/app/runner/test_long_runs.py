"""Long runs: what is kept does not grow with them."""

import gc
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.harness.environments.sim.environment import Sim
from splitbrain.harness.histories import recorder
from splitbrain.harness.marks import MarkEvent
from splitbrain.runner.execute import execute
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

SAMPLED = (20, 30, 80, 90)
"""Virtual seconds at which objects are counted."""


def test_a_run_under_all_faults_keeps_no_more_objects_as_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "HELD_MAX", 500)
    spec = RunSpec("raft", workload="unique-register", settings={"keys": "10"}, nemesis="all", seed=1)
    made = plan(replace(spec, time_limit=SAMPLED[-1] + 1))
    counts: list[int] = []

    def sample(event: MarkEvent) -> None:
        if len(counts) < len(SAMPLED) and event.time >= SAMPLED[len(counts)] * 10**9:
            gc.collect()
            counts.append(len(gc.get_objects()))

    assert isinstance(made.environment, Sim)
    made.environment.marks.subscribe(sample, "applied")
    execute(made, tmp_path)
    assert len(counts) == len(SAMPLED) and min(counts[-2:]) - max(counts[:2]) < 200, counts
