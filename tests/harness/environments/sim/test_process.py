"""Processes: requests, timers, pause, kill, restart, and deaths by their own hand."""

import asyncio
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim, SimOptions
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.injection import Kill, Pause
from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.program import CancelTimer, Log, Reply, Send, SetTimer

from .programs import Echo, Quiet, Sender, SimStage, play


def test_replies_are_matched_to_requests() -> None:
    class Backwards(Quiet):
        """A program that answers two requests at a time, the later one first."""

        def on_start(self, now, disk):
            self.first = None
            return ()

        def on_request(self, now, request, message):
            if self.first is None:
                self.first = (request, message)
                return ()
            return [Reply(request, message), Reply(*self.first)]

    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        assert await asyncio.gather(channel.request("a"), channel.request("b")) == ["a", "b"]

    play(Backwards, scene)


def test_a_late_reply_answers_nothing() -> None:
    class LateReplies(Quiet):
        def on_start(self, now, disk):
            self.asked = {}
            return ()

        def on_request(self, now, request, message):
            self.asked[message] = request
            return [SetTimer(message, 10**9 if message == "slow" else 1)]

        def on_timer(self, now, name):
            return [Reply(self.asked[name], name)]

    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(channel.request("slow"), 0.9999)
        assert await channel.request("quick") == "quick"
        await asyncio.sleep(2)

    play(LateReplies, scene)


def test_timers_are_replaced_and_cancelled() -> None:
    rang = []

    class Alarms(Quiet):
        def on_start(self, now, disk):
            return [SetTimer("a", 10), SetTimer("b", 10), SetTimer("a", 2000), CancelTimer("b"), CancelTimer("none")]

        def on_timer(self, now, name):
            rang.append((self.name, name))
            return ()

    async def scene(stage: SimStage) -> None:
        await asyncio.sleep(0.000001)
        assert rang == []
        await asyncio.sleep(1)
        assert rang == [("n1", "a"), ("n2", "a"), ("n3", "a")]

    play(Alarms, scene)


def test_kill_breaks_channels_and_refuses_until_healed() -> None:
    async def scene(stage: SimStage) -> None:
        idle, busy = await stage.n1.connect(), await stage.n1.connect()
        asking = asyncio.create_task(busy.request("x"))
        await asyncio.sleep(0)
        kill = await stage.cluster.inject(Kill(("n1",)))
        before = stage.sim.now()
        with pytest.raises(ChannelClosed):
            await asking
        assert stage.sim.now() > before, "the news takes its time"
        await asyncio.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            await idle.request("x")
        with pytest.raises(ConnectionRefusedError):
            await stage.n1.connect()
        assert not stage.n1.running
        assert stage.n2.running
        assert await kill.heal() == {"processes_killed": 1}
        channel = await stage.n1.connect()
        assert await channel.request("x") == "x"
        assert stage.cluster.deaths() == ()
        await channel.close()
        with pytest.raises(ChannelClosed):
            await channel.request("x")

    play(Echo, scene)


def test_a_node_stays_down_while_any_kill_is_in_force() -> None:
    async def scene(stage: SimStage) -> None:
        first = await stage.cluster.inject(Kill(("n1", "n2")))
        second = await stage.cluster.inject(Kill(("n2", "n3")))
        assert await first.heal() == {"processes_killed": 2}
        assert [node.running for node in stage.cluster.nodes] == [True, False, False]
        assert await second.heal() == {"processes_killed": 1}
        assert all(node.running for node in stage.cluster.nodes)

    play(Echo, scene)


def test_timers_of_a_dead_incarnation_never_ring() -> None:
    async def scene(stage: SimStage) -> None:
        await asyncio.sleep(0.0105)
        await stage.n1.kill()
        await stage.n1.start()
        await stage.n1.start()
        await asyncio.sleep(0.0102)
        assert stage.programs["n1"].sent == 10, "one timer's worth, not two"

    play(Sender, scene)


def test_a_paused_node_handles_everything_when_it_goes_on() -> None:
    async def scene(stage: SimStage) -> None:
        channel = await stage.n2.connect()
        await asyncio.sleep(0.1)
        n2 = stage.programs["n2"]
        pause = await stage.cluster.inject(Pause(("n2",)))
        longer = await stage.cluster.inject(Pause(("n2",)))
        before = len(n2.heard)
        another = await stage.n2.connect()
        asking = asyncio.create_task(channel.request("x"))
        await asyncio.sleep(1)
        assert len(n2.heard) == before
        assert stage.n2.running
        bite = await pause.heal()
        assert 1000 <= bite["paused_ms"] < 1010
        await asyncio.sleep(1)
        assert len(n2.heard) == before, "the other pause is still in force"
        await longer.heal()
        await asyncio.sleep(0)
        assert len(n2.heard) > before + 1990
        assert n2.numbers == sorted(n2.numbers)
        asking.cancel()
        await another.close()

    play(Sender, scene)


def test_timers_of_a_paused_node_ring_late() -> None:
    async def scene(stage: SimStage) -> None:
        await asyncio.sleep(0.0105)
        pause = await stage.cluster.inject(Pause(("n1",)))
        await asyncio.sleep(5)
        assert stage.programs["n1"].sent == 10
        await pause.heal()
        await asyncio.sleep(0.00001)
        assert stage.programs["n1"].sent == 11

    play(Sender, scene)


def test_the_backlog_is_bounded() -> None:
    async def scene(stage: SimStage) -> None:
        pause = await stage.cluster.inject(Pause(("n2",)))
        await asyncio.sleep(1)
        await pause.heal()
        await asyncio.sleep(0)
        assert stage.programs["n2"].numbers == list(range(50))

    play(Sender, scene, options=SimOptions(backlog_max=50))


