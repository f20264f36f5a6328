"""cache: what leases on fills are worth in each style, and what is lost with a cache that writes back."""

import asyncio
from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.operation import EventType
from splitbrain.harness.program import Effect, Now, Send
from splitbrain.targets.stores.cache.aside import AsideCache
from splitbrain.targets.stores.cache.front import AsideFront
from splitbrain.targets.stores.cache.messages import (
    CacheAnswer,
    CacheErase,
    CacheErased,
    CacheFill,
    CacheGet,
    CacheHit,
    CacheMiss,
    StoreReads,
)
from splitbrain.targets.stores.cache.target import copies_never_go_back
from splitbrain.targets.stores.cache.through import ThroughCache
from splitbrain.targets.stores.messages import PRECONDITION, Answer, Forward, Request, Response
from splitbrain.zoo import refutations

from .contract import ARMS, Arm, StoreStage, play, store

LEASES = 300_000_000


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


@pytest.mark.parametrize(("style", "kept"), [("cache-aside", True), ("write-through", True), ("write-back", False)])
def test_what_is_acknowledged_survives_the_cache_unless_it_writes_back(arm: Arm, style: str, kept: bool) -> None:
    async def story(stage: StoreStage) -> None:
        await stage.insist("n3", "write", "x", 1)
        await asyncio.sleep(1.5)
        assert (await stage.ask("n3", "write", "x", 2)).type is EventType.OK
        assert (await stage.ask("n1", "read", "x")).value == 2
        killed = await stage.kill("n2")
        await killed.heal()
        assert (await stage.insist("n3", "read", "x")).value == (2 if kept else 1)

    play(arm, f"cache:style={style},flush_ms=1000", story)


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize(("leases", "expected"), [("off", ["monotonic-reads"]), ("on", [])])
def test_a_fill_that_comes_late_brings_an_old_value_back_unless_fills_are_leased(
    leases: str, expected: list[str], tmp_path: Path
) -> None:
    result = run(
        f"cache:leases={leases}", workload="unique-register", model="monotonic-reads", nemesis="partition,packet",
        seed=1, time_limit=10, out=tmp_path,
    ).result  # fmt: skip
    assert refutations(result.verdict) == expected, result.reason


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize(("options", "expected"), [("leases=off", "invalid"), ("leases=on", "valid")])
def test_with_write_through_too(options: str, expected: str, tmp_path: Path) -> None:
    result = run(f"cache:style=write-through,{options}", nemesis="all", seed=3, time_limit=15, out=tmp_path).result
    assert result.status.value == expected, result.reason


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
def test_the_audit_misses_what_went_with_a_cache_that_writes_back(tmp_path: Path) -> None:
    result = run("cache:style=write-back", nemesis="all", seed=1, time_limit=15, out=tmp_path).result
    assert "audit" in refutations(result.verdict), result.reason


@pytest.mark.parametrize(
    ("options", "claims"),
    [
        ("", ("linearizable",)),
        ("style=write-through", ("linearizable",)),
        ("style=write-back", ()),
        ("leases=off", ()),
        ("disk=memory", ()),
    ],
)
def test_claims_follow_leases_and_style(options: str, claims: tuple[str, ...]) -> None:
    assert store(f"cache:{options}").claims == claims


def now(at: int = 0) -> Now:
    return Now(at, 0)


def sent(effects: list[Effect]) -> list[object]:
    """The messages among effects."""
    return [effect.message for effect in effects if isinstance(effect, Send)]


def get(number: int) -> CacheGet:
    return CacheGet((f"s{number}", 1), "x")


def test_one_reader_has_the_lease_the_others_wait_and_an_erasure_gives_it_to_the_next() -> None:
    cache = AsideCache(1, LEASES)
    (first,) = sent(cache.get(now(), "n1", get(1)))
    assert isinstance(first, CacheMiss)
    assert cache.get(now(), "n3", get(2)) == []
    erased, second = sent(cache.erase(now(), "n4", CacheErase(("s9", 1), "x", 2)))
    assert erased == CacheErased(("s9", 1))
    assert isinstance(second, CacheMiss) and second.request == ("s2", 1)
    assert not sent(cache.fill(now(), "n1", CacheFill(("s1", 1), "x", "old", 1, first.lease))), "it misses again"
    assert cache.get(now(), "n5", get(3)) == []
    hits = sent(cache.fill(now(), "n3", CacheFill(("s2", 1), "x", "new", 2, second.lease)))
    assert hits == [CacheHit((session, 1), "new", 2) for session in ("s2", "s1", "s3")]
    assert sent(cache.get(now(), "n1", get(4))) == [CacheHit(("s4", 1), "new", 2)]
    again = CacheFill(("s2", 1), "x", "again", 3, second.lease)
    assert sent(cache.fill(now(), "n3", again)) == [CacheHit(("s2", 1), "new", 2)], "it is used up"


