"""gossip: the same stories in every environment, detectors by themselves, and what the invariant sees."""

import asyncio
from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.harness.marks import START, MarkEvent
from splitbrain.harness.program import Now, Reply
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.verdict import Validity
from splitbrain.targets.stores.gossip.audit import judge
from splitbrain.targets.stores.gossip.detectors import PhiDetector, TimeoutDetector
from splitbrain.targets.stores.gossip.node import GossipNode, GossipSettings, HeartbeatTable
from splitbrain.targets.stores.gossip.target import the_silent_are_left_out
from splitbrain.targets.stores.messages import Request

from .contract import ARMS, Arm, StoreStage, play, store

SECOND = 1_000_000_000


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


async def names(stage: StoreStage, asked: str, members: tuple[str, ...]) -> None:
    """Wait until a node names these members."""
    async with asyncio.timeout(20):
        while (await stage.ask(asked, "members", None)).value != members:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("detector", ["timeout", "phi"])
def test_a_node_that_goes_down_is_left_out_and_taken_back_when_it_is_up(arm: Arm, detector: str) -> None:
    async def story(stage: StoreStage) -> None:
        await names(stage, "n1", ("n1", "n2", "n3"))
        killed = await stage.kill("n3")
        for node in ("n1", "n2"):
            await names(stage, node, ("n1", "n2"))
        await killed.heal()
        for node in stage.others():
            await names(stage, node, ("n1", "n2", "n3"))

    play(arm, f"gossip:detector={detector},phi=5", story)


def test_each_side_of_a_split_names_its_own(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        cut = await stage.isolate("n1")
        await names(stage, "n1", ("n1",))
        await names(stage, "n2", ("n2", "n3"))
        await cut.heal()
        await names(stage, "n1", ("n1", "n2", "n3"))
        assert (await stage.send("n1", Request("write", "members", 1, "s", 1))).error == "unsupported"
        assert (await stage.ask("n1", "read", "x")).value is None

    play(arm, "gossip", story)


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize(
    ("options", "nemesis", "seed", "standing"),
    [
        ("detector=timeout", "all", 1, "confirmed"),
        ("detector=phi", "all", 1, "confirmed"),
        ("bug=suspected-for-good", "partition,pause", 1, "refuted"),
    ],
)
def test_members_are_agreed_on_in_the_end(options: str, nemesis: str, seed: int, standing: str, tmp_path: Path) -> None:
    result = run(f"gossip:{options}", nemesis=nemesis, seed=seed, time_limit=10, out=tmp_path).result
    assert result.claims["membership"].value == standing, result.reason


def test_a_timeout_is_one_for_all_and_phi_learns_what_pauses_are_like() -> None:
    assert [TimeoutDetector(10).suspects(silence) for silence in (9, 10)] == [False, True]
    steady, shaky = PhiDetector(8, SECOND), PhiDetector(8, SECOND)
    for number in range(100):
        steady.heard(SECOND)
        shaky.heard(SECOND * (2 if number % 4 == 0 else 1))
    assert steady.suspects(3 * SECOND)
    assert not shaky.suspects(3 * SECOND)
    assert steady.phi(SECOND) == pytest.approx(0.301, abs=0.001), "half of all pauses are longer"


def test_a_silence_that_was_suspected_is_no_pause() -> None:
    detector = PhiDetector(8, SECOND)
    detector.heard(60 * SECOND)
    assert detector.suspects(3 * SECOND)


class KeptBeats:
    """A node, and its disk, which is quick or silent."""

    def __init__(self, disk: bytes = b"") -> None:
        self.disk = disk
        self.node = GossipNode("n1", ("n1", "n2"), RandomStream(1, "n1"), settings=GossipSettings())
        self._do(self.node.on_start(Now(0, 0), {"log": disk}))

    def beats(self, count: int, *, quick: bool = True) -> int:
        """Beat so often; the number of the last heartbeat."""
        for _ in range(count):
            self._do(self.node.on_timer(Now(0, 0), "beat"), quick=quick)
        return self.node.beat

    def _do(self, effects: object, *, quick: bool = True) -> None:
        for effect in list(effects):  # type: ignore[call-overload]
            self.disk = getattr(effect, "data", self.disk)
            token = getattr(effect, "token", None)
            if token is not None and quick:
                self._do(self.node.on_durable(Now(0, 0), token))


def test_heartbeats_go_on_above_those_before_a_restart_and_stop_where_the_disk_does() -> None:
    first = KeptBeats()
    assert first.beats(50) == 50
    assert KeptBeats(first.disk).beats(1) > 50
    assert first.beats(100, quick=False) < 100


def test_an_old_heartbeat_is_no_sign_of_life() -> None:
    node = KeptBeats().node
    node.on_message(Now(0, 0), "n3", HeartbeatTable({"n2": 7}))
    node.on_message(Now(SECOND, 0), "n3", HeartbeatTable({"n2": 7}))
    (told,) = [e for e in node.on_request(Now(2 * SECOND, 0), 1, Request("members", None)) if isinstance(e, Reply)]
    assert told.message.value == ["n1"]


def test_the_invariant_sees_a_node_that_is_named_though_it_was_silent() -> None:
    see = the_silent_are_left_out(SECOND).watch()
    assert see(MarkEvent("n1", 0, START, ())) is None
    assert see(MarkEvent("n1", 1, "heard", ("n2", 10 * SECOND))) is None
    assert see(MarkEvent("n1", 2, "told", (11 * SECOND - 1, ("n1", "n2")))) is None
    assert see(MarkEvent("n1", 3, "told", (11 * SECOND, ("n1",)))) is None
    assert "n2" in (see(MarkEvent("n1", 4, "told", (11 * SECOND, ("n1", "n2")))) or "")


def test_the_audit_sees_a_heartbeat_that_was_never_counted() -> None:
    known = {"n1": {"n1": 3, "n2": 7}, "n2": {"n1": 3, "n2": 7}}
    assert judge(known, {"n1": 3, "n2": 7}).value is Validity.VALID
    assert "n1 knows heartbeat 7 of n2, which has counted 6" in judge(known, {"n1": 3, "n2": 6}).reason


def test_what_is_claimed() -> None:
    for detector in ("timeout", "phi"):
        assert store(f"gossip:detector={detector}").claims == ("membership",)
