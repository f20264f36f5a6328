"""A service with two dependencies: what breakers and bulkheads keep of the healthy one."""

import pytest

from splitbrain.textbook.overload.dependencies import (
    FAULTS,
    FROM_S,
    SHARDS,
    UNTIL_S,
    WORKERS,
    DependencyFault,
    DependentService,
)

HANGS, SLOW, ONE_SHARD = FAULTS


def share(run: DependentService, start_s: float = FROM_S + 1, stop_s: float = UNTIL_S) -> float:
    """The share of requests for A that were answered."""
    good, whole = run.answered(lambda shard: shard is None, start_s, stop_s)
    return good / whole


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_bulkhead_keeps_the_healthy_dependency_and_one_pool_does_not(fault: DependencyFault) -> None:
    assert share(DependentService(1, fault, bulkhead=WORKERS // 2)) > 0.99
    alone = DependentService(1, fault)
    assert share(alone) < 0.9
    assert share(alone, 0, FROM_S) > 0.99 and share(alone, UNTIL_S + 10, UNTIL_S + 20) > 0.99


def test_a_breaker_helps_against_failures_and_not_against_slowness() -> None:
    assert share(DependentService(1, HANGS, breaker=0.5)) > 0.99
    assert share(DependentService(1, SLOW, breaker=0.5)) == share(DependentService(1, SLOW))


def test_a_breaker_of_all_shards_does_not_see_one_and_one_a_shard_does() -> None:
    assert share(DependentService(1, ONE_SHARD, breaker=0.5)) < 0.9
    assert share(DependentService(1, ONE_SHARD, breaker=0.5, by_shard=True)) > 0.99
    nervous = DependentService(1, ONE_SHARD, breaker=0.1)
    good, whole = nervous.answered(lambda shard: shard in range(1, SHARDS), FROM_S + 1, UNTIL_S)
    assert good / whole < 0.5
