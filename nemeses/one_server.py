"""Faults on a target that has one server: what hits a process, its disk or its clock hits that node.

The others pass connections on to it: that one of these dies says nothing of the server.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from splitbrain.harness.fault import Fault, Plan, View
from splitbrain.harness.injection import (
    Compact,
    Defragment,
    FailDisk,
    FakeSync,
    FillDisk,
    FlipBits,
    Flush,
    Injection,
    Kill,
    Pause,
    PowerLoss,
    Repair,
    SkewAllClocks,
    SkewClock,
    SlowDisk,
    Stop,
    TruncateFile,
)
from splitbrain.harness.options import Option
from splitbrain.harness.random_stream import RandomStream

PROCESSES: Sequence[type[Injection]] = (Kill, Pause, Stop, SkewClock, SkewAllClocks, Compact, Defragment, Flush, Repair)
DISKS: Sequence[type[Injection]] = (SlowDisk, FakeSync, FailDisk, PowerLoss, FlipBits, TruncateFile, FillDisk)
OF_SERVERS = frozenset((*PROCESSES, *DISKS))
"""Injections into the process of a node, its disk or its clock; all others are into what nodes and clients send."""


@dataclass(eq=False)
class ServerFault:
    """A fault that sees no node but the server."""

    fault: Fault
    server: str
    name: str
    summary: str
    options: Sequence[Option]
    needs: tuple[type[Injection], ...]
    variants: tuple[str, ...]
    default: bool
    wants_roles: bool = False

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """See `harness.fault.Fault`."""
        return self.fault.plan(variant, replace(view, nodes=(self.server,)), random)


def on_server(fault: Fault, server: str) -> Fault:
    """The fault, as it hits a target that has one server, on this node."""
    if not OF_SERVERS.intersection(fault.needs):
        return fault
    return ServerFault(
        fault, server, fault.name, fault.summary, fault.options, fault.needs, fault.variants, fault.default
    )
