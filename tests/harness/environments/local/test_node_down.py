"""Nodes that are stopped, killed in a loop, damaged while down, and put on a small disk."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.real.node import RealNode
from splitbrain.harness.injection import FillDisk, FlipBits, Kill, Stop, TruncateFile

from .inside import NAMES, ask, chatters, needs_namespaces, run_inside

pytestmark = needs_namespaces


async def ready(node: RealNode) -> None:
    await node.wait_ready(asyncio.get_running_loop().time() + 20)


async def ends(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    n1, n2, n3 = cluster.nodes
    stop = await cluster.inject(Stop(("n1", "n2")))
    assert not n1.running and not n2.running and n3.running
    held = await cluster.inject(Kill(("n2",)))
    assert await stop.heal() == {"processes_stopped": 2}
    assert n1.running and not n2.running, "another kill holds it"
    assert await held.heal() == {"processes_killed": 0}
    await ready(n2)

    assert n3.logs().read_text().count("splitbrain: starting") == 1
    loop = await cluster.inject(Kill(("n3",), restarts=3, down_ms=50, up_ms=300))
    while n3.logs().read_text().count("splitbrain: starting") < 4:
        await asyncio.sleep(0.01)
    while n3.running:
        await asyncio.sleep(0.01)
    assert (await loop.heal())["processes_killed"] == 4
    await ready(n3)
    loop = await cluster.inject(Kill(("n3",), restarts=1000, down_ms=50, up_ms=50))
    await asyncio.sleep(0.2)
    assert (await loop.heal())["processes_killed"] >= 1, "a loop ends with the heal"
    await ready(n3)
    assert cluster.deaths() == [], "nobody died by himself"
    await cluster.down()


async def is_deaf(environment: Local, folder: Path) -> None:
    """Nodes that take no notice of being asked to end."""
    plain = chatters()
    deaf = replace(plain, argv=lambda place: ["sh", "-c", 'trap "" TERM; exec "$@"', "sh", *plain.argv(place)])
    cluster = await environment.up(deaf, NAMES, folder)
    stop = await cluster.inject(Stop(("n1",)))
    assert not cluster.nodes[0].running
    assert await stop.heal() == {"processes_stopped": 1, "processes_killed": 1}
    (cluster.nodes[1].place.folder / "data").write_bytes(b"x" * 100)
    flip = await cluster.inject(FlipBits(("n2",), bits=1, seed=5, files="data", asked=True))
    assert await flip.heal() == {"bits_flipped": 1, "processes_killed": 1}
    flip = await cluster.inject(FlipBits(("n3",), bits=1, seed=5, files="none", asked=True))
    assert await flip.heal() == {"bits_flipped": 0}, "nothing was done that counts"
    await cluster.down()


async def damages(environment: Local, folder: Path) -> None:
    given = {"given": b"\xff" * 5000}
    cluster = await environment.up(replace(chatters(), files=lambda place: given), NAMES, folder)
    n1 = cluster.nodes[0]
    data, spared = n1.place.folder / "data", n1.place.folder / "given"
    data.write_bytes(b"x" * 100 + b"\0" * 10_000)
    flip = await cluster.inject(FlipBits(("n1",), bits=3, seed=5))
    assert not n1.running
    assert sum(byte != ord("x") for byte in data.read_bytes()[:100]) == 3, "the tail of zeros is no place"
    assert spared.read_bytes() == given["given"]
    assert await flip.heal() == {"bits_flipped": 3}
    assert n1.running
    cut = await cluster.inject(TruncateFile(("n1",), bytes_max=10, seed=5))
    left = data.stat().st_size
    assert 90 <= left < 100
    assert await cut.heal() == {"bytes_cut": 100 - left}
    log = n1.place.folder / "inner" / "7.wal"
    log.parent.mkdir()
    log.write_bytes(b"y" * 100)
    whole = data.read_bytes()
    chosen = await cluster.inject(FlipBits(("n1",), bits=20, seed=5, files="*/*.wal"))
    assert sum(byte != ord("y") for byte in log.read_bytes()) == 20
    assert await chosen.heal() == {"bits_flipped": 20}
    shorter = await cluster.inject(TruncateFile(("n1",), bytes_max=10, seed=5, files="*.wal", asked=True))
    assert await shorter.heal() == {"bytes_cut": 100 - log.stat().st_size}
    assert data.read_bytes() == whole
    nothing = await cluster.inject(TruncateFile(("n1",), bytes_max=10, seed=5, files="*.sst"))
    assert await nothing.heal() == {"bytes_cut": 0}
    log.unlink()
    data.unlink()
    none = await cluster.inject(FlipBits(("n1",), bits=3, seed=5))
    assert await none.heal() == {"bits_flipped": 0}
    await cluster.down()


async def fills(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    n1, n2, _ = cluster.nodes
    assert isinstance(await ask(n1, "sync"), float)
    full = await cluster.inject(FillDisk(("n1",), room_kb=8))
    await ready(n1)
    # 100 bytes each time.
    said = [await ask(n1, "sync") for _ in range(200)]
    assert said.count("No space left on device") > 20 and isinstance(said[0], float)
    assert isinstance(await ask(n2, "sync"), float)
    assert await full.heal() == {"disks_filled": 1}
    await ready(n1)
    assert isinstance(await ask(n1, "sync"), float)
    assert (n1.place.folder / "data").stat().st_size > 8000, "what was written there is kept"
    idle = await cluster.inject(FillDisk(("n1",), room_kb=800))
    await cluster.inject(FillDisk(("n2",), room_kb=800))
    assert await idle.heal() == {"disks_filled": 0}
    await cluster.down()


@pytest.mark.parametrize("scenario", [ends, is_deaf, damages, fills])
@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary-user"])
def test_going_down(tmp_path: Path, scenario: object, user: bool) -> None:
    run_inside(scenario, tmp_path, user)  # type: ignore[arg-type]
