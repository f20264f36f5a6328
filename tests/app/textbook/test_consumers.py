"""Consumers that crash: what is lost and doubled, checkpoints, and messages that come again."""

import pytest

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.consumers import CheckpointedSum, CommitOrder, consumed, redelivered


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


def test_copies_come_late_and_are_told_how_late() -> None:
    came = list(redelivered(1000, 0.2, 50, RandomStream(1, "late")))
    assert [message for message, late in came if not late] == list(range(1000))
    copies = [late for _, late in came if late]
    assert 120 < len(copies) < 260 and min(copies) >= 1 and max(copies) <= 50
