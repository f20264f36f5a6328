"""Skewed clocks. All skews in force add up to one line, set in every process of the node: in its vDSO, or
on other machines than x86-64 by libfaketime, for which a node has to be started with it.

A process that the node starts later, or turns into by exec, begins with the true clock, so a keeper looks every 50 ms
and sets it again. Taking a skew back makes the wall clock true at once; the monotonic clock never steps back, so what
it gained or lost stays. Pitfall: some runtimes wait until an absolute time of the monotonic clock, which the kernel
measures by the true one, so its rate is changed only where the deployment says that all waits are relative: see
`unsupported`.
"""

import asyncio
import contextlib
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from splitbrain.harness.deployment import Served
from splitbrain.harness.environments.linux import faketime, namespaces, processes, vdso
from splitbrain.harness.environments.linux.faketime import ClockFile
from splitbrain.harness.environments.linux.tools import LocalShell
from splitbrain.harness.environments.linux.vdso import ClockLine, ProcessClock
from splitbrain.harness.environments.real.pid_node import PidNode
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.injection import Bite, SkewAllClocks, SkewClock

KEEPER_SECONDS = 0.05
EXEC_SECONDS = 2.0
MARGIN_NS = 100_000_000
"""The time that it may take until a change reaches a process. A monotonic clock that is slowed down, or was fast, is
given so much, as it must not step back."""
ANSWER_SECONDS = 2.0
LAUNCHER = "nsenter"

MONOTONIC_IN_THE_VDSO = "monotonic clocks of processes can be changed on x86-64 only, in their vDSO: use --env sim"
ONLY_PROCESSES = "on this kind of machine clocks are skewed by a library that is loaded into processes: use --env local"


class Means(Enum):
    """The means by which clocks are skewed."""

    VDSO = "vdso"
    LIBRARY = "faketime"


def choose(system: str, machine: str) -> Means | None:
    """The means on a kind of machine, as Python names it ("linux", "aarch64"); None on other systems than Linux."""
    if system != "linux":
        return None
    return Means.VDSO if machine == "x86_64" else Means.LIBRARY


def means() -> Means | None:
    """The means on this machine."""
    return choose(sys.platform, platform.machine())


@dataclass(frozen=True)
class NodeSkew:
    """One injection's share of a node's deviation. strobe: the wall clock's share comes and goes, each for so many
    nanoseconds of the true monotonic clock from `begun` on; 0: it stays."""

    wall: ClockLine
    monotonic: ClockLine
    strobe: int = 0
    begun: int = 0

    def shown(self) -> ClockLine:
        """The wall clock's share at this moment."""
        absent = self.strobe and (time.monotonic_ns() - self.begun) // self.strobe % 2
        return vdso.TRUE if absent else self.wall


class NodeClock:
    """The clocks of one node."""

    def __init__(self, node: PidNode) -> None:
        self._node = node
        self._skews: list[NodeSkew] = []
        self._left = 0
        """Nanoseconds by which healed skews have moved the monotonic clock."""
        self._keeper: asyncio.Task[None] | None = None

    def add(self, skew: NodeSkew) -> int:
        """NodeSkew the clock; how many processes that reached."""
        if not self._skews:
            self._node.persistent_faults.append(self)
            self._keeper = asyncio.get_running_loop().create_task(self._keep())
        self._skews.append(skew)
        return self.apply()

    def remove(self, skew: NodeSkew) -> None:
        """Take a skew back."""
        self._skews.remove(skew)
        now = time.monotonic_ns()
        self._left += skew.monotonic.at(now + (MARGIN_NS if skew.monotonic.slope > 0 else 0))
        self.apply()
        if not self._skews:
            self._node.persistent_faults.remove(self)
            if self._keeper is not None and not self._keeper.cancel():
                # It cannot have ended but by an error, which says that some process had a true clock.
                self._keeper.result()

    def apply(self) -> int:
        """Set the lines in every process that does not have them yet; how many have them now."""
        wall, monotonic = self._lines()
        reached = 0
        pids, file = self._node.pids(), self._node.clock_file
        for pid in pids:
            # It may end meanwhile.
            with contextlib.suppress(OSError):
                if file is None:
                    reached += _set(pid, wall, monotonic)
                else:
                    if pid == self._node.main_pid():
                        file.set(wall, faketime.begun(pid))
                    reached += faketime.reaches(pid)
        return reached

    async def reapply(self, node: PidNode) -> None:
        """Set the clock of a process that was started, as soon as it is the server and no longer what launches it."""
        deadline = time.monotonic() + EXEC_SECONDS
        while not self.apply() and node.running and time.monotonic() < deadline:
            await asyncio.sleep(0.001)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEPER_SECONDS)
            self.apply()

    def _lines(self) -> tuple[ClockLine, ClockLine]:
        wall = _sum([skew.shown() for skew in self._skews])
        monotonic = _sum([skew.monotonic for skew in self._skews])
        return wall, ClockLine(monotonic.offset + self._left, monotonic.reference, monotonic.slope)


