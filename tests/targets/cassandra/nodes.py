"""Three real nodes, played by test_nodes.py inside the namespaces of `--env local` and, shorter, in containers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from splitbrain.harness.environment import Environment
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.real.cluster import RealCluster
from splitbrain.harness.injection import Compact, Cut, FailDisk, Flush, Kill, Pause, Repair, SkewClock, links_between
from splitbrain.harness.logs import examine
from splitbrain.harness.node import Node
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity
from splitbrain.targets.cassandra import Cassandra
from splitbrain.targets.cassandra.cql import ALL, CqlError, ask
from splitbrain.targets.cassandra.target import wall_clock

from .operations import operated

NAMES = ("n1", "n2", "n3")
TABLE = "played.rows"
ONE, QUORUM = 1, 4
Scenario = Callable[[RealCluster], Awaitable[None]]


async def until(asked: Callable[[], Awaitable[bool]], seconds: float = 90.0) -> None:
    """Ask until it is so."""
    ends, last = time.monotonic() + seconds, None
    while time.monotonic() < ends:
        try:
            if await asked():
                return
        except (CqlError, OSError) as error:
            last = error
        await asyncio.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {last!r}")


async def put(node: Node, value: int, consistency: int = QUORUM) -> bool:
    await ask(node.address, f"INSERT INTO {TABLE} (id, v) VALUES ({value}, {value})", 10, consistency)
    return True


async def held(node: Node, value: int) -> bool:
    """Whether a node by itself has what was put."""
    return len(await ask(node.address, f"SELECT v FROM {TABLE} WHERE id={value}", 10, ONE)) == 1


async def all_up(cluster: RealCluster) -> bool:
    return all([await node.deployment.ready(node.place) for node in cluster.nodes])


async def tabled(cluster: RealCluster) -> None:
    node, *others = cluster.nodes
    replicated = "{'class': 'NetworkTopologyStrategy', 'dc1': 3}"
    await ask(node.address, f"CREATE KEYSPACE played WITH replication = {replicated}", 20)
    await ask(node.address, f"CREATE TABLE {TABLE} (id int PRIMARY KEY, v int) WITH read_repair = 'NONE'", 20)
    for other in (node, *others):
        await until(lambda other=other: put(other, 0))  # type: ignore[misc]


async def cut_off(cluster: RealCluster) -> None:
    """Check that a node that is cut off takes nothing at QUORUM; what it missed it is handed as hints."""
    n1, _, n3 = cluster.nodes
    cut = await cluster.inject(Cut(links_between(("n3",), ("n1", "n2"))))
    await until(lambda: put(n1, 1))
    try:
        await put(n3, 2)
        raise AssertionError("a node alone took a write at QUORUM")
    except (CqlError, TimeoutError):
        pass
    assert not await held(n3, 1)
    assert (await cut.heal())["messages_dropped"] > 0
    await until(lambda: held(n3, 1))
    await until(lambda: all_up(cluster))


async def killed(cluster: RealCluster) -> None:
    """Kill all: what was acknowledged is there after they came back by themselves. Who is down does no work."""
    n1, *_ = cluster.nodes
    await until(lambda: put(n1, 3, ALL))
    down = await cluster.inject(Kill(NAMES))
    assert await (await cluster.inject(Flush(("n3",)))).heal() == {"flushes": 0}
    assert await down.heal() == {"processes_killed": 3}
    await until(lambda: all_up(cluster))
    for node in cluster.nodes:
        await until(lambda node=node: held(node, 3), 20)  # type: ignore[misc]


async def skewed(cluster: RealCluster) -> None:
    """A node whose clock is ahead says so, and its writes win."""
    n1, _, n3 = cluster.nodes
    skew = await cluster.inject(SkewClock("n3", offset_ms=60_000))
    ahead = await wall_clock(n3.place) - time.time_ns()
    assert 55e9 < ahead < 65e9
    await ask(n3.address, f"INSERT INTO {TABLE} (id, v) VALUES (9, 1)", 10, QUORUM)
    await ask(n1.address, f"INSERT INTO {TABLE} (id, v) VALUES (9, 2)", 10, QUORUM)
    ((value,),) = await ask(n1.address, f"SELECT v FROM {TABLE} WHERE id=9", 10, ALL)
    assert value == b"\0\0\0\1"
    assert 55e3 < (await skew.heal())["skew_ms"] < 65e3
    assert abs(await wall_clock(n3.place) - time.time_ns()) < 2e9


async def maintained(cluster: RealCluster) -> None:
    """Flush, compact and repair are done by the node's own tool."""
    n1, *_ = cluster.nodes
    data = n1.place.folder / "data" / "data" / "played"
    before = set(data.rglob("*-Data.db"))
    await put(n1, 4)
    flush = await cluster.inject(Flush(("n1",)))
    assert await flush.heal() == {"flushes": 1}, n1.last_lines()
    assert set(data.rglob("*-Data.db")) > before
    assert await (await cluster.inject(Compact(("n2",)))).heal() == {"compactions": 1}
    repair = await cluster.inject(Repair(("n1",)))
    assert await repair.heal() == {"repairs": 1}, n1.last_lines()


async def bad_disk(cluster: RealCluster) -> None:
    """Check that a node that cannot write its commit log ends by itself, is told, and comes back when the disk is
    mended."""
    n1, *_ = cluster.nodes
    failing = await cluster.inject(FailDisk(("n2",), "EIO"))

    async def dead() -> bool:
        await put(n1, 5)
        return bool(cluster.deaths())

    await until(dead, 30)
    assert (await failing.heal())["calls_failed"] > 0
    (death,) = cluster.deaths()
    assert death.node == "n2" and any("Input/output error" in line for line in death.lines)
    await until(lambda: all_up(cluster))


async def paused(cluster: RealCluster) -> None:
    """Check that the others go on without a node that stands still."""
    n1, *_ = cluster.nodes
    pause = await cluster.inject(Pause(("n3",)))
    await until(lambda: put(n1, 6))
    assert (await pause.heal())["paused_ms"] > 0
    await until(lambda: all_up(cluster))


EVERYTHING = (operated, tabled, cut_off, skewed, paused, killed, maintained, bad_disk)
SHORT = (operated, tabled, cut_off, skewed, maintained)


async def played(folder: Path, environment: Environment, scenarios: tuple[Scenario, ...]) -> RealCluster:
    """The scenarios on a cluster of three; it is down when this returns."""
    target = Cassandra(settle(Cassandra.options, {"heap_mb": "384"}, "cassandra"))
    (deployment,) = (one for one in target.deployments if one.environment == environment.name)
    cluster = await environment.up(deployment, NAMES, folder)
    assert isinstance(cluster, RealCluster)
    try:
        for scenario in scenarios:
            began = time.monotonic()
            await scenario(cluster)
            print(f"{scenario.__name__}: {time.monotonic() - began:.1f} s")
    finally:
        await cluster.down()
    verdict = examine(folder, target.log_patterns)
    assert verdict is not None and verdict.value is Validity.VALID, verdict
    return cluster


def test_three_nodes(tmp_path: Path) -> None:
    environment = Local()
    environment.run(lambda: played(tmp_path, environment, EVERYTHING))
