"""Compaction of the store log: the last message of each key stays at its offset, deletions stay for a while, and what
was sent is known again when it is gone."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.harness.errors import UsageError
from splitbrain.harness.program import Sync
from splitbrain.harness.verdict import Validity
from splitbrain.targets.stores.broker.compaction import (
    DELETED,
    DIRTY_MAX,
    KEYED,
    SUPERSEDED,
    PartitionCompaction,
    PartitionLog,
)
from splitbrain.targets.stores.broker.compaction import contents as contents_of
from splitbrain.targets.stores.broker.messages import Leadership, Replicate
from splitbrain.targets.stores.broker.partition import BrokerSettings, PartitionReplica
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.messages import Entry, Request
from splitbrain.targets.stores.requests import Requests

from .contract import ARMS, Arm, StoreStage, play, store

STORE = "log:compaction=on"


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


async def polled(stage: StoreStage, node: str, count: int) -> Any:
    """All that is left of a log, once that is so many messages."""
    async with asyncio.timeout(20):
        while len(found := (await stage.insist(node, "poll", "a", "start")).value) != count:
            await asyncio.sleep(0.05)
    return found


def test_of_each_key_the_last_message_stays_at_its_offset(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        await stage.insist("n1", KEYED, "a", ("k0", -1))
        first = await stage.send("n1", Request(KEYED, "a", ["mine", 0], "me", 1))
        for number in range(2 * DIRTY_MAX):
            await stage.insist("n1", KEYED, "a", (f"k{number % 2}", number))
        await stage.insist("n2", KEYED, "a", ("mine", 1))
        for number in range(DIRTY_MAX):
            await stage.insist("n2", KEYED, "a", ("k0", 100 + number))
        assert first.revision is not None
        last = first.revision + 3 * DIRTY_MAX + 1
        found = await polled(stage, "n3", 3)
        assert [message for _, message in found] == [("k1", 19), ("mine", 1), ("k0", 109)]
        assert found[-1][0] == last
        killed = await stage.kill(*stage.others())
        await killed.heal()
        await stage.serves()
        assert await polled(stage, "n2", 3) == found
        assert await stage.send("n2", Request(KEYED, "a", ["mine", 0], "me", 1)) == first, "known again, though gone"
        assert (await stage.insist("n3", KEYED, "a", ("k0", 200))).revision == last + 1
        assert (await stage.target.audit(stage.nodes)).value is Validity.VALID  # type: ignore[attr-defined]

    play(arm, STORE, story)


def test_a_deletion_stays_for_its_time_and_goes(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        await stage.insist("n1", KEYED, "a", ("gone", 1))
        deletion = await stage.insist("n1", KEYED, "a", ("gone", None, 2))
        for number in range(DIRTY_MAX):
            await stage.insist("n1", KEYED, "a", ("k", number))
        assert (deletion.revision, ("gone", None, 2)) in await polled(stage, "n2", 2)
        async with asyncio.timeout(20):
            while len((await stage.insist("n2", "poll", "a", "start")).value) > 1:
                await stage.insist("n1", KEYED, "a", ("k", 1))
                await asyncio.sleep(0.05)

    play(arm, f"{STORE},retention_ms=400", story)


def test_messages_without_keys_are_refused(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        for value in (7, ["a"], ["a", 1, 2], ["a", None], [None, 1]):
            assert (await stage.send("n1", Request(KEYED, "a", value, "s", 1))).error == "unsupported"
        assert (await stage.send("n1", Request("send", "a", 1, "s", 2))).error == "unsupported"

    play(arm, STORE, story)


def log_of(*values: Any) -> PartitionLog:
    """A log with messages of these values, one term."""
    log = PartitionLog(Journal("file"))
    for number, value in enumerate(values, 1):
        log.append(Entry(1, Request(KEYED, "a", value, "s", number)))
    return log


def kinds(log: PartitionLog) -> list[str]:
    requests = [log.entry(index).request for index in range(1, log.last + 1)]
    return [request.f for request in requests if request is not None]


def test_only_what_is_committed_supersedes() -> None:
    log = log_of(["k", 1], ["k", 2], ["k", 3])
    PartitionCompaction(log, 0).apply(2, now=0)
    assert kinds(log) == [SUPERSEDED, KEYED, KEYED]


def test_holes_keep_their_place_and_name_and_are_found_after_a_restart() -> None:
    log = log_of(["k", 1], ["gone", 1], ["gone", None, 2], ["k", 3])
    log.ballot(1, None)
    compaction = PartitionCompaction(log, 5)
    compaction.apply(4, now=10)
    assert kinds(log) == [SUPERSEDED, SUPERSEDED, KEYED, KEYED]
    compaction.apply(4, now=15)
    log.append(Entry(1, Request(KEYED, "a", ["k", 4], "s", 5)))
    assert kinds(log) == [SUPERSEDED, SUPERSEDED, DELETED, KEYED, KEYED]
    found = PartitionLog(Journal("file"))
    effects = log.journal.flush()
    assert isinstance(effects[-1], Sync)
    found.recover({"file": b"".join(getattr(effect, "data", b"") for effect in effects)})
    assert found.between(1, 5) == log.between(1, 5) and found.term == 1
    assert [found.entry(index).request.sequence for index in range(1, 6)] == [1, 2, 3, 4, 5]  # type: ignore[union-attr]


def replica(compaction: bool = True) -> PartitionReplica:
    """A replica of n2, which n1 leads."""
    log = PartitionLog(Journal("file", persistent=False))
    one = PartitionReplica("a", "n2", ("n1", "n2", "n3"), log, Requests(), BrokerSettings(compacted=True))
    one.compaction = PartitionCompaction(log, 0)
    return one


def test_a_replica_that_was_behind_does_not_keep_what_was_deleted() -> None:
    one, by = replica(), Leadership(1, "n1", ("n1", "n2"))
    value = Entry(1, Request(KEYED, "a", ["k", 1], "s", 1))
    one.on_replicate("n1", Replicate("a", by, 0, 0, (value,), 1), now=0)
    assert contents_of(one.log, 1) == {"k": 1}
    holes = tuple(Entry(1, Request(DELETED, "a", "k", "s", number)) for number in (2, 3))
    one.on_replicate("n1", Replicate("a", by, 1, 1, holes, 1), now=0)
    assert [entry.request.f for entry in one.log.between(1, 3) if entry.request] == [SUPERSEDED, DELETED, DELETED]
    assert contents_of(one.log, 3) == {}


def test_a_new_leader_shows_nothing_before_it_knows_what_is_committed() -> None:
    one, by = replica(), Leadership(1, "n1", ("n1", "n2"))
    entries = tuple(Entry(1, Request(KEYED, "a", ["k", number], "s", number)) for number in (1, 2))
    one.on_replicate("n1", Replicate("a", by, 0, 0, entries, 0), now=0)
    one.adopt(Leadership(2, "n2", ("n2", "n3")), 0, won=True)
    one.out.clear()
    one.poll(Request("poll", "a", 1, "r", 1), 7)
    assert "not known yet" in str(one.out)
    one.log.settle()
    one.committed = 2
    one.out.clear()
    one.poll(Request("poll", "a", 1, "r", 2), 8)
    assert "[[1, ['k', 1]], [2, ['k', 2]]]" in str(one.out)


@pytest.mark.parametrize(
    ("options", "claims"),
    [("", ("compacted-log",)), (",acks=1", ()), (",idempotence=off", ()), (",retention_ms=900", ())],
)
def test_claims_follow_the_options(options: str, claims: tuple[str, ...]) -> None:
    assert store(f"{STORE}{options}").claims == claims
    assert store(f"{STORE}{options}").default_workload == "compacted-log"  # type: ignore[attr-defined]


def test_consumers_and_compaction_do_not_go_together() -> None:
    with pytest.raises(UsageError, match="compaction=on needs delivery=none"):
        store(f"{STORE},delivery=exactly-once")


@pytest.mark.skipif(ARMS[0].name != "sim", reason="the outside judges whole runs")
@pytest.mark.parametrize(
    ("options", "seed", "expected"),
    [("", 24, "valid"), (",bug=first-of-key-stays", 1, "invalid"), (",bug=shows-too-early", 24, "invalid")],
)
def test_what_is_left_of_a_run_is_judged(options: str, seed: int, expected: str, tmp_path: Path) -> None:
    result = run(f"{STORE}{options}", seed=seed, nemesis="all", time_limit=15, model="claim", out=tmp_path).result
    assert result.status.value == expected, result.reason
