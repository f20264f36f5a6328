"""Slow and failing disks: all faults in force on one node go through one tracing session.

A session is made anew when a fault comes or goes, after each start, and, while writes fail, when the node has made a
new file. Pitfall: a session counts calls, not which fault they met, so its counts go to every fault that was in force.
"""

import asyncio
import contextlib
import errno
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.environments.linux.tracing import SyscallFaults, Tracing, files_in
from splitbrain.harness.environments.real.pid_node import PidNode
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Bite
from splitbrain.harness.runtime.temporary import TEMPORARY

LOOK_SECONDS = 0.2
LAST_WORDS_SECONDS = 0.5


@dataclass(eq=False)
class DiskTrouble:
    """One injection's share: so much delay, or an error."""

    delay_us: int = 0
    errno: str = ""
    delayed: int = 0
    failed: int = 0


class NodeDisk:
    """The disk of one node."""

    def __init__(self, node: PidNode, folder: Path) -> None:
        self._node = node
        self._folder = folder
        self._troubles: list[DiskTrouble] = []
        self._session: Tracing | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def add(self, trouble: DiskTrouble) -> None:
        """One fault more."""
        if not self._troubles:
            self._node.persistent_faults.append(self)
            self._keeper = asyncio.get_running_loop().create_task(self._keep())
        await self._change([*self._troubles, trouble])

    async def remove(self, trouble: DiskTrouble) -> None:
        """Take a fault back, with its counts brought up to date."""
        await self._change([other for other in self._troubles if other is not trouble])
        if not self._troubles:
            self._node.persistent_faults.remove(self)
            if self._keeper is not None and not self._keeper.cancel():
                self._keeper.result()

    async def reapply(self, node: PidNode) -> None:
        await self._change(self._troubles)

    async def close(self) -> None:
        """Detach for good. Safe to call twice."""
        if self._keeper is not None:
            self._keeper.cancel()
        await self._change([])

    async def _change(self, troubles: list[DiskTrouble]) -> None:
        async with self._turn:
            if self._session is not None:
                delayed, failed = await self._session.stop()
                self._session = None
                for trouble in self._troubles:
                    trouble.delayed += delayed if trouble.delay_us else 0
                    trouble.failed += failed if trouble.errno else 0
            self._troubles = troubles
            pids = self._node.pids()
            if troubles and pids:
                session = Tracing(self._faults(), self._folder)
                self._session = session
                await session.start(pids)

    def _faults(self) -> SyscallFaults:
        errors = [trouble.errno for trouble in self._troubles if trouble.errno]
        return SyscallFaults(
            sum(trouble.delay_us for trouble in self._troubles), errors[0] if errors else "", self._files(errors)
        )

    def _files(self, errors: list[str]) -> tuple[str, ...]:
        if not errors:
            return ()
        files = files_in(self._node.place.folder)
        # Own stores replace a file by way of a neighbour, which is there for a moment only.
        return files + tuple(file + TEMPORARY for file in files if not file.endswith(TEMPORARY))

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            session = self._session
            if session is not None and session.attached and session.faults != self._faults():
                await self._change(self._troubles)


@dataclass
class ActiveDiskFault:
    """Slow or failing disks of some nodes."""

    shares: list[tuple[NodeDisk, DiskTrouble]]
    counter: str

    async def inject(self) -> None:
        try:
            await asyncio.gather(*(disk.add(trouble) for disk, trouble in self.shares))
        except BaseException:
            # What went wrong first is told; whatever this adds to it is a consequence.
            with contextlib.suppress(Exception):
                await self.heal()
            raise

    async def heal(self) -> Bite:
        await asyncio.gather(*(disk.remove(trouble) for disk, trouble in self.shares))
        if any(trouble.failed for _, trouble in self.shares):
            # Who was told of an error just now is about to end, and has to be seen to have ended.
            await asyncio.sleep(LAST_WORDS_SECONDS)
        return {self.counter: sum(trouble.delayed + trouble.failed for _, trouble in self.shares)}


def known(name: str) -> str:
    """The name of an errno; UsageError if there is none of that name."""
    if name not in errno.errorcode.values():
        raise UsageError(f"there is no errno named {name!r}; try EIO or ENOSPC")
    return name
