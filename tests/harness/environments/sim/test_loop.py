"""asyncio runs unchanged under virtual time; what would hang says so instead; Ctrl-C cleans up."""

import asyncio
import os
import re
import signal
import time

import pytest

from splitbrain.harness.environments.sim import Sim, environment
from splitbrain.harness.environments.sim.channel import SimChannel
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.program import Send, SetTimer

from .programs import NODES, Echo, Quiet, SimStage, play


def test_sleep_passes_virtual_time_only() -> None:
    sim = Sim(1)
    began = time.monotonic()

    async def main() -> int:
        await asyncio.sleep(1000)
        return sim.now()

    assert sim.run(main) == 1000 * 10**9
    assert time.monotonic() - began < 500, "not in real time"


def test_asyncio_as_usual() -> None:
    sim = Sim(1)
    order: list[tuple[str, float]] = []

    async def worker(name: str, queue: asyncio.Queue[int], lock: asyncio.Lock) -> None:
        while True:
            number = await queue.get()
            async with lock:
                await asyncio.sleep(number)
                order.append((name, asyncio.get_running_loop().time()))
            queue.task_done()

    async def main() -> None:
        queue: asyncio.Queue[int] = asyncio.Queue()
        lock = asyncio.Lock()
        workers = [asyncio.create_task(worker(name, queue, lock)) for name in ("a", "b")]
        for number in (3, 2, 1):
            queue.put_nowait(number)
        await queue.join()
        for task in workers:
            task.cancel()
        ended = await asyncio.gather(*workers, return_exceptions=True)
        assert [type(end) for end in ended] == [asyncio.CancelledError] * 2
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 4)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.get_running_loop().create_future()
        assert await asyncio.gather(asyncio.sleep(2, "late"), asyncio.sleep(1, "early")) == ["late", "early"]

    sim.run(main)
    assert order == [("a", 3.0), ("b", 5.0), ("a", 6.0)]
    assert sim.now() == (6 + 4 + 5 + 2) * 10**9


def test_same_instant_runs_in_order_of_planning() -> None:
    seen: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in range(100):
            loop.call_later(1, seen.append, number)
        await asyncio.sleep(1)

    Sim(1).run(main)
    assert seen == list(range(100))


def test_nothing_left_to_happen_is_told_and_not_waited_for() -> None:
    cleaned: list[str] = []

    async def nobody_comes() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("cleaned")

    with pytest.raises(InfrastructureError, match=r"nothing is left.*nobody_comes \(test_loop\.py:\d+\)"):
        Sim(1).run(nobody_comes)
    assert cleaned == ["cleaned"]


def test_polling_without_sleeping_is_told() -> None:
    sim = Sim(1)

    async def poll() -> None:
        while sim.now() < 10:
            await asyncio.sleep(0)

    with pytest.raises(InfrastructureError, match="virtual time stood still"):
        sim.run(poll)


def test_waiting_for_nodes_that_never_answer_is_told() -> None:
    class Busy(Quiet):
        def on_start(self, now, disk):
            return self.on_timer(now, "again")

        def on_timer(self, now, name):
            return [SetTimer("again", 50_000_000)]

    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        await channel.request("hello")

    with pytest.raises(InfrastructureError, match="only nodes were busy for 600 virtual seconds"):
        play(Busy, scene)


class Doubling(Quiet):
    """Answer every message with two, for ever."""

    def on_start(self, now, disk):
        return [Send("n2", "hello")] if self.name == "n1" else ()

    def on_message(self, now, sender, message):
        return [Send(sender, message), Send(sender, message)]


def test_nodes_that_answer_each_other_without_end_are_ended_and_told() -> None:
    async def scene(stage: SimStage) -> tuple[str, ...]:
        await asyncio.sleep(100)
        assert not any(node.running for node in stage.cluster.nodes)
        return tuple(death.text for death in stage.cluster.deaths() if death.crashed)

    told = play(Doubling, scene)
    assert len(told) == len(NODES)
    assert re.match(r"n1 was ended at 0\.\d+ s: the nodes handled [\d,]+ events within a second", told[0])


def test_many_requests_of_clients_are_no_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "EVENTS_A_NODE", 2_000)

    async def scene(stage: SimStage) -> int:
        channels = [await stage.n1.connect() for _ in range(100)]

        async def ask(channel: SimChannel) -> None:
            for number in range(500):
                await channel.request(number)

        before = stage.sim.now()
        await asyncio.gather(*map(ask, channels))
        assert stage.n1.running
        return stage.sim.now() - before

    assert play(Echo, scene) < 2 * 10**9


def test_threads_are_refused() -> None:
    async def main() -> None:
        await asyncio.to_thread(time.sleep, 0)

    with pytest.raises(RuntimeError, match="none in virtual time"):
        Sim(1).run(main)


def test_ctrl_c_cancels_and_lets_clean_up() -> None:
    seen: list[str] = []

    async def other() -> None:
        try:
            await asyncio.sleep(10**6)
        finally:
            seen.append("other cancelled")

    async def main() -> None:
        task = asyncio.create_task(other())
        try:
            for second in range(1000):
                await asyncio.sleep(1)
                if second == 10:
                    os.kill(os.getpid(), signal.SIGINT)
        finally:
            await asyncio.sleep(5)
            seen.append("main cleaned up")
        await task

    with pytest.raises(KeyboardInterrupt):
        Sim(1).run(main)
    assert seen == ["main cleaned up", "other cancelled"]


def test_tasks_left_behind_are_cancelled_oldest_first() -> None:
    ended: list[int] = []

    async def linger(number: int) -> None:
        try:
            await asyncio.sleep(10**6)
        finally:
            ended.append(number)

    async def main() -> str:
        tasks = [asyncio.create_task(linger(number)) for number in range(20)]
        await asyncio.sleep(1)
        assert len(tasks) == 20
        return "done"

    assert Sim(1).run(main) == "done"
    assert ended == list(range(20))


def test_one_run_each() -> None:
    async def main() -> None:
        await asyncio.sleep(1)

    sim = Sim(1)
    sim.run(main)
    with pytest.raises(UsageError):
        sim.run(main)


def test_errors_of_main_pass_through() -> None:
    async def main() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        Sim(1).run(main)
