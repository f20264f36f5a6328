"""truetime: clocks in their bound and beyond it, with commit wait and without."""

import asyncio
from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.operation import EventType
from splitbrain.harness.program import Effect, Effects, Mark, Now, Reply, Send
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.verdict import Validity
from splitbrain.results.result import Result
from splitbrain.targets.stores.client import Sessions
from splitbrain.targets.stores.messages import Account, Answer, Request
from splitbrain.targets.stores.truetime.audit import judge, past_when_shown, reads_to_come, timestamps_rise
from splitbrain.targets.stores.truetime.node import TimedForward, TrueTimeNode
from splitbrain.zoo import refutations

from .contract import ARMS, Arm, StoreStage, play, store

IN_BOUND = "clock:kind=offset,min_seconds=0.001,max_seconds=0.006"
BEYOND = "clock:kind=offset,min_seconds=0.05,max_seconds=2"
MS = 1_000_000
BOUND = 7 * MS


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


def test_a_change_waits_for_twice_the_bound_and_reads_through_other_nodes_then_see_it(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        loop = asyncio.get_running_loop()
        for number, node in enumerate(stage.others()):
            began = loop.time()
            assert (await stage.ask(node, "write", "x", number)).type is EventType.OK
            assert loop.time() - began > 0.2
            for reader in stage.others():
                assert (await stage.ask(reader, "read", "x")).value == number

    play(arm, "truetime:bound_ms=100", story)


def judged(target: str, nemesis: str, seed: int, folder: Path) -> Result:
    return run(target, nemesis=nemesis, seed=seed, time_limit=8, out=folder).result


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize("seed", [1, 2])
def test_it_holds_while_clocks_are_in_their_bound_and_falls_beyond(seed: int, tmp_path: Path) -> None:
    held = judged("truetime", IN_BOUND, seed, tmp_path / "in")
    assert held.status.value == "valid", held.reason
    assert held.claims["linearizable"].value == "confirmed"
    beyond = judged("truetime", BEYOND, seed, tmp_path / "beyond")
    assert {"invariants", "cas-register"} <= set(refutations(beyond.verdict)), beyond.reason


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
def test_without_the_wait_a_read_misses_what_was_acknowledged_though_clocks_are_in_their_bound(tmp_path: Path) -> None:
    found = judged("truetime:commit_wait=off", IN_BOUND, 1, tmp_path)
    assert "cas-register" in refutations(found.verdict), found.reason


@pytest.mark.parametrize(("options", "claims"), [("", ("linearizable",)), ("commit_wait=off", ()), ("disk=memory", ())])
def test_claims_follow_the_wait_and_the_disk(options: str, claims: tuple[str, ...]) -> None:
    assert store(f"truetime:{options}").claims == claims


class OwnerAlone:
    """A node that has all keys, and its disk; its wall clock shows what a test says."""

    def __init__(self) -> None:
        self.disk = b""
        self.start(0)

    def start(self, wall: int) -> list[Effect]:
        """A start with what is on the disk; what it does."""
        self.node = TrueTimeNode("n1", ["n1"], RandomStream(1, "n1"), bound=BOUND)
        return list(self.node.on_start(Now(0, wall), {"log": self.disk}))

    def asked(self, wall: int, request: Request, handle: int) -> list[Effect]:
        """The effects when a client asks, and its disk is quick."""
        return self._durable(wall, self.node.on_request(Now(0, wall), handle, request))

    def forwarded(self, wall: int, request: Request, at: int) -> list[Effect]:
        """The effects when another node has passed a request on."""
        return self._durable(wall, self.node.on_message(Now(0, wall), "n2", TimedForward(request, at)))

    def at(self, wall: int) -> list[Effect]:
        """The effects when its timer runs out."""
        return list(self.node.on_timer(Now(0, wall), "commit"))

    def _durable(self, wall: int, effects: Effects) -> list[Effect]:
        found = list(effects)
        for effect in list(found):
            self.disk += getattr(effect, "data", b"")
            if (token := getattr(effect, "token", None)) is not None:
                found += self.node.on_durable(Now(0, wall), token)
        return found


def replies(effects: Effects) -> list[object]:
    """Values, or errors, that clients and other nodes are answered with."""
    answers = [effect.message for effect in effects if isinstance(effect, Reply)]
    sent = [effect.message for effect in effects if isinstance(effect, Send)]
    answers += [message.response for message in sent if isinstance(message, Answer)]
    return [answer.error or answer.value or answer.revision for answer in answers]


def test_a_change_is_hidden_and_not_acknowledged_until_its_timestamp_is_past() -> None:
    owner = OwnerAlone()
    assert replies(owner.asked(0, Request("write", "x", "a", "s", 1), 1)) == []
    assert replies(owner.forwarded(0, Request("read", "x", None, "t", 1), BOUND - 1)) == [0], "a time before it"
    assert replies(owner.forwarded(0, Request("read", "x", None, "u", 1), BOUND)) == [], "this one waits"
    assert replies(owner.at(2 * BOUND)) == []
    assert replies(owner.at(2 * BOUND + 1)) == [1, "a"]


def test_a_change_on_disk_waits_again_after_a_restart_and_so_does_the_same_request() -> None:
    owner = OwnerAlone()
    write = Request("write", "x", "a", "s", 1)
    owner.asked(0, write, 1)
    assert not [effect for effect in owner.start(BOUND) if isinstance(effect, Mark) and effect.name == "shown"]
    assert replies(owner.asked(BOUND, write, 2)) == []
    assert replies(owner.at(2 * BOUND + 1)) == [1]
    assert replies(owner.asked(2 * BOUND + 1, write, 3)) == [1], "it is known"


def test_changes_of_a_key_wait_for_each_other_and_timestamps_rise_though_the_clock_falls() -> None:
    owner = OwnerAlone()
    owner.asked(10 * BOUND, Request("write", "x", "a", "s", 1), 1)
    assert replies(owner.asked(10 * BOUND, Request("cas", "x", ["b", "c"], "t", 1), 2)) == []
    shown = owner.at(12 * BOUND + 1)
    assert replies(shown) == [1], "the second one is written down now"
    owner.asked(0, Request("write", "x", "d", "u", 1), 3)
    marks = [effect for effect in [*shown, *owner.at(99 * BOUND)] if isinstance(effect, Mark)]
    stamps = [mark.values[2] for mark in marks if mark.name == "shown"]
    assert stamps[0] == 11 * BOUND
    assert sorted(set(stamps)) == stamps


def test_invariants_go_by_true_time_and_by_the_order_of_changes() -> None:
    past, come, rise = past_when_shown().watch(), reads_to_come().watch(), timestamps_rise().watch()
    start = MarkEvent("n1", 0, "clock", (1_000,))
    assert [past(start), come(start)] == [None, None]
    assert past(MarkEvent("n1", 5, "shown", ("x", 1, 1_005))) is None
    assert "before its time" in (past(MarkEvent("n1", 5, "shown", ("x", 2, 1_006))) or "")
    assert come(MarkEvent("n1", 5, "asked", (1_005,))) is None
    assert "ago" in (come(MarkEvent("n1", 6, "asked", (1_005,))) or "")
    assert rise(MarkEvent("n1", 5, "shown", ("x", 1, 10))) is None
    assert rise(MarkEvent("n1", 6, "shown", ("x", 1, 10))) is None, "shown again after a restart"
    assert "after 10" in (rise(MarkEvent("n1", 7, "shown", ("x", 2, 10))) or "")


def test_the_audit_looks_for_a_request_at_all_owners() -> None:
    sessions = Sessions()
    sessions.acknowledged = {"n1.1.1": 3}
    accounts = [Account(1, 0, 0, {"n1.1.1": 2}), Account(1, 0, 0, {"n1.1.1": 3})]
    assert judge(accounts, sessions).value is Validity.VALID
    assert judge(accounts[:1], sessions).value is Validity.INVALID
    sessions.acknowledged, sessions.refused = {}, {"n1.1.1": 3}
    assert judge(accounts, sessions).value is Validity.INVALID
