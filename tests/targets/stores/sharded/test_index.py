"""Secondary indexes of sharded: the same story in every environment, against a plain table, and the claims of each."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain import run
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.sharded.finding import Finder
from splitbrain.targets.stores.sharded.index import GlobalPart, IndexEntry, LocalPart

from ..contract import ARMS, Arm, StoreStage, play, store


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


async def found(stage: StoreStage, node: str, value: str, count: int) -> Sequence[Any]:
    """The keys of a value, once there are so many."""
    async with asyncio.timeout(20):
        while len(keys := (await stage.insist(node, "find", None, value)).value) != count:
            await asyncio.sleep(0.05)
    return sorted(keys)


@pytest.mark.parametrize("index", ["local", "global"])
def test_rows_are_found_by_their_value_while_slots_move(arm: Arm, index: str) -> None:
    async def story(stage: StoreStage) -> None:
        for row in range(6):
            await stage.insist("n1", "write", f"row{row}", "red")
        assert await found(stage, "n2", "red", 6) == [f"row{row}" for row in range(6)]
        await stage.insist("n3", "write", "row0", "blue")
        await stage.insist("n1", "write", "row1", "red")
        assert await found(stage, "n1", "red", 5) == [f"row{row}" for row in range(1, 6)]
        assert await found(stage, "n2", "blue", 1) == ["row0"]
        assert await found(stage, "n2", "green", 0) == []

    play(arm, f"sharded:index={index},rebalance_ms=100", story)


def test_a_store_without_an_index_finds_nothing(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        assert (await stage.send("n1", Request("find", None, "red", "s", 1))).error == "unsupported"

    play(arm, "sharded", story)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["red", "blue", 1, True, None])), max_size=20))
def test_a_local_index_is_what_a_look_at_all_rows_would_find(writes: list[tuple[str, Any]]) -> None:
    part, table = LocalPart(), dict[str, Any]()
    for number, (key, value) in enumerate(writes):
        part.apply(Request("write", key, value, f"s{number}", 1))
        table[key] = value
        again = LocalPart()
        again.restore(part.dump())
        for wanted in ("red", "blue", 1, True):
            right = sorted(one for one, now in table.items() if now == wanted and type(now) is type(wanted))
            assert sorted(part.find(wanted)) == sorted(again.find(wanted)) == right


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["red", "blue"])), max_size=8), st.randoms())
def test_a_global_index_has_all_in_the_end_in_whatever_order_it_hears_of_it(
    writes: list[tuple[str, str]], random: Any
) -> None:
    rows, index = GlobalPart(), GlobalPart()
    for number, (key, value) in enumerate(writes):
        rows.apply(Request("write", key, value, f"s{number}", 1))
    told = [pair for out in rows.outbox.values() for pair in out.entries()]
    random.shuffle(told)
    for value, entry in (*told, *told[:3]):
        index.enter(value, entry)
        assert index.entered(value, entry)
    table = dict(writes)
    for value in ("red", "blue"):
        assert sorted(index.find(value)) == sorted(key for key, now in table.items() if now == value)
    assert not index.entered("green", IndexEntry("a", 1, True))


def test_a_find_waits_for_every_slot_and_asks_again_for_one_on_the_move() -> None:
    finder = Finder(("g1", "g2"), 3)
    finder.begin(7, Request("find", None, "red", "s", 1))
    assert [group for group, _ in finder.next(7)] == ["g1", "g2"]
    assert finder.answered(7, "g1", Response([[0, 0, ["a"]]])) is None
    assert finder.answered(7, "g1", Response([[0, 0, ["a"]]])) is None, "it answers twice"
    assert finder.answered(7, "g2", Response([[1, 0, ["b"]]])) is None and finder.pauses, "slot 2 is nowhere"
    assert finder.resumed() == [7] and not finder.pauses
    finder.next(7)
    assert finder.answered(7, "g1", Response([[0, 0, ["a"]], [2, 0, ["c"]]])) is None
    whole = finder.answered(7, "g2", Response([[1, 0, ["b"]], [2, 1, ["c", "d"]]]))
    assert whole == Response(["a", "b", "c", "d"]), "the later owner counts"
    assert not finder.has(7)
    finder.begin(8, Request("find", None, "red", "s", 2))
    finder.next(8)
    assert finder.answered(8, "g2", Response(error="no-leader")) == Response(error="no-leader")


@pytest.mark.parametrize(
    ("options", "claims", "workload"),
    [
        ("index=none", ("linearizable", "CP"), "mixed"),
        ("index=local", ("linearizable", "index-fresh", "CP"), "index"),
        ("index=global", ("linearizable", "index-eventual", "CP"), "index"),
        ("index=local,disk=memory", (), "index"),
    ],
)
def test_claims_follow_the_index(options: str, claims: tuple[str, ...], workload: str) -> None:
    assert store(f"sharded:{options}").claims == claims
    assert store(f"sharded:{options}").default_workload == workload  # type: ignore[attr-defined]


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize(
    ("index", "model", "expected"),
    [("local", None, "valid"), ("global", None, "invalid"), ("global", "claim", "valid")],
)
def test_what_an_index_is_worth(index: str, model: str | None, expected: str, tmp_path: Path) -> None:
    target = f"sharded:index={index},rebalance_ms=200"
    result = run(target, seed=1, nemesis="partition,kill", time_limit=4, model=model, out=tmp_path).result
    assert result.status.value == expected, result.reason
