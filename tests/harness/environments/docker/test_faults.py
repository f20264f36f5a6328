"""Faults of containers, from the host: each kind bites, spares clients, outlasts restarts, and ends with its heal."""

import asyncio
from pathlib import Path

import pytest

from splitbrain.harness.environments.docker.cluster import ContainerCluster, NodeShell
from splitbrain.harness.environments.docker.node import ContainerNode
from splitbrain.harness.environments.linux.vdso import ProcessClock
from splitbrain.harness.environments.real.active import ActiveCut, RestartOnHeal
from splitbrain.harness.injection import (
    ActiveInjection,
    Cut,
    FailDisk,
    FillDisk,
    FlipBits,
    Impair,
    Kill,
    Pause,
    SkewClock,
    SlowDisk,
    Stop,
    links_between,
)
from splitbrain.harness.operation import EventType, Operation
from splitbrain.harness.options import settle
from splitbrain.targets.etcd import Etcd
from splitbrain.targets.etcd.errors import EtcdError

from .containers import needs_docker, played

pytestmark = needs_docker

BOTH_WAYS = links_between(["n1"], ["n2", "n3"])


def etcd(**options: str) -> Etcd:
    return Etcd(settle(Etcd.options, options, "etcd"))


async def written(node: ContainerNode, seconds: float = 5.0) -> bool:
    """Whether a write through a member is acknowledged in time."""
    client = etcd(require_leader="off").client(node)
    try:
        async with asyncio.timeout(seconds):
            await client.open()
            return (await client.invoke(Operation("write", 1, "k"))).type is EventType.OK
    except (EtcdError, OSError):
        return False
    finally:
        await client.close()


async def writable(node: ContainerNode, seconds: float = 15.0) -> bool:
    """Whether writes through a member are acknowledged again in time: an election may be going on."""
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        if await written(node, 3.0):
            return True
        await asyncio.sleep(0.1)
    return False


async def ready(cluster: ContainerCluster) -> None:
    deadline = asyncio.get_running_loop().time() + 15
    await asyncio.gather(*(node.wait_ready(deadline) for node in cluster.nodes))


async def dropping(cut: ActiveInjection, more_than: int) -> None:
    """Wait until a cut has dropped more packets: members that hear nothing try again ever more rarely."""
    assert isinstance(cut, RestartOnHeal) and isinstance(cut.active, ActiveCut)
    async with asyncio.timeout(30):
        while await cut.active.cutting.count() <= more_than:
            await asyncio.sleep(0.2)


async def links(cluster: ContainerCluster) -> None:
    n1, n2, _ = cluster.nodes
    cut = await cluster.inject(Cut(BOTH_WAYS))
    other = await cluster.inject(Cut((("n2", "n1"),)))
    assert not await written(n1, 1.0), "the minority cannot commit"
    assert await writable(n2), "the majority can"
    stale = etcd(reads="serializable").client(n1)
    await stale.open()
    assert (await stale.invoke(Operation("read", None, "k"))).type is EventType.OK, "clients are not cut"
    await stale.close()
    kill = await cluster.inject(Kill(("n1",)))
    await kill.heal()
    assert not await written(n1, 1.0), "a restart does not heal a cut"
    await dropping(other, 5)
    assert (await cut.heal())["messages_dropped"] > 5
    assert (await other.heal())["messages_dropped"] > 5
    await ready(cluster)
    assert await writable(n1)

    loss = await cluster.inject(Impair(BOTH_WAYS, loss=1.0))
    assert not await written(n1, 1.0)
    kill = await cluster.inject(Kill(("n1", "n2")))
    await kill.heal()
    await asyncio.sleep(1.0)
    assert not await written(n1, 1.0), "nor does it heal a link that loses everything"
    assert (await loss.heal())["messages_dropped"] > 5
    await ready(cluster)
    delay = await cluster.inject(Impair(BOTH_WAYS, delay_ms=30))
    assert await writable(n1)
    assert (await delay.heal())["messages_delayed"] > 2


