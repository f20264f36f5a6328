"""Failing disks: writes and syncs return an error, and nothing is known of what was written before; or a disk is full.

A system may stop then, and need not survive it, so these faults come by name only."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import FailDisk, FillDisk, Injection
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.node_faults import NodeFault
from splitbrain.nemeses.option_checks import number


class DiskErrors(NodeFault):
    """Disks of one node, a minority, a majority or all fail with one errno. The base of the named faults below."""

    name: str
    summary: str
    errno: str
    needs: tuple[type[Injection], ...] = (FailDisk,)
    default = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        super().__init__(settle(self.options, given, self.name))

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """All chosen nodes at once."""
        group = self.group(variant, view, random)
        if group is None:
            return None
        nodes, value = group
        return Plan({**value, "errno": self.errno}, (FailDisk(nodes, self.errno),))


class Eio(DiskErrors):
    """Broken disks."""

    name = "eio"
    summary = "disks are broken: writes and syncs fail with EIO"
    errno = "EIO"


class Enospc(DiskErrors):
    """Full disks: at once, by an error of every write and sync, or when so much more has been written."""

    name = "enospc"
    summary = "disks are full: writes and syncs fail with ENOSPC"
    errno = "ENOSPC"
    options: Sequence[Option] = (
        *NodeFault.options,
        Option(
            "how",
            "inject",
            "inject: every write and sync fails; fill: on a disk with little room, on which nodes are restarted",
            choices=("inject", "fill"),
        ),
        Option("room_kb", 8.0, "fill: how much can still be written"),
    )

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        super().__init__(given)
        settings = settle(self.options, given, self.name)
        self.room_kb = number(settings, "room_kb", self.name, 0, 1 << 30)
        if settings["how"] == "fill":
            self.needs = (FillDisk,)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """All chosen nodes at once."""
        group = self.group(variant, view, random)
        if group is None:
            return None
        nodes, value = group
        if self.needs == (FillDisk,):
            return Plan({**value, "room_kb": self.room_kb}, (FillDisk(nodes, self.room_kb),))
        return Plan({**value, "errno": self.errno}, (FailDisk(nodes, self.errno),))
