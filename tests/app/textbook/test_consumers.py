"""Consumers that crash: what is lost and doubled, checkpoints, and messages that come again."""

import pytest

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook import delivery
from splitbrain.textbook.claim import ClaimFinding
from splitbrain.textbook.consumers import CheckpointedSum, CommitOrder, Effects, consumed, redelivered, stored_effects

from .made_runs import MadeUpRun, ended


@pytest.mark.parametrize("order", CommitOrder)
def test_without_crashes_each_message_counts_once(order: CommitOrder) -> None:
    counted = consumed(95, order, 0.0, RandomStream(1, "calm"))
    assert [counted[message] for message in range(95)] == [1] * 95 and len(counted) == 95


def test_crashes_lose_or_double_by_the_order_of_the_commit() -> None:
    counted = {order: consumed(5000, order, 0.01, RandomStream(1, "crashes")) for order in CommitOrder}
    times = {order: {found[message] for message in range(5000)} for order, found in counted.items()}
    assert times[CommitOrder.BEFORE] == {0, 1}
    assert 0 not in times[CommitOrder.AFTER] and max(times[CommitOrder.AFTER]) > 1
    assert times[CommitOrder.WITH] == {1}


@pytest.mark.parametrize("transactional", [True, False])
def test_a_checkpointed_sum_is_right_and_shows_results_again_only_at_once(transactional: bool) -> None:
    run = CheckpointedSum(1000, transactional, 0.01, RandomStream(1, "sum"))
    assert run.total == sum(range(1000))
    assert len(run.shown) == 1000
    again = [total for total, times in run.shown.items() if times > 1]
    assert bool(again) is not transactional


def test_effects_of_a_broker_count_for_what_was_acknowledged_and_could_have_been_consumed() -> None:
    run = MadeUpRun(
        ended("send", "log0", 1, 0, 0, 1), ended("send", "log0", 2, 0, 2, 3), ended("send", "log0", 3, 0, 4, 5),
        ended("send", "log0", 4, 0, 6, 7), ended("send", "log0", 5, 0, 6, None, ok=False),
        ended("effects", "log0", ((0, 1),), 1, 3, 4),
        ended("effects", "log0", ((0, 1), (2, 3), (4, 5), (0, 1)), 1, 8, 9),
        ended("send", "log1", 1, 0, 0, 1), ended("effects", "log1", (), 1, 8, 9),
    )  # fmt: skip
    assert stored_effects(run) == Effects(lost=1, doubled=1, all=3), "4 may not have been consumed yet, and so may 1"


def test_a_sink_that_shows_nothing_is_none_that_shows_each_result_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert delivery.checkpoints(1).finding is ClaimFinding.DEPENDS

    class BlindSink(CheckpointedSum):
        def __init__(self, messages: int, transactional: bool, crashes: float, stream: RandomStream) -> None:
            super().__init__(messages, transactional, crashes, stream)
            if transactional:
                self.shown.clear()

    monkeypatch.setattr(delivery, "CheckpointedSum", BlindSink)
    assert delivery.checkpoints(1).finding is ClaimFinding.UNSETTLED


def test_copies_come_late_and_are_told_how_late() -> None:
    came = list(redelivered(1000, 0.2, 50, RandomStream(1, "late")))
    assert [message for message, late in came if not late] == list(range(1000))
    copies = [late for _, late in came if late]
    assert 120 < len(copies) < 260 and min(copies) >= 1 and max(copies) <= 50
