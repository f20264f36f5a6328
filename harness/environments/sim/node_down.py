"""Simulated nodes that are down until they are healed: killed, stopped in peace, without power, with a damaged disk, or
killed again and again.

Pitfall: several injections may hold one node down, and it starts only when the last of them is healed; so a loop of
restarts starts nodes that nothing else holds.
"""

from collections.abc import Callable, Sequence

from splitbrain.harness.environments.sim.node import SimNode
from splitbrain.harness.environments.sim.scheduler import nanoseconds
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Bite, FlipBits, Kill, NodeDown, PowerLoss, Stop, TruncateFile


def down(injection: NodeDown, nodes: Sequence[SimNode]) -> Callable[[], Bite]:
    """Bring nodes down; returns what lets them come up again and tells the bite."""
    for node in nodes:
        node.kills_in_force += 1
    tell = _taken_down(injection, nodes)

    def undo() -> Bite:
        bite = tell()
        for node in nodes:
            node.kills_in_force -= 1
        restart(nodes)
        return bite

    return undo


def restart(nodes: Sequence[SimNode]) -> None:
    """Start those that are dead, and that no injection keeps down."""
    for node in nodes:
        if not node.kills_in_force:
            node.start_now()


def _taken_down(injection: NodeDown, nodes: Sequence[SimNode]) -> Callable[[], Bite]:
    match injection:
        case Kill():
            return _kill(injection, nodes)
        case Stop():
            stopped = _end(nodes, asked=True)
            return lambda: {"processes_stopped": stopped}
        case PowerLoss():
            lost = sum(node.machine.disk.lose_power() for node in nodes)
            killed = sum(node.kill_now() for node in nodes)
            return lambda: {"processes_killed": killed, "writes_lost": lost}
        case FlipBits():
            _end(nodes, injection.asked)
            flipped = sum(node.machine.disk.flip(node.name, injection) for node in nodes)
            return lambda: {"bits_flipped": flipped}
        case TruncateFile():
            _end(nodes, injection.asked)
            cut = sum(node.machine.disk.shorten(node.name, injection) for node in nodes)
            return lambda: {"bytes_cut": cut}


def _end(nodes: Sequence[SimNode], asked: bool) -> int:
    """Take nodes down, and write back what is not synced of those that were asked to end. How many were running."""
    for node in nodes:
        if asked and node.running:
            node.machine.disk.write_back()
    return sum(node.kill_now() for node in nodes)


def _kill(injection: Kill, nodes: Sequence[SimNode]) -> Callable[[], Bite]:
    if injection.restarts < 0 or injection.down_ms <= 0 or injection.up_ms <= 0:
        raise UsageError(f"a node comes up no less than never, and after a time above 0: {injection}")
    killed = sum(node.kill_now() for node in nodes)
    healed = False
    down_ns, up_ns = nanoseconds(injection.down_ms), nanoseconds(injection.up_ms)

    def come_up(left: int) -> None:
        if healed or not left:
            return
        for node in nodes:
            if node.kills_in_force == 1:
                node.start_now()
        kernel.at(kernel.now + up_ns, fall, (left,))

    def fall(left: int) -> None:
        nonlocal killed
        if healed:
            return
        killed += sum(node.kill_now() for node in nodes)
        kernel.at(kernel.now + down_ns, come_up, (left - 1,))

    if nodes and injection.restarts:
        kernel = nodes[0].machine.kernel
        kernel.at(kernel.now + down_ns, come_up, (injection.restarts,))

    def tell() -> Bite:
        nonlocal healed
        healed = True
        return {"processes_killed": killed}

    return tell
