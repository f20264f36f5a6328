"""Wall clocks that lie: offset, drift and freeze, over restarts, one injection beside another."""

import asyncio
import time
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.real.clocks import unable
from splitbrain.harness.environments.real.node import RealNode
from splitbrain.harness.injection import Kill, SkewAllClocks, SkewClock

from .inside import NAMES, ask, chatters, needs_namespaces, run_inside

pytestmark = [needs_namespaces, pytest.mark.skipif(unable() is not None, reason=unable() or "")]


LATE_NS = 200_000_000
"""An answer that took longer, on a busy machine, says too little of when it was given: the node is asked again."""


async def deviations(node: RealNode) -> tuple[float, float]:
    """Deviations of a node's wall and monotonic clocks, in seconds."""
    while True:
        asked = time.monotonic_ns()
        told = await ask(node, "time")
        wall, monotonic = time.time_ns(), time.monotonic_ns()
        assert isinstance(told, dict)
        if monotonic - asked < LATE_NS:
            return (told["wall"] - wall) / 1e9, (told["monotonic"] - monotonic) / 1e9


async def tells(place: Place) -> int:
    reader, writer = await asyncio.open_connection(place.address, 7000)
    writer.write(b"time\n")
    wall = int((await reader.readline()).decode().split('"wall": ')[1].split(",")[0])
    writer.close()
    return wall


async def skews(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(read_clock=tells), NAMES, folder)
    n1, n2, _ = cluster.nodes
    began = time.monotonic()
    hour = await cluster.inject(SkewClock("n1", offset_ms=3_600_000))
    print(f"skew {time.monotonic() - began:.4f}")
    assert await deviations(n1) == pytest.approx((3600, 0), abs=0.5)
    assert await deviations(n2) == pytest.approx((0, 0), abs=0.5)
    back = await cluster.inject(SkewClock("n1", offset_ms=-7_200_000))
    assert (await deviations(n1))[0] == pytest.approx(-3600, abs=0.5)

    kill = await cluster.inject(Kill(("n1",)))
    await kill.heal()
    await n1.wait_ready(asyncio.get_running_loop().time() + 10)
    assert (await deviations(n1))[0] == pytest.approx(-3600, abs=0.5), "set again after a restart"

    assert (await hour.heal())["skew_ms"] == pytest.approx(3_600_000, abs=500)
    assert (await deviations(n1))[0] == pytest.approx(-7200, abs=0.5)
    assert (await back.heal())["skew_ms"] == pytest.approx(7_200_000, abs=500)
    assert await deviations(n1) == pytest.approx((0, 0), abs=0.5)

    began = time.monotonic()
    frozen = await cluster.inject(SkewClock("n2", rate=0.0))
    first = await tells(n2.place)
    await asyncio.sleep(0.3)
    assert await tells(n2.place) == first
    assert 250 < (await frozen.heal())["skew_ms"] < (time.monotonic() - began) * 1000 + 50

    inability = environment.unsupported(SkewAllClocks, chatters())
    assert inability is not None and "monotonic" in inability.reason, "its waits are not known to be relative"
    assert environment.unsupported(SkewAllClocks, chatters(relative_waits=True)) is None

    strobe = await cluster.inject(SkewClock("n2", offset_ms=3_600_000, strobe_ms=300))
    seen = set()
    for _ in range(40):
        seen.add(round((await deviations(n2))[0] / 3600))
        await asyncio.sleep(0.03)
    assert seen == {0, 1}, "it comes and goes"
    assert (await strobe.heal())["skew_ms"] == pytest.approx(3_600_000, abs=500)
    assert (await deviations(n2))[0] == pytest.approx(0, abs=0.5)
    await cluster.down()


async def rates(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(relative_waits=True), NAMES, folder)
    n1 = cluster.nodes[0]
    slow = await cluster.inject(SkewAllClocks("n1", rate=2.0, monotonic_rate=0.5))
    await asyncio.sleep(0.5)
    wall, monotonic = await deviations(n1)
    assert wall > 0.4 and monotonic < -0.2
    assert (await slow.heal())["skew_ms"] > 400
    wall, healed = await deviations(n1)
    assert abs(wall) < 0.3 and healed <= monotonic + 0.3, "the monotonic clock does not step"
    await cluster.down()


@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary-user"])
def test_skews_add_up_survive_restarts_and_are_measured(tmp_path: Path, user: bool) -> None:
    print(run_inside(skews, tmp_path, user))


def test_rates_of_both_clocks(tmp_path: Path) -> None:
    run_inside(rates, tmp_path)
