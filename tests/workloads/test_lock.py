"""The workload `lock`: every lock is to be had again at the end, whoever of its clients holds it then."""

import pytest

from splitbrain.harness.generator.simulate import Moment, simulate
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType
from splitbrain.workloads.lock import final
from splitbrain.workloads.workload import Size

SIZE = Size(concurrency=6, nodes=3, rate=0)


class Locks:
    """Locks that are kept alive: only who holds one gives it back."""

    def __init__(self, *holders: int) -> None:
        self.holders: dict[object, int | None] = {f"lock{thread // 3}": thread for thread in holders}

    def ends(self, moment: Moment) -> EventType:
        """Answer an operation."""
        f, key = moment.operation.f, moment.operation.key
        holder = self.holders.get(key)
        free = holder is None if f == "acquire" else holder == moment.thread
        if free:
            self.holders[key] = moment.thread if f == "acquire" else None
        return EventType.OK if free else EventType.FAIL


@pytest.mark.parametrize("holders", [(), (0, 3), (1, 5), (2, 4)])
def test_the_end_acquires_a_lock_that_another_client_was_stopped_with(holders: tuple[int, ...]) -> None:
    locks, acquired = Locks(*holders), []

    def ends(moment: Moment) -> EventType:
        ended = locks.ends(moment)
        if moment.operation.f == "acquire" and ended is EventType.OK:
            acquired.append(moment.operation.key)
        return ended

    simulate(final(SIZE, {"locks": 2}, History.of([])), concurrency=SIZE.concurrency, ends=ends)
    assert sorted(acquired) == ["lock0", "lock1"]
    assert set(locks.holders.values()) == {None}
