"""Nothing left behind, however and whenever a test ends. The stage itself checks: cluster down, clients closed, no task
under way; here it is ended in every phase and in every way."""

import asyncio
import contextlib
import signal
from collections.abc import Mapping

import pytest

from splitbrain.harness.active_faults import FaultReport
from splitbrain.harness.controller import run_test
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.generator import calls, limit, nothing, once, per_thread, repeat
from splitbrain.harness.injection import Injection
from splitbrain.harness.operation import Operation, Outcome

READ, WRITE = Operation("read"), Operation("write", 1)
NEVER = 1e6


class StageNemesis:
    """A nemesis that injects at the beginning and heals when asked to; it remembers how often it was."""

    injections: frozenset[type[Injection]] = frozenset()
    moments: Mapping[str, int] = {}

    async def depose(self, ways):
        return False

    def __init__(self, running=lambda: asyncio.sleep(NEVER), healing=lambda: asyncio.sleep(0.5)):
        self.running, self.healing = running, healing
        self.hurting = False
        self.heals = 0
        self.recorder = None

    async def run(self, cluster, roles, recorder, now, serves):
        self.recorder, self.hurting = recorder, True
        recorder.nemesis("start-fault", None)
        await self.running()

    async def heal(self):
        self.heals += 1
        if self.hurting:
            await self.healing()
            self.hurting = False
            self.recorder.nemesis("stop-fault", {"bite": {}})

    def reports(self):
        return {"fault": FaultReport(1, None)}


async def forever(*_):
    await asyncio.sleep(NEVER)


PHASES = {
    "up": {"starting": forever},
    "set-up": {"setup": forever},
    "main": {"invoke": forever},
    "final": {},
    "clean-up": {"teardown": forever},
}


@pytest.mark.parametrize("interruption", ["cancel", "signal", "twice"])
@pytest.mark.parametrize("phase", PHASES)
def test_an_interruption_in_any_phase_leaves_nothing(stage, phase, interruption):
    for name, step in PHASES[phase].items():
        setattr(stage, name, step)
    stage.stopping = lambda: asyncio.sleep(2.0)
    nemesis = StageNemesis()
    main = nothing() if phase in ("final", "clean-up") else repeat(WRITE)
    final = (lambda history: repeat(READ)) if phase == "final" else None
    test = stage.test(main, final=final, time_limit=100.0, timeout=90.0, final_limit=100.0)
    seen = []

    async def interrupted():
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def interrupt():
            seen.append(stage.progress.phase)
            if interruption == "signal":
                signal.raise_signal(signal.SIGINT)
            else:
                task.cancel()

        loop.call_later(7.5, interrupt)
        if interruption == "twice":
            loop.call_later(8.6, interrupt)
        try:
            await run_test(test, stage.recorder, nemesis, stage.progress)
        finally:
            assert len(asyncio.all_tasks()) == 1

    with pytest.raises(KeyboardInterrupt if interruption == "signal" else asyncio.CancelledError):
        stage.run(interrupted)
    assert seen[0] == phase
    stage.assert_clean()
    assert not nemesis.hurting
    invoked = [e for e in stage.events() if e.type == "invoke"]
    if phase == "main":
        assert len(invoked) == 3
        assert stage.lines()[-1][2] == "stop-fault"
    if phase != "up":
        assert stage.now() >= int(9.5e9), "the cluster was given the time to go down"


@pytest.mark.parametrize("phase", ["starting", "stopping"])
def test_an_environment_that_fails_is_a_failure_of_the_infrastructure(stage, phase):
    async def failing():
        if phase == "stopping":
            stage.up_now = False
        raise InfrastructureError("no such tool")

    setattr(stage, phase, failing)
    with pytest.raises(InfrastructureError, match="no such tool"):
        stage.run_test(once(READ))


def test_a_generator_that_raises_ends_the_test_with_its_error(stage):
    def broken(context):
        if context.ordinal == 2:
            raise ZeroDivisionError
        return WRITE

    with pytest.raises(ZeroDivisionError):
        stage.run_test(calls(broken), StageNemesis())
    assert stage.now() < 1_000_000_000


