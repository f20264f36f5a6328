"""Bad links: delay, loss, duplication, reordering, corruption and rate limits, counted, one impairment over another."""

import asyncio
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux.packets import unable
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.local.cluster import LocalCluster
from splitbrain.harness.injection import Bite, Impair, Kill, Pause

from .inside import NAMES, ask, chatters, heard, needs_namespaces, run_inside, until_heard

pytestmark = [needs_namespaces, pytest.mark.skipif(unable() is not None, reason=unable() or "")]

LINK = (("n1", "n2"),)


async def during(
    cluster: LocalCluster, impair: Impair, seconds: float = 0.6, enough: int = 60
) -> tuple[Bite, list[int]]:
    """The bite of an impairment, and the numbers of n1's datagrams that n2 received meanwhile: within the time, and on
    a busy machine as much longer as it takes until there are enough of them."""
    n1, n2, _ = cluster.nodes
    injected = await cluster.inject(impair)
    before = len((await heard(n2))[n1.address])
    await asyncio.sleep(seconds)
    numbers = (await heard(n2))[n1.address][before:]
    while len(numbers) < enough:
        await asyncio.sleep(0.1)
        numbers = (await heard(n2))[n1.address][before:]
    bite = await injected.heal()
    await asyncio.sleep(0.15)
    return bite, numbers


async def impairments(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    _, n2, _ = cluster.nodes

    bite, numbers = await during(cluster, Impair(LINK, loss=0.5))
    sent = numbers[-1] - numbers[0] + 1
    assert 0.25 < len(numbers) / sent < 0.75 and list(bite) == ["messages_dropped"] and bite["messages_dropped"] > 10

    bite, numbers = await during(cluster, Impair(LINK, duplicate=0.5))
    assert len(numbers) > len(set(numbers)) + 10 and bite["messages_duplicated"] > 10

    bite, numbers = await during(cluster, Impair(LINK, reorder=0.3))
    assert numbers != sorted(numbers) and bite["messages_reordered"] > 10
    assert len(numbers) == len(set(numbers)), "each comes once"

    bite, numbers = await during(cluster, Impair(LINK, delay_ms=60, jitter_ms=40))
    assert numbers == sorted(numbers) and bite["messages_delayed"] > 10, "a delay alone reorders nothing"

    before = await ask(n2, "heard")
    bite, numbers = await during(cluster, Impair(LINK, corrupt=0.3))
    after = await ask(n2, "heard")
    assert isinstance(before, dict) and isinstance(after, dict)
    # A flipped bit may make a digit of another one.
    assert 0.6 * bite["messages_corrupted"] < after["odd"] - before["odd"] <= bite["messages_corrupted"]

    # 76 bytes each 5 ms are about 120 kbit/s.
    bite, numbers = await during(cluster, Impair(LINK, rate_kbit=30), 2.0, enough=0)
    assert len(numbers) < 0.6 * (numbers[-1] - numbers[0] + 1) or bite["messages_delayed"] > 50
    assert bite["messages_dropped"] > 10
    await cluster.down()


async def overlaps(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    n1, n2, n3 = cluster.nodes
    delay = await cluster.inject(Impair((("n1", "n2"), ("n3", "n2")), delay_ms=200))
    loss = await cluster.inject(Impair(LINK, loss=1.0))
    await asyncio.sleep(0.4)
    before = await heard(n2)
    await until_heard(n2, n3.address, 10)
    await until_heard(n3, n1.address, 35)
    after = await heard(n2)
    assert len(after[n1.address]) == len(before[n1.address])
    assert (await loss.heal())["messages_dropped"] > 30
    await until_heard(n2, n1.address, 1)
    assert (await delay.heal())["messages_delayed"] > 50
    again = await cluster.inject(Impair(LINK, loss=1.0))
    for injection in (Pause(NAMES), Kill(NAMES)):
        await (await cluster.inject(injection)).heal()
    for node in cluster.nodes:
        await node.wait_ready(asyncio.get_running_loop().time() + 10)
    await until_heard(n3, n1.address, 10)
    assert (await again.heal())["messages_dropped"] > 5
    assert await again.heal() == await again.heal()
    await cluster.down()


@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary-user"])
def test_each_impairment_does_what_it_says(tmp_path: Path, user: bool) -> None:
    print(run_inside(impairments, tmp_path, user))


def test_impairments_overlap(tmp_path: Path) -> None:
    run_inside(overlaps, tmp_path)
