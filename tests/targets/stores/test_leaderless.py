"""quorum and abd: the same stories in every environment, and what their configurations claim and break."""

import asyncio
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.harness.errors import UsageError
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.operation import ErrorKind, EventType
from splitbrain.harness.verdict import Validity
from splitbrain.targets.stores.leaderless import judge_copies, replicas_keep_what_they_stored
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.quorum.target import Quorum

from .contract import ARMS, Arm, StoreStage, play, store

STRONG = ("abd", "abd:writers=single", "quorum:read_repair=blocking")
EVERY = (*STRONG, "quorum", "quorum:n=3", "quorum:version=lww,read_repair=off", "quorum:n=2,sloppy=on,anti_entropy=on")


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


@pytest.mark.parametrize("spec", EVERY)
def test_what_is_written_is_read_at_every_node(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        assert (await stage.ask("n1", "read", "x")).value is None
        for number, node in enumerate(["n1"] * 3 if "single" in spec else stage.others(), 1):
            assert (await stage.ask(node, "write", "x", number)).type is EventType.OK
            for reader in stage.others():
                assert (await stage.ask(reader, "read", "x")).value == number
        assert (await stage.ask("n2", "read", ["y", 1])).value is None

    play(arm, spec, story)


@pytest.mark.parametrize("spec", EVERY)
def test_acknowledged_writes_survive_a_restart_of_all(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        for i in range(20):
            assert (await stage.ask("n1", "write", f"k{i % 5}", i)).type is EventType.OK
        killed = await stage.kill(*stage.others())
        await killed.heal()
        for i in range(15, 20):
            assert (await stage.insist("n3", "read", f"k{i % 5}")).value == i
        assert (await stage.target.audit(stage.nodes)).value is Validity.VALID  # type: ignore[attr-defined]

    play(arm, spec, story)


@pytest.mark.parametrize("spec", ["abd", "quorum", "quorum:read_repair=blocking"])
def test_a_minority_refuses_and_a_majority_serves(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        cut = await stage.isolate("n1", "n2")
        assert (await stage.ask("n3", "write", "x", 1)).type is EventType.OK
        assert (await stage.ask("n5", "read", "x")).value == 1
        for f, value in (("write", 2), ("read", None)):
            refused = await stage.ask("n1", f, "x", value)
            assert refused.type is EventType.FAIL and refused.error is not None
            assert refused.error.kind is ErrorKind.UNAVAILABLE
        await cut.heal()
        assert (await stage.insist("n1", "read", "x")).value == 1

    play(arm, spec, story, nodes=5)


def test_other_nodes_than_the_writer_refuse_to_write_and_what_there_is_not_is_said(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        refused = await stage.ask("n2", "write", "x", 1)
        assert refused.type is EventType.FAIL
        assert (await stage.send("n1", Request("cas", "x", [None, 1], "s", 1))).error == "unsupported"
        assert (await stage.ask("n3", "read", "x")).value is None

    play(arm, "abd:writers=single", story)


WRITTEN = tuple(f"k{i}" for i in range(8))
"""Keys enough that some of them have a copy on each node."""


def test_a_stand_in_keeps_what_a_silent_replica_should_have_and_hands_it_over(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        killed = await stage.kill("n4")
        for key in WRITTEN:
            assert (await stage.ask("n1", "write", key, 1)).type is EventType.OK
        await killed.heal()
        await stage.insist("n4", "read", "another key")
        async with asyncio.timeout(20):
            while not any(key in WRITTEN for key, _ in (await stage.send("n4", Request("audit"))).value):
                await asyncio.sleep(0.2)

    play(arm, "quorum:n=2,w=2,sloppy=on", story, nodes=4)


def test_comparing_copies_brings_what_was_missed(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        killed = await stage.kill("n3")
        for i in range(40):
            assert (await stage.ask("n1", "write", f"k{i}", i)).type is EventType.OK
        await killed.heal()
        await stage.insist("n3", "read", "k0")
        async with asyncio.timeout(20):
            while len((await stage.send("n3", Request("audit"))).value) < 40:
                await asyncio.sleep(0.2)

    play(arm, "quorum:w=1,r=1,read_repair=off,anti_entropy=on,compare_ms=100", story)


@pytest.mark.parametrize(
    ("n", "w", "r"), [(n, w, r) for n in range(1, 6) for w, r in product(range(1, n + 1), repeat=2)]
)
def test_claims_follow_the_rule_of_intersection(n: int, w: int, r: int) -> None:
    meeting = w + r > n
    assert store(f"quorum:n={n},w={w},r={r}").claims == (("regular",) if meeting else ())
    strong = store(f"quorum:n={n},w={w},r={r},read_repair=blocking").claims
    assert strong == (("linearizable",) if meeting else ())


SWEPT = [(n, w, r) for n in (3, 5) for w, r in ((1, n), (n, 1), (n // 2 + 1, n // 2 + 1), (n - 1, 2))]


@pytest.mark.parametrize(("n", "w", "r"), SWEPT)
def test_as_many_nodes_may_die_as_a_quorum_leaves_out(n: int, w: int, r: int) -> None:
    """With versions by the clock; n1 asks, and others die one by one."""

    async def story(stage: StoreStage) -> None:
        for dead in range(n - 1):
            written = await stage.ask("n1", "write", "x", dead)
            read = await stage.ask("n1", "read", "x")
            assert (written.type is EventType.OK) is (dead <= n - w)
            assert (read.type is EventType.OK) is (dead <= n - r)
            await stage.kill(f"n{n - dead}")

    play(ARMS[0], f"quorum:n={n},w={w},r={r},version=lww,timeout_ms=300", story, nodes=n)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("n=0", "n is a number"),
        ("n=majority", "n is a number"),
        ("n=3,w=4", "more than the n=3"),
        ("w=0", "w is a number"),
        ("r=most", "r is a number"),
    ],
)
def test_wrong_sizes_are_said(words: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        store(f"quorum:{words}")


def test_what_is_claimed() -> None:
    assert store("abd").claims == ("linearizable", "CP")
    assert store("abd:writers=single").claims == ("linearizable",)
    assert store("abd:disk=memory").claims == store("quorum:disk=memory").claims == ()
    assert store("quorum").claims == ("regular",)
    assert store("quorum:read_repair=blocking").claims == ("linearizable", "CP")
    assert store("quorum:w=all,r=1,read_repair=blocking").claims == ("linearizable",)
    assert store("quorum:w=1,r=1").claims == ("convergence", "AP")
    for without in ("version=lww", "anti_entropy=off"):
        assert store(f"quorum:w=1,r=1,{without}").claims == ("AP",)
    for nothing in ("version=lww", "n=3,sloppy=on", "w=2,r=3"):
        assert store(f"quorum:{nothing}").claims == ()


def status(target: str, out: Path, seed: int = 1, **fields: Any) -> str:
    return run(target, seed=seed, nemesis="all", time_limit=15.0, out=out, **fields).result.status.value


@pytest.mark.parametrize(
    ("target", "seed"),
    [
        ("quorum:n=3,w=2,r=2,read_repair=off", 2),
        ("quorum:n=3,w=2,r=2,read_repair=off,anti_entropy=off", 1),
        ("quorum:w=1,r=1", 1),
        ("quorum:version=lww,read_repair=blocking", 1),
    ],
)
def test_weak_configurations_are_refuted(target: str, seed: int, tmp_path: Path) -> None:
    assert status(target, tmp_path, seed, nodes=3) == "invalid"


@pytest.mark.parametrize("target", [*STRONG, "quorum:n=3,w=2,r=2,read_repair=off"])
def test_claims_hold(target: str, tmp_path: Path) -> None:
    assert status(target, tmp_path, model="claim") == "valid"


def test_w_and_r_of_more_than_n_are_not_linearizable_as_few_operations_show(tmp_path: Path) -> None:
    kept = run("quorum:n=3,w=2,r=2,read_repair=off", seed=2, nemesis="all", time_limit=15.0, nodes=3, out=tmp_path)
    verdict = kept.result.verdict
    assert verdict is not None and verdict.witness is not None and len(verdict.witness.words) <= 10


def test_the_audit_counts_the_nodes_that_have_what_was_acknowledged() -> None:
    rank, older = (7, "n1.1", 3), (6, "n2.1", 9)
    nodes = ["n1", "n2", "n3"]
    held = {"n1": {"x": rank}, "n2": {"x": older}, "n3": {}}
    found = judge_copies({"x": rank}, held, nodes, 2)
    assert found.value is Validity.INVALID and "only n1 has" in found.reason
    assert judge_copies({"x": older}, held, nodes, 2).value is Validity.VALID
    assert judge_copies({"x": rank}, {"n1": {"x": rank}, "n2": {}}, nodes, 2).value is Validity.VALID
    assert judge_copies({"x": rank}, {}, nodes, 2).value is Validity.UNKNOWN
    assert Quorum.bugs


OLD, NEW = (1, "n1.1", 1), (2, "n1.1", 2)


@pytest.mark.parametrize(
    ("node", "found", "words"),
    [
        ("n1", [("x", NEW), ("y", OLD)], None),
        ("n2", [], None),
        ("n1", [("x", OLD), ("y", OLD)], f"version {OLD} of x, and has said that version {NEW}"),
        ("n1", [("x", NEW), ("y for n3", OLD)], f"no version of y, and has said that version {OLD}"),
    ],
)
def test_a_replica_that_lacks_what_it_said_to_have_on_disk_is_told(
    node: str, found: list[tuple[str, tuple[int, str, int]]], words: str | None
) -> None:
    see = replicas_keep_what_they_stored().watch()
    for name, rank in (("x", NEW), ("x", OLD), ("y", OLD), ("x for n3", OLD)):
        assert see(MarkEvent("n1", 1, "kept", (name, rank))) is None
    assert see(MarkEvent("n1", 1, "handed", ("x for n3",))) is None
    told = see(MarkEvent(node, 2, "recovered", (tuple(found),)))
    assert told == (words and f"n1 finds {words} is on its disk")


@pytest.mark.parametrize(
    ("spec", "nemesis"),
    [("abd:bug=answer-before-sync", "powerloss"), ("quorum:read_repair=blocking,bug=answer-before-sync", "all")],
)
def test_an_answer_before_the_disk_is_found_when_one_replica_dies(spec: str, nemesis: str, tmp_path: Path) -> None:
    def refuted(seed: int) -> bool:
        found = run(spec, nemesis=nemesis, time_limit=15, seed=seed, out=tmp_path / str(seed)).result
        return any("is on its disk" in str(check["reason"]) for check in found.headline()["checks"])

    assert any(refuted(seed) for seed in range(1, 5))


@pytest.mark.parametrize("seed", [4, 8])
def test_a_hint_that_was_handed_over_before_it_was_on_disk_is_no_promise(seed: int, tmp_path: Path) -> None:
    spec = "quorum:n=3,sloppy=on,read_repair=off,w=all,r=1"
    checks = run(spec, nemesis="all", time_limit=15, seed=seed, nodes=5, out=tmp_path).result.headline()["checks"]
    assert {check["name"]: check["verdict"] for check in checks}["invariants"] == "valid"  # type: ignore[union-attr,index,call-overload]