def test_a_lease_whose_holder_is_silent_is_given_to_the_next() -> None:
    cache = AsideCache(1, LEASES)
    cache.get(now(), "n1", get(1))
    cache.get(now(), "n3", get(2))
    assert not sent(cache.tick(now(LEASES - 1)))
    (second,) = sent(cache.tick(now(LEASES)))
    assert isinstance(second, CacheMiss) and second.request == ("s2", 1)


def test_a_refused_compare_and_set_erases_the_copy_and_erasures_are_sent_until_they_are_confirmed() -> None:
    front = AsideFront("n1", "n2", StoreReads("n3", 1))
    request = Request("cas", "x", ["a", "b"], "s", 1)
    assert sent(front.ask(1, request)) == [Forward(request)]
    refused = Response(error=PRECONDITION)
    erase = CacheErase(("s", 1), "x", 0)
    assert sent(front.heard(Answer("s", 1, refused))) == [erase]
    assert sent(front.tick()) == [erase]
    assert [getattr(effect, "message", None) for effect in front.heard(CacheErased(("s", 1)))] == [refused]
    assert front.tick() == []


def test_an_answer_of_the_store_fills_under_the_lease_it_was_read_under_alone() -> None:
    front = AsideFront("n1", "n2", StoreReads("n3", 1))
    front.ask(1, Request("read", "x", None, "s", 1))
    (old,) = sent(front.heard(CacheMiss(("s", 1), "x", (1, 1))))
    (new,) = sent(front.heard(CacheMiss(("s", 1), "x", (1, 2))))
    assert isinstance(old, Forward) and isinstance(new, Forward)
    late = Answer(old.request.session, old.request.sequence, Response("old", 1))
    assert front.heard(late) == [Send("n2", CacheFill(("s", 1), "x", "old", 1, (1, 1)))], "the client is not answered"
    fresh = Answer(new.request.session, new.request.sequence, Response("new", 2))
    assert sent(front.heard(fresh)) == [CacheFill(("s", 1), "x", "new", 2, (1, 2))]


def through() -> ThroughCache:
    return ThroughCache("n1", StoreReads("n2", 1), LEASES)


def told(request: Request, value: object, revision: int) -> Answer:
    return Answer(request.session, request.sequence, Response(value, revision))


def test_a_fetch_is_made_anew_when_the_store_has_answered_a_write() -> None:
    cache = through()
    read, write = Request("read", "x", None, "s", 1), Request("write", "x", "new", "t", 1)
    (first,) = sent(cache.ask(now(), "n3", read))
    assert isinstance(first, Forward)
    cache.ask(now(), "n3", write)
    again, acknowledged = sent(cache.heard(now(), told(write, None, 2)))
    assert isinstance(again, Forward) and again.request != first.request
    assert acknowledged == CacheAnswer(("t", 1), Response(None, 2))
    assert cache.heard(now(), told(first.request, "old", 1)) == []
    assert sent(cache.heard(now(), told(again.request, "new", 2))) == [CacheAnswer(("s", 1), Response("new", 2))]


def test_of_two_writes_the_one_with_the_greater_revision_is_the_copy() -> None:
    cache = through()
    (fetch,) = sent(cache.ask(now(), "n3", Request("read", "x", None, "s", 1)))
    assert isinstance(fetch, Forward)
    cache.heard(now(), told(fetch.request, None, 0))
    one, two = (Request("write", "x", value, session, 1) for value, session in (("a", "t"), ("b", "u")))
    cache.ask(now(), "n3", one)
    cache.ask(now(), "n3", two)
    cache.heard(now(), told(two, None, 2))
    cache.heard(now(), told(one, None, 1))
    assert cache.copies["x"] == ("b", 2)


def test_the_invariant_sees_a_copy_that_is_older_than_one_before_or_than_an_erasure() -> None:
    see = copies_never_go_back().watch()
    assert see(MarkEvent("n2", 1, "cached", ("x", 1))) is None
    assert see(MarkEvent("n2", 2, "erased", ("x", 3))) is None
    assert see(MarkEvent("n2", 3, "cached", ("x", 3))) is None
    assert "known to be at 3" in (see(MarkEvent("n2", 4, "cached", ("x", 2))) or "")
