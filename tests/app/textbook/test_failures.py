"""Machines that fail by themselves and at once, the binomial formula, and the schedule of their kills."""

import tomllib

import pytest

from splitbrain.harness.random_stream import RandomStream
from splitbrain.runner.script import Script
from splitbrain.textbook.failures import FailureModel, kills, sampled

ALONE = FailureModel(9.0, 1.0)
SPAN_S = 50_000.0


def share(model: FailureModel, machines: int, least: int) -> float:
    """The share of moments at which so many of them are down."""
    changes = list(model.changes(machines, SPAN_S, RandomStream(1, "failures")))
    looks = list(sampled(changes, 5.0, SPAN_S))
    return sum(len(down) >= least for down in looks) / len(looks)


def test_machines_are_down_as_the_formula_says() -> None:
    assert ALONE.down == 0.1
    assert ALONE.at_least(2, 3) == pytest.approx(0.972)
    assert share(ALONE, 1, 1) == pytest.approx(0.1, abs=0.012)
    assert 1 - share(ALONE, 3, 2) == pytest.approx(0.972, abs=0.007)
    assert share(ALONE, 2, 2) == pytest.approx(0.01, abs=0.004)


def test_common_failures_take_all_at_once() -> None:
    assert share(FailureModel(9.0, 1.0, common_s=99.0), 3, 3) > 5 * 0.001


def test_kills_follow_each_other_without_a_gap_while_a_node_is_down() -> None:
    changes = [(0.0, ()), (1.0, (0,)), (2.5, (0, 3)), (4.0, (3,)), (5.0, ()), (6.0, (1,))]
    text = kills(changes, 7.0)
    told = [
        (fault["start"], fault["duration"], fault["injections"][0]["nodes"]) for fault in tomllib.loads(text)["fault"]
    ]
    assert told == [
        (1.0, 1.5, ["n1"]),
        (2.5, 1.5, ["n1", "n4"]),
        (4.0, 1.0, ["n4"]),
        (6.0, 1.0, ["n2"]),
    ]
    assert len(Script.read(text).schedule(["n1", "n2", "n3", "n4"], "here").slots) == 4
