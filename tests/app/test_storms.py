"""Reach of storms, by the plain command: rare things happen in each, and Figure 8 of the Raft paper is found."""

from itertools import pairwise

import pytest

from splitbrain import run
from splitbrain.harness.generator.core import SECOND
from splitbrain.results.result import RunStatus
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

FIGURE_8_SEEDS = range(1, 9)


@pytest.mark.long
def test_in_a_storm_of_60_s_the_rare_things_happen(tmp_path) -> None:
    finished = run("raft", nemesis="storm", seed=1, out=tmp_path)
    result = finished.result
    assert result.status is RunStatus.VALID
    line = result.headline()
    checks = {check["name"] for check in line["checks"]}  # type: ignore[union-attr,index,call-overload]
    assert checks == {"registers", "lists", "sets", "audit", "invariants", "service"}
    coverage = result.coverage
    marks, network = coverage["marks"], coverage["network"]
    assert isinstance(marks, dict) and isinstance(network, dict)
    counts = {name: marks[name] for name in ("stale", "deduplicated", "leader")}
    counts |= {"overlaps": coverage["overlaps"], "old": network["old_messages"]}
    assert all(isinstance(count, int) and count > 0 for count in counts.values()), counts
    told = next(line for line in finished.told().splitlines() if "meanwhile" in line)
    for words in ("overlaps of faults", "elections", "messages of older terms", "requests de-duplicated"):
        assert words in told


def test_figure_8_is_found_by_search(tmp_path) -> None:
    def searched(target: str, seed: int) -> RunStatus:
        return run(target, nemesis="all", time_limit=15.0, seed=seed, out=tmp_path).status

    found = next((s for s in FIGURE_8_SEEDS if searched("raft:bug=figure-8", s) is RunStatus.INVALID), None)
    assert found is not None
    assert searched("raft", found) is RunStatus.VALID


def test_liveness_is_a_check_of_its_own_where_it_is_asked_for(tmp_path) -> None:
    result = run("raft", nemesis="kill", time_limit=12.0, seed=1, liveness=3.0, out=tmp_path).result
    assert result.headline()["checks"][-1]["name"] == "liveness"  # type: ignore[index,call-overload]


@pytest.mark.parametrize("target", ["etcd", "cassandra:lwt=on"])
def test_real_systems_get_storms_of_the_same_faults(target: str) -> None:
    made = plan(RunSpec(target, nemesis="all", env="local", time_limit=60.0, seed=1))
    strikes = [slot for slot in made.schedule.slots if slot.storm]
    assert len(strikes) > 8
    assert any(slot.moment for slot in strikes)
    assert sum(later.start < earlier.stop for earlier, later in pairwise(strikes)) > 2
    cycle = [slot for slot in made.schedule.slots if not slot.storm]
    assert {slot.fault.name for slot in cycle} == {fault.name for fault in made.faults}
    assert max(slot.stop for slot in cycle) <= 30 * SECOND
