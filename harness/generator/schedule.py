"""Schedule: which fault comes when, a pure function of the faults, the time limit and the seed.

It begins with a cycle, in which each fault comes once and alone, so that the bite of each is shown, and goes over to
storms of the same faults. Where the user set an interval or a duration, faults come at that pace instead, all along.

Pitfall: a short run gets a shorter cycle; what even then does not fit is not left out silently but named in
`Schedule.missing`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from splitbrain.harness.fault import Fault, View
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.shuffled_cycle import ShuffledCycle
from splitbrain.harness.generator.spaced import CYCLE_SLOT_S_MIN, Placed, SlotPace, cycle, spaced, spaced_pace
from splitbrain.harness.generator.storm import SIMULATED, StormPace, Strike, storms
from splitbrain.harness.random_stream import RandomStream

CALM_S = 0.2
"""After the cycle, and before the end of the main phase."""
RESERVE_S = 0.5
"""The duration of a fault that comes because it has done nothing so far; less where storms are short."""
RESERVE_S_MIN = 0.1
RESERVE_AT = (0.2, 0.4, 0.6, 0.8)
"""The time at which it comes, as a share of the time of storms."""


@dataclass(frozen=True)
class ScheduledFault:
    """One fault at one time. start, duration: nanoseconds; start counts from the beginning of the main phase.

    storm: whether it belongs to a storm. moment: the mark at which it strikes, `reaction` nanoseconds later, if one
    comes within `patience` of its start, else after that; "" for none. With a patience and no moment it waits so long
    for the cluster to serve, if its fault has not met a serving one yet. reserve: it comes only if its fault has done
    nothing by then, or never met a serving cluster.
    """

    start: int
    duration: int
    fault: Fault
    variant: str
    storm: bool = False
    moment: str = ""
    reaction: int = 0
    patience: int = 0
    reserve: bool = False

    @property
    def stop(self) -> int:
        """The time at which it is healed, in nanoseconds from the beginning of the main phase, if it does not wait for
        a moment."""
        return self.start + self.duration


@dataclass(frozen=True)
class Schedule:
    """The faults that were asked for, laid out in time.

    slots: in order of start. reserve: those that come only if their fault has done too little by then. missing: name of
    each fault that will not come → why, in words for the user. note: what else the user should know of it; "" for
    nothing.
    """

    slots: tuple[ScheduledFault, ...]
    missing: Mapping[str, str]
    note: str = ""
    reserve: tuple[ScheduledFault, ...] = ()

    @property
    def planned(self) -> tuple[ScheduledFault, ...]:
        """All slots, those in reserve too, in order of start."""
        return tuple(sorted((*self.slots, *self.reserve), key=lambda slot: slot.start))

    def notes(self) -> tuple[str, ...]:
        """Notes for the user, a sentence each."""
        return (*filter(None, (self.note,)), *self.missing.values())


def schedule(
    faults: Sequence[Fault],
    nodes: Sequence[str],
    time_limit_s: float,
    seed: int,
    *,
    interval_s: float | None = None,
    duration_s: float | None = None,
    overlap: bool = True,
    with_cycle: bool = True,
    pace: StormPace = SIMULATED,
) -> Schedule:
    """Lay out the faults over a main phase of `time_limit_s` seconds.

    The cycle ends within the first half where that leaves half a second for each fault; a note says so where it does
    not. with_cycle: False for storms from the beginning on. interval_s, duration_s: faults come so far apart and last
    so long, without storms (see `spaced`; overlap is for these); UsageError if the two contradict each other. A fault
    that stands (`standing`) lasts from the beginning to the end.
    """
    slots_pace = spaced_pace(len(faults), time_limit_s, interval_s, duration_s)
    missing: dict[str, str] = {}
    variants: dict[Fault, Sequence[str]] = {}
    for fault in faults:
        possible = _possible(fault, nodes, seed)
        if possible:
            variants[fault] = possible
        else:
            some = "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"
            missing[fault.name] = f"{fault.name} makes no sense for a cluster of {some}"
    standing = [fault for fault in variants if getattr(fault, "standing", False)]
    coming = {fault: possible for fault, possible in variants.items() if fault not in standing}
    slots = [ScheduledFault(1, max(int(time_limit_s * SECOND) - 2, 1), fault, variants[fault][0]) for fault in standing]
    note, each_s = "", slots_pace.slot_s
    reserve: list[ScheduledFault] = []
    if interval_s is not None or duration_s is not None:
        slots += _dealt(spaced(list(coming), time_limit_s, slots_pace, seed, overlap), coming, seed)
    else:
        placed, over_s = cycle(list(coming), time_limit_s, seed) if with_cycle else ([], 0.0)
        each_s = CYCLE_SLOT_S_MIN
        if over_s > time_limit_s / 2 * (1 + 1e-9):
            note = (
                f"the run is too short for each of {len(coming)} faults to come once in its first half: "
                f"that takes {2 * each_s * len(coming):g} s"
            )
        slots += _dealt(placed, coming, seed)
        begin_s, end_s = over_s + CALM_S, time_limit_s - CALM_S
        slots += [
            _struck(strike, min(pace.patience, end_s - strike.start - strike.duration))
            for strike in storms(coming, begin_s, end_s, seed, pace, every=not with_cycle)
        ]
        reserve = _reserve(coming, begin_s, end_s, seed)
    come = {slot.fault.name for slot in slots}
    for fault in variants:
        if fault.name not in come:
            missing[fault.name] = (
                f"{fault.name} did not fit: {time_limit_s:g} s are too short for {len(variants)} faults, "
                f"each of which takes {each_s:g} s"
            )
    return Schedule(tuple(sorted(slots, key=lambda slot: slot.start)), missing, note, tuple(reserve))


def _reserve(coming: Mapping[Fault, Sequence[str]], begin_s: float, end_s: float, seed: int) -> list[ScheduledFault]:
    """Slots during the storms for faults that will have done nothing, or met no serving cluster: one that a seed leaves
    out of its storms came but once, and perhaps where it found nothing to act on. Each has its variants in turn."""
    length = end_s - begin_s
    spread = length * (1 - RESERVE_AT[-1]) / 2
    lasts = min(RESERVE_S, spread)
    if lasts < RESERVE_S_MIN:
        return []
    placed = [
        (begin_s + length * share + spread * number / len(coming), lasts, fault)
        for share in RESERVE_AT
        for number, fault in enumerate(coming)
    ]
    waits, ends = int((length * RESERVE_AT[0] - lasts) * SECOND), int(end_s * SECOND)
    return [
        replace(slot, storm=True, reserve=True, patience=max(min(waits, ends - slot.stop), 0))
        for slot in _dealt(placed, coming, seed)
    ]


def _dealt(placed: Iterable[Placed], variants: Mapping[Fault, Sequence[str]], seed: int) -> list[ScheduledFault]:
    """Faults at their places, with their variants in turn. One waits for service for half of its time at most, so it
    still ends when it would."""
    turns = {
        fault: ShuffledCycle(possible, RandomStream(seed, "schedule", "variants", fault.name))
        for fault, possible in variants.items()
    }
    return [
        ScheduledFault(
            int(start * SECOND), int(length * SECOND), fault, turns[fault].next(), patience=int(length * SECOND) // 2
        )
        for start, length, fault in placed
    ]


def _struck(strike: Strike, patience_s: float) -> ScheduledFault:
    waits = bool(strike.moment) and patience_s > 0
    return ScheduledFault(
        int(strike.start * SECOND),
        int(strike.duration * SECOND),
        strike.fault,
        strike.variant,
        storm=True,
        moment=strike.moment if waits else "",
        reaction=int(strike.reaction * SECOND) if waits else 0,
        patience=int(patience_s * SECOND) if waits else 0,
    )


def _possible(fault: Fault, nodes: Sequence[str], seed: int) -> list[str]:
    """The variants that make sense for a cluster of this size."""
    view = View(tuple(nodes), {})
    return [v for v in fault.variants if fault.plan(v, view, RandomStream(seed, "schedule", "possible")) is not None]


__all__ = ["Schedule", "ScheduledFault", "ShuffledCycle", "SlotPace", "schedule"]
