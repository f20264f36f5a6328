"""Availability of stores whose nodes fail: the formula, and what is served while nodes are down."""

import pytest

from splitbrain.textbook import availability
from splitbrain.textbook.availability import ALONE, TOGETHER, served
from splitbrain.textbook.failures import FailureModel


def test_a_machine_is_down_as_long_with_common_failures_as_without() -> None:
    assert ALONE.down_in_all == pytest.approx(ALONE.down) == pytest.approx(0.2)
    assert TOGETHER.down_in_all == pytest.approx(0.19)


def test_what_needs_all_nodes_is_served_less_than_what_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "RUN_S", 320.0)
    failing = FailureModel(mtbf_s=16.0, mttr_s=16.0)
    found = served("quorum:n=2,w=2,r=1,version=lww,anti_entropy=off", 2, failing, 1)
    (writes, whole), (reads, _) = found["write"], found["read"]
    assert whole == 19 and 0 < writes < reads
