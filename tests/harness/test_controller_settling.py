"""Final operations wait for a target whose nodes take their time after a fault, but not for ever."""

import asyncio
from collections.abc import Mapping

from splitbrain.harness.active_faults import FaultReport
from splitbrain.harness.controller import SETTLE_SECONDS
from splitbrain.harness.generator import once
from splitbrain.harness.injection import Injection
from splitbrain.harness.operation import Operation

WRITE, READ = Operation("write", 1), Operation("read")


class CountedNemesis:
    """A nemesis on which something came so many times, and is healed."""

    injections: frozenset[type[Injection]] = frozenset()
    moments: Mapping[str, int] = {}

    async def depose(self, ways):
        return False

    def __init__(self, times=1):
        self.times = times

    async def run(self, cluster, roles, recorder, now, serves):
        await asyncio.sleep(0)

    async def heal(self):
        pass

    def reports(self):
        return {"kill": FaultReport(self.times, {"processes_killed": 1} if self.times else None)}


def settling(stage, seconds):
    async def settle(nodes):
        stage.steps.append("settling")
        await asyncio.sleep(seconds)
        stage.steps.append("settled")

    stage.settle = settle


def conducted(stage, nemesis):
    return stage.run_test(once(WRITE), nemesis, final=lambda history: once(READ))


def times(stage):
    """The end of the last write, and the beginning of the final read, in seconds."""
    events = {(event.f, event.type): event.time / 1e9 for event in stage.events()}
    return events["write", "ok"], events["read", "invoke"]


def test_final_operations_begin_when_the_nodes_have_settled(stage):
    settling(stage, 30.0)
    done = conducted(stage, CountedNemesis())
    wrote, read = times(stage)
    assert stage.steps[1:3] == ["settling", "settled"] and done.warnings == ()
    assert 35.0 <= read - wrote < 36.0


def test_nodes_that_do_not_settle_are_told_and_the_test_goes_on(stage):
    settling(stage, 1e6)
    done = conducted(stage, CountedNemesis())
    wrote, read = times(stage)
    assert done.warnings == (f"the nodes had not recovered {SETTLE_SECONDS:g} s after the last heal",)
    assert read - wrote < SETTLE_SECONDS + 6


def test_trouble_on_the_way_is_told(stage):
    async def settle(nodes):
        raise ValueError("no such question")

    stage.settle = settle
    done = conducted(stage, CountedNemesis())
    assert len(done.warnings) == 1 and "no such question" in done.warnings[0]
    assert ("read", "ok") in {(event.f, event.type) for event in stage.events()}


def test_nobody_waits_where_nothing_was_hurt(stage):
    settling(stage, 30.0)
    conducted(stage, CountedNemesis(times=0))
    assert "settling" not in stage.steps
