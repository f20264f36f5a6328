"""Catalogue of faults, and the reading of `--nemesis`. A fault is one file and one row here.

`partition:topology=bridge,kill:size=one,aim=leader,all`: names with options. Commas separate faults and options alike.

Pitfall: a part with `=` but without a name before it belongs to the fault before it.
"""

from collections.abc import Callable, Mapping

from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.nemeses.adversary import Adversary
from splitbrain.nemeses.client import ClientFaults, HedgedRequests
from splitbrain.nemeses.clock import Clock
from splitbrain.nemeses.clock_rate import ClockRate
from splitbrain.nemeses.corruption import BitFlip, Corrupt, TruncateFiles
from splitbrain.nemeses.disk import FakedSyncs, SlowDisks
from splitbrain.nemeses.disk_errors import Eio, Enospc
from splitbrain.nemeses.gray import GrayNodes
from splitbrain.nemeses.kill import KillNodes, PowerLosses, StopNodes
from splitbrain.nemeses.limp import LimpingLinks
from splitbrain.nemeses.maintenance import CompactNodes, DefragmentNodes, FlushNodes, PromoteNode, RepairNodes
from splitbrain.nemeses.membership import MembershipChange
from splitbrain.nemeses.packet import Packet
from splitbrain.nemeses.partition import Partition
from splitbrain.nemeses.pause import PauseNodes
from splitbrain.nemeses.upgrade import RollingUpgrade

Factory = Callable[[Mapping[str, str]], Fault]
"""Maker of a fault from the options that were given, as words; UsageError if one is wrong."""

FACTORIES: Mapping[str, Factory] = {
    Partition.name: Partition,
    KillNodes.name: KillNodes,
    PauseNodes.name: PauseNodes,
    Clock.name: Clock,
    Packet.name: Packet,
    SlowDisks.name: SlowDisks,
    ClientFaults.name: ClientFaults,
    HedgedRequests.name: HedgedRequests,
    GrayNodes.name: GrayNodes,
    LimpingLinks.name: LimpingLinks,
    Adversary.name: Adversary,
    ClockRate.name: ClockRate,
    StopNodes.name: StopNodes,
    PowerLosses.name: PowerLosses,
    FakedSyncs.name: FakedSyncs,
    Corrupt.name: Corrupt,
    Eio.name: Eio,
    Enospc.name: Enospc,
    BitFlip.name: BitFlip,
    TruncateFiles.name: TruncateFiles,
    CompactNodes.name: CompactNodes,
    DefragmentNodes.name: DefragmentNodes,
    FlushNodes.name: FlushNodes,
    RepairNodes.name: RepairNodes,
    PromoteNode.name: PromoteNode,
    MembershipChange.name: MembershipChange,
    RollingUpgrade.name: RollingUpgrade,
}

FAULTS: Mapping[str, Fault] = {name: factory({}) for name, factory in FACTORIES.items()}
"""Every fault with its default options, by name."""

ALL = "all"
EVERY = "every"
NONE = "none"
STORM = "storm"
WORDS: Mapping[str, str] = {
    ALL: "every fault that a system with crash recovery must survive",
    EVERY: "every fault that can be done to the target where it runs, also those that it need not survive",
    NONE: "no faults",
    STORM: "storms from the beginning on, of the faults named beside it, or of those that `all` means",
}
"""Words that are no fault themselves, and what they mean."""


def parse(
    text: str, possible: Callable[[Fault], bool] = lambda fault: True, factories: Mapping[str, Factory] = FACTORIES
) -> tuple[Fault, ...]:
    """The faults of a `--nemesis` argument, in its order; see `named`."""
    return tuple(factories[name](options) for name, options in named(text, possible, factories).items())


def named(
    text: str, possible: Callable[[Fault], bool] = lambda fault: True, factories: Mapping[str, Factory] = FACTORIES
) -> dict[str, dict[str, str]]:
    """Name → options, as words, of each fault of a `--nemesis` argument, in its order. `all` adds those of the defaults
    not named themselves, as does `storm` where it stands alone, `every` those that are `possible`.

    "" and "none" are no faults. UsageError for a name or an option that does not exist, and for a fault named twice.
    """
    given = _given(text, factories)
    if NONE in given:
        if len(given) > 1:
            raise UsageError(f"--nemesis {text}: {NONE} cannot be combined with faults")
        return {}
    found: dict[str, dict[str, str]] = {}
    for name, options in given.items():
        if name in (ALL, EVERY) or (name == STORM and len(given) == 1):
            faults = (factories[other]({}) for other in factories if other not in given)
            found |= {fault.name: {} for fault in faults if (possible(fault) if name == EVERY else fault.default)}
        elif name != STORM:
            found[name] = options
    return found


def storms_only(text: str) -> bool:
    """Whether a `--nemesis` argument asks for storms from the beginning on."""
    return STORM in (word.strip() for word in text.split(","))


def spelled(faults: Mapping[str, Mapping[str, str]]) -> str:
    """The `--nemesis` argument of faults with their options."""
    return ",".join(
        name + ":" * bool(options) + ",".join(f"{key}={value}" for key, value in options.items())
        for name, options in faults.items()
    )


def _given(text: str, factories: Mapping[str, Factory]) -> dict[str, dict[str, str]]:
    """Name → its options as words, in the order of the argument."""
    given: dict[str, dict[str, str]] = {}
    name = None
    if text and not text.strip(", "):
        raise UsageError(f"--nemesis {text!r} names no fault: name one, or leave it out")
    for part in filter(None, (word.strip() for word in text.split(","))):
        head, equals, _ = part.partition("=")
        option = part
        if not equals or ":" in head:
            name, colon, option = part.partition(":")
            _check(name, factories)
            if name in given:
                raise UsageError(f"--nemesis {text}: {name} is named twice")
            given[name] = {}
            if not colon:
                continue
        key, equals, value = option.partition("=")
        if name is None or not (key and equals):
            raise UsageError(f"--nemesis {text}: expected NAME or NAME:OPTION=VALUE, not {part!r}")
        if name in WORDS:
            raise UsageError(
                f"--nemesis {text}: {name} has no options; give them to the fault itself, as kill:{option}"
            )
        if key in given[name]:
            raise UsageError(f"--nemesis {text}: option {key} of {name} is given twice")
        given[name][key] = value
    return given


def _check(name: str, factories: Mapping[str, Factory]) -> None:
    if name in factories or name in WORDS:
        return
    faults = [factory({}) for factory in factories.values()]
    by_name = ", ".join(fault.name for fault in faults if not fault.default)
    defaults = ", ".join(fault.name for fault in faults if fault.default)
    there_are = (
        f"there are {defaults} ({ALL} means these; {STORM}: without its cycle), and by name only {by_name} "
        f"({EVERY} means all that can be done to the target)"
    )
    raise UsageError(f"there is no fault {name!r}{did_you_mean(name, (*factories, ALL, EVERY, STORM), there_are)}")
