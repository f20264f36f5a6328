"""PidNode: a node whose process ids are seen from here, so that it can be killed, stopped, traced and skewed.

Killing and stopping reach all its processes. One that ends by itself is noticed at once and reported with its last log
lines.

Pitfall: a fault of a process is gone with the process, so a lasting one is registered here (`persistent_faults`), and
applied again after each start.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from splitbrain.harness.deployment import Place, Served
from splitbrain.harness.environment import Death
from splitbrain.harness.environments.linux import processes
from splitbrain.harness.environments.linux.faketime import ClockFile
from splitbrain.harness.environments.linux.volume import Volume
from splitbrain.harness.environments.real.node import ANSWER_SECONDS, RealNode
from splitbrain.harness.errors import InfrastructureError

STOP_SECONDS = 10.0
RESPAWN_SECONDS = 1.0
"""As in the simulator: long enough that a node that ends at each start costs little."""
LAST_LINES = 20
TAIL_BYTES = 8192
LINE_LENGTH_MAX = 300


@dataclass(frozen=True)
class Ending:
    """The end of a process. words: the middle of the sentence "n2 … by itself". crash: it did not end of its own will;
    whether one that exits with an error crashed tells its log."""

    words: str
    crash: bool = False


class PersistentFault(Protocol):
    """A fault of a node's processes that outlasts them."""

    async def reapply(self, node: "PidNode") -> None:
        """Apply it to the processes that the node has now. Called after every start while it lasts."""


