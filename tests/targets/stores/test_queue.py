"""queue: the same stories in every environment; what an acknowledgement after or with the delivery is worth."""

import asyncio
from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.operation import EventType
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.queue.invariants import leaves_when_acknowledged, one_delivery_at_a_time
from splitbrain.targets.stores.queue.machine import QueueMachine

from .contract import ARMS, Arm, StoreStage, play, store


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


@pytest.mark.parametrize("spec", ["queue", "queue:ack=delivery"])
def test_what_goes_in_comes_out_in_order(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        for number, node in enumerate(stage.others()):
            await stage.insist(node, "enqueue", "a", number)
        await stage.insist("n1", "enqueue", "b", "x")
        assert [(await stage.insist("n2", "dequeue", "a")).value for _ in range(2)] == [0, 1]
        assert (await stage.insist("n3", "drain", "a")).value == (2,)
        assert (await stage.insist("n1", "dequeue", "a")).value is None, "the queue is empty"
        assert (await stage.insist("n1", "drain", "b")).value == ("x",)

    play(arm, spec, story)


def test_a_message_that_is_not_acknowledged_comes_again_in_its_place(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        for number in range(3):
            await stage.insist("n1", "enqueue", "a", number)
        first = (await stage.send("n2", Request("receive", "a", None, "one", 1))).value
        assert first[2] == 0
        assert (await stage.insist("n1", "dequeue", "a")).value == 1, "the first one is hidden"
        await asyncio.sleep(1.0)
        again = (await stage.send("n3", Request("receive", "a", None, "two", 1))).value
        assert again[0] == first[0] and again[1] != first[1]
        late = await stage.send("n2", Request("ack", "a", first[:2], "one", 2))
        assert late.error == "precondition", "that delivery is over"
        assert (await stage.send("n3", Request("ack", "a", again[:2], "two", 2))).error is None
        assert (await stage.insist("n1", "drain", "a")).value == (2,)

    play(arm, "queue:visibility_ms=400", story)


def test_messages_survive_a_restart_of_all_and_those_that_were_out_come_again(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        for number in range(10):
            await stage.insist("n1", "enqueue", "a", number)
        assert (await stage.send("n2", Request("receive", "a", None, "one", 1))).value[2] == 0
        killed = await stage.kill(*stage.others())
        await killed.heal()
        await stage.serves()
        drained = await stage.ask("n3", "drain", "a", seconds=20.0)
        assert drained.type is EventType.OK and sorted(drained.value) == list(range(10))

    play(arm, "queue:snapshot_entries=4", story)


def test_nonsense_is_refused(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        for f, value in (("write", 1), ("ack", 7), ("acquire", None)):
            assert (await stage.send("n1", Request(f, "a", value, "s", 1))).error == "unsupported"

    play(arm, "queue", story)


@pytest.mark.parametrize(
    ("options", "claims"),
    [("ack=after", ("at-least-once", "CP")), ("ack=delivery", ("at-most-once", "CP")), ("disk=memory", ())],
)
def test_claims_follow_the_acknowledgement(options: str, claims: tuple[str, ...]) -> None:
    assert store(f"queue:{options}").claims == claims


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize(
    ("options", "judge", "expected", "standing"),
    [
        ("ack=after", "at-least-once", "valid", {"at-least-once": "confirmed"}),
        ("ack=after", "at-most-once", "invalid", {}),
        ("ack=delivery", "at-most-once", "valid", {"at-most-once": "confirmed"}),
        ("bug=confirmed-before-commit", "at-least-once", "invalid", {"at-least-once": "refuted"}),
    ],
)
def test_nothing_is_lost_or_nothing_comes_twice(
    options: str, judge: str, expected: str, standing: dict[str, str], tmp_path: Path
) -> None:
    result = run(
        f"queue:{options}",
        seed=1,
        nemesis="partition,kill,pause",
        time_limit=8,
        settings={"judge": judge},
        out=tmp_path,
    ).result
    assert result.status.value == expected, result.reason
    assert {claim: result.claims[claim].value for claim in standing} == standing


def machine(*requests: Request) -> QueueMachine:
    """A machine after these requests, each of a session of its own."""
    made = QueueMachine()
    for number, request in enumerate(requests, 1):
        made.apply(Request(request.f, request.key, request.value, f"s{number}.{number:x}.1", 1))
    return made


def test_a_restored_machine_has_what_is_out() -> None:
    made = machine(Request("enqueue", "a", "x"), Request("enqueue", "a", "y"), Request("receive", "a"))
    other = QueueMachine()
    other.restore(made.dump())
    assert other.granted == ["queue a 1"] and other.grant("queue a 1") == 3
    other.apply(Request("lapse", "queue a 1", 2, "lapse 1", 1))
    assert other.grant("queue a 1") == 3, "another delivery"
    other.apply(Request("lapse", "queue a 1", 3, "lapse 1", 2))
    assert other.grant("queue a 1") is None
    response = other.apply(Request("receive", "a", None, "s9.9.1", 1))
    assert response is not None and response.value[2] == "x", "in its old place"


def test_invariants_see_two_deliveries_and_dropped_messages() -> None:
    def event(order: int, name: str, message: str = "queue a 1", delivery: int = 0) -> MarkEvent:
        return MarkEvent("n1", 0, name, (order, message, delivery))

    single = one_delivery_at_a_time().watch()
    assert single(event(1, "delivered")) is None
    assert "twice at a time" in (single(event(2, "delivered")) or "")
    assert single(event(3, "lapsed")) is None
    assert single(event(4, "delivered")) is None
    assert single(event(4, "delivered")) is None, "another server at the same place"
    assert single(event(5, "consumed")) is None
    assert "which was acknowledged" in (single(event(6, "delivered")) or "")
    leaving = leaves_when_acknowledged().watch()
    assert leaving(event(1, "consumed")) is None
    assert leaving(event(1, "removed")) is None, "the same place has both"
    assert "nobody has acknowledged" in (leaving(event(2, "removed", "queue a 2")) or "")
