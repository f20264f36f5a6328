"""lock: the same stories in every environment, what paused holders break, and what stops them."""

import asyncio
from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.operation import ErrorKind, EventType, Outcome
from splitbrain.targets.stores.lease_invariants import leases_last
from splitbrain.targets.stores.lock.invariants import GRANTS, one_holder, tokens_rise
from splitbrain.targets.stores.lock.machine import LockMachine
from splitbrain.targets.stores.messages import Request

from .contract import ARMS, Arm, StoreStage, play, store

SECOND = 1_000_000_000


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


def refused(outcome: Outcome) -> bool:
    return outcome.type is EventType.FAIL and outcome.error is not None and outcome.error.kind is ErrorKind.PRECONDITION


def test_a_lock_has_one_holder_and_each_a_greater_token(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        tokens = []
        for node in ("n1", "n2", "n3"):
            held = await stage.insist(node, "acquire", "a")
            tokens.append(held.token)
            assert (await stage.ask(node, "use", "a")).token == held.token
            assert (await stage.ask(node, "hold", "a", 0.1)).type is EventType.OK
            other = "n1" if node != "n1" else "n2"
            assert refused(await stage.ask(other, "acquire", "a", seconds=5.0))
            assert refused(await stage.ask(other, "use", "a")), "the client does not hold it"
            assert (await stage.ask(node, "release", "a")).type is EventType.OK
        assert tokens == [1, 2, 3]

    play(arm, "lock:lease_ms=20000", story)


@pytest.mark.parametrize("fencing", ["on", "off"])
def test_a_paused_holder_is_stopped_by_its_token_alone(arm: Arm, fencing: str) -> None:
    async def story(stage: StoreStage) -> None:
        first = await stage.insist("n1", "acquire", "a")
        await asyncio.sleep(0.5)
        second = await stage.insist("n2", "acquire", "a")
        assert second.token > first.token
        assert (await stage.ask("n2", "use", "a")).type is EventType.OK
        late = await stage.ask("n1", "use", "a")
        assert refused(late) if fencing == "on" else late.token == first.token
        assert refused(await stage.ask("n1", "release", "a")), "it is not the holder's to give back"

    play(arm, f"lock:holders=paused,lease_ms=300,fencing={fencing}", story)


def test_a_careful_holder_renews_and_gives_up_before_its_lease_ends(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        assert (await stage.insist("n1", "acquire", "a")).token == 1
        assert (await stage.ask("n1", "hold", "a", 2.0, seconds=5.0)).type is EventType.OK, "longer than a lease"
        cut = await stage.isolate("n1")
        lost = await stage.ask("n1", "hold", "a", 3.0, seconds=5.0)
        assert lost.type is EventType.FAIL and lost.error is not None
        assert lost.error.kind in (ErrorKind.CONFLICT, ErrorKind.PRECONDITION)
        await cut.heal()
        assert (await stage.insist("n2", "acquire", "a")).token == 2

    play(arm, "lock", story)


def test_a_lock_is_held_over_a_restart_of_all_and_lapses_afterwards(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        acquire = Request("acquire", "a", None, "mine", 1)
        first = await stage.send("n1", acquire)
        killed = await stage.kill(*stage.others())
        await killed.heal()
        await stage.serves()
        assert await stage.send("n2", acquire) == first, "the same request has the same answer"
        assert (await stage.send("n2", Request("acquire", "a", None, "other", 1))).error == "precondition"
        assert (await stage.send("n3", Request("refresh", "a", 1, "other", 2))).error is None
        assert (await stage.insist("n3", "acquire", "a")).token == 2
        assert (await stage.send("n3", Request("release", "a", 1, "other", 3))).error == "precondition"

    play(arm, "lock:lease_ms=1500", story)


def test_nonsense_is_refused(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        for f, value in (("write", 1), ("refresh", "x"), ("release", None), ("use", True)):
            assert (await stage.send("n1", Request(f, "a", value, "s", 1))).error == "unsupported"

    play(arm, "lock", story)


@pytest.mark.parametrize(
    ("options", "claims"),
    [
        ("", ("mutual-exclusion", "fencing", "CP")),
        ("fencing=off", ("mutual-exclusion", "CP")),
        ("holders=paused", ("fencing", "CP")),
        ("holders=paused,fencing=off", ("CP",)),
        ("disk=memory", ()),
    ],
)
def test_claims_follow_the_holders_and_the_resource(options: str, claims: tuple[str, ...]) -> None:
    assert store(f"lock:{options}").claims == claims


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize(
    ("options", "judge", "expected", "standing"),
    [
        ("holders=careful", "exclusion", "valid", {"mutual-exclusion": "confirmed"}),
        ("holders=careful", "fencing", "valid", {"fencing": "confirmed"}),
        ("holders=paused,lease_ms=400", "exclusion", "invalid", {}),
        ("holders=paused,lease_ms=400", "fencing", "valid", {"fencing": "confirmed"}),
        ("holders=paused,lease_ms=400,fencing=off", "fencing", "invalid", {}),
        ("bug=granted-early", "exclusion", "invalid", {"mutual-exclusion": "refuted"}),
    ],
)
def test_what_paused_holders_break_and_tokens_stop(
    options: str, judge: str, expected: str, standing: dict[str, str], tmp_path: Path
) -> None:
    result = run(
        f"lock:{options}", seed=1, nemesis="partition,pause", time_limit=20, settings={"judge": judge}, out=tmp_path
    ).result
    assert result.status.value == expected, result.reason
    assert {claim: result.claims[claim].value for claim in standing} == standing


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
def test_paused_holders_are_judged_by_what_is_claimed_of_them(tmp_path: Path) -> None:
    result = run("lock:holders=paused,lease_ms=400", seed=1, model="claim", time_limit=6, out=tmp_path).result
    assert result.status.value == "valid", result.reason
    assert result.claims["fencing"].value == "confirmed"


def machine(*requests: Request) -> LockMachine:
    """A machine after these requests, each of a session of its own."""
    made = LockMachine()
    for number, request in enumerate(requests, 1):
        made.apply(Request(request.f, request.key, request.value, f"s{number}.{number:x}.1", 1))
    return made


def test_a_lapse_ends_the_grant_that_it_names_and_no_later_one() -> None:
    made = machine(Request("acquire", "a"), Request("refresh", "a", 1))
    (name,) = made.leases()
    assert made.grant(name) == 2
    made.apply(Request("lapse", name, 1, "lapse 1", 1))
    assert made.grant(name) == 2
    made.apply(Request("lapse", name, 2, "lapse 1", 2))
    assert made.grant(name) is None and not list(made.leases())


def test_a_restored_machine_counts_what_is_held_as_granted_now() -> None:
    made = machine(Request("acquire", "a"), Request("acquire", "b"), Request("release", "b", 1))
    other = LockMachine()
    other.restore(made.dump())
    assert other.granted == ["lock a"]
    assert (other.grant("lock a"), other.grant("lock b")) == (1, None)
    assert other.apply(Request("acquire", "b", None, "s9.9.1", 1)) is not None
    assert [mark.values[1:] for mark in other.marks] == [("lock b", 2)]  # type: ignore[union-attr]


def event(order: int, name: str, token: int, at: float = 0.0) -> MarkEvent:
    return MarkEvent("n1", round(at * SECOND), name, (order, "lock a", token))


def test_invariants_see_early_lapses_two_holders_and_old_tokens() -> None:
    lasting = leases_last(SECOND, GRANTS).watch()
    assert lasting(event(1, "acquired", 1, 1.0)) is None
    assert lasting(event(2, "refreshed", 1, 1.5)) is None
    assert "after 0.900 s" in (lasting(event(3, "lapsed", 1, 2.4)) or "")
    assert lasting(event(3, "lapsed", 1, 2.4)) is None, "another server at the same place"
    alone = one_holder().watch()
    assert alone(event(1, "acquired", 1)) is None
    assert "holds it" in (alone(event(2, "acquired", 2)) or "")
    assert "not 2" in (alone(event(3, "released", 1)) or "")
    rising = tokens_rise("used", strictly=False).watch()
    assert [rising(event(1, "used", 2)), rising(event(2, "used", 2))] == [None, None]
    assert "after token 2" in (rising(event(3, "used", 1)) or "")
