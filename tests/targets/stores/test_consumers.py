"""Consumer groups of the store log: the same stories in every environment, and what each delivery is worth."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.harness.operation import EventType
from splitbrain.harness.verdict import Validity
from splitbrain.targets.stores.broker.consumer import DELIVERIES
from splitbrain.targets.stores.broker.group import ConsumerGroup, objection
from splitbrain.targets.stores.broker.partition import BrokerSettings
from splitbrain.targets.stores.messages import Entry, Request, Response

from .contract import ARMS, Arm, StoreStage, play, store

WITH_GROUPS = BrokerSettings(consumed=True)


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


async def consumed(stage: StoreStage, node: str, key: str, count: int) -> Sequence[Any]:
    """All effects, once a consumer of a node has brought them to so many."""
    async with asyncio.timeout(20):
        while True:
            await stage.insist(node, "consume", key)
            found: Sequence[Any] = (await stage.insist(node, "effects", key)).value
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_each_message_has_one_effect_where_nothing_fails(arm: Arm, delivery: str) -> None:
    async def story(stage: StoreStage) -> None:
        for message in range(3):
            await stage.insist("n1", "send", "a", message)
        assert await consumed(stage, "n2", "a", 3) == ((1, 0), (2, 1), (3, 2))
        assert (await stage.insist("n2", "consume", "a")).value == (), "nothing follows"
        await stage.insist("n3", "send", "a", 9)
        assert await consumed(stage, "n1", "a", 4) == ((1, 0), (2, 1), (3, 2), (4, 9))
        assert (await stage.insist("n1", "effects", "b")).value == (), "another log"
        assert (await stage.target.audit(stage.nodes)).value is Validity.VALID  # type: ignore[attr-defined]

    play(arm, f"log:delivery={delivery},process_ms=0", story)


def test_offset_and_effects_survive_a_restart_of_all(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        for message in range(2):
            await stage.insist("n1", "send", "a", message)
        await consumed(stage, "n1", "a", 2)
        killed = await stage.kill(*stage.others())
        await killed.heal()
        await stage.serves()
        await stage.insist("n2", "send", "a", 2)
        assert await consumed(stage, "n3", "a", 3) == ((1, 0), (2, 1), (3, 2))

    play(arm, "log:delivery=exactly-once", story)


def test_a_slow_consumer_finds_its_partition_taken_over(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        await stage.insist("n1", "send", "a", 5)
        await stage.insist("n1", "effects", "a")
        assert await asked(stage, "n1", Request("offset", "a", None, "slow", 1)) == Response(0)
        assert await asked(stage, "n1", Request("offset", "a", None, "quick", 1)) == Response(None), "it is lent"
        await asyncio.sleep(0.5)
        assert await asked(stage, "n1", Request("offset", "a", None, "quick", 2)) == Response(0), "it was lent for long"
        step = [0, 1, [[1, 5]]]
        assert (await asked(stage, "n1", Request("consumed", "a", step, "quick", 3))).error is None
        late = Request("consumed", "a", step, "slow", 2)
        assert (await asked(stage, "n1", late)).error == "precondition"
        assert (await asked(stage, "n1", late)).error == "precondition", "also when it comes again"
        assert (await stage.insist("n2", "effects", "a")).value == ((1, 5),)

    play(arm, "log:delivery=exactly-once", story)


async def asked(stage: StoreStage, node: str, request: Request) -> Response:
    """The answer of a store that leads the partition by now."""
    async with asyncio.timeout(10):
        while (response := await stage.send(node, request)).error in ("no-leader", "in-doubt"):
            await asyncio.sleep(0.05)
    return response


def test_a_store_without_consumers_has_no_groups_and_nonsense_is_refused(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        assert (await stage.send("n1", Request("offset", "a", None, "s", 1))).error == "unsupported"
        assert (await stage.ask("n1", "send", "a", 1)).type in (EventType.OK, EventType.FAIL, EventType.INFO)

    play(arm, "log", story)
    assert objection(Request("consumed", "a", [0, None, []]), WITH_GROUPS) is not None
    assert objection(Request("consumed", "a", "x"), WITH_GROUPS) is not None
    assert objection(Request("effects", "a", None), WITH_GROUPS) is not None
    assert objection(Request("consumed", "a", [None, None, []]), WITH_GROUPS) is None


def test_a_commit_from_another_offset_counts_for_nothing() -> None:
    group = ConsumerGroup()
    for index, step in enumerate(([0, 2, [[1, "x"], [2, "y"]]], [0, 3, [[3, "z"]]], [None, None, [[9, "w"]]]), 1):
        group.take(index, Entry(1, Request("consumed", "a", step)))
    assert (group.offset, group.effects, list(group.refused)) == (2, [[1, "x"], [2, "y"], [9, "w"]], [2])


@pytest.mark.parametrize(
    ("options", "claims", "workload"),
    [
        ("delivery=exactly-once", ("consumed-exactly-once",), "consume"),
        ("delivery=at-least-once", ("consumed-at-least-once",), "consume"),
        ("delivery=at-most-once", ("consumed-at-most-once",), "consume"),
        ("delivery=exactly-once,acks=1", (), "consume"),
        ("delivery=exactly-once,idempotence=off", (), "consume"),
        ("delivery=none", ("ordered-log",), "log"),
    ],
)
def test_claims_follow_the_delivery(options: str, claims: tuple[str, ...], workload: str) -> None:
    assert store(f"log:{options}").claims == claims
    assert store(f"log:{options}").default_workload == workload  # type: ignore[attr-defined]


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize(
    ("options", "model", "expected", "anomaly"),
    [
        ("delivery=exactly-once", None, "valid", ""),
        ("delivery=at-least-once", None, "invalid", "2 effects"),
        ("delivery=at-most-once", None, "invalid", "has no effect"),
        ("delivery=at-least-once", "claim", "valid", ""),
        ("delivery=at-most-once", "claim", "valid", ""),
    ],
)
def test_what_a_delivery_is_worth(options: str, model: str | None, expected: str, anomaly: str, tmp_path: Path) -> None:
    result = run(
        f"log:{options}", seed=2, nemesis="partition,kill", time_limit=6, rate=50, model=model, out=tmp_path
    ).result
    assert result.status.value == expected, result.reason
    assert anomaly in result.reason
