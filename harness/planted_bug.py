"""Planted bugs: known mistakes that can be put into a store, to see whether a test finds them.

A target that has a catalogue of them names it as `bugs`, a place `module:NAME`, and takes the option `bug=NAME`.
`splitbrain zoo` hunts them one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable


@dataclass(frozen=True)
class Aim:
    """The test that finds a bug best. workload: "" for the target's default. settings: options of the workload."""

    nemesis: str = "all"
    workload: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlantedBug:
    """A mistake. parts: what of the store it changes, as the store understands it.

    mistake: what was got wrong, in a sentence. wild: who did, or where it is warned of. refutes: the model or
    the check that it breaks. needs: options of the target without which it changes nothing. aim: the workload and the
    faults that find it best. rare: why the plain command mostly misses it, and what finds it; "" where it does not.
    faults: the plain command's `--nemesis`, where what it needs is not among the faults that the target's claims cover.
    """

    name: str
    mistake: str
    wild: str
    refutes: str
    parts: Any
    needs: Mapping[str, str] = field(default_factory=dict)
    aim: Aim = Aim()
    rare: str = ""
    faults: str = ""


@runtime_checkable
class Planted(Protocol):
    """A class of targets that has a catalogue of bugs."""

    bugs: ClassVar[str]
    """The place, as `module:NAME`: a sequence of PlantedBug."""


@runtime_checkable
class PartlyCovered(Protocol):
    """A target whose claims cover other faults than `--nemesis all`."""

    @property
    def covered(self) -> str:
        """The faults that they cover with its settings, as for `--nemesis`."""


def by_name(bugs: Sequence[PlantedBug]) -> Mapping[str, PlantedBug]:
    """A catalogue by name. ValueError if two bugs share one."""
    named = {bug.name: bug for bug in bugs}
    if len(named) < len(bugs):
        raise ValueError("two planted bugs share a name")
    return named
