"""How is a node of this machine remade? Its folder emptied down to what the harness gives it, its place or version
another from its next start on; see `harness.reconfiguring`."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.real.node import RealNode


@dataclass(frozen=True)
class HostedMember:
    """See `harness.reconfiguring.member.Member`. lay_out: writes what the harness gives a node into its folder."""

    node: RealNode
    lay_out: Callable[[RealNode], None]

    @property
    def place(self) -> Place:
        return self.node.place

    @property
    def running(self) -> bool:
        return self.node.running

    @property
    def holders(self) -> int:
        return self.node.killers

    @property
    def outdated(self) -> bool:
        return self.node.deployment.upgraded is not None

    async def hold(self) -> None:
        self.node.killers += 1
        self.node.expect_end()

    async def let_go(self) -> None:
        self.node.killers -= 1

    async def stop(self, seconds: float) -> None:
        await self.node.stop(seconds)

    async def start(self) -> None:
        await self.node.start()

    async def remake(self, place: Place, *, upgraded: bool = False, empty: bool = False) -> None:
        if empty:
            await asyncio.to_thread(_emptied, place.folder)
        deployment = self.node.deployment.upgraded if upgraded else None
        await self.node.remake(place, deployment or self.node.deployment)
        if empty:
            self.lay_out(self.node)


def _emptied(folder: Path) -> None:
    """The folder itself stays: something may be mounted on it."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
