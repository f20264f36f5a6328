"""Lengths of windows: they follow from the failover and the latency that were measured, and so does the class."""

from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain import classify
from splitbrain.classification.card import Card, CardSubject
from splitbrain.classification.card_file import card_file
from splitbrain.classification.evidence import FAILOVERS, HEALTHY, LEADERLESS_SPLIT, SPLITS, evidence
from splitbrain.classification.rounds import Classification, base_spec
from splitbrain.classification.rule import CapClass
from splitbrain.classification.scenarios import PROBE_S, PROBES, SCENARIOS, WindowTimes
from splitbrain.classification.windows import FaultWindow
from splitbrain.classification.words import failover, lines
from splitbrain.harness.history import History
from splitbrain.textbook.simulated import simulate

SECOND = 1_000_000_000
SLOW = "primary-backup:failover=timeout,failover_ms=2000"
"""A store whose nodes take over one after the other, so that the second in line waits for more than half of a window of
7 s."""


def with_probes(target: str) -> Classification:
    """A target whose long splits were run."""
    began = Classification.of(base_spec(target))
    for probe in (one for one in began.plan.scenarios if one.probe):
        plain = began.plan.spec(probe).to_plain()
        fields = {name: value for name, value in plain.items() if name not in ("target", "env", "seed")}
        began.runs[probe.name, 1] = evidence(simulate(target, 1, **fields).history, None, probe.name, 1)
    return began


@pytest.mark.parametrize(
    ("failover", "deadline", "times"),
    [
        (0, 1, WindowTimes(7, 4, 3)), (1.5, 1, WindowTimes(7, 4, 3)), (2, 1, WindowTimes(8, 4, 3)),
        (10, 1, WindowTimes(24, 10, 3)), (0, 5, WindowTimes(14, 4, 6)), (30, 2, WindowTimes(65, 30, 3)),
    ],
)  # fmt: skip
def test_windows_are_long_against_a_failover_and_a_deadline(
    failover: float, deadline: float, times: WindowTimes
) -> None:
    assert WindowTimes.of(round(failover * SECOND), round(deadline * SECOND)) == times


def test_healthy_runs_and_probes_come_first_and_are_the_same_for_all_lengths() -> None:
    plan = Classification.of(base_spec("raft")).plan
    assert [one.name for one in plan.of_round(0)] == [HEALTHY, *FAILOVERS[:2]]
    assert [one.name for one in plan.of_round(1)] == [one.name for one in SCENARIOS[1:] if one.leader is not False]
    assert all(plan.spec(probe).time_limit >= PROBE_S for probe in PROBES)
    longer = Classification.of(base_spec("raft"))
    longer.plan = type(plan)(plan.base, plan.scenarios, plan.not_run, WindowTimes(40, 20, 6))
    for one in plan.of_round(0):
        assert longer.plan.command(one.name, 1) == plan.command(one.name, 1)
    split = longer.plan.spec(SCENARIOS[1])
    assert (split.time_limit, split.timeout) == (2 + 3 * 60, 6)
    assert "duration = 40" in str(split.schedule)
    assert not any(one.probe for one in Classification.of(base_spec("single")).plan.scenarios)


def test_where_no_node_leads_there_is_one_kind_of_split() -> None:
    plan = Classification.of(base_spec("cassandra", 3)).plan
    names = [one.name for one in plan.scenarios]
    assert [name for name in names if "split" in name or "failover" in name] == [LEADERLESS_SPLIT, FAILOVERS[2]]
    assert not any("leader" in name for name in (*names, *plan.not_run)) and "pause of one node" in names
    split = FaultWindow("partition", 0, 60 * SECOND, {"majority": ("n1", "n2"), "minority": ("n3",)}, None, True, 0, ())
    probe = replace(evidence(History(), None, FAILOVERS[2], 1), windows=[split])
    assert failover(Card(CardSubject("cassandra", (), "local", 3), (), [probe])) == "none (majority, minority)"
    assert (
        Classification.of(base_spec("cassandra:rf=1", 1)).plan.not_run[LEADERLESS_SPLIT].startswith("it takes 3 nodes")
    )


@pytest.mark.long
def test_a_quick_failover_leaves_the_windows_as_they_are_and_a_slow_one_makes_them_longer() -> None:
    told: list[str] = []
    quick, slow = with_probes("raft"), with_probes(SLOW)
    for one in (quick, slow):
        one.find_times(told.append)
    assert quick.plan.times == WindowTimes()
    assert quick.card.failovers[FAILOVERS[0], "minority"] is None
    took = quick.card.failovers[FAILOVERS[0], "majority"]
    assert took is not None and 0 < took < SECOND
    assert slow.card.failover_ns > 3.5 * SECOND
    assert slow.plan.times.lasts >= 2 * slow.card.failover_ns / SECOND + 4
    assert len(told) == 1 and told[0].startswith(f"{SLOW}: windows of {slow.plan.times.lasts:g} s: 4.")
    assert not quick.card.runs and len(quick.card.probes) == 2


@pytest.mark.long
def test_a_slow_failover_is_no_refusal(tmp_path: Path) -> None:
    (card,) = classify(SLOW, jobs=1, out=tmp_path / "cards").cards
    assert (card.finding.cap, card.finding.reads) == (CapClass.NEITHER, CapClass.AP), card.finding
    assert card.finding.majority_serves == dict.fromkeys(SPLITS, True)
    assert card.window_ns >= 2 * card.failover_ns + 4 * SECOND > 11 * SECOND
    assert any("failover" in line and "at most" in line for line in lines(card))
    (again,) = classify(tmp_path / "cards").cards
    assert card_file(again) == card_file(card)
