"""crdt: every type in every environment, what it claims, and that the order of updates makes no difference."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain import run
from splitbrain.harness.operation import EventType
from splitbrain.targets.stores.crdt import TYPES, CounterState, ListState, SetState
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.multi_leader import OneWinner
from splitbrain.targets.stores.transformed import TransformedList
from splitbrain.targets.stores.updates import Update
from splitbrain.zoo import refutations

from .contract import ARMS, Arm, StoreStage, store

DONE: dict[str, tuple[tuple[str, Any], ...]] = {
    "g-counter": (("increment", 2), ("increment", 3)),
    "pn-counter": (("increment", 2), ("increment", -3)),
    "g-set": (("add", 1), ("add", 2)),
    "or-set": (("add", 1), ("add", 2)),
    "lww": (("write", 1), ("write", 2)),
    "mv": (("write", 1), ("write", 2)),
    "rga": (("append", 1), ("append", 2)),
    "ot": (("append", 1), ("append", 2)),
}
MADE: dict[str, tuple[Any, ...]] = {
    "g-counter": (5,), "pn-counter": (-1,), "g-set": ((1, 2), (2, 1)), "or-set": ((1, 2), (2, 1)),
    "lww": (1, 2), "mv": (1, 2), "rga": ((1, 2), (2, 1)), "ot": ((1, 2),),
}  # fmt: skip

CONVERGING = tuple(name for name in TYPES if name != "ot")


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


def play_type(arm: Arm, name: str, story: Any) -> None:
    target = store(f"crdt:type={name}")
    environment = arm.environment(1)

    async def main() -> None:
        cluster = await environment.up(arm.deployment(target), ["n1", "n2", "n3"], None)
        stage = StoreStage(target, cluster)
        try:
            await stage.insist("n1", "read", "ready")
            await story(stage)
            assert not cluster.deaths()
        finally:
            for client in stage.clients.values():
                await client.close()
            await cluster.down()

    environment.run(main)


@pytest.mark.parametrize("name", TYPES)
def test_what_two_sides_did_is_the_same_everywhere_once_they_meet_and_after_a_restart(arm: Arm, name: str) -> None:
    async def story(stage: StoreStage) -> None:
        cut = await stage.isolate("n1")
        for node, (f, value) in zip(("n1", "n2"), DONE[name], strict=True):
            assert (await stage.ask(node, f, "x", value)).type is EventType.OK
        await cut.heal()
        async with asyncio.timeout(20):
            await stage.target.settle(stage.nodes)  # type: ignore[attr-defined]
        first = (await stage.insist("n1", "read", "x")).value
        assert first in MADE[name]
        killed = await stage.kill(*stage.others())
        await killed.heal()
        for node in stage.others():
            found = (await stage.insist(node, "read", "x")).value
            assert sorted(found) == sorted(first) if "set" in name else found == first
        assert (await stage.send("n1", Request("cas", "x", [1, 2], "s", 1))).error == "unsupported"

    play_type(arm, name, story)


def test_a_removal_takes_away_what_it_saw_and_no_more(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        await stage.insist("n1", "add", "x", 7)
        async with asyncio.timeout(20):
            await stage.target.settle(stage.nodes)  # type: ignore[attr-defined]
        cut = await stage.isolate("n1")
        await stage.insist("n1", "add", "x", 7)
        await stage.insist("n2", "remove", "x", 7)
        assert (await stage.ask("n2", "read", "x")).value == ()
        await cut.heal()
        async with asyncio.timeout(20):
            await stage.target.settle(stage.nodes)  # type: ignore[attr-defined]
        assert (await stage.insist("n3", "read", "x")).value == (7,)
        await stage.insist("n3", "remove", "x", 7)
        assert (await stage.ask("n3", "read", "x")).value == ()

    play_type(arm, "or-set", story)


def test_what_is_claimed_and_what_is_no_increment() -> None:
    assert store("crdt:type=ot").claims == ("AP",)
    for name in CONVERGING:
        own = ("per-key-sequential",) if name in ("lww", "mv") else ()
        assert store(f"crdt:type={name}").claims == (*own, "strong-convergence", "AP")
        assert store(f"crdt:type={name},disk=memory").claims == ()

    async def story(stage: StoreStage) -> None:
        assert (await stage.send("n1", Request("increment", "x", -1, "s", 1))).error == "unsupported"
        assert (await stage.send("n1", Request("increment", "x", True, "s", 1))).error == "unsupported"

    play_type(ARMS[0], "g-counter", story)


@pytest.mark.parametrize("name", CONVERGING)
def test_claims_hold(name: str, tmp_path: Path) -> None:
    kept = run(f"crdt:type={name}", seed=1, nemesis="all", time_limit=15.0, model="claim", out=tmp_path)
    assert kept.result.status.value == "valid", kept.result.sentence


@pytest.mark.parametrize(("name", "expected"), [("ot", {"audit", "strong-convergence"}), ("rga", set())])
def test_transformed_lists_diverge_where_replicated_ones_agree(name: str, expected: set[str], tmp_path: Path) -> None:
    done = run(
        f"crdt:type={name}", seed=1, nemesis="partition", time_limit=10, model="strong-convergence", out=tmp_path
    )
    assert set(refutations(done.result.verdict)) == expected, done.result.sentence


def test_the_puzzle_of_three_sites() -> None:
    """n1 and then n2, which knows that, append while n3 does: n1 and n3 end with other lists, though each executes all
    three in an order that their writers' knowledge allows."""
    first = Update("n1", 1, "append", "x", [0, "a"], 1, {})
    second = Update("n2", 1, "append", "x", [1, "b"], 2, {"n1": 1})
    apart = Update("n3", 1, "append", "x", [0, "c"], 1, {})
    made = {}
    for order in itertools.permutations((first, second, apart)):
        if order.index(first) < order.index(second):
            state = TransformedList()
            for one in order:
                state.apply(one)
            made["".join(one.origin for one in order)] = state.read("x")
    assert made == {"n1n2n3": ["a", "b", "c"], "n1n3n2": ["a", "c", "b"], "n3n1n2": ["a", "c", "b"]}


