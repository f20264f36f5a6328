"""Full disks: the node's folder is moved onto a small file system in memory, and back at the heal.

Unlike errors that are injected into calls, this hits every way to write: a new file, a longer one, a hole that is
filled. Pitfall: open files cannot be moved, so the node is killed and started again for it, twice.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from splitbrain.harness.environments.linux.tools import LocalShell
from splitbrain.harness.environments.real.pid_node import PidNode
from splitbrain.harness.injection import Bite, FillDisk

LOOK_SECONDS = 0.05
BLOCK = 4096


@dataclass
class ActiveFullDisk:
    """Nodes that live on small disks."""

    nodes: Sequence[PidNode]
    injection: FillDisk
    _filled: set[str] = field(init=False, default_factory=set)
    _moved: list[PidNode] = field(init=False, default_factory=list)
    _looking: "asyncio.Task[None] | None" = field(init=False, default=None)

    async def inject(self) -> None:
        try:
            await asyncio.gather(*(self._onto(node) for node in self.nodes))
        except BaseException:
            await self._back_all()
            raise
        self._looking = asyncio.get_running_loop().create_task(self._look())

    async def heal(self) -> Bite:
        self._see()
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
        await self._back_all()
        return {"disks_filled": len(self._filled)}

    async def _onto(self, node: PidNode) -> None:
        folder, aside = node.place.folder, _aside(node)
        async with _down(node):
            folder.rename(aside)
            folder.mkdir()
            # Size 0 would mean: no limit.
            size = max(BLOCK, used(aside) + round(self.injection.room_kb * 1024 / BLOCK) * BLOCK)
            await LocalShell()(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)])
            self._moved.append(node)
            await asyncio.to_thread(shutil.copytree, aside, folder, dirs_exist_ok=True, symlinks=True)
        if not node.holders:
            await node.start()

    async def _back_all(self) -> None:
        moved, self._moved = self._moved, []
        await asyncio.gather(*(self._back(node) for node in moved))

    async def _back(self, node: PidNode) -> None:
        folder, aside = node.place.folder, _aside(node)
        async with _down(node):
            await asyncio.to_thread(shutil.rmtree, aside)
            await asyncio.to_thread(shutil.copytree, folder, aside, symlinks=True)
            await LocalShell()(["umount", str(folder)])
            folder.rmdir()
            aside.rename(folder)

    async def _look(self) -> None:
        while True:
            self._see()
            await asyncio.sleep(LOOK_SECONDS)

    def _see(self) -> None:
        self._filled.update(node.name for node in self._moved if os.statvfs(node.place.folder).f_bavail == 0)


@contextlib.asynccontextmanager
async def _down(node: PidNode) -> AsyncIterator[None]:
    """Context in which the node is dead, and nobody starts it; its folder is the disk itself."""
    node.holders += 1
    try:
        await node.end()
        if node.volume is not None:
            await node.volume.detach()
        yield
        if node.volume is not None:
            await node.volume.attach()
    finally:
        node.holders -= 1


def _aside(node: PidNode) -> Path:
    return node.place.folder.with_name(node.place.folder.name + ".aside")


def used(folder: Path) -> int:
    """The space that the files below a folder take on such a file system, in bytes."""
    sizes = [(Path(place) / name).lstat().st_size for place, _, names in os.walk(folder) for name in names]
    return sum(-(-size // BLOCK) * BLOCK for size in sizes)
