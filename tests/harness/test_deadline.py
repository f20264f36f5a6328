"""Deadlines, which end what takes too long, and nothing else."""

import asyncio

import pytest

from splitbrain.harness.deadline import Deadline
from splitbrain.harness.environments.sim import Sim


async def limited(deadline: Deadline, seconds: float, limit: float) -> str:
    deadline.start(limit)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if not deadline.expired():
            raise
        return "late"
    finally:
        deadline.stop()
    return "in time"


def test_each_has_its_own_deadline_to_the_nanosecond():
    sim = Sim(1)

    async def main():
        deadline = Deadline()
        for seconds, end in [(0.3, "in time"), (0.9, "in time"), (1.5, "late"), (0.1, "in time"), (7.0, "late")]:
            began = sim.now()
            assert await limited(deadline, seconds, 1.0) == end
            assert sim.now() - began == round(min(seconds, 1.0) * 1e9)
        assert asyncio.current_task().cancelling() == 0
        deadline.close()

    sim.run(main)


def test_between_operations_nobody_is_cancelled():
    async def main():
        deadline = Deadline()
        assert await limited(deadline, 0.5, 1.0) == "in time"
        await asyncio.sleep(100.0)
        assert await limited(deadline, 2.0, 1.0) == "late"

    Sim(1).run(main)


@pytest.mark.parametrize("at", [0.5, 1.0])
def test_a_cancellation_from_outside_passes_even_at_the_same_instant(at):
    async def main():
        deadline = Deadline()
        task = asyncio.current_task()
        deadline.start(1.0)
        asyncio.get_running_loop().call_later(at, task.cancel)
        try:
            await asyncio.sleep(5.0)
        except asyncio.CancelledError:
            assert not deadline.expired()
            deadline.stop()
            return "passed"

    assert Sim(1).run(main) == "passed"


def test_an_answer_given_in_spite_of_the_deadline_leaves_the_task_uncancelled():
    async def main():
        deadline = Deadline()
        deadline.start(1.0)
        try:
            await asyncio.sleep(5.0)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
        deadline.stop()
        assert asyncio.current_task().cancelling() == 0

    Sim(1).run(main)