def update(origin: str, number: int, stamp: int, f: str, value: Any) -> Update:
    return Update(origin, number, f, "x", value, stamp, {})


SETS = [
    update("n1", 1, 1, "add", 1), update("n2", 1, 1, "add", 1), update("n3", 1, 2, "remove", [["n1", 1]]),
    update("n2", 2, 2, "add", 2), update("n1", 2, 3, "remove", [["n2", 2]]),
]  # fmt: skip
LISTS = [
    update("n1", 1, 1, "append", [None, "a"]), update("n2", 1, 1, "append", [None, "b"]),
    update("n3", 1, 2, "append", [["n1", 1], "c"]), update("n2", 2, 2, "append", [["n1", 1], "d"]),
    update("n1", 2, 3, "append", [["n3", 1], "e"]),
]  # fmt: skip
SUMS = [update("n1", 1, 1, "increment", 4), update("n2", 1, 1, "increment", -1), update("n1", 2, 2, "increment", 2)]


@pytest.mark.parametrize(
    ("kind", "updates", "made"),
    [(SetState, SETS, [1]), (ListState, LISTS, ["b", "a", "c", "e", "d"]), (CounterState, SUMS, 5)],
)
def test_every_order_of_updates_makes_the_same(kind: type[OneWinner], updates: list[Update], made: Any) -> None:
    for order in itertools.permutations(updates):
        state = kind()
        for one in order:
            state.apply(one)
        assert state.read("x") == made


@given(st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, 4))))
def test_a_set_of_one_node_is_a_set(done: list[tuple[str, int]]) -> None:
    state, model = SetState(), set[int]()
    for number, (f, element) in enumerate(done, 1):
        state.apply(update("n1", number, number, f, state.changed("x", Request(f, "x", element))))
        (model.add if f == "add" else model.discard)(element)
    assert set(state.read("x") or ()) == model


@given(st.lists(st.integers(), min_size=1))
def test_a_list_of_one_node_is_a_list(done: list[int]) -> None:
    state = ListState()
    for number, element in enumerate(done, 1):
        state.apply(update("n1", number, number, "append", state.changed("x", Request("append", "x", element))))
    assert state.read("x") == done
