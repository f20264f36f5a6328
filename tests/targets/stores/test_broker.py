"""log: the same stories in every environment; which acknowledgements keep a message, and which do not."""

import asyncio
from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.harness.errors import UsageError
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.operation import EventType
from splitbrain.harness.program import Append
from splitbrain.harness.verdict import Validity
from splitbrain.targets.stores.broker.invariants import (
    leader_has_all_committed,
    one_leader_an_epoch,
    one_message_an_offset,
)
from splitbrain.targets.stores.broker.messages import Leadership, Replicate
from splitbrain.targets.stores.broker.partition import BrokerSettings, PartitionReplica
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.log import ReplicaLog
from splitbrain.targets.stores.messages import Entry, Request
from splitbrain.targets.stores.requests import Requests

from .contract import ARMS, Arm, StoreStage, play, store

EVERY = ("log", "log:acks=1", "log:acks=1,unclean_election=on", "log:idempotence=off,min_isr=1")


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


@pytest.mark.parametrize("spec", EVERY)
def test_messages_are_polled_in_the_order_of_their_offsets(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        offsets = [(await stage.insist(node, "send", "a", i)).revision for i, node in enumerate(stage.others())]
        assert offsets == [1, 2, 3]
        assert (await stage.insist("n1", "send", "b", "x")).revision == 1, "another partition"
        for node in stage.others():
            async with asyncio.timeout(10):
                while len((await stage.insist(node, "poll", "a", "start")).value) < 3:
                    await asyncio.sleep(0.05)
            assert (await stage.insist(node, "poll", "a", "start")).value == ((1, 0), (2, 1), (3, 2))
            assert (await stage.insist(node, "poll", "a")).value == (), "nothing follows"
        assert (await stage.insist("n2", "send", "a", 9)).revision == 4
        async with asyncio.timeout(10):
            while (found := (await stage.insist("n3", "poll", "a")).value) == ():
                await asyncio.sleep(0.05)
        assert found == ((4, 9),)

    play(arm, spec, story)


def test_acknowledged_messages_survive_a_restart_of_all_and_are_known_again(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        await stage.insist("n1", "send", "a", "the first")
        first = await stage.send("n1", Request("send", "a", "m", "mine", 1))
        for i in range(9):
            assert (await stage.insist("n2", "send", "a", i)).type is EventType.OK
        killed = await stage.kill(*stage.others())
        await killed.heal()
        await stage.serves()
        async with asyncio.timeout(20):
            while len((await stage.insist("n3", "poll", "a", "start")).value) < 11:
                await asyncio.sleep(0.05)
        assert first.revision == 2
        assert await stage.send("n2", Request("send", "a", "m", "mine", 1)) == first
        assert (await stage.target.audit(stage.nodes)).value is Validity.VALID  # type: ignore[attr-defined]

    play(arm, "log", story)


def test_a_dead_leader_is_replaced_by_a_replica_in_sync(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        assert (await stage.insist("n1", "send", "a", 1)).revision == 1
        (leader,) = [name for name, role in (await stage.target.roles(stage.nodes)).items() if role == "leader"][:1]
        killed = await stage.kill(leader)
        other = stage.others(leader)[0]
        await stage.insist(other, "send", "a", 2)
        await stage.insist(other, "send", "log0", 3)
        assert (await stage.insist(other, "poll", "a", "start")).value[0] == (1, 1)
        await killed.heal()
        await stage.insist(leader, "send", "a", 4)

    play(arm, "log", story)


def test_too_few_replicas_in_sync_refuse_messages_that_all_must_have(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        await stage.insist("n1", "send", "a", 1)
        await stage.kill("n2")
        async with asyncio.timeout(20):
            while (refused := await stage.ask("n1", "send", "a", 2)).type is not EventType.FAIL:
                await asyncio.sleep(0.1)
        assert refused.error is not None and "too few replicas" in refused.error.text

    play(arm, "log:min_isr=3,failover_ms=200", story)


def test_with_acks_0_no_offset_is_told_and_nonsense_is_refused(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        sent = await stage.ask("n2", "send", "a", 1)
        assert (sent.type, sent.revision) == (EventType.OK, None)
        assert (await stage.send("n1", Request("poll", "a", "x", "s", 1))).error == "unsupported"
        assert (await stage.send("n1", Request("read", "a", None, "s", 2))).error == "unsupported"

    play(arm, "log:acks=0", story)


@pytest.mark.parametrize(
    ("options", "claims"),
    [
        ("acks=all", ("ordered-log",)),
        ("acks=1", ()),
        ("unclean_election=on", ()),
        ("idempotence=off", ()),
        ("idempotence=off,retries=off", ("ordered-log",)),
        ("disk=memory", ()),
    ],
)
def test_claims_follow_the_acknowledgement(options: str, claims: tuple[str, ...]) -> None:
    assert store(f"log:{options}").claims == claims


def test_wrong_times_are_said() -> None:
    with pytest.raises(UsageError, match="failover_ms is at least twice"):
        store("log:failover_ms=60")


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize(
    ("options", "expected", "anomaly"),
    [
        ("acks=all", "valid", ""),
        ("idempotence=off,retries=off", "valid", ""),
        ("acks=1", "invalid", "lost"),
        ("acks=0", "invalid", "lost"),
        ("unclean_election=on,min_isr=1", "valid", ""),
        ("idempotence=off", "invalid", "stands at offsets"),
    ],
)
def test_what_an_acknowledgement_is_worth(options: str, expected: str, anomaly: str, tmp_path: Path) -> None:
    result = run(f"log:{options}", seed=1, nemesis="partition,kill", time_limit=10, out=tmp_path).result
    assert result.status.value == expected, result.reason
    assert anomaly in result.reason


def test_invariants_see_two_leaders_two_messages_and_a_short_leader() -> None:
    def event(node: str, name: str, *values: object) -> MarkEvent:
        return MarkEvent(node, 0, name, values)

    leading = one_leader_an_epoch().watch()
    assert leading(event("n1", "leads", 1, "a", 0)) is None
    assert leading(event("n2", "leads", 1, "b", 0)) is None
    assert "in which n1 led" in (leading(event("n2", "leads", 1, "a", 0)) or "")
    message = one_message_an_offset().watch()
    assert message(event("n1", "committed", 1, ("s", 1), "a")) is None
    assert message(event("n2", "committed", 1, ("s", 2), "b")) is None
    assert "where n1 has" in (message(event("n2", "committed", 1, ("s", 2), "a")) or "")
    complete = leader_has_all_committed().watch()
    assert complete(event("n1", "committed", 3, ("s", 1), "a")) is None
    assert complete(event("n2", "leads", 2, "a", 3)) is None
    assert "3 are committed" in (complete(event("n3", "leads", 3, "a", 2)) or "")
    assert complete(event("n2", "leads", 5, "a", 3)) is None
    assert complete(event("n2", "committed", 4, ("s", 2), "a")) is None
    assert complete(event("n1", "leads", 4, "a", 3)) is None, "it hears late that it was chosen"
    assert "4 are committed" in (complete(event("n1", "leads", 6, "a", 3)) or "")


def test_a_replica_that_starts_again_knows_its_epoch_and_takes_nothing_of_an_older_leader() -> None:
    def replica(disk: bytes) -> PartitionReplica:
        made = PartitionReplica("a", "n2", ("n1", "n2", "n3"), ReplicaLog(Journal()), Requests(), BrokerSettings())
        made.log.recover({"log": disk})
        return made

    def entries(epoch: int, *messages: str) -> tuple[Entry, ...]:
        return tuple(Entry(epoch, Request("send", "a", message, message, 1)) for message in messages)

    older, newer = Leadership(8, "n1", ("n1", "n2", "n3")), Leadership(9, "n3", ("n2", "n3"))
    first = replica(b"")
    first.on_replicate("n3", Replicate("a", newer, 0, 0, entries(8, "x") + entries(9, "y"), 2), 0)
    (written, _) = first.log.journal.flush()
    assert isinstance(written, Append) and first.committed == 2
    again = replica(written.data)
    again.on_replicate("n1", Replicate("a", older, 1, 8, entries(8, "late"), 1), 0)
    assert again.log.entry(2) == entries(9, "y")[0], "the message of an older leader changes nothing"
    assert again.log.journal.held == [] and again.leadership is None
    again.on_replicate("n3", Replicate("a", newer, 2, 9, entries(9, "z"), 2), 0)
    assert again.log.last == 3 and again.leadership == newer
