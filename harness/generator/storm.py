"""Storms: short faults of all kinds, begun close together and overlapping freely, with quiet phases between storms.

Bugs of consensus need several faults in a row: a kill while a cut is on, a vote that is old when it arrives. Each seed
draws its own storms: which of the faults take part, in which sizes, how dense, and which strikes wait for a moment at
which a node has just been elected, has voted or has written. Every second storm has a theme: few faults that come again
and again, most of them at the same moment, so that one leader after the other is cut off as soon as it is elected.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from splitbrain.harness.fault import Fault
from splitbrain.harness.generator.shuffled_cycle import ShuffledCycle
from splitbrain.harness.injection import (
    ChangeMembers,
    FillDisk,
    FlipBits,
    Kill,
    PowerLoss,
    Stop,
    TruncateFile,
    Upgrade,
)
from splitbrain.harness.marks import START
from splitbrain.harness.random_stream import RandomStream


@dataclass(frozen=True)
class StormPace:
    """The pace of faults, in seconds: ranges from which values are drawn log-uniformly.

    duration: of a fault. longest: what the faults of one storm last at most; where all are short, roles change hands
    again and again. gap: mean time from one start to the next within a storm. storm, quiet: length of a storm, and of
    the time after it. patience: how long a strike waits for its moment. reaction: from the moment to the strike.
    recovery: the time that nodes have to serve again, after a fault that stops some, until another one does: where they
    start slowly, such strikes would else meet a cluster that has not served since the last one.
    """

    duration: tuple[float, float] = (0.05, 4.0)
    longest: tuple[float, float] = (0.4, 4.0)
    gap: tuple[float, float] = (0.08, 0.8)
    storm: tuple[float, float] = (2.0, 12.0)
    quiet: tuple[float, float] = (0.5, 3.0)
    patience: float = 1.0
    reaction: tuple[float, float] = (0.00001, 0.1)
    recovery: float = 0.0


SIMULATED = StormPace()
REAL = StormPace(
    duration=(0.5, 5.0),
    longest=(1.5, 5.0),
    gap=(0.5, 2.0),
    storm=(6.0, 20.0),
    quiet=(3.0, 8.0),
    patience=2.0,
    reaction=(0.001, 0.01),
)
"""The pace where injecting takes time, and systems take seconds to elect."""
USUAL_RECOVERY_S = 2.0
"""The time that nodes take to start and serve which `REAL` is for."""
RESTARTING = (Kill, Stop, PowerLoss, FlipBits, TruncateFile, FillDisk, ChangeMembers, Upgrade)
"""Injections after which nodes start again."""


def real_pace(recovery_s: float) -> StormPace:
    """The pace for nodes that take so long from their start until they serve."""
    return replace(REAL, recovery=recovery_s if recovery_s > USUAL_RECOVERY_S else 0.0)


FEW = 3
"""The number of faults up to which they come less densely: one ends before it comes again."""
AIMED = 0.4
"""Share of strikes that wait for a moment."""
TAKES_PART = 0.75
"""Probability that a fault takes part in a seed's storms; likewise each of its variants."""
THEMED = 0.5
"""Share of storms that have a theme."""
THEME_FAULTS = 3
"""The number of faults, and of variants of each, that a theme has at most."""
THEME_AIMED = 0.7
"""Share of its strikes that wait for its moment."""
MOMENTS: Mapping[str, float] = {
    "leader": 4.0,
    "voted": 3.0,
    "term": 1.5,
    "stored": 1.5,
    "commit": 1.0,
    "snapshot": 1.0,
    START: 1.0,
}
"""Marks at which a strike may come, and how often each is chosen."""


@dataclass(frozen=True)
class Strike:
    """One fault of a storm, in seconds. moment: the mark that it waits for, for `patience` at most; "" for none.
    reaction: how long after that mark it comes."""

    start: float
    duration: float
    fault: Fault
    variant: str
    moment: str = ""
    reaction: float = 0.0


