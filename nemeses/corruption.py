"""Corrupted bits: on the wire between nodes, and in the files of nodes that are down.

A system need not survive this unless it was made for it, so these faults come by name only.

Pitfall: files lost on every node are lost for good, and no system can bring them back. So files are damaged on a
minority of the nodes only, always the same ones, the last of the cluster; for one or two nodes that is the last one."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import FlipBits, Impair, Injection, TruncateFile
from splitbrain.harness.options import Option, settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.option_checks import number

ONCE = ("once",)
FILES = Option("files", "*", "which of its files, as a pattern: *.wal, data/*")
DOWN = Option("down", "kill", "how the node goes down: killed, or asked to end", ("kill", "stop"))


class Corrupt:
    """Messages between all nodes changed under way, and their checksums made right again."""

    name = "corrupt"
    summary = "messages between nodes arrive with a wrong bit, unseen by the network's own checksums"
    options: Sequence[Option] = (Option("share", 0.02, "share of messages with a wrong bit"),)
    needs: tuple[type[Injection], ...] = (Impair,)
    variants: tuple[str, ...] = ONCE
    default = False
    wants_roles = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        self.share = number(settle(self.options, given, self.name), "share", self.name, 0.0001, 1)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """The same for all links; None for a single node, which has none."""
        links = tuple((a, b) for a in view.nodes for b in view.nodes if a != b)
        return Plan({"share": self.share}, (Impair(links, corrupt=self.share),)) if links else None


class BitFlip:
    """Bits of the files of one node, flipped while it is down."""

    name = "bitflip"
    summary = "a node of a minority goes down, and finds wrong bits in its files"
    options: Sequence[Option] = (Option("bits", 1, "how many bits"), FILES, DOWN)
    needs: tuple[type[Injection], ...] = (FlipBits,)
    variants: tuple[str, ...] = ONCE
    default = False
    wants_roles = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        self.bits = round(number(settings, "bits", self.name, 1, 1_000_000))
        self.files, self.asked = str(settings["files"]), settings["down"] == "stop"

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """One node of the minority."""
        node = random.choice(expendable(view.nodes))
        injection = FlipBits((node,), self.bits, random.below(1 << 32), self.files, self.asked)
        return Plan({"nodes": [node], "bits": self.bits, **_of(self.files, self.asked)}, (injection,))


class TruncateFiles:
    """The end of a file of one node, cut off while it is down."""

    name = "truncate"
    summary = "a node of a minority goes down, and finds a file without its end"
    options: Sequence[Option] = (Option("bytes", 1024, "how many bytes at most"), FILES, DOWN)
    needs: tuple[type[Injection], ...] = (TruncateFile,)
    variants: tuple[str, ...] = ONCE
    default = False
    wants_roles = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        settings = settle(self.options, given, self.name)
        self.bytes = round(number(settings, "bytes", self.name, 1, 1 << 30))
        self.files, self.asked = str(settings["files"]), settings["down"] == "stop"

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """One node of the minority."""
        node = random.choice(expendable(view.nodes))
        injection = TruncateFile((node,), self.bytes, random.below(1 << 32), self.files, self.asked)
        return Plan({"nodes": [node], "bytes_max": self.bytes, **_of(self.files, self.asked)}, (injection,))


def expendable(nodes: Sequence[str]) -> Sequence[str]:
    """The minority whose files may be damaged."""
    return nodes[-max(1, (len(nodes) - 1) // 2) :]


def _of(files: str, asked: bool) -> dict[str, str]:
    """Difference of the damage from the usual one, for the plan."""
    return {**({} if files == "*" else {"files": files}), **({"down": "stop"} if asked else {})}
