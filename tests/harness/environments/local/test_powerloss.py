"""Nodes that lose their power: what they had synced is there afterwards, what they had not is gone."""

import asyncio
import errno
import mmap
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import volume
from splitbrain.harness.environments.linux.volume import Volume
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.real.node import RealNode
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import FillDisk, FlipBits, Kill, PowerLoss

from .inside import NAMES, ask, chatters, command_inside, needs_namespaces, run_inside, variables

pytestmark = [needs_namespaces, pytest.mark.skipif(volume.unable() is not None, reason=volume.unable() or "")]

FLAGS = os.O_RDWR | os.O_CREAT


def wrote(path: Path, data: bytes, flags: int = 0) -> int:
    """A file with this in it, as written by one call, still open."""
    file = os.open(path, FLAGS | flags)
    os.write(file, data)
    return file


async def contents(environment: Local, folder: Path) -> None:
    """Every way to write, and every way to sync."""
    disk = folder / "disk"
    disk.mkdir()
    (disk / "old").write_bytes(b"o" * 10_000)
    power = Volume(disk, folder / "log", write_back=1000)
    await power.attach()

    for name, sync in (("fsync", os.fsync), ("fdatasync", os.fdatasync)):
        file = wrote(disk / name, b"kept" * 2000)
        sync(file)
        os.pwrite(file, b"lost" * 2000, 4000)
        os.lseek(file, 0, os.SEEK_END)
        os.write(file, b"lost")
    wrote(disk / "dsync", b"kept", os.O_DSYNC)
    wrote(disk / "sync", b"kept", os.O_SYNC)
    each = wrote(disk / "each", b"")
    os.pwritev(each, [b"kept"], 0, os.RWF_DSYNC)
    direct = os.open(disk / "direct", FLAGS | os.O_DIRECT)
    aligned = mmap.mmap(-1, 4096)
    aligned[:4] = b"kept"
    os.write(direct, aligned)
    os.fdatasync(direct)
    os.pwrite(direct, aligned, 4096)

    file = os.open(disk / "old", os.O_RDWR)
    shared = mmap.mmap(file, 10_000)
    shared[0:4] = b"kept"
    shared.flush()
    shared[5000:5004] = b"lost"
    assert (disk / "old").read_bytes()[5000:5004] == b"lost", "who reads sees what is written"
    shared.close()
    reserved = os.open(disk / "reserved", FLAGS)
    os.posix_fallocate(reserved, 0, 100_000)
    os.pwrite(reserved, b"lost", 50_000)
    cut = wrote(disk / "cut", b"kept, cut")
    os.fsync(cut)
    os.ftruncate(cut, 4)
    os.close(wrote(disk / "closed", b"lost"))

    assert await power.lose() == 8
    for name in ("fsync", "fdatasync"):
        assert (disk / name).read_bytes() == b"kept" * 2000
    for name in ("dsync", "sync", "each", "cut"):
        assert (disk / name).read_bytes() == b"kept", name
    assert (disk / "direct").read_bytes() == b"kept".ljust(4096, b"\0")
    assert (disk / "old").read_bytes() == b"kept" + b"o" * 9996
    assert (disk / "reserved").read_bytes() == bytes(100_000)
    assert (disk / "closed").read_bytes() == b""
    again = wrote(disk / "closed", b"lost")
    assert await power.lose() == 1 and (disk / "closed").read_bytes() == b""
    os.close(again)
    kept = wrote(disk / "closed", b"kept")
    await power.detach()
    os.close(kept)
    assert (disk / "closed").read_bytes() == b"kept", "it was not asked to lose anything"


async def unasked(environment: Local, folder: Path) -> None:
    """A write that is not synced for a while is written back, with all others at once."""
    disk = folder / "disk"
    disk.mkdir()
    power = Volume(disk, folder / "log", write_back=0.2)
    await power.attach()
    files = [wrote(disk / name, b"kept") for name in ("a", "b")]
    (disk / "b").rename(disk / "c")
    await asyncio.sleep(1)
    for file in files:
        os.close(file)
    await power.lose()
    assert [(disk / name).read_bytes() for name in ("a", "c")] == [b"kept", b"kept"]
    await power.detach()


