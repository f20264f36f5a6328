"""Faults of simulated machines: of their processes, clocks and disks."""

import errno
from collections.abc import Callable, Mapping
from typing import Any

from splitbrain.harness.environments.sim.clock import Skew
from splitbrain.harness.environments.sim.disk import Failure, Faking, Filling, Slowness
from splitbrain.harness.environments.sim.fault_site import FaultSite, Undo
from splitbrain.harness.environments.sim.node import SimNode
from splitbrain.harness.environments.sim.node_down import down, restart
from splitbrain.harness.environments.sim.scheduler import MILLISECOND, nanoseconds
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import (
    CLOCK_READS,
    Bite,
    FailDisk,
    FakeSync,
    FillDisk,
    FlipBits,
    Kill,
    NodeDown,
    Pause,
    PowerLoss,
    SkewAllClocks,
    SkewClock,
    SlowDisk,
    Stop,
    TruncateFile,
)


def node_down(injection: NodeDown, site: FaultSite) -> Undo:
    """Keep nodes down."""
    return down(injection, site.nodes(injection.nodes))


def pause(injection: Pause, site: FaultSite) -> Undo:
    """Stop processes without killing them."""
    kernel = site.kernel
    stopped = [(node.process, kernel.now) for node in site.nodes(injection.nodes) if node.process is not None]
    for process, _ in stopped:
        process.stop()

    def undo() -> Bite:
        paused = 0
        for process, since in stopped:
            paused += (kernel.now if process.alive else process.death) - since
            process.proceed()
        return {"paused_ms": paused / MILLISECOND}

    return undo


def skew(injection: SkewClock | SkewAllClocks, site: FaultSite) -> Undo:
    """Make a node's clocks wrong."""
    deviation = Skew(nanoseconds(injection.offset_ms), injection.rate)
    if isinstance(injection, SkewAllClocks):
        deviation.monotonic_rate = injection.monotonic_rate
    else:
        deviation.strobe = nanoseconds(injection.strobe_ms)
    if deviation.rate < 0 or deviation.monotonic_rate <= 0 or deviation.strobe < 0:
        raise UsageError(f"the rate of a clock has to be above 0 (a wall clock's may be 0): {injection}")
    (node,) = site.nodes((injection.node,))
    node.machine.clock.add(deviation)
    _replan(node)

    def undo() -> Bite:
        node.machine.clock.remove(deviation)
        _replan(node)
        read = {CLOCK_READS: deviation.reads} if isinstance(injection, SkewClock) else {}
        return {"skew_ms": deviation.seen_ms, **read}

    return undo


def slow_disk(injection: SlowDisk, site: FaultSite) -> Undo:
    """Make syncs take longer."""
    disks = [node.machine.disk for node in site.nodes(injection.nodes)]
    slowness = Slowness(nanoseconds(injection.delay_ms))
    for disk in disks:
        disk.slow.append(slowness)

    def undo() -> Bite:
        for disk in disks:
            disk.slow.remove(slowness)
        return {"syncs_delayed": slowness.syncs_delayed}

    return undo


def fake_sync(injection: FakeSync, site: FaultSite) -> Undo:
    """Let disks say that a sync is done when it is not, until they lose their power."""
    nodes = site.nodes(injection.nodes)
    faking = Faking()
    for node in nodes:
        node.machine.disk.begin_faking(faking)

    def undo() -> Bite:
        lost = 0
        for node in nodes:
            lost += node.machine.disk.lose_power()
            node.kill_now()
            node.machine.disk.end_faking(faking)
        restart(nodes)
        return {"syncs_faked": faking.syncs, "writes_lost": lost}

    return undo


def fail_disk(injection: FailDisk, site: FaultSite) -> Undo:
    """Make writes and syncs fail."""
    number = getattr(errno, injection.errno, None)
    if not isinstance(number, int):
        raise UsageError(f"there is no errno named {injection.errno!r}; try EIO or ENOSPC")
    nodes = site.nodes(injection.nodes)
    failure = Failure(number)
    for node in nodes:
        node.machine.disk.failing.append(failure)

    def undo() -> Bite:
        for node in nodes:
            node.machine.disk.failing.remove(failure)
        restart(nodes)
        return {"calls_failed": failure.calls_failed}

    return undo


def fill_disk(injection: FillDisk, site: FaultSite) -> Undo:
    """Leave little room on disks."""
    if injection.room_kb < 0:
        raise UsageError(f"a disk has no room below 0: {injection}")
    nodes = site.nodes(injection.nodes)
    fillings = [Filling(round(injection.room_kb * 1024)) for _ in nodes]
    for node, filling in zip(nodes, fillings, strict=True):
        node.machine.disk.filling.append(filling)

    def undo() -> Bite:
        for node, filling in zip(nodes, fillings, strict=True):
            node.machine.disk.filling.remove(filling)
        restart(nodes)
        return {"disks_filled": sum(filling.writes_refused > 0 for filling in fillings)}

    return undo


HOST_FAULTS: Mapping[type, Callable[[Any, FaultSite], Undo]] = {
    Kill: node_down,
    Stop: node_down,
    PowerLoss: node_down,
    FlipBits: node_down,
    TruncateFile: node_down,
    Pause: pause,
    SkewClock: skew,
    SkewAllClocks: skew,
    SlowDisk: slow_disk,
    FakeSync: fake_sync,
    FailDisk: fail_disk,
    FillDisk: fill_disk,
}
"""The function that carries out each kind."""


def _replan(node: SimNode) -> None:
    if node.process is not None:
        node.process.plan_timers_anew()
