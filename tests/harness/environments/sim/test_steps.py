"""Recorded steps: every event with the state around it, every message with its fate, and nothing changed by it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import NetworkOptions, Sim, SimCluster, SimOptions
from splitbrain.harness.environments.sim.scheduler import MILLISECOND, SECOND
from splitbrain.harness.environments.sim.steps import StepRecorder
from splitbrain.harness.injection import Cut, Impair, Kill
from splitbrain.harness.program import Effects, Now
from splitbrain.harness.steps import RecordedSteps

from .programs import NODES, Echo, FileWriter, Sender

WHOLE = (0, 10 * SECOND)


class LastHeard(Sender):
    """A sender whose receiver shows the last number that it heard."""

    def on_message(self, now: Now, sender: str, message: Any) -> Effects:
        self.last = message
        return super().on_message(now, sender, message)


def recorded(
    program: Any,
    scene: Callable[[SimCluster], Awaitable[Any]],
    span: tuple[int, int] = WHOLE,
    options: SimOptions | None = None,
) -> RecordedSteps:
    recorder = StepRecorder(*span)
    sim = Sim(1, options, recorder=recorder)

    async def main() -> None:
        cluster = await sim.up(Simulated(program), NODES, None)
        await scene(cluster)
        await cluster.down()

    sim.run(main)
    return recorder.steps()


async def sleep_a_little(cluster: SimCluster) -> None:
    await asyncio.sleep(0.02)


def test_each_event_has_the_state_before_and_after() -> None:
    steps = recorded(LastHeard, sleep_a_little)
    heard = [step for step in steps.steps if step.what == "message"]
    assert [step.changes["last"] for step in heard] == [str(n) for n in range(len(heard))]
    assert len(heard) > 10
    first = [step for step in steps.steps if step.state is not None]
    assert {step.node for step in first} == set(NODES)
    assert all(step.what == "start" for step in first)
    assert sum(step.what == "timer" for step in steps.steps if step.node == "n1") == len(steps.flights)


def test_messages_fly_from_the_step_that_sent_them_to_the_one_that_handled_them() -> None:
    steps = recorded(LastHeard, sleep_a_little)
    for step in steps.steps:
        for number in step.sent:
            assert steps.flights[number].sent == step.time
            assert steps.flights[number].sender == step.node
        if step.what == "message":
            flight = steps.flights[step.flight]
            assert (flight.arrived, flight.to, flight.text, flight.fate) == (
                step.time,
                step.node,
                step.about,
                "arrived",
            )


@pytest.mark.parametrize(
    ("injection", "fate"),
    [(Cut((("n1", "n2"),)), "cut"), (Impair((("n1", "n2"),), loss=1.0), "lost"), (Kill(("n2",)), "nobody")],
)
def test_the_fate_of_what_does_not_come(injection: Any, fate: str) -> None:
    async def scene(cluster: SimCluster) -> None:
        await cluster.inject(injection)
        await sleep_a_little(cluster)

    steps = recorded(LastHeard, scene)
    fates = {flight.fate for flight in steps.flights.values()}
    assert fate in fates <= {fate, "under way"}
    ended = [step.node for step in steps.steps if step.what == "ended"]
    assert (ended[0] == "n2") == (fate == "nobody")


def test_a_message_that_comes_twice_is_one() -> None:
    options = SimOptions(network=NetworkOptions(duplicate=1.0))
    steps = recorded(LastHeard, sleep_a_little, options=options)
    assert sum(flight.again for flight in steps.flights.values()) > 10
    assert {flight.again for flight in steps.flights.values()} <= {0, 1}


def test_only_the_span_is_recorded_and_what_flies_over_its_edge() -> None:
    begin, end = 5 * MILLISECOND, 9 * MILLISECOND
    slow = SimOptions(network=NetworkOptions(latency_ms_min=2, latency_ms_max=3))
    steps = recorded(LastHeard, sleep_a_little, (begin, end), slow)
    assert {begin <= step.time <= end for step in steps.steps} == {True}
    assert all(flight.sent <= end and flight.arrived >= begin for flight in steps.flights.values())
    assert any(flight.sent < begin for flight in steps.flights.values())
    assert any(flight.arrived > end for flight in steps.flights.values())


@pytest.mark.parametrize("service_ms", [0.0, 0.3])
def test_requests_replies_and_syncs_are_told(service_ms: float) -> None:
    async def scene(cluster: SimCluster) -> None:
        channel = await cluster.nodes[0].connect()
        assert await channel.request(b"text") == "durable"

    steps = recorded(FileWriter, scene, options=SimOptions(service_ms=service_ms))
    asked = next(step for step in steps.steps if step.what == "request")
    assert (asked.about, list(asked.effects)) == ("text", ["4 bytes appended to log", "sync 1 asked for"])
    synced = next(step for step in steps.steps if step.what == "synced")
    assert list(synced.effects) == ["reply to the client: durable"]
    assert not asked.quiet
    assert not synced.quiet


def test_a_program_that_dies_at_a_request_is_told() -> None:
    class FragileEcho(Echo):
        def on_request(self, now: Now, request: int, message: Any) -> Effects:
            raise ValueError(message)

    async def scene(cluster: SimCluster) -> None:
        channel = await cluster.nodes[0].connect()
        with pytest.raises(ConnectionError):
            await channel.request("broken")

    ended = [step for step in recorded(FragileEcho, scene).steps if step.what == "ended"]
    assert ended[0].about.startswith("ValueError: broken (test_steps.py:")