async def names(environment: Local, folder: Path) -> None:
    """Check that names survive at once, and that everything that programs do with them works."""
    disk = folder / "disk"
    disk.mkdir()
    power = Volume(disk, folder / "log", write_back=1000)
    await power.attach()
    (disk / "a" / "b").mkdir(parents=True)
    file = wrote(disk / "a" / "new", b"kept")
    os.fsync(file)
    (disk / "a" / "new").rename(disk / "a" / "b" / "moved")
    os.link(disk / "a" / "b" / "moved", disk / "twin")
    (disk / "sign").symlink_to("a/b")
    os.mkfifo(disk / "pipe")
    os.close(wrote(disk / "gone", b"x"))
    unlinked = wrote(disk / "unlinked", b"still readable")
    (disk / "unlinked").unlink()
    assert os.pread(unlinked, 99, 0) == b"still readable"
    (disk / "gone").unlink()
    over = wrote(disk / "over", b"old")
    os.fsync(over)
    temporary = wrote(disk / "over.tmp", b"new, not synced")
    (disk / "over.tmp").rename(disk / "over")
    with pytest.raises(OSError, match="not empty"):
        (disk / "a").rmdir()
    with pytest.raises(FileExistsError):
        os.open(disk / "twin", FLAGS | os.O_EXCL)
    (disk / "twin").chmod(0o600)
    os.utime(disk / "twin", (1, 2))
    for number in range(500):
        (disk / "a" / f"{number}").touch()
    assert len(list((disk / "a").iterdir())) == 501
    for handle in (file, unlinked, over, temporary):
        os.close(handle)

    await power.lose()
    assert sorted(path.name for path in disk.iterdir()) == ["a", "over", "pipe", "sign", "twin"]
    assert (disk / "twin").read_bytes() == (disk / "sign" / "moved").read_bytes() == b"kept"
    assert (disk / "twin").stat().st_mode & 0o777 == 0o600
    assert (disk / "twin").stat().st_mtime == 2
    assert (disk / "over").read_bytes() == b"", "what was renamed over it was never synced"
    assert len(list((disk / "a").iterdir())) == 501
    await power.detach()
    assert not os.path.ismount(disk)


async def nodes(environment: Local, folder: Path) -> None:
    """Lose power in a cluster: killed, robbed, started again when healed; beside other faults."""
    cluster = await environment.up(chatters(), NAMES, folder, {PowerLoss})
    n1, n2, _ = cluster.nodes
    assert isinstance(await ask(n1, "sync"), float)
    (n2.place.folder / "unsynced").write_bytes(b"x" * 10)
    loss = await cluster.inject(PowerLoss(("n1", "n2")))
    assert not n1.running and not n2.running
    assert await loss.heal() == {"processes_killed": 2, "writes_lost": 1}
    for node in (n1, n2):
        await ready(node)
    assert (n1.place.folder / "data").stat().st_size == 100
    assert (n2.place.folder / "unsynced").stat().st_size == 0

    (n1.place.folder / "unsynced").write_bytes(b"x" * 10)
    kill = await cluster.inject(Kill(("n1",)))
    await kill.heal()
    assert (n1.place.folder / "unsynced").stat().st_size == 10, "a kill takes nothing"
    full = await cluster.inject(FillDisk(("n1",), room_kb=8))
    await ready(n1)
    said = [await ask(n1, "sync") for _ in range(200)]
    assert said.count(os.strerror(errno.ENOSPC)) > 20 and isinstance(said[0], float)
    assert await full.heal() == {"disks_filled": 1}
    await ready(n1)
    flip = await cluster.inject(FlipBits(("n1",), bits=3, seed=5))
    await flip.heal()
    before = (n1.place.folder / "data").read_bytes()
    loss = await cluster.inject(PowerLoss(("n1",)))
    assert (n1.place.folder / "data").read_bytes() == before, "damage is durable"
    await loss.heal()
    await cluster.down()
    assert not os.path.ismount(n1.place.folder)


async def unprepared(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    assert not os.path.ismount(cluster.nodes[0].place.folder), "nobody pays for what he did not ask for"
    with pytest.raises(InfrastructureError, match="not prepared"):
        await cluster.inject(PowerLoss(("n1",)))
    await cluster.down()


async def ready(node: RealNode) -> None:
    await node.wait_ready(asyncio.get_running_loop().time() + 20)


@pytest.mark.parametrize("scenario", [contents, unasked, names, nodes, unprepared])
def test_power_loss(tmp_path: Path, scenario: Callable[..., object]) -> None:
    run_inside(scenario, tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user runs the test above")
@pytest.mark.parametrize("mode", ["0666", "0600"])
def test_power_loss_as_an_ordinary_user(tmp_path: Path, mode: str) -> None:
    """Lose power behind a device node of our own, as the machine's may be closed to users."""
    scenario = nodes if mode == "0666" else refused
    command = command_inside(scenario, tmp_path, user=True)
    script = f'mknod -m {mode} "$0/fuse" c 10 229 && mount --bind "$0/fuse" /dev/fuse && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, str(tmp_path), *command],
        capture_output=True, text=True, check=False, timeout=200, env=variables(),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


async def refused(environment: Local, folder: Path) -> None:
    inability = environment.unsupported(PowerLoss, chatters())
    assert inability is not None
    assert "/dev/fuse cannot be opened (Permission denied): have root allow it" in inability.reason
