"""Power switch of a simulated cluster: who is switched off loses what was not synced, and starts again."""

import asyncio

import pytest

from splitbrain.harness.injection import Kill, Pause
from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.program import Append, PowerCycle, Reply

from .programs import FileWriter, SimStage, play


class Switcher(FileWriter):
    """A program that switches off the node that a client names, and answers once it is off."""

    def on_request(self, now, request, message):
        if isinstance(message, bytes):
            return [Append("log", message)] if message.startswith(b"un") else super().on_request(now, request, message)
        if message == "read":
            return super().on_request(now, request, message)
        self.asked = request
        return [PowerCycle(message)]

    def on_power_cycled(self, now, node):
        return [Reply(self.asked, f"{node} is off")]


def test_a_node_that_is_switched_off_loses_what_was_not_synced_and_starts_again() -> None:
    async def scene(stage: SimStage) -> None:
        victim, switching = await stage.n2.connect(), await stage.n1.connect()
        assert await victim.request(b"kept") == "durable"
        unsynced = asyncio.ensure_future(victim.request(b"unsynced"))
        await asyncio.sleep(0)
        assert await switching.request("n2") == "n2 is off"
        assert not stage.n2.running
        with pytest.raises(ChannelClosed):
            await unsynced
        await asyncio.sleep(1.1)
        assert await (await stage.n2.connect()).request("read") == {"log": b"kept"}
        assert not stage.cluster.deaths()

    play(Switcher, scene)


def test_a_node_that_a_fault_keeps_down_stays_down() -> None:
    async def scene(stage: SimStage) -> None:
        killed = await stage.cluster.inject(Kill(("n2",)))
        assert await (await stage.n1.connect()).request("n2") == "n2 is off"
        await asyncio.sleep(2)
        assert not stage.n2.running
        await killed.heal()
        assert stage.n2.running

    play(Switcher, scene)


def test_two_nodes_that_switch_each_other_off_both_go_down_and_a_stopped_one_is_told_later() -> None:
    async def scene(stage: SimStage) -> None:
        first, second = await stage.n1.connect(), await stage.n2.connect()
        ends = await asyncio.gather(first.request("n2"), second.request("n1"), return_exceptions=True)
        assert any(isinstance(end, ChannelClosed) for end in ends)
        await asyncio.sleep(0.1)
        assert not stage.n1.running and not stage.n2.running
        await asyncio.sleep(1.1)
        assert stage.n1.running and stage.n2.running
        asked = asyncio.ensure_future((await stage.n3.connect()).request("n1"))
        await asyncio.sleep(0.02)
        pause = await stage.cluster.inject(Pause(("n3",)))
        await asyncio.sleep(0.5)
        assert not stage.n1.running and not asked.done()
        await pause.heal()
        assert await asked == "n1 is off"

    play(Switcher, scene)


def test_switching_off_a_node_that_is_not_there_is_a_mistake_of_the_program() -> None:
    async def scene(stage: SimStage) -> None:
        with pytest.raises(ChannelClosed):
            await (await stage.n1.connect()).request("n9")
        (death,) = stage.cluster.deaths()
        assert "LookupError: it switched off 'n9', which is no member of the cluster" in death.text

    play(Switcher, scene)
