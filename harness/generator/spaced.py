"""Faults one after the other, with healthy gaps: the layout of `--nemesis-interval` and `--nemesis-duration`, and of
the first cycle of any schedule.

The time is cut into slots. Each slot begins healthy, holds one fault (after the first cycle also two that overlap, as
in real outages) and ends healthy. Faults and their companions are dealt like cards, never drawn independently: so the
first cycle holds every fault once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault
from splitbrain.harness.generator.shuffled_cycle import ShuffledCycle
from splitbrain.harness.random_stream import RandomStream

SLOT_S_MAX = 6.0
"""The length of a slot of the first cycle when the run is long enough."""
SLOT_S_MIN = 2.0
"""Seconds of a slot of a spaced layout, at least: a shorter one would leave a fault no time to bite and the system none
to recover."""
CYCLE_SLOT_S_MIN = 0.5
"""The shortest slot of a cycle before storms: a fault of 0.25 s."""
_FILLED_MAX = 0.9
"""Share of its slot beyond which no fault lasts: the rest is the healthy gap after the heal."""
_FILLED_USUAL = 0.75
"""The part of its slot that a fault of a given duration fills at most, if the user did not say how long slots are."""
_COMPANION_S_MIN = 1.0

Placed = tuple[float, float, Fault]
"""(start, duration, fault), in seconds from the beginning of the main phase."""


@dataclass(frozen=True)
class SlotPace:
    """The division of the time. slot_s: length of a slot. fixed: keep to it in all cycles. duration_s: of a fault, if
    the user set it."""

    slot_s: float
    fixed: bool
    duration_s: float | None


def spaced_pace(count: int, time_limit_s: float, interval_s: float | None, duration_s: float | None) -> SlotPace:
    """The pace of so many faults. UsageError if an interval and a duration contradict each other."""
    for name, given in (("interval", interval_s), ("duration", duration_s)):
        if given is not None and not 0 < given < float("inf"):
            raise UsageError(f"the {name} of faults is a number of seconds above 0, not {given:g}")
    slot_s = interval_s or min(max(time_limit_s / max(count, 1), SLOT_S_MIN), SLOT_S_MAX)
    if duration_s is not None and interval_s is None:
        slot_s = max(slot_s, duration_s / _FILLED_USUAL)
    if duration_s is not None and duration_s > slot_s * _FILLED_MAX:
        raise UsageError(
            f"a fault of {duration_s:g} s does not fit into an interval of {slot_s:g} s and leave a healthy gap: "
            f"use an interval of at least {duration_s / _FILLED_MAX + 0.05:.1f} s"
        )
    return SlotPace(slot_s, fixed=interval_s is not None, duration_s=duration_s)


def cycle(faults: Sequence[Fault], time_limit_s: float, seed: int) -> tuple[list[Placed], float]:
    """Each fault once, within the first half of the run where that gives each half a second, else for as long as the
    run lasts; and when it is over."""
    if not faults:
        return [], 0.0
    slot_s = min(max(time_limit_s / 2 / len(faults), CYCLE_SLOT_S_MIN), SLOT_S_MAX)
    pace = SlotPace(slot_s, fixed=False, duration_s=None)
    order = RandomStream(seed, "schedule", "order").shuffled(faults)
    placed: list[Placed] = []
    for number, fault in enumerate(order[: int(time_limit_s / slot_s + 1e-9)]):
        lead, duration = _inside(slot_s, pace, RandomStream(seed, "schedule", "slot", number))
        placed.append((number * slot_s + lead, duration, fault))
    return placed, slot_s * len(placed)


def spaced(faults: Sequence[Fault], time_limit_s: float, pace: SlotPace, seed: int, overlap: bool) -> Iterator[Placed]:
    """All slots of a run, in order of start. From the second cycle on, each fault comes every other time with a
    companion that overlaps with it (not if `overlap` is False, and never two of the same kind of injection)."""
    if not faults:
        return
    order = ShuffledCycle(faults, RandomStream(seed, "schedule", "order"))
    companions = {
        fault.name: ShuffledCycle(others, RandomStream(seed, "schedule", "companions", fault.name))
        for fault in faults
        if (others := [other for other in faults if not set(other.needs) & set(fault.needs)])
    }
    paired = {
        fault.name: ShuffledCycle((True, False), RandomStream(seed, "schedule", "paired", fault.name))
        for fault in faults
    }
    at, number = 0.0, 0
    while True:
        random = RandomStream(seed, "schedule", "slot", number)
        first_cycle = number < len(faults)
        varied = 1.0 if first_cycle or pace.fixed else random.between(0.7, 1.4)
        length = _fitted(pace, pace.slot_s * varied, time_limit_s - at)
        if length is None:
            return
        fault = order.next()
        lead, duration = _inside(length, pace, random)
        yield at + lead, duration, fault
        if overlap and not first_cycle and fault.name in companions and paired[fault.name].next():
            start = lead + duration * random.between(0.2, 0.6)
            lasts = min(duration * random.between(0.4, 0.8), length * _FILLED_MAX - start)
            if lasts >= _COMPANION_S_MIN:
                yield at + start, lasts, companions[fault.name].next()
        at += length
        number += 1


def _fitted(pace: SlotPace, wanted_s: float, left_s: float) -> float | None:
    """The length of the next slot: as wanted, or shortened to the time that is left, or None if that is too short."""
    shortest = min(SLOT_S_MIN, pace.slot_s)
    if pace.duration_s is not None:
        shortest = max(shortest, min(pace.duration_s / _FILLED_USUAL, pace.slot_s))
    length = max(wanted_s, shortest)
    if length <= left_s:
        return length
    # The sum of the slots of a compressed cycle may exceed the limit by a rounding error.
    return left_s if left_s >= shortest - 1e-6 else None


def _inside(length_s: float, pace: SlotPace, random: RandomStream) -> tuple[float, float]:
    """(healthy lead, duration of the fault) inside a slot."""
    lead = length_s * random.between(1 / 6, 1 / 4)
    duration = length_s * random.between(0.5, 0.6)
    if pace.fixed:
        lead = length_s / 6
    if pace.duration_s is not None:
        duration = pace.duration_s
        lead = min(lead, length_s * _FILLED_MAX - duration)
    return max(lead, 0.0), duration