def test_kill_of_a_paused_node() -> None:
    async def scene(stage: SimStage) -> None:
        await asyncio.sleep(0.1)
        pause = await stage.cluster.inject(Pause(("n1",)))
        await asyncio.sleep(1)
        kill = await stage.cluster.inject(Kill(("n1",)))
        await asyncio.sleep(1)
        await kill.heal()
        await asyncio.sleep(0.1)
        assert stage.programs["n1"].sent >= 99, "the new process is not stopped"
        assert await pause.heal() == {"paused_ms": 1000}

    play(Sender, scene)


class FragileProgram(Echo):
    """A program that dies of some requests."""

    def on_request(self, now, request, message):
        if message == "raise":
            raise ValueError("too fragile")
        if message == "stranger":
            return [Send("n9", 0)]
        if message == "twice":
            return [Reply(request, 0), Reply(request, 0)]
        if message == "word":
            return ["word"]
        if message == "nothing":
            return None
        if message == "log":
            return [Log("one\ntwo"), Reply(request, message)]
        return super().on_request(now, request, message)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("raise", r"n1 died by itself at 0\.\d{9} s: ValueError: too fragile \(test_process\.py:\d+\)"),
        ("stranger", "'n9', which is no member"),
        ("twice", "answered before"),
        ("nothing", "TypeError"),
        ("word", "of type str, which is no effect"),
    ],
)
def test_a_handler_that_raises_kills_the_process(message: str, words: str) -> None:
    async def scene(stage: SimStage) -> None:
        channel = await stage.n1.connect()
        with pytest.raises(ConnectionError):
            await channel.request(message)
            await channel.request("never answered")
        assert [node.running for node in stage.cluster.nodes] == [False, True, True]
        (death,) = stage.cluster.deaths()
        assert death.node == "n1"
        assert 0 < death.time < stage.sim.now()
        assert death.lines
        with pytest.raises(AssertionError, match=words):
            raise AssertionError(death.text)
        kill = await stage.cluster.inject(Kill(("n1",)))
        assert await kill.heal() == {"processes_killed": 0}
        assert stage.n1.running

    play(FragileProgram, scene)


def test_logs(tmp_path: Path) -> None:
    async def scene(stage: SimStage) -> Path | None:
        channel = await stage.n1.connect()
        await channel.request("log")
        with pytest.raises(ChannelClosed):
            await channel.request("raise")
        return stage.n1.logs()

    path = play(FragileProgram, scene, folder=tmp_path / "logs")
    assert path == tmp_path / "logs" / "n1.log"
    lines = path.read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines[:2]] == ["one", "two"]
    assert lines[-1].endswith("ValueError: too fragile")
    assert play(FragileProgram, scene) is None


def test_a_cluster_that_does_not_start_says_why() -> None:
    class Stillborn(Quiet):
        def on_start(self, now, disk):
            raise RuntimeError("no room" if self.name == "n2" else "no time")

    async def scene(stage: SimStage) -> None:
        raise AssertionError("never reached")

    with pytest.raises(InfrastructureError, match=r"n2 died by itself at 0\.000000000 s: RuntimeError: no room"):
        play(Stillborn, scene)


def test_a_cluster_whose_node_leaves_at_its_start_is_not_up() -> None:
    class Leaves(Quiet):
        def on_start(self, now, disk):
            raise SystemExit("nothing to do")

    async def scene(stage: SimStage) -> None:
        raise AssertionError("never reached")

    with pytest.raises(InfrastructureError, match=r"n1: .* ended itself: nothing to do \(test_process\.py:\d+\)"):
        play(Leaves, scene)


def test_other_deployments_are_refused() -> None:
    sim = Sim(1)

    async def main() -> None:
        await sim.up(object(), ["n1"], None)  # type: ignore[arg-type]

    with pytest.raises(UsageError, match="object"):
        sim.run(main)


def test_down_is_final_and_can_be_repeated() -> None:
    async def scene(stage: SimStage) -> None:
        kill = await stage.cluster.inject(Kill(("n1",)))
        await stage.cluster.down()
        await stage.cluster.down()
        await kill.heal()
        await stage.n2.start()
        assert not any(node.running for node in stage.cluster.nodes)
        with pytest.raises(ConnectionRefusedError):
            await stage.n1.connect()

    play(Echo, scene)


def test_able_knows_every_injection_and_no_other() -> None:
    sim = Sim(1)
    assert sim.unsupported(Kill, Simulated(Echo)) is None  # type: ignore[arg-type]
    inability = sim.unsupported(int, Simulated(Echo))  # type: ignore[arg-type]
    assert inability is not None
    assert "int" in inability.reason


def test_programs_are_made_with_simulated_deployments_only() -> None:
    assert Simulated.environment == Sim.name


class Alarms(Quiet):
    """A program by which n1 sets one alarm anew every millisecond, to a drawn time; notes when it should come, and when
    it came."""

    def on_start(self, now, disk):
        self.due = 0
        self.expected: list[int] = []
        self.came: list[int] = []
        return [SetTimer("tick", 1_000_000)] if self.name == "n1" else ()

    def on_timer(self, now, name):
        if name == "alarm":
            self.came.append(now.monotonic)
            return ()
        if 0 < self.due < now.monotonic:
            self.expected.append(self.due)
        after = 1 + self.random.below(4_000_000)
        self.due = now.monotonic + after
        return [SetTimer("tick", 1_000_000), SetTimer("alarm", after)]


def test_a_timer_that_is_set_anew_comes_when_it_was_last_set_for() -> None:
    async def scene(stage: SimStage) -> None:
        await asyncio.sleep(2)
        alarms = stage.programs["n1"]
        assert 200 < len(alarms.expected) < 800
        assert alarms.came[: len(alarms.expected)] == alarms.expected

    play(Alarms, scene)
