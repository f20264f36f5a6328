"""Runs of correct stores that must not be refuted: they stay within their claims, and what is printed of them."""

import false_alarms
import pytest
from bug_zoo import END
from false_alarms import (
    CLOCKS_CACHES_GOSSIP,
    COMPACTION,
    CONSUMERS,
    DESIGNS,
    FAILOVER,
    GROUPS,
    INDEXES,
    LINEARIZABLE,
    MEMBERSHIP,
    SHARDED,
    Configuration,
    RunEnd,
    begin,
    configuration_of,
    exit_code,
    kind,
    main,
    specification,
    told,
)

from splitbrain import registry
from splitbrain.results.result import RunStatus
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

ALL = (*DESIGNS, *CLOCKS_CACHES_GOSSIP, *SHARDED, *CONSUMERS, *INDEXES, *COMPACTION, *FAILOVER, *MEMBERSHIP)


def _outcome(status: RunStatus, reason: str = "") -> RunEnd:
    return RunEnd(Configuration("raft"), 1, status, reason, "splitbrain run raft", 0.5, 1000)


@pytest.mark.parametrize("one", LINEARIZABLE, ids=str)
def test_a_configuration_claims_to_be_linearizable_and_gets_all_its_faults(one: Configuration) -> None:
    assert "linearizable" in registry.target(one.target).claims
    made = plan(RunSpec(one.target, nodes=one.nodes, nemesis=one.nemesis, time_limit=15.0, seed=1))
    assert not made.schedule.missing


@pytest.mark.parametrize("one", ALL, ids=str)
def test_a_design_is_judged_by_what_it_claims_and_gets_all_its_faults(one: Configuration) -> None:
    made = plan(specification(one, 1, 15.0))
    assert not made.schedule.missing
    assert made.target.claims or made.workload.model is None


@pytest.mark.parametrize("group", GROUPS)
def test_each_store_has_as_many_runs_and_each_configuration_has_some(group: str) -> None:
    runs = [configuration_of(group, seed) for seed in range(1, 501)]
    assert set(runs) == set(GROUPS[group])
    stores = [sum(run.store == store for run in runs) for store in {run.store for run in runs}]
    assert max(stores) - min(stores) <= 1


def test_reasons_are_counted_without_their_numbers() -> None:
    assert kind("2 of 1,632 final operations failed at n3") == "… of … final operations failed at n…"
    outcomes = [_outcome(RunStatus.UNKNOWN, f"{count} were refused") for count in (1, 2)]
    assert "2 unknown: … were refused" in told([*outcomes, _outcome(RunStatus.VALID)])


def test_one_refuted_run_is_an_alarm_and_more_than_two_percent_unknown_is_too_much() -> None:
    valid = [_outcome(RunStatus.VALID)] * 98
    unknown = [_outcome(RunStatus.UNKNOWN, "nobody served")]
    assert exit_code([*valid, *unknown, *unknown]) == 0
    assert exit_code([*valid, *unknown, *unknown, *unknown]) == 2
    assert exit_code([*valid, *unknown, _outcome(RunStatus.INVALID)]) == 1


def test_the_page_gets_the_figures_of_all_runs(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(false_alarms, "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text(f"before\n{begin('linearizable')}\nold\n{END}\nafter\n")
    results = tmp_path / "results.jsonl"
    for seeds in ("1-1", "1-2"):
        assert main(["--seeds", seeds, "--seconds", "1", "--results", str(results), "--write"]) in (0, 2)
    assert len(results.read_text().splitlines()) == 2
    page = (tmp_path / "page.md").read_text()
    assert "Seeds 1 to 2, 1 virtual seconds each: 2 runs of 2 configurations" in page
    assert page.startswith("before\n") and page.endswith("after\n") and "old" not in page
