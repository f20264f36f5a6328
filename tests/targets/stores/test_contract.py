"""The contract of the own stores, the same on every arm."""

import asyncio

import pytest

from splitbrain.harness.environments.linux import namespaces, tracing
from splitbrain.harness.injection import ChangeMembers
from splitbrain.harness.operation import ErrorKind, EventType
from splitbrain.targets.stores.messages import Request

from .contract import ARMS, Arm, StoreStage, play

EVERY = (
    "single",
    "primary-backup",
    "primary-backup:replication=sync",
    "primary-backup:replication=semi-sync",
    "primary-backup:replication=sync,failover=lease",
    "primary-backup:failover=timeout",
    "primary-backup:failover=timeout,stonith=on,replication=sync",
    "raft",
    "raft:reads=index",
    "raft:reads=lease",
    "paxos",
    "paxos:reads=quorum",
    "chain",
    "sharded",
    "truetime",
    "cache",
    "cache:style=write-through",
)
STORES_WITH_DISKS = ("primary-backup", "raft", "paxos", "chain", "sharded", "truetime", "cache")
FAILING_OVER = (
    "raft",
    "raft:reads=index",
    "raft:reads=lease",
    "primary-backup:failover=timeout,replication=sync",
    "primary-backup:failover=lease,replication=sync",
    "primary-backup:failover=timeout,stonith=on,replication=sync",
    "paxos",
    "paxos:reads=quorum",
    "chain",
    "sharded",
)


@pytest.fixture(params=ARMS, ids=lambda arm: arm.name)
def arm(request: pytest.FixtureRequest) -> Arm:
    """Every kind of environment."""
    found: Arm = request.param
    return found


