"""multi-leader and causal: the same stories in every environment, what they claim, and what their audit sees."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.harness.operation import EventType
from splitbrain.harness.verdict import Validity
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.multi_leader import KeptSiblings, Merged, OneWinner
from splitbrain.targets.stores.peers import judge_vectors
from splitbrain.targets.stores.updates import Update

from .contract import ARMS, Arm, StoreStage, play, store

LEADERS = tuple(f"multi-leader:conflict={conflict}" for conflict in ("lww", "hlc", "siblings", "crdt"))
EVERY = (*LEADERS, "causal", "causal:sessions=none")


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


async def seen_everywhere(stage: StoreStage, key: str, wanted: Any) -> None:
    async with asyncio.timeout(20):
        for node in stage.others():
            while (await stage.ask(node, "read", key)).value != wanted:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("spec", EVERY)
def test_what_is_written_is_read_here_at_once_and_everywhere_soon(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        assert (await stage.ask("n2", "read", "x")).value is None
        for number, node in enumerate(stage.others(), 1):
            assert (await stage.ask(node, "write", "x", number)).type is EventType.OK
            assert (await stage.ask(node, "read", "x")).value == number
            await seen_everywhere(stage, "x", number)
        assert (await stage.send("n1", Request("cas", "x", [None, 1], "s", 1))).error == "unsupported"

    play(arm, spec, story)


@pytest.mark.parametrize("spec", EVERY)
def test_a_node_that_is_cut_off_serves_and_is_heard_later(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        cut = await stage.isolate("n1")
        assert (await stage.ask("n1", "write", "here", 1)).type is EventType.OK
        assert (await stage.ask("n2", "write", "there", 2)).type is EventType.OK
        assert (await stage.ask("n1", "read", "there")).value is None
        await cut.heal()
        await seen_everywhere(stage, "here", 1)
        await seen_everywhere(stage, "there", 2)

    play(arm, spec, story)


@pytest.mark.parametrize("spec", EVERY)
def test_acknowledged_writes_survive_a_restart_of_all(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        for i in range(20):
            assert (await stage.ask("n2", "write", f"k{i}", i)).type is EventType.OK
        killed = await stage.kill(*stage.others())
        await killed.heal()
        for i in range(20):
            assert (await stage.insist("n2", "read", f"k{i}")).value == i
        assert (await stage.target.audit(stage.nodes)).value is Validity.VALID  # type: ignore[attr-defined]

    play(arm, spec, story)


def test_a_set_is_whole_with_siblings_and_merged_and_not_where_one_write_wins(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        cut = await stage.isolate("n1")
        await stage.insist("n1", "add", "s", 1)
        await stage.insist("n2", "add", "s", 2)
        await cut.heal()
        await asyncio.sleep(2)
        found = [set((await stage.insist(node, "read", "s")).value) for node in stage.others()]
        whole = [{1, 2}] * 3
        assert (found == whole) is (stage.target.settings["conflict"] in ("siblings", "crdt"))
        verdict = await stage.target.audit(stage.nodes)  # type: ignore[attr-defined]
        assert verdict.details["overwritten"] == (0 if found == whole else 1)

    for spec in (spec for spec in LEADERS if "hlc" not in spec):
        play(arm, spec, story)


def test_a_session_that_moves_with_its_token_is_refused_where_its_past_is_missing(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        cut = await stage.isolate("n1")
        await stage.ask("n1", "write", "x", 1)
        assert (await stage.ask("n2", "read", "x")).value is None
        stage.clients["n2"].adopt(stage.clients["n1"].seen)
        moved = await stage.ask("n2", "read", "x")
        assert (moved.type is EventType.FAIL) is stage.target.tokens
        await cut.heal()
        async with asyncio.timeout(20):  # a connection that was cut sends again when TCP does
            while (await stage.insist("n2", "read", "x")).value is None:
                await asyncio.sleep(0.05)
        stage.clients["n2"].adopt(stage.clients["n1"].seen)
        assert (await stage.ask("n2", "read", "x")).value == 1

    play(arm, "causal:wait_ms=300", story)
    play(arm, "causal:sessions=none", story)


def test_what_is_claimed() -> None:
    assert store("causal").claims == ("causal-convergence", "convergence", "AP")
    assert store("causal:sessions=none").claims == store("multi-leader").claims == ("AP",)
    assert store("multi-leader:conflict=hlc").claims == ("per-key-sequential", "convergence", "AP")
    for conflict in ("siblings", "crdt"):
        assert store(f"multi-leader:conflict={conflict}").claims == ("convergence", "AP")
    assert store("causal:disk=memory").claims == store("multi-leader:disk=memory").claims == ()


@pytest.mark.parametrize(
    ("target", "workload", "nemesis", "expected"),
    [
        ("multi-leader:conflict=hlc", "availability", "clock", "valid"),
        ("multi-leader:conflict=hlc,bug=clock-not-advanced", "availability", "clock", "invalid"),
        ("multi-leader:conflict=siblings,bug=siblings-dropped", "set", "partition", "invalid"),
        ("multi-leader:conflict=lww", "availability", "clock", "invalid"),
    ],
)
def test_convergence_of_what_was_written_last(
    target: str, workload: str, nemesis: str, expected: str, tmp_path: Path
) -> None:
    found = run(
        target, seed=1, workload=workload, nemesis=nemesis, model="convergence", time_limit=8.0, out=tmp_path
    ).result  # fmt: skip
    assert {check.checker: check.value.value for check in found.checks}["convergence"] == expected


def test_writes_that_did_not_know_of_each_other_are_lost_and_counted(tmp_path: Path) -> None:
    kept = run("multi-leader:conflict=lww", seed=1, workload="set", nemesis="partition", time_limit=4.0, out=tmp_path)
    said = [line for check in kept.result.checks if check.witness for line in check.witness.words]
    lost = next(int(found[1]) for line in said if (found := re.match(r"lost in all, (\d+) acknowledged", line)))
    acknowledged = kept.result.summary.counts["add"].ok
    assert 50 < lost < acknowledged


def status(target: str, out: Path, **fields: Any) -> str:
    return run(target, seed=1, nemesis="all", time_limit=15.0, out=out, **fields).result.status.value


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("multi-leader:conflict=lww", {}),
        ("multi-leader:conflict=lww", {"model": "per-key-sequential"}),
        ("multi-leader:conflict=siblings", {}),
        ("causal:sessions=none", {}),
        ("causal", {"workload": "unique-register"}),
    ],
)
def test_what_is_not_claimed_is_refuted(target: str, fields: dict[str, str], tmp_path: Path) -> None:
    assert status(target, tmp_path, **fields) == "invalid"


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        *((target, {"model": "claim"}) for target in ("multi-leader:conflict=hlc", "causal")),
        *((f"multi-leader:conflict={one}", {"model": "per-key-sequential"}) for one in ("siblings", "crdt")),
        ("multi-leader:conflict=crdt", {"workload": "set"}),
        ("causal", {"workload": "session"}),
    ],
)
def test_what_is_claimed_holds(target: str, fields: dict[str, str], tmp_path: Path) -> None:
    assert status(target, tmp_path, **fields) == "valid"


def update(origin: str, number: int, value: Any, stamp: int, f: str = "write", **known: int) -> Update:
    return Update(origin, number, f, "x", value, stamp, known)


def test_updates_make_the_same_in_any_order() -> None:
    first, second = update("n1", 1, 1, 5), update("n2", 1, 2, 4)
    third = update("n3", 1, 3, 6, n1=1)
    for order in ((first, second, third), (second, third, first), (third, second, first)):
        winner, kept = OneWinner(), KeptSiblings()
        for one in order:
            winner.apply(one)
            kept.apply(one)
        assert winner.read("x") == kept.read("x") == 3
        assert winner.lost in ([("n2", 1)], [("n1", 1), ("n2", 1)][1:])
    joined = KeptSiblings()
    joined.apply(update("n1", 1, [1, 2], 1, "add"))
    joined.apply(update("n2", 1, [2, True], 1, "add"))
    assert joined.read("x") == [1, 2, True]
    merged = Merged()
    for number, (f, value) in enumerate([("increment", 3), ("increment", -1)], 1):
        merged.apply(update("n1", number, value, number, f))
    assert merged.read("x") == 2


def test_the_audit_compares_vectors_and_counts_what_was_overwritten() -> None:
    same: dict[str, Any] = {"vector": {"n1": 2, "n2": 1}, "contents": {"x": 7}}
    lost: dict[str, dict[str, Any]] = {"n1": {**same, "lost": [["n1", 1], ["n2", 1]]}}
    both = {**lost, "n2": {**same, "lost": []}}
    found = judge_vectors(both, 2, {("n1", 1), ("n1", 2)})
    assert found.value is Validity.VALID and found.details["overwritten"] == 1
    assert judge_vectors(lost, 2, set()).value is Validity.UNKNOWN
    assert (
        judge_vectors({**lost, "n2": {"vector": {"n1": 1}, "lost": [], "contents": {}}}, 2, set()).value
        is Validity.UNKNOWN
    )
    assert judge_vectors(both, 2, {("n1", 3)}).value is Validity.INVALID
    differ = judge_vectors({**lost, "n2": {**same, "lost": [], "contents": {"x": 8}}}, 2, set())
    assert differ.value is Validity.INVALID
    assert differ.reason == "n1 and n2 have the same updates, and differ in 1 keys, x the first"