async def downs(cluster: ContainerCluster) -> None:
    n1, n2, n3 = cluster.nodes
    kill = await cluster.inject(Kill(("n1", "n2")))
    assert not n1.running and not n2.running and n3.running
    show = ["ip", "-j", "link", "show", "dev", "eth0"]
    assert await NodeShell(n1)(show) == "[]" and "eth0" in await NodeShell(n3)(show)
    assert not await written(n3, 0.5)
    again = await cluster.inject(Kill(("n1",)))
    assert (await kill.heal())["processes_killed"] == 2
    assert n2.running and not n1.running, "n1 is held by another kill"
    await again.heal()
    await ready(cluster)
    pause = await cluster.inject(Pause(("n1", "n2")))
    assert not await written(n3, 0.5)
    assert (await pause.heal())["paused_ms"] > 500
    stop = await cluster.inject(Stop(("n3",)))
    assert not n3.running and await written(n1)
    assert (await stop.heal())["processes_stopped"] == 1
    await ready(cluster)
    assert cluster.deaths() == [], "nobody died by himself"
    await asyncio.gather(n1.start(), n1.end())
    assert not n1.running, "whoever is just being started is ended, too"


async def clocks_and_disks(cluster: ContainerCluster) -> None:
    n1, n2, _ = cluster.nodes
    skew = await cluster.inject(SkewClock("n1", offset_ms=3_600_000))
    assert hours(n1) == [1] and hours(n2) == [0]
    kill = await cluster.inject(Kill(("n1",)))
    await kill.heal()
    await ready(cluster)
    assert hours(n1) == [1], "set again after a restart"
    assert (await skew.heal())["skew_ms"] == pytest.approx(3_600_000, abs=500)
    assert hours(n1) == [0]

    slow = await cluster.inject(SlowDisk(("n1", "n2", "n3"), delay_ms=50))
    assert await writable(n1)
    assert (await slow.heal())["syncs_delayed"] >= 2
    full = await cluster.inject(FillDisk(("n2",), room_kb=64))
    await ready(cluster)
    n2 = cluster.nodes[1]
    inside = Path(f"/proc/{n2.main_pid()}/root{n2.place.folder}/filler")
    with pytest.raises(OSError, match="No space left"), inside.open("wb", buffering=0) as filler:
        for _ in range(1000):
            filler.write(bytes(1024))
    assert await full.heal() == {"disks_filled": 1}
    (n2.place.folder / "filler").unlink()
    await ready(cluster)
    broken = await cluster.inject(FailDisk(("n1",), "EIO"))
    assert not await written(n1, 2.0)
    async with asyncio.timeout(10):
        while n1.running:
            await asyncio.sleep(0.05)
    assert (await broken.heal())["calls_failed"] > 0
    await ready(cluster)
    deaths = [death for death in cluster.deaths() if death.node == "n1"]
    assert deaths and deaths[0].lines, "etcd gives up when its disk fails, and is started again at the heal"
    damage = await cluster.inject(FlipBits(("n3",), 3, 1))
    cluster.nodes[2].holders += 1
    assert (await damage.heal())["bits_flipped"] == 3


def hours(node: ContainerNode) -> list[int]:
    """The hours by which the wall clocks of a node's processes are off."""
    found = []
    for pid in node.pids():
        clock = ProcessClock(pid)
        wall, _ = clock.lines()
        clock.close()
        found.append(round(wall.offset / 3.6e12))
    return found


@pytest.mark.parametrize("scenario", [links, downs, clocks_and_disks])
def test_harm(tmp_path: Path, scenario: object) -> None:
    played(scenario, tmp_path)  # type: ignore[arg-type]
    said = (tmp_path / "environment.txt").read_text()
    assert "image splitbrain/etcd" in said and "sha256:" in said and "network 198.18." in said