def _sum(lines: list[ClockLine]) -> ClockLine:
    """The same deviation as that of all lines together. Its reference is the last one's, so that it does not change
    while they do not."""
    reference = max((line.reference for line in lines), default=0)
    return ClockLine(sum(line.at(reference) for line in lines), reference, sum(line.slope for line in lines))


def _set(pid: int, wall: ClockLine, monotonic: ClockLine) -> bool:
    if Path(f"/proc/{pid}/exe").readlink().name == LAUNCHER:
        return False
    clock = ProcessClock(pid)
    try:
        if [line.packed() for line in clock.lines()] != [wall.packed(), monotonic.packed()]:
            clock.set(wall, monotonic)
    finally:
        clock.close()
    return True


@dataclass
class ActiveClockSkew:
    """One skew of one node's clock."""

    node: PidNode
    clock: NodeClock
    deployment: Served
    injection: SkewClock | SkewAllClocks
    _skew: NodeSkew = field(init=False)
    _seen_ms: float = 0.0

    async def inject(self) -> None:
        injection, now = self.injection, time.monotonic_ns()
        if isinstance(injection, SkewAllClocks):
            monotonic_rate, strobe_ms = injection.monotonic_rate, 0.0
        else:
            monotonic_rate, strobe_ms = 1.0, injection.strobe_ms
        if injection.rate < 0 or monotonic_rate <= 0 or strobe_ms < 0:
            raise UsageError(f"a clock's rate has to be above 0 (a wall clock's may be 0): {injection}")
        self._skew = NodeSkew(
            ClockLine(round(injection.offset_ms * 1e6), time.time_ns(), injection.rate - 1),
            ClockLine(0, now + (MARGIN_NS if monotonic_rate < 1 else 0), monotonic_rate - 1),
            round(strobe_ms * 1e6),
            now,
        )
        self.clock.add(self._skew)
        await self._look()

    async def heal(self) -> Bite:
        await self._look()
        self.clock.remove(self._skew)
        return {"skew_ms": self._seen_ms}

    async def _look(self) -> None:
        """See how far the node is off: as it says itself where it can be asked, else as set in its processes."""
        if not self.node.running:
            return
        ask = self.deployment.read_clock
        if ask is None:
            deviation = self._skew.shown().at(time.time_ns()) if self.clock.apply() else 0
        else:
            try:
                before = time.time_ns()
                told = await asyncio.wait_for(ask(self.node.place), ANSWER_SECONDS)
                deviation = told - (before + time.time_ns()) // 2
            except OSError:  # It is cut off, stopped or down: seen at another time, if ever.
                return
        monotonic = self._skew.monotonic.at(time.monotonic_ns())
        self._seen_ms = max(self._seen_ms, abs(deviation) / 1e6, abs(monotonic) / 1e6)


async def prepare(nodes: Sequence[PidNode], folder: Path) -> None:
    """Prepare the skewing of clocks, before the nodes are started. folder: for files of ours."""
    library = faketime.library()
    if means() is not Means.LIBRARY or library is None or not namespaces.inside():
        return
    await LocalShell()(["mount", "-t", "tmpfs", "tmpfs", faketime.SHARED_MEMORY])
    for node in nodes:
        node.clock_file = ClockFile(folder / f"{node.name}.faketime", library)
        node.clock_file.set(vdso.TRUE, 0)


def prepared(node: PidNode) -> None:
    """Check a node when it is ready. InfrastructureError if its clock is out of reach."""
    if node.clock_file is not None and not NodeClock(node).apply():
        raise InfrastructureError(
            f"the clock of {node.name} cannot be skewed: {faketime.NAME} is not loaded into it, as into no program "
            "that is linked statically; leave the fault out, or use an x86-64 machine, or --env sim"
        )


def unable() -> str | None:
    """The reason that clocks cannot be skewed here, found by trying on a process of our own; None if they can."""
    if means() is Means.LIBRARY:
        with tempfile.TemporaryDirectory() as folder:
            return faketime.unable(Path(folder))
    reason = vdso.unsupported()
    if reason is not None:
        return reason
    try:
        with processes.example() as pid:
            _set(pid, ClockLine(10**9), vdso.TRUE)
    except (OSError, InfrastructureError) as error:
        return f"clocks of processes cannot be skewed here: {error}"
    return None
