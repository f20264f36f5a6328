"""Slow and failing disks: only syncs are slow, only files fail, over restarts, one fault beside another."""

import asyncio
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux.tracing import unable
from splitbrain.harness.environments.local import Local
from splitbrain.harness.injection import FailDisk, Kill, SlowDisk

from .inside import NAMES, ask, chatters, needs_namespaces, run_inside

pytestmark = [needs_namespaces, pytest.mark.skipif(unable() is not None, reason=unable() or "")]


async def disks(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    n1, n2, _ = cluster.nodes
    slow = await cluster.inject(SlowDisk(("n1", "n2"), delay_ms=150))
    first = await ask(n1, "sync")
    assert isinstance(first, float) and first > 0.15
    kill = await cluster.inject(Kill(("n1",)))
    await kill.heal()
    await n1.wait_ready(asyncio.get_running_loop().time() + 10)
    again = await ask(n1, "sync")
    assert isinstance(again, float) and again > 0.15, "slow again after a restart"

    broken = await cluster.inject(FailDisk(("n1",), "EIO"))
    assert await ask(n1, "sync") == "Input/output error"
    assert isinstance(await ask(n2, "sync"), float)
    assert isinstance(await ask(n1, "time"), dict), "sockets work"
    (n1.place.folder / "data").rename(n1.place.folder / "old")
    (n1.place.folder / "data").touch()
    await asyncio.sleep(0.6)
    assert await ask(n1, "sync") == "Input/output error", "a new file fails, too"
    assert (await broken.heal())["calls_failed"] >= 2
    last = await ask(n1, "sync")
    assert isinstance(last, float) and last > 0.15, "still slow"
    assert (await slow.heal())["syncs_delayed"] >= 4
    fast: object = 1.0
    while isinstance(fast, float) and fast >= 0.15:  # the disk of a busy machine may be slow by itself
        fast = await ask(n1, "sync")
    assert isinstance(fast, float)
    await cluster.down()


@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary-user"])
def test_slow_and_failing_disks(tmp_path: Path, user: bool) -> None:
    run_inside(disks, tmp_path, user)