@pytest.mark.parametrize("spec", EVERY)
def test_what_is_written_is_read_at_every_node(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        assert (await stage.ask("n1", "read", "x")).value is None
        assert (await stage.ask("n1", "read", "x")).revision == 0
        for number, node in enumerate(stage.others(), 1):
            written = await stage.ask(node, "write", "x", number)
            assert (written.type, written.value, written.revision) == (EventType.OK, number, number)
            for reader in stage.others():
                # On a busy machine a leader may just have been lost.
                read = await stage.insist(reader, "read", "x")
                assert (read.value, read.revision) == (number, number)
        assert (await stage.ask("n2", "read", "y")).value is None

    play(arm, spec, story)


@pytest.mark.parametrize("spec", EVERY)
def test_compare_and_set(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        assert (await stage.ask("n2", "cas", "x", (None, 1))).type is EventType.OK
        failed = await stage.ask("n3", "cas", "x", (None, 2))
        assert failed.type is EventType.FAIL
        assert failed.error is not None
        assert failed.error.kind is ErrorKind.PRECONDITION
        assert (await stage.ask("n1", "cas", "x", (True, 2))).type is EventType.FAIL
        assert (await stage.ask("n1", "cas", "x", (1, (2, "two")))).revision == 2
        assert (await stage.ask("n2", "cas", "x", ((2, "two"), None))).type is EventType.OK
        assert (await stage.ask("n2", "read", "x")).value is None

    play(arm, spec, story)


@pytest.mark.parametrize("spec", EVERY)
def test_nonsense_is_refused_and_does_nothing(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        for node in stage.others():
            assert (await stage.send(node, Request("cas", "x", 1, "s", 1))).error == "unsupported"
            assert (await stage.send(node, Request("explode", "x", 1, "s", 2))).error == "unsupported"
        assert (await stage.ask("n1", "read", "x")).revision == 0

    play(arm, spec, story)


@pytest.mark.parametrize("spec", EVERY)
def test_a_repeated_request_takes_effect_once(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        leader = await stage.leader()
        follower = stage.others(leader)[0]
        write = Request("write", "x", 1, "mine", 7)
        first = await stage.send(follower, write)
        await stage.ask("n1", "write", "x", 2)
        assert await stage.send(follower, write) == first
        assert await stage.send(leader, write) == first
        read = await stage.ask("n1", "read", "x")
        assert (read.value, read.revision) == (2, 2)

    play(arm, spec, story)


@pytest.mark.parametrize("spec", EVERY)
def test_acknowledged_writes_survive_a_restart_of_all(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        for i in range(20):
            await stage.insist("n2", "write", f"k{i}", i)  # each group of servers elects its leader when it can
        killed = await stage.kill(*stage.others())
        await killed.heal()
        for i in range(20):
            assert (await stage.insist("n3", "read", f"k{i}")).value == i

    play(arm, spec, story)


@pytest.mark.parametrize("spec", EVERY)
def test_a_repeated_request_is_known_after_a_restart(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        first = await stage.send("n1", Request("cas", "x", [None, 1], "mine", 1))
        killed = await stage.kill(*stage.others())
        await killed.heal()
        await stage.insist("n1", "read", "x")
        assert first.error is None
        assert await stage.send("n1", Request("cas", "x", [None, 1], "mine", 1)) == first

    play(arm, spec, story)


@pytest.mark.parametrize("spec", [f"{name}:disk=memory" for name in STORES_WITH_DISKS])
def test_memory_forgets(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        await stage.ask("n1", "write", "x", 1)
        killed = await stage.kill(*stage.others())
        await killed.heal()
        await asyncio.sleep(1)
        assert (await stage.insist("n1", "read", "x")).value is None

    play(arm, spec, story)


def test_an_unsynced_store_goes_on_after_a_crash_with_what_the_disk_has_kept(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        for number in (1, 2):
            assert (await stage.ask("n2", "write", "x", number)).revision == number
            assert (await stage.ask("n3", "read", "x")).value == number
        killed = await stage.kill(*stage.others())
        await killed.heal()
        found = await stage.insist("n1", "read", "x")
        assert (found.value, found.revision) in ((None, 0), (1, 1), (2, 2)), "a prefix of what was acknowledged"
        await stage.insist("n2", "write", "x", 3)
        assert (await stage.insist("n3", "read", "x")).value == 3

    play(arm, "single:sync=off", story)


@pytest.mark.skipif(namespaces.inside() and tracing.unable() is not None, reason=tracing.unable() or "")
@pytest.mark.parametrize("spec", ["single", "primary-backup", "raft", "paxos", "cache"])
def test_a_broken_disk_ends_a_node_until_it_is_mended(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        leader = await stage.leader()
        for i in range(5):
            await stage.insist(leader, "write", f"k{i}", i)
        broken = await stage.break_disks(leader)
        lost = await stage.ask(leader, "write", "x", 1)
        assert lost.type is not EventType.OK
        async with asyncio.timeout(10):
            while stage.node(leader).running:
                await asyncio.sleep(0.01)
        assert (await stage.ask(leader, "read", "k1")).type is EventType.FAIL, "nothing was sent"
        assert (await broken.heal())["calls_failed"] >= 1
        assert stage.node(leader).running
        for i in range(5):
            assert (await stage.insist(leader, "read", f"k{i}")).value == i
        await stage.insist(leader, "write", "x", 2)

    play(arm, spec, story, ends=True)


@pytest.mark.parametrize("spec", FAILING_OVER)
def test_a_dead_leader_is_replaced(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        leader = await stage.leader()
        await stage.ask(leader, "write", "x", 1)
        killed = await stage.kill(leader)
        rest = stage.others(leader)
        successor = await stage.leader(rest)
        assert successor != leader
        assert (await stage.insist(rest[0], "read", "x")).value == 1
        await stage.insist(rest[1], "write", "x", 2)
        await killed.heal()
        assert (await stage.insist(leader, "read", "x", seconds=5)).value in (1, 2)
        await asyncio.sleep(1)
        assert (await stage.insist(leader, "read", "x")).value == 2

    play(arm, spec, story)


@pytest.mark.parametrize("spec", ["raft", "raft:reads=index", "raft:reads=lease", "paxos", "paxos:reads=quorum"])
def test_a_minority_refuses_and_a_majority_serves(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        leader = await stage.leader()
        follower = stage.others(leader)[0]
        cut = await stage.isolate(leader, follower)
        majority = stage.others(leader, follower)
        await stage.leader(majority)
        await stage.insist(majority[0], "write", "x", 1)
        await asyncio.sleep(1)
        for node in (leader, follower):
            for f, value in (("write", 2), ("read", None)):
                refused = await stage.ask(node, f, "x", value)
                assert refused.type is EventType.FAIL
                assert refused.error is not None
                assert refused.error.kind in (ErrorKind.NO_LEADER, ErrorKind.UNAVAILABLE)
        await cut.heal()
        assert (await stage.insist(leader, "read", "x")).value == 1

    play(arm, spec, story, nodes=5)


@pytest.mark.parametrize("spec", ["raft", "primary-backup:failover=timeout", "primary-backup"])
def test_a_node_that_was_away_catches_up(arm: Arm, spec: str) -> None:
    """Entries that do not fit into one message. A node then serves them alone with those who were away, too, or as a
    copy."""

    async def story(stage: StoreStage) -> None:
        leader = await stage.leader()
        away = stage.others(leader)[-1]
        killed = await stage.kill(away)
        for i in range(450):
            assert (await stage.ask(leader, "write", f"k{i % 10}", i)).type is EventType.OK
        await killed.heal()
        await asyncio.sleep(2)
        if spec != "primary-backup":
            await stage.kill(*stage.others(away) if spec != "raft" else [leader])
            await stage.leader([away] if spec != "raft" else stage.others(leader))
        for i in range(10):
            assert (await stage.insist(away, "read", f"k{i}")).value == 440 + i

    play(arm, spec, story)


@pytest.mark.parametrize("spec", ["raft", "raft:version=2"])
def test_members_leave_and_join_again_and_nothing_is_lost(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        leader = await stage.leader()
        assert (await stage.ask(leader, "write", "x", 1)).type is EventType.OK
        changing = await stage.cluster.inject(ChangeMembers((leader,)))
        rest = stage.others(leader)
        assert (await stage.insist(await stage.leader(rest), "cas", "x", (1, 2))).revision == 2
        answer = await stage.send(rest[0], Request("members", None, None, "contract.1.1", 1))
        assert [sorted(names) for names in answer.value] == [sorted(rest), []]
        assert not stage.node(leader).running
        assert await changing.heal() == {"members_removed": 1, "members_joined": 1}
        assert (await stage.insist(leader, "read", "x")).value == 2

    play(arm, spec, story)


@pytest.mark.parametrize("spec", ["raft:reads=local", "primary-backup:reads=any", "chain:reads=any"])
def test_a_copy_that_is_cut_off_answers_from_old_state(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        leader = await stage.leader()
        copy = stage.others(leader)[0]
        await stage.ask(leader, "write", "x", 1)
        await asyncio.sleep(0.5)
        await stage.isolate(copy)
        await stage.insist(leader, "write", "x", 2)
        assert (await stage.ask(copy, "read", "x")).value == 1

    play(arm, spec, story)


def test_asynchronous_failover_loses_an_acknowledged_write(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        primary = await stage.leader()
        rest = stage.others(primary)
        cut = await stage.isolate(primary)
        await stage.leader([primary])
        assert (await stage.ask(primary, "write", "x", "here")).type is EventType.OK
        await stage.leader(rest)
        assert (await stage.insist(rest[0], "write", "y", "there")).type is EventType.OK
        assert (await stage.insist(rest[0], "read", "x")).value is None
        assert (await stage.ask(primary, "read", "x")).value == "here"
        await cut.heal()
        # Which side wins is nobody's promise: usually the newer view, but on a slow link the old primary may not hear
        # its successor in time, and take over from it. What was acknowledged on the other side is lost.
        seen = None
        async with asyncio.timeout(30):
            while seen not in ([("here", None)] * 3, [(None, "there")] * 3):
                await asyncio.sleep(0.5)
                seen = [
                    ((await stage.insist(node, "read", "x")).value, (await stage.insist(node, "read", "y")).value)
                    for node in stage.others()
                ]

    play(arm, "primary-backup:failover=timeout", story)


def test_synchronous_replication_waits_for_every_backup(arm: Arm) -> None:
    async def story(stage: StoreStage) -> None:
        primary = await stage.leader()
        cut = await stage.isolate(stage.others(primary)[0])
        doubtful = await stage.ask(primary, "write", "x", 1, seconds=1)
        assert doubtful.type is EventType.INFO
        refused = await stage.ask(primary, "write", "x", 2)
        assert refused.type is EventType.FAIL
        assert refused.error is not None
        assert refused.error.kind is ErrorKind.UNAVAILABLE
        assert (await stage.ask(primary, "read", "x")).value is None
        await cut.heal()
        async with asyncio.timeout(20):
            while (await stage.ask(primary, "read", "x")).value != 1:
                await asyncio.sleep(0.1)

    play(arm, "primary-backup:replication=sync", story)


@pytest.mark.parametrize("spec", EVERY)
def test_every_node_tells_its_role(arm: Arm, spec: str) -> None:
    async def story(stage: StoreStage) -> None:
        await stage.leader()
        roles = await stage.target.roles(stage.nodes)
        assert list(roles) == ["n1", "n2", "n3"]
        await stage.kill("n2")
        assert list(await stage.target.roles(stage.nodes)) == ["n1", "n3"]

    play(arm, spec, story)


@pytest.mark.parametrize("isolation", ["read-committed", "2pl", "snapshot", "ssi", "serial"])
def test_a_transaction_is_seen_whole_and_survives_a_restart_of_all(arm: Arm, isolation: str) -> None:
    keys = [f"k{number}" for number in range(5)]
    writes, reads = tuple(("w", key, 7) for key in keys), tuple(("r", key, None) for key in keys)

    async def story(stage: StoreStage) -> None:
        assert (await stage.insist("n1", "txn", None, writes)).value == writes
        for node in stage.others():
            assert [step[2] for step in (await stage.insist(node, "txn", None, reads)).value] == [7] * 5
        killed = await stage.kill(*stage.others())
        await killed.heal()
        assert [step[2] for step in (await stage.insist("n2", "txn", None, reads)).value] == [7] * 5

    play(arm, f"two-phase-commit:isolation={isolation}", story)