def test_a_track_that_fails_ends_the_test_at_once(stage):
    async def failing():
        await asyncio.sleep(2.0)
        raise InfrastructureError("the switch is gone")

    nemesis = StageNemesis(failing)
    with pytest.raises(InfrastructureError, match="the switch is gone"):
        stage.run_test(repeat(WRITE), nemesis, rate=10.0)
    assert not nemesis.hurting
    assert stage.now() < 3_000_000_000


def test_a_track_that_ends_early_ends_nothing(stage):
    nemesis = StageNemesis(lambda: asyncio.sleep(1.0))
    assert stage.run_test(repeat(WRITE), nemesis, rate=10.0).main[1] >= int(9e9)


def test_harm_is_healed_before_the_final_operations_and_time_to_recover_is_given(stage):
    nemesis = StageNemesis()
    done = stage.run_test(limit(3, repeat(WRITE)), nemesis, final=lambda history: per_thread(once(READ)), recovery=4.0)
    events = stage.events()
    stop = next(e for e in events if e.f == "stop-fault")
    reads = [e for e in events if e.f == "read"]
    assert min(e.time for e in reads) == stop.time + 4_000_000_000
    assert done.faults == nemesis.reports()


def test_a_heal_that_fails_is_told_and_the_cluster_goes_down_all_the_same(stage):
    async def failing():
        raise InfrastructureError("n2 does not come back")

    with pytest.raises(InfrastructureError, match="n2 does not come back"):
        stage.run_test(limit(3, repeat(WRITE)), StageNemesis(healing=failing))


def test_an_interruption_does_not_hide_that_something_is_left_behind(stage):
    async def failing():
        stage.up_now = False
        raise OSError("rule stuck")

    async def interrupted():
        asyncio.get_running_loop().call_later(1.0, asyncio.current_task().cancel)
        await run_test(stage.test(repeat(WRITE)), stage.recorder)

    stage.stopping = failing
    with pytest.raises(InfrastructureError, match="taking the cluster down failed: rule stuck"):
        stage.run(interrupted)


def test_a_clean_up_that_fails_hides_no_earlier_error(stage):
    async def failing():
        stage.up_now = False
        raise OSError("rule stuck")

    def broken(context):
        raise ZeroDivisionError

    stage.stopping = failing
    with pytest.raises(ZeroDivisionError) as caught:
        stage.run_test(calls(broken))
    assert caught.value.__notes__ == ["taking the cluster down failed: rule stuck"]


def test_a_clean_up_that_hangs_is_given_up(stage):
    stage.stopping = forever
    with pytest.raises(AssertionError):  # the stage finds it still up
        stage.run_test(once(READ))
    assert stage.now() < 100_000_000_000


def test_a_client_that_swallows_its_cancellation_gets_no_more_to_do(stage):
    async def stubborn(client, operation):
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
        return Outcome.ok()

    async def failing():
        await asyncio.sleep(2.0)
        raise InfrastructureError("enough")

    stage.invoke = stubborn
    with pytest.raises(InfrastructureError, match="enough"):
        stage.run_test(repeat(WRITE), StageNemesis(failing), timeout=50.0)
    assert len([e for e in stage.events() if e.type == "invoke"]) == 3
    assert stage.now() < 10_000_000_000


def test_a_client_that_never_gives_up_does_not_keep_the_cluster_alive(stage):
    async def deaf(client, operation):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(NEVER)
        await asyncio.sleep(NEVER)

    async def failing():
        await asyncio.sleep(2.0)
        raise InfrastructureError("enough")

    stage.invoke = deaf
    test = stage.test(repeat(WRITE), timeout=50.0)
    with pytest.raises(InfrastructureError, match="enough"):
        stage.run(lambda: run_test(test, stage.recorder, StageNemesis(failing)))
    stage.assert_clean()
    assert stage.now() < 20_000_000_000
