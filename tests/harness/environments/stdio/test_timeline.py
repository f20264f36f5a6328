"""Calls planned in real time."""

import asyncio
import time

from splitbrain.harness.environments.stdio.timeline import RealTimeline


async def planned():
    begin = time.monotonic_ns()
    timeline = RealTimeline(lambda: time.monotonic_ns() - begin)
    came = []
    for name, at in (("late", 20_000_000), ("b1", 5_000_000), ("b2", 5_000_000), ("now", 0), ("b3", 5_000_000)):
        timeline.at(at, lambda name, at: came.append((name, timeline.now >= at)), (name, at))
    timeline.at(5_000_000, lambda: timeline.at(6_000_000, came.append, (("nested", True),)))
    await asyncio.sleep(0.1)
    timeline.at(timeline.now + 1_000_000, came.append, ("never",))
    timeline.close()
    await asyncio.sleep(0.01)
    return came


def test_calls_come_in_order_and_not_too_early() -> None:
    came = asyncio.run(planned())
    assert all(in_time for _, in_time in came)
    assert [name for name, _ in came] == ["now", "b1", "b2", "b3", "nested", "late"]