def storms(
    faults: Mapping[Fault, Sequence[str]], begin_s: float, end_s: float, seed: int, pace: StormPace, *, every: bool
) -> Iterator[Strike]:
    """The strikes of all storms between two times, in order of start. faults: with the variants that are possible.
    every: whether all faults take part, else a subset that the seed draws."""
    chosen = _taking_part(faults, seed, every)
    aimed = AIMED * RandomStream(seed, "storm", "aimed").between(0.0, 2.0)
    usual = _Theme(chosen, MOMENTS, aimed, ShuffledCycle(tuple(chosen), RandomStream(seed, "storm", "turns")))
    at, number, came = begin_s, 0, set[Fault]()
    serves = begin_s + (0.0 if every else pace.recovery)  # after the cycle
    while chosen and at < end_s - pace.duration[0]:
        random = RandomStream(seed, "storm", number)
        themed = RandomStream(seed, "storm", number, "themed").chance(THEMED) and (came == set(chosen) or not every)
        theme = _theme(chosen, seed, number) if themed else usual
        over = min(at + _log(random, *pace.storm), end_s)
        shortest, longest = pace.duration[0], _log(RandomStream(seed, "storm", number, "longest"), *pace.longest)
        gap = _log(random, *pace.gap) * max(1.0, FEW / len(theme.faults))
        while (left := end_s - at) > pace.duration[0] and at < over:
            strike = theme.strike(at, min(_log(random, shortest, longest), left), random, pace)
            waits = pace.recovery > 0 and not set(strike.fault.needs).isdisjoint(RESTARTING)
            if not waits or at >= serves:
                came.add(strike.fault)
                yield strike
                serves = at + strike.duration + pace.recovery if waits else serves
            at += random.exponential(gap)
        at = over + _log(random, *pace.quiet)
        number += 1


@dataclass(frozen=True)
class _Theme:
    """The content of a storm. faults: with their variants. moments: at which strikes are aimed, with weights. aimed:
    the share of strikes that are. turns: in which order the faults come."""

    faults: Mapping[Fault, Sequence[str]]
    moments: Mapping[str, float]
    aimed: float
    turns: ShuffledCycle[Fault]

    def strike(self, at: float, duration: float, random: RandomStream, pace: StormPace) -> Strike:
        """The next one."""
        fault = self.turns.next()
        aimed = random.chance(self.aimed)
        moment = random.weighted(tuple(self.moments), tuple(self.moments.values())) if aimed else ""
        variant = random.choice(self.faults[fault])
        return Strike(at, duration, fault, variant, moment, _log(random, *pace.reaction) if moment else 0.0)


def _theme(chosen: Mapping[Fault, Sequence[str]], seed: int, number: int) -> _Theme:
    """The theme of one storm: few of the faults, few variants of each, one moment."""
    random = RandomStream(seed, "storm", number, "theme")
    some = random.shuffled(tuple(chosen))[: 1 + random.below(THEME_FAULTS)]
    faults = {fault: random.shuffled(chosen[fault])[: 1 + random.below(THEME_FAULTS)] for fault in some}
    moment = random.weighted(tuple(MOMENTS), tuple(MOMENTS.values()))
    return _Theme(faults, {moment: 1.0}, THEME_AIMED, ShuffledCycle(tuple(faults), random))


def _taking_part(faults: Mapping[Fault, Sequence[str]], seed: int, every: bool) -> dict[Fault, list[str]]:
    """A subset of the faults, each with a subset of its variants; at least one of each."""
    random = RandomStream(seed, "storm", "faults")
    some = [fault for fault in faults if random.chance(TAKES_PART) or every] or (
        [random.choice(list(faults))] if faults else []
    )
    return {
        fault: [variant for variant in faults[fault] if random.chance(TAKES_PART)] or [random.choice(faults[fault])]
        for fault in some
    }


def _log(random: RandomStream, low: float, high: float) -> float:
    """Draw log-uniformly."""
    return math.exp(random.between(math.log(low), math.log(high)))