class PidNode(RealNode):
    """One member of a cluster whose processes are seen from here. How it is launched says the subclass."""

    def __init__(self, place: Place, deployment: Served, log: Path, now: Callable[[], int]) -> None:
        super().__init__(place, deployment, log, now)
        self.persistent_faults: list[PersistentFault] = []
        self.pausers = 0
        """The number of pauses that hold it: it goes on when the last one is healed."""
        self.volume: Volume | None = None
        """Its folder as a disk that can lose its power, where the run asks for that."""
        self.clock_file: ClockFile | None = None
        """By which its wall clock is skewed, where that takes a library from its start on."""
        self._ended = asyncio.Event()
        self._ended.set()
        self._how = "ended"
        self._wanted = False
        self._starting = asyncio.Lock()
        self._respawn: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return not self._ended.is_set()

    @abstractmethod
    def pids(self) -> list[int]:
        """All its processes."""

    @abstractmethod
    def main_pid(self) -> int | None:
        """The process that was started; None if it does not run."""

    @abstractmethod
    async def exec_in_node(self, argv: Sequence[str]) -> tuple[int, str]:
        """Run a command in its network, with its files and variables: (exit code, what it said). OSError or
        InfrastructureError if it cannot be run; when this is cancelled, the command is ended or will end with it."""

    async def admin_command(self, argv: Sequence[str]) -> None:
        """Run a command beside it, to its end. InfrastructureError if it fails; the log says why."""
        code, said = await self.exec_in_node(argv)
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
        told = f"`{Path(argv[0]).name} … {' '.join(argv[-2:])}` ended with code {code}: {last[:LINE_LENGTH_MAX]}"
        with self._log.open("a") as log:
            log.write(f"--- splitbrain: {told}\n")
        if code != 0:
            raise InfrastructureError(f"{self.name}: {told}")

    @abstractmethod
    async def launch(self) -> None:
        """Start it: tells `begun`, and `over` as soon as it has ended. InfrastructureError if it cannot be started."""

    def begun(self) -> None:
        """Note that it runs from now on; called by `launch`."""
        self._wanted = True
        self._ended.clear()

    def over(self, ending: Ending) -> None:
        """Note that it has ended, whoever ended it."""
        self._ended.set()
        self._how = ending.words
        if not self._wanted:
            return
        switched_off = self.deployment.switched_off is not None and self.deployment.switched_off(self.place)
        if not switched_off:
            lines, how = self.last_lines(), f"{ending.words} by itself"
            last = f"; its log ends with: {lines[-1][:LINE_LENGTH_MAX]}" if lines and not ending.crash else ""
            self.deaths.append(Death(self.name, self._now(), f"{self.name} {how}{last}", lines, ending.crash, how))
        if (switched_off or self.deployment.respawn) and not self.holders:
            self._respawn = self._later(self._start_again())

    def expect_end(self) -> None:
        """Expect its end: from now on that is no death, until it is started again."""
        self._wanted = False

    def write_files(self) -> None:
        """Write what its deployment puts in its folder."""
        self.place.folder.mkdir(parents=True, exist_ok=True)
        for name, contents in self.deployment.files(self.place).items():
            if name.startswith("/"):
                continue  # not in its folder: it is put there when the node is made
            file = self.place.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents.encode() if isinstance(contents, str) else contents)

    async def hold(self) -> None:
        self.holders += 1
        self.expect_end()

    async def let_go(self) -> None:
        self.holders -= 1

    async def remake(self, place: Place, *, upgraded: bool = False, empty: bool = False) -> None:
        if empty:
            await asyncio.to_thread(_emptied, place.folder)
        await self.become(place, (self.deployment.upgraded if upgraded else None) or self.deployment)
        if empty:
            self.write_files()

    async def become(self, place: Place, deployment: Served) -> None:
        """Let it come to be like this from its next start on, with the folder and the address that it has. Only while
        it is down."""
        self.place, self.deployment = place, deployment

    def _later(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        return asyncio.get_running_loop().create_task(work)

    def last_lines(self, count: int = LAST_LINES) -> tuple[str, ...]:
        """The end of its log."""
        if not self._log.exists():
            return ()
        with self._log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return tuple(file.read().decode(errors="replace").splitlines()[-count:])

    async def start(self) -> None:
        async with self._starting:
            if self.running:
                return
            self.place.folder.mkdir(parents=True, exist_ok=True)
            # Children that outlived the main process would hold its ports.
            await asyncio.to_thread(processes.kill_all, self.pids)
            await self.launch()
            for fault in tuple(self.persistent_faults):
                await fault.reapply(self)

    async def _start_again(self) -> None:
        await asyncio.sleep(RESPAWN_SECONDS)
        if self.holders:
            return
        try:
            await self.start()
        except InfrastructureError as error:
            text = f"{self.name} could not be started again: {error}"
            self.deaths.append(Death(self.name, self._now(), text, self.last_lines()))

    async def kill(self) -> None:
        await self.end()

    async def end(self) -> int:
        """Kill (-9) all its processes; how many there were. Returns when they are gone."""
        self._wanted = False
        killed = await asyncio.to_thread(processes.kill_all, self.pids)
        await self._ended.wait()
        return killed

    async def retire(self) -> None:
        """End it for good: it is not started again."""
        self.holders += 1
        self.persistent_faults.clear()
        if self._respawn is not None:
            self._respawn.cancel()
        await self.end()

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        await self.ask_to_end(seconds)

    async def ask_to_end(self, seconds: float) -> int:
        """See `stop`; how many processes had to be killed."""
        self._wanted = False
        pid = self.main_pid()
        if pid is not None:
            processes.send([pid], signal.SIGTERM)
            processes.send(self.pids(), signal.SIGCONT)
            # What does not end in time is killed, as a supervisor would.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), seconds)
        return await self.end()

    async def pause(self) -> None:
        """Stop all its processes (SIGSTOP). InfrastructureError if one does not stop."""
        await asyncio.to_thread(processes.stop_all, self.pids)

    def resume(self) -> None:
        """Let them go on."""
        processes.send(self.pids(), signal.SIGCONT)

    async def how_it_ended(self) -> str:
        # It may be known a moment later than that it has ended.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._ended.wait()
        return self._how

    async def log_lines(self) -> tuple[str, ...]:
        return self.last_lines()


def ending(code: int) -> Ending:
    """The end of a process, by its exit code; one killed by a signal has that signal's negative number."""
    if code >= 0:
        return Ending(f"exited with code {code}")
    return Ending(f"was killed by {signal.Signals(-code).name}", crash=True)


def _emptied(folder: Path) -> None:
    """Remove what is in a folder; the folder itself stays: something may be mounted on it."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
