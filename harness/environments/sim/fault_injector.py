"""How is an injection carried out in the simulator? One function per kind: it does the harm at once and returns what
undoes it and tells the bite.

Injections overlap freely: each counts its own bite and heals only itself. So a node stays down while any kill of it is
in force, and stopped while any pause is. The trap: a pause stops the process, not the node; one that is killed and
started again runs.
"""

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from splitbrain.harness.environments.sim.clock import Skew
from splitbrain.harness.environments.sim.disk import Failure, Filling, Slowness
from splitbrain.harness.environments.sim.network import Cutting, Impairing, Network
from splitbrain.harness.environments.sim.node import SimNode
from splitbrain.harness.environments.sim.node_down import down, restart
from splitbrain.harness.environments.sim.scheduler import MILLISECOND, nanoseconds
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import (
    Bite,
    ChangeMembers,
    Compact,
    Cut,
    Defragment,
    FailDisk,
    FillDisk,
    FlipBits,
    Flush,
    Impair,
    Injection,
    Kill,
    Link,
    Pause,
    PowerLoss,
    Repair,
    SkewAllClocks,
    SkewClock,
    SlowDisk,
    Stop,
    TruncateFile,
    Upgrade,
)


@dataclass
class SimInjection:
    """Harm in force. A second `heal` undoes nothing and tells the same bite."""

    undo: Callable[[], Bite]
    bite: Bite | None = None

    async def heal(self) -> Bite:
        """Undo exactly this, and tell what it did."""
        if self.bite is None:
            self.bite = self.undo()
        return self.bite


class FaultInjector:
    """Where harm is done: the nodes and links of one cluster."""

    def __init__(self, nodes: Sequence[SimNode], network: Network) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._network = network

    def inject(self, injection: Injection) -> SimInjection:
        """Do harm. UsageError for a node that is not there, and for values that make no sense here."""
        match injection:
            case Cut():
                undo = self._cut(injection)
            case Impair():
                undo = self._impair(injection)
            case Kill() | Stop() | PowerLoss() | FlipBits() | TruncateFile():
                undo = down(injection, self._find(injection.nodes))
            case Pause():
                undo = self._pause(injection)
            case SkewClock() | SkewAllClocks():
                undo = self._skew(injection)
            case SlowDisk():
                undo = self._slow(injection)
            case FailDisk():
                undo = self._fail(injection)
            case FillDisk():
                undo = self._fill(injection)
            case Compact() | Defragment() | Flush() | Repair() | ChangeMembers() | Upgrade():
                raise UsageError(f"simulated nodes cannot be asked for it: {injection}")
        return SimInjection(undo)

    def _cut(self, injection: Cut) -> Callable[[], Bite]:
        cutting = Cutting()
        self._check_links(injection.links)
        cuts = [self._network.link(link).cuts for link in dict.fromkeys(injection.links)]
        for on_link in cuts:
            on_link.append(cutting)

        def undo() -> Bite:
            for on_link in cuts:
                on_link.remove(cutting)
            return {"messages_dropped": cutting.dropped}

        return undo

    def _impair(self, injection: Impair) -> Callable[[], Bite]:
        if injection.rate_kbit:
            raise UsageError(
                "the simulator cannot limit bandwidth: leave `rate_kbit` at 0, or choose another environment"
            )
        impairing = Impairing(injection)
        self._check_links(injection.links)
        impairs = [self._network.link(link).impairs for link in dict.fromkeys(injection.links)]
        for on_link in impairs:
            on_link.append(impairing)

        def undo() -> Bite:
            for on_link in impairs:
                on_link.remove(impairing)
            did = {
                "messages_delayed": (impairing.delayed, injection.delay_ms or injection.jitter_ms),
                "messages_dropped": (impairing.dropped, injection.loss),
                "messages_duplicated": (impairing.duplicated, injection.duplicate),
                "messages_reordered": (impairing.reordered, injection.reorder),
                "messages_corrupted": (impairing.corrupted, injection.corrupt),
            }
            return {name: times for name, (times, asked) in did.items() if asked}

        return undo

    def _pause(self, injection: Pause) -> Callable[[], Bite]:
        nodes = self._find(injection.nodes)
        stopped = [(node.process, node.machine.kernel.now) for node in nodes if node.process is not None]
        for process, _ in stopped:
            process.stop()
        kernel = nodes[0].machine.kernel if nodes else None

        def undo() -> Bite:
            paused = 0
            for process, since in stopped:
                assert kernel is not None
                paused += (kernel.now if process.alive else process.death) - since
                process.proceed()
            return {"paused_ms": paused / MILLISECOND}

        return undo

    def _skew(self, injection: SkewClock | SkewAllClocks) -> Callable[[], Bite]:
        skew = Skew(nanoseconds(injection.offset_ms), injection.rate)
        if isinstance(injection, SkewAllClocks):
            skew.monotonic_rate = injection.monotonic_rate
        else:
            skew.strobe = nanoseconds(injection.strobe_ms)
        if skew.rate < 0 or skew.monotonic_rate <= 0 or skew.strobe < 0:
            raise UsageError(f"the rate of a clock has to be above 0 (a wall clock's may be 0): {injection}")
        (node,) = self._find((injection.node,))
        node.machine.clock.add(skew)
        _replan(node)

        def undo() -> Bite:
            node.machine.clock.remove(skew)
            _replan(node)
            return {"skew_ms": skew.seen_ms}

        return undo

    def _slow(self, injection: SlowDisk) -> Callable[[], Bite]:
        disks = [node.machine.disk for node in self._find(injection.nodes)]
        slowness = Slowness(nanoseconds(injection.delay_ms))
        for disk in disks:
            disk.slow.append(slowness)

        def undo() -> Bite:
            for disk in disks:
                disk.slow.remove(slowness)
            return {"syncs_delayed": slowness.syncs_delayed}

        return undo

    def _fail(self, injection: FailDisk) -> Callable[[], Bite]:
        number = getattr(errno, injection.errno, None)
        if not isinstance(number, int):
            raise UsageError(f"there is no errno named {injection.errno!r}; try EIO or ENOSPC")
        nodes = self._find(injection.nodes)
        failure = Failure(number)
        for node in nodes:
            node.machine.disk.failing.append(failure)

        def undo() -> Bite:
            for node in nodes:
                node.machine.disk.failing.remove(failure)
            restart(nodes)
            return {"calls_failed": failure.calls_failed}

        return undo

    def _fill(self, injection: FillDisk) -> Callable[[], Bite]:
        if injection.room_kb < 0:
            raise UsageError(f"a disk has no room below 0: {injection}")
        nodes = self._find(injection.nodes)
        fillings = [Filling(round(injection.room_kb * 1024)) for _ in nodes]
        for node, filling in zip(nodes, fillings, strict=True):
            node.machine.disk.filling.append(filling)

        def undo() -> Bite:
            for node, filling in zip(nodes, fillings, strict=True):
                node.machine.disk.filling.remove(filling)
            restart(nodes)
            return {"disks_filled": sum(filling.writes_refused > 0 for filling in fillings)}

        return undo

    def _find(self, names: Sequence[str]) -> list[SimNode]:
        self._check_nodes(names)
        return [self._nodes[name] for name in dict.fromkeys(names)]

    def _check_links(self, links: Sequence[Link]) -> None:
        self._check_nodes([name for link in links for name in link])

    def _check_nodes(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self._nodes:
                raise UsageError(f"there is no node {name!r} to hurt; there are {', '.join(self._nodes)}")


def _replan(node: SimNode) -> None:
    if node.process is not None:
        node.process.plan_timers_anew()
