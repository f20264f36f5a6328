"""All parts together in the simulator: controller, clients, nodes that die, faults, history file."""

import asyncio
import gzip
import signal

import msgspec
import pytest

from splitbrain.harness.client import ErrorTable, Shape
from splitbrain.harness.controller import Test, run_test
from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.fault import Plan
from splitbrain.harness.generator import SECOND, calls, limit, once, per_thread
from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.histories.read import read
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.injection import Kill, Pause
from splitbrain.harness.nemesis import NemesisRunner
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.program import Mark, Reply
from splitbrain.harness.verdict import Validity

NAMES = ("n1", "n2", "n3")


class ValueMessage(msgspec.Struct, frozen=True):
    value: int | None


class Forgetful:
    """Nodes that each keep one value, for themselves, until they die."""

    message_type = request_type = reply_type = ValueMessage

    def __init__(self, name, nodes, random):
        self.value = None

    def on_start(self, now, disk):
        return ()

    def on_request(self, now, request, message):
        if message.value is not None:
            self.value = message.value
        return (Reply(request, ValueMessage(self.value)),)

    on_message = on_timer = on_durable = on_disk_error = None


class ForgetfulClient:
    def __init__(self, node):
        self.node = node

    async def open(self):
        self.channel = await self.node.connect()

    async def setup(self):
        pass

    teardown = setup

    async def invoke(self, operation):
        answer = await self.channel.request(ValueMessage(operation.value))
        return Outcome.ok(answer.value)

    async def close(self):
        await self.channel.close()


class ForgetfulTarget:
    name = "forgetful"
    errors = ErrorTable()
    operations = {"read": Shape("none", "int", effects=False), "write": Shape("int", "int")}  # noqa: RUF012
    client = staticmethod(ForgetfulClient)

    async def roles(self, nodes):
        return {}


class KillOrPause:
    """A fault that kills or pauses, by variant."""

    name, variants, wants_roles, needs = "fault", ("kill", "pause"), False, (Kill, Pause)

    def plan(self, variant, view, random):
        nodes = (random.choice(view.nodes),)
        return Plan({"nodes": nodes}, (Kill(nodes) if variant == "kill" else Pause(nodes),))


def slot(start, variant):
    return ScheduledFault(start * SECOND, 2 * SECOND, KillOrPause(), variant)


def operation(context):
    value = context.draws.below(100)
    return Operation("write", value) if value % 2 else Operation("read")


class FragileRegister(Forgetful):
    """A client whose node dies of an exception when 99 is written."""

    def on_request(self, now, request, message):
        if message.value == 99:
            raise LookupError("no place for 99")
        return super().on_request(now, request, message)


def run(seed, folder, *, interrupted_after=None, program=Forgetful):
    sim = Sim(seed)
    recorder = Recorder(folder / "history.jsonl", sim.now)
    nemesis = NemesisRunner([slot(1, "kill"), slot(5, "pause")], seed)
    test = Test(
        ForgetfulTarget(), Simulated(program), sim, NAMES, calls(operation), seed=seed, concurrency=6, rate=200.0,
        time_limit=10.0, timeout=0.5, final=lambda history: per_thread(once(Operation("read"))),
    )  # fmt: skip

    async def main():
        if interrupted_after is not None:
            asyncio.get_running_loop().call_later(interrupted_after, signal.raise_signal, signal.SIGINT)
        return await run_test(test, recorder, nemesis)

    return sim.run(main), recorder


def test_a_run_with_faults_is_whole(tmp_path):
    done, _ = run(3, tmp_path)
    history = list(done.history)
    assert list(read(done.path)) == history
    nemesis = [e.f for e in history if e.process == "nemesis"]
    assert nemesis == ["start-fault", "stop-fault"] * 2
    assert done.faults["fault"].bite["processes_killed"] == 1
    assert done.faults["fault"].bite["paused_ms"] == pytest.approx(2000)
    errors = {e.error[0] for e in history if isinstance(e.error, tuple)}
    assert errors >= {"refused", "timeout"}
    assert all(e.type == "ok" for e in history[-6:])
    infos = [e for e in history if e.type == "info" and e.process != "nemesis"]
    retired = {e.process for e in infos}
    assert infos
    for e in infos:
        assert all(later.process != e.process for later in history[e.index + 1 :])
        assert e.process + 6 in {later.process for later in history[e.index + 1 :]}
    assert max(e.process for e in history if e.process != "nemesis") < 6 * (1 + len(retired))
    assert done.deaths == () and done.audits == ()


def test_a_node_that_died_of_an_exception_makes_the_run_unknown(tmp_path):
    done, _ = run(3, tmp_path, program=FragileRegister)
    (verdict,) = done.audits
    assert verdict.value is Validity.UNKNOWN
    assert verdict.reason == done.deaths[0].text and "no place for 99" in verdict.reason


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    def content(seed, name):
        folder = tmp_path / name
        folder.mkdir()
        done, _ = run(seed, folder)
        return gzip.decompress(done.path.read_bytes())

    first = content(1, "a")
    assert first == content(1, "b")
    assert first != content(2, "c")


def test_ctrl_c_in_the_middle_of_a_fault_heals_it_and_keeps_the_history(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(3, tmp_path, interrupted_after=2.0)
    lines = gzip.decompress((tmp_path / "history.jsonl.gz").read_bytes()).splitlines()
    assert b'"stop-fault"' in lines[-1]
    assert b'"processes_killed":1' in lines[-1]


class MarkedRegister(Forgetful):
    """Node that marks the writes that it carries out and never answers an odd one; three of four it forgets at once."""

    def on_request(self, now, request, message):
        if message.value is None or message.value % 2 == 0:
            return super().on_request(now, request, message)
        return (Mark("executed", message.value, 1),) if message.value % 8 == 1 else ()


class ClientOfRegister(ForgetfulClient):
    last_request = None

    async def invoke(self, operation):
        self.last_request = operation.value
        return await super().invoke(operation)


class MarkedTarget(ForgetfulTarget):
    client = staticmethod(ClientOfRegister)


@pytest.mark.parametrize(
    ("target", "told"), [(MarkedTarget(), {"operations": 40, "carried_out": 10}), (ForgetfulTarget(), None)]
)
def test_of_operations_in_doubt_the_simulator_tells_how_many_were_carried_out(target, told):
    sim = Sim(1)
    writes = calls(lambda context: Operation("write", context.ordinal))
    test = Test(target, Simulated(MarkedRegister), sim, NAMES, limit(80, writes), concurrency=1, rate=0, timeout=0.1)
    done = sim.run(lambda: run_test(test, Recorder(None, sim.now)))
    assert done.coverage.get("in_doubt") == told
