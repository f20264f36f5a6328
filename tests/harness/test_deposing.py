"""Final reads after a change of leader: a copy that differs is seen."""

import pytest

from splitbrain.harness.client import ErrorTable, Shape
from splitbrain.harness.controller import Test, run_test
from splitbrain.harness.deployment import Simulated
from splitbrain.harness.deposing import QUICK_WAYS, WAYS, way_to_depose
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.fault import Plan
from splitbrain.harness.generator import SECOND, once, per_thread, repeat
from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.injection import Cut, Kill, Pause
from splitbrain.harness.nemesis import NemesisRunner
from splitbrain.harness.operation import Operation
from splitbrain.harness.program import Reply

from .test_controller_simulated import ForgetfulClient, ValueMessage

NAMES = ("n1", "n2", "n3")


class Copies:
    """Copies of one value, of which only that of n1 is ever written; n2 leads once n1 was started again."""

    def __init__(self):
        self.values = dict.fromkeys(NAMES)
        self.leader = "n1"
        self.starts = dict.fromkeys(NAMES, 0)

    def node(self, name, nodes, random):
        self.starts[name] += 1
        if name == self.leader and self.starts[name] > 1:
            self.leader = "n2"
        return Copy(self)


class Copy:
    message_type = request_type = reply_type = ValueMessage

    def __init__(self, copies):
        self.copies = copies

    def on_start(self, now, disk):
        return ()

    def on_request(self, now, request, message):
        if message.value is not None:
            self.copies.values["n1"] = message.value
        return (Reply(request, ValueMessage(self.copies.values[self.copies.leader])),)

    on_message = on_timer = on_durable = on_disk_error = None


class CopiesTarget:
    name = "copies"
    errors = ErrorTable()
    operations = {"read": Shape("none", "int", effects=False), "write": Shape("int", "int")}  # noqa: RUF012
    client = staticmethod(ForgetfulClient)

    def __init__(self, copies):
        self.copies = copies

    async def roles(self, nodes):
        return {self.copies.leader: "leader"}


class FaultAtLastNode:
    """A fault that hits n3, in one way."""

    summary, options, variants, default, wants_roles = "", (), ("n3",), True, False

    def __init__(self, name, way):
        self.name, self.needs = name, (way,)

    def plan(self, variant, view, random):
        return Plan({"nodes": ["n3"]}, (self.needs[0](("n3",)),))


def _reads(fault):
    copies, sim = Copies(), Sim(1)
    recorder = Recorder(None, sim.now)
    slots = [ScheduledFault(SECOND // 2, SECOND // 2, fault, "n3")]
    test = Test(
        target=CopiesTarget(copies),
        deployment=Simulated(copies.node),
        environment=sim,
        names=NAMES,
        main=repeat(Operation("write", 1)),
        rate=20.0,
        final=lambda history: per_thread(once(Operation("read"))),
        concurrency=3,
        time_limit=2.0,
    )
    sim.run(lambda: run_test(test, recorder, NemesisRunner(slots, 1)))
    events = list(recorder.history)
    reads = [event.value for event in events if event.f == "read" and event.type == "ok"]
    return reads, [(event.f, event.value) for event in events if event.process == "nemesis"]


def test_a_copy_that_differs_is_seen_when_another_node_leads():
    reads, faults = _reads(FaultAtLastNode("kill", Kill))
    assert reads[:3] == [1, 1, 1]
    assert len(reads) > 3 and set(reads[3:]) == {None}
    assert [f for f, _ in faults] == ["start-kill", "stop-kill"] * 2
    assert faults[2][1] == {"size": "one", "nodes": ("n1",)}


def test_a_fault_that_deposes_nobody_leaves_the_leader_alone():
    class SlowFault(FaultAtLastNode):
        def plan(self, variant, view, random):
            return Plan({}, (Pause(("n3",)),))

    slow = SlowFault("slow", Pause)
    slow.needs = (Pause, Kill)
    reads, faults = _reads(slow)
    assert reads == [1, 1, 1]
    assert len(faults) == 2


@pytest.mark.parametrize(
    ("asked", "ways", "expected"),
    [
        ((Cut, Pause, Kill), WAYS, Kill(("n2",))),
        ((Cut, Pause, Kill), QUICK_WAYS, Pause(("n2",))),
        ((Cut,), WAYS, Cut((("n1", "n2"), ("n2", "n1"), ("n2", "n3"), ("n3", "n2")))),
        ((Kill,), QUICK_WAYS, None),
    ],
)
def test_the_way_is_the_first_that_was_asked_for(asked, ways, expected):
    found = way_to_depose("n2", NAMES, [FaultAtLastNode(way.__name__, way) for way in asked], ways)
    if expected is None:
        assert found is None
        return
    (injection,) = found[1].injections
    if isinstance(injection, Cut):
        injection = Cut(tuple(sorted(injection.links)))
    assert injection == expected
