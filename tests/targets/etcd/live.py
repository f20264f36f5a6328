"""Every operation on three real members, played inside the namespaces of `--env local` by test_live.py, and on
containers by the tests of `--env docker`."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.harness.environment import Environment
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.real.cluster import RealCluster
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import ChangeMembers, Compact, Defragment, Kill, Pause, Upgrade
from splitbrain.harness.logs import examine
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.harness.reconfiguring.member import Patience
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.targets.etcd import Etcd
from splitbrain.targets.etcd.client import EtcdClient
from splitbrain.targets.etcd.errors import LEARNER, EtcdError
from splitbrain.targets.etcd.membership import Members
from splitbrain.targets.etcd.target import DEBIAN, PACKAGED, SOFTWARE

NAMES = ("n1", "n2", "n3")
Scenario = Callable[[RealCluster], Awaitable[None]]


def etcd(**options: str) -> Etcd:
    return Etcd(settle(Etcd.options, options, "etcd"))


async def opened(target: Etcd, node: Node) -> EtcdClient:
    client = target.client(node)
    await client.open()
    return client


async def registers(cluster: RealCluster) -> None:
    target = etcd()
    one, two = [await opened(target, node) for node in cluster.nodes[:2]]
    assert await two.invoke(Operation("read", None, "a")) == Outcome.ok(None, 0)
    wrote = await one.invoke(Operation("write", 1, "a"))
    assert wrote.revision
    assert await two.invoke(Operation("read", None, "a")) == Outcome.ok(1, wrote.revision)
    swapped = await two.invoke(Operation("cas", (1, 2), "a"))
    assert swapped.revision and swapped.revision > wrote.revision
    assert await one.invoke(Operation("read", None, "a")) == Outcome.ok(2, swapped.revision)
    refused = await two.invoke(Operation("cas", (1, 3), "a"))
    assert refused.type is EventType.FAIL and refused.error and refused.error.kind is ErrorKind.PRECONDITION
    assert (await one.invoke(Operation("cas", (None, 7), "b"))).type is EventType.OK
    assert (await one.invoke(Operation("cas", (None, 8), "b"))).type is EventType.FAIL
    assert (await two.invoke(Operation("read", None, "b"))).value == 7
    assert (await two.invoke(Operation("read", None, "aa"))).value is None, "no other key's prefix"
    for client in (one, two):
        await client.close()


async def sets_and_lists(cluster: RealCluster) -> None:
    target = etcd()
    one, two = [await opened(target, node) for node in cluster.nodes[:2]]
    assert await one.invoke(Operation("read")) == Outcome.ok((), 0)
    for element in (10, 9, 3):
        await one.invoke(Operation("add", element))
    await two.invoke(Operation("add", 4, "s"))
    assert (await two.invoke(Operation("read"))).value == (3, 9, 10)
    assert (await one.invoke(Operation("read", None, "s"))).value == (4,)
    appended = await asyncio.gather(*(c.invoke(Operation("append", i, "l")) for i, c in enumerate((one, two))))
    assert [outcome.type for outcome in appended] == [EventType.OK] * 2
    seen = await one.invoke(Operation("read", None, "l"))
    assert sorted(seen.value) == [0, 1]
    assert seen.revision == max(outcome.revision or 0 for outcome in appended)
    for client in (one, two):
        await client.close()


async def locks(cluster: RealCluster) -> None:
    target = etcd(lock_wait_seconds="0.3")
    one, two = [await opened(target, node) for node in cluster.nodes[:2]]
    held = await one.invoke(Operation("acquire", None, "m"))
    assert held.type is EventType.OK and held.token
    waited = await two.invoke(Operation("acquire", None, "m"))
    assert waited.type is EventType.FAIL and waited.error and waited.error.kind is ErrorKind.CONFLICT
    assert (await two.invoke(Operation("use", None, "m"))).type is EventType.FAIL
    used = await one.invoke(Operation("use", None, "m"))
    assert used.token == held.token and used.revision
    assert (await one.invoke(Operation("release", None, "m"))).type is EventType.OK
    later = await two.invoke(Operation("acquire", None, "m"))
    assert later.type is EventType.OK and later.token > held.token
    await two.close()
    await one.close()


async def leases_end(cluster: RealCluster) -> None:
    """Hold a lock without keep-alive, when a holder believes on; and with it, when a lease that is taken away is
    learned of."""
    forgetful, other = [await opened(etcd(keep_alive="off", fencing="on"), node) for node in cluster.nodes[:2]]
    other._store._root = forgetful._store._root
    first = await forgetful.invoke(Operation("acquire", None, "m"))
    second = await other.invoke(Operation("acquire", None, "m"))
    while second.type is not EventType.OK:  # until the first lease has run out
        second = await other.invoke(Operation("acquire", None, "m"))
    assert (await other.invoke(Operation("use", None, "m"))).token == second.token
    fenced = await forgetful.invoke(Operation("use", None, "m"))
    assert fenced.type is EventType.FAIL and fenced.token == first.token and "fenced" in str(fenced.error)
    kept = await opened(etcd(), cluster.nodes[2])
    assert (await kept.invoke(Operation("acquire", None, "k"))).type is EventType.OK
    assert (await kept.invoke(Operation("hold", 0.2, "k"))).type is EventType.OK
    assert kept._lock._held is not None
    await kept.connection.call("/v3/lease/revoke", {"ID": kept._lock._held.lease})
    for f, kind in (("hold", ErrorKind.CONFLICT), ("use", ErrorKind.PRECONDITION), ("release", ErrorKind.PRECONDITION)):
        lost = await kept.invoke(Operation(f, 2.0, "k"))
        assert lost.type is EventType.FAIL and lost.error and lost.error.kind is kind
    timed = await opened(etcd(keep_alive="off", lease_loss="timed"), cluster.nodes[2])
    assert (await timed.invoke(Operation("acquire", None, "k"))).type is EventType.OK
    assert (await timed.invoke(Operation("hold", 4.0, "k"))).type is EventType.FAIL
    for client in (forgetful, other, kept, timed):
        await client.close()


async def watchers(cluster: RealCluster) -> None:
    target = etcd()
    one, two = [await opened(target, node) for node in cluster.nodes[:2]]
    await one.setup()
    assert (await two.invoke(Operation("watch", "w", "p"))).value == ()
    revisions = [(await one.invoke(Operation("write", i, f"p{i % 2}"))).revision for i in range(6)]
    await one.invoke(Operation("write", 9, "other"))
    seen = (await two.invoke(Operation("drain", "w", "p"))).value
    assert seen == tuple((f"p{i % 2}", revisions[i], i) for i in range(6))
    await two.close()
    more = (await one.invoke(Operation("write", 6, "p0"))).revision
    again = await opened(target, cluster.nodes[2])
    assert (await heard(again)).value == (("p0", more, 6),), "it goes on where it was"
    assert (await again.invoke(Operation("drain", "w", "p"))).value == ()
    assert (await again.invoke(Operation("watch", "w", "p"))).value == ()
    await again.close()
    for i in range(3):
        latest = (await one.invoke(Operation("write", i, "p0"))).revision
    await one.connection.call("/v3/kv/compaction", {"revision": str(latest), "physical": True})
    again = await opened(target, cluster.nodes[2])
    broken = await heard(again)
    assert broken.type is EventType.FAIL and "compacted" in str(broken.error)
    assert [event[2] for event in (await again.invoke(Operation("drain", "w", "p"))).value] == [2]
    await one.close()
    await again.close()


async def heard(client: EtcdClient) -> Outcome:
    """The next event that a watcher hears. One that hears nothing within half a second says so, on a busy machine
    too."""
    async with asyncio.timeout(15.0):
        while True:
            outcome = await client.invoke(Operation("watch", "w", "p"))
            if outcome.value or outcome.type is not EventType.OK:
                return outcome


async def members_agree(cluster: RealCluster) -> None:
    target = etcd()
    roles = await target.roles(cluster.nodes)
    assert sorted(roles.values()) == ["follower", "follower", "leader"]
    verdict = await agreed(target, cluster.nodes)
    assert verdict.value is Validity.VALID, verdict
    writer = await opened(target, cluster.nodes[0])
    await writer.invoke(Operation("write", 0, "a"))
    await writer.close()
    assert await (await cluster.inject(Compact(("n1",)))).heal() == {"compactions": 1}
    assert await (await cluster.inject(Defragment(("n1", "n2")))).heal() == {"defragmentations": 2}
    assert (await agreed(target, cluster.nodes)).value is Validity.VALID
    paused = await cluster.inject(Pause(("n3",)))
    assert await (await cluster.inject(Defragment(("n3",)))).heal() == {"defragmentations": 0}
    assert set(await target.roles(cluster.nodes)) == {"n1", "n2"}
    client = target.client(cluster.nodes[2])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await client.open()
    await client.close()
    await paused.heal()
    killed = await cluster.inject(Kill(("n1", "n2")))
    client = await opened(target, cluster.nodes[2])
    with pytest.raises((TimeoutError, EtcdError)):  # the latter if an election timeout has passed by then
        async with asyncio.timeout(0.5):
            await client.invoke(Operation("write", 1, "a"))
    stale = await opened(etcd(reads="serializable"), cluster.nodes[2])
    assert (await stale.invoke(Operation("read", None, "a"))).type is EventType.OK
    said = ""
    while "no leader" not in said:
        with pytest.raises((TimeoutError, EtcdError)) as refused:
            async with asyncio.timeout(2.0):
                await client.invoke(Operation("write", 1, "a"))
        said = str(refused.value)
    await killed.heal()
    assert (await agreed(target, cluster.nodes)).value is Validity.VALID
    await client.close()
    await stale.close()


async def members_leave_and_join(cluster: RealCluster) -> None:
    """Have the leader leave, and come back with nothing; what it serves meanwhile is refused for sure."""
    target = etcd()
    roles = await target.roles(cluster.nodes)
    leader, other = sorted(cluster.nodes, key=lambda node: roles.get(node.name) != "leader")[:2]
    assert roles[leader.name] == "leader"
    writer = await opened(target, other)
    await writer.invoke(Operation("write", 1, "kept"))
    changing = await cluster.inject(ChangeMembers((leader.name,)))
    assert set(await Members().voters(other.place)) == set(NAMES) - {leader.name}
    client = target.client(leader)
    with pytest.raises(ConnectionRefusedError):
        await client.open()
    await client.close()
    await eventually(writer, Operation("write", 2, "kept"))
    held = await cluster.inject(Kill((leader.name,)))
    await held.heal()
    assert not leader.running, "it comes back with its membership, not with the heal of another fault"
    assert await changing.heal() == {"members_removed": 1, "members_joined": 1}
    # Not through the newcomer: it learns of its vote last, and refuses to answer until then.
    assert set(await Members().voters(other.place)) == set(NAMES)
    reader = await opened(target, leader)
    assert (await eventually(reader, Operation("read", None, "kept"))).value == 2
    assert (await agreed(target, cluster.nodes)).value is Validity.VALID
    for one in (reader, writer):
        await one.close()


async def learners(cluster: RealCluster) -> None:
    """Check that a member without a vote refuses reads and writes before it looks at them."""
    target, (one, two, _) = etcd(), cluster.nodes
    changing = await cluster.inject(ChangeMembers((one.name,)))
    members = Members()
    joins = await Patience(5.0).until("not admitted", lambda: members.admit(two.place, one.place))
    await one.become(replace(one.place, joins=joins), one.deployment)
    shutil.rmtree(one.place.folder / "data")
    await one.start()
    client = target.client(one)
    for _ in range(100):
        try:
            async with asyncio.timeout(1.0):
                await client.open()
                await client.invoke(Operation("write", 7, "unwritten"))
        except EtcdError as error:
            if LEARNER in str(error):
                break
        except OSError:
            pass
        await asyncio.sleep(0.1)
    else:
        pytest.fail("a learner was never seen to refuse a write")
    await client.close()
    # Who has lost what it acknowledged must not come back as the same member.
    await members.remove(two.place, one.place)
    await changing.heal()
    reader = await opened(target, two)
    assert (await eventually(reader, Operation("read", None, "unwritten"))).value is None
    await reader.close()


async def agreed(target: Etcd, nodes: Sequence[Node]) -> Verdict:
    """The verdict of the audit, asked again while members could not be compared: under load they lag."""
    async with asyncio.timeout(90.0):
        while (verdict := await target.audit(nodes)).value is Validity.UNKNOWN:
            await asyncio.sleep(0.5)
    return verdict


async def eventually(client: EtcdClient, operation: Operation) -> Outcome:
    """The outcome, once an election is over."""
    async with asyncio.timeout(15.0):
        while True:
            try:
                async with asyncio.timeout(2.0):
                    return await client.invoke(operation)
            except (EtcdError, TimeoutError):
                await asyncio.sleep(0.1)


SCENARIOS: Sequence[Scenario] = (
    registers,
    sets_and_lists,
    locks,
    leases_end,
    watchers,
    members_agree,
)
CHANGES: Sequence[Scenario] = (members_leave_and_join, learners)


async def played(folder: Path, environment: Environment, scenarios: Sequence[Scenario] = SCENARIOS) -> None:
    target = etcd()
    (deployment,) = (one for one in target.deployments if one.environment == environment.name)
    cluster = await environment.up(deployment, NAMES, folder)
    try:
        for scenario in scenarios:
            print(scenario.__name__)
            await scenario(cluster)  # type: ignore[arg-type]
    finally:
        await cluster.down()
    verdict = examine(folder, target.log_patterns)
    assert verdict is not None and verdict.value is Validity.VALID, verdict


async def upgraded(folder: Path, environment: Environment) -> None:
    """Upgrade from Debian's release to the packaged one, one node ahead of the others."""
    target = etcd(version=DEBIAN, upgrade_to=PACKAGED)
    (deployment,) = (one for one in target.deployments if one.environment == environment.name)
    cluster = await environment.up(deployment, NAMES, folder)
    try:
        writer = await opened(target, cluster.nodes[0])
        await writer.invoke(Operation("write", 1, "kept"))
        upgrading = await cluster.inject(Upgrade(("n2", "n1", "n3"), 1))
        versions = [await target.node_version(node.place) for node in cluster.nodes]  # type: ignore[attr-defined]
        assert versions == [DEBIAN, PACKAGED, DEBIAN]
        bite = await upgrading.heal()
        assert bite["nodes_upgraded"] == 3 and bite["mixed_ms"] > 0
        assert {await target.node_version(node.place) for node in cluster.nodes} == {PACKAGED}  # type: ignore[attr-defined]
        await writer.close()
        reader = await opened(target, cluster.nodes[2])
        assert (await eventually(reader, Operation("read", None, "kept"))).value == 1
        await reader.close()
        assert (await agreed(target, cluster.nodes)).value is Validity.VALID
    finally:
        await cluster.down()


def unobtainable() -> str | None:
    """The reason that there can be no upgrade here; None if there can."""
    try:
        for release in (DEBIAN, PACKAGED):
            SOFTWARE.obtain(release)
    except InfrastructureError as error:
        return str(error)
    return None


def test_members_that_change(tmp_path: Path) -> None:
    environment = Local()
    environment.run(lambda: played(tmp_path, environment, CHANGES))


def test_a_rolling_upgrade(tmp_path: Path) -> None:
    environment = Local()
    environment.run(lambda: upgraded(tmp_path, environment))


def test_every_operation_on_three_members(tmp_path: Path) -> None:
    environment = Local()
    environment.run(lambda: played(tmp_path, environment))
