"""Which fault comes when? A pure function of the faults, the time limit and the seed.

The time is cut into slots. Each slot begins healthy, holds one fault (later also two that overlap, as in real outages)
and ends healthy. Faults, their variants and their companions are dealt like cards, all before any comes again, never
drawn independently: so the first cycle holds every fault once, and ends within 6 s for each of them.
The trap: a short run gets shorter slots, down to 2 s; what even then does not fit is not left out silently but named
in `Schedule.missing`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault, View
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.random_stream import RandomStream

SLOT_S_MAX = 6.0
"""How long a slot of the first cycle lasts when the run is long enough."""
SLOT_S_MIN = 2.0
"""A shorter slot would leave a fault no time to bite and the system none to recover."""
_FILLED_MAX = 0.9
"""No fault lasts beyond this share of its slot: the rest is the healthy gap after the heal."""
_FILLED_USUAL = 0.75
"""What a fault of a given duration fills of its slot at most, if the user did not say how long slots are."""
_COMPANION_S_MIN = 1.0

T = TypeVar("T")


@dataclass(frozen=True)
class ScheduledFault:
    """One fault at one time. start, duration: nanoseconds; start counts from the beginning of the main phase."""

    start: int
    duration: int
    fault: Fault
    variant: str

    @property
    def stop(self) -> int:
        """When it is healed, in nanoseconds from the beginning of the main phase."""
        return self.start + self.duration


@dataclass(frozen=True)
class Schedule:
    """What was asked for, laid out in time.

    slots: in order of start. missing: name of each fault that will not come → why, in words for the user.
    """

    slots: tuple[ScheduledFault, ...]
    missing: Mapping[str, str]


class ShuffledCycle(Generic[T]):
    """Deals items in random order: all of them before any comes again, and none twice in a row if there are two."""

    def __init__(self, items: Sequence[T], random: RandomStream) -> None:
        self._items = items
        self._random = random
        self._left: list[T] = []
        self._last: T | None = None

    def next(self) -> T:
        """The next item."""
        if not self._left:
            self._left = self._random.shuffled(self._items)
            if self._left[0] == self._last:
                self._left.append(self._left.pop(0))
        self._last = self._left.pop(0)
        return self._last


@dataclass(frozen=True)
class _Pace:
    """How the time is cut. slot_s: length of a slot. fixed: keep to it in all cycles. duration_s: of a fault, if the
    user set it."""

    slot_s: float
    fixed: bool
    duration_s: float | None


def schedule(
    faults: Sequence[Fault],
    nodes: Sequence[str],
    time_limit_s: float,
    seed: int,
    *,
    interval_s: float | None = None,
    duration_s: float | None = None,
    overlap: bool = True,
) -> Schedule:
    """Lay out the faults over a main phase of `time_limit_s` seconds.

    With k faults each starts and heals once in the first 6 × k seconds, or in the whole run if that is shorter and
    there are at least 2 s for each. From the second cycle on, each fault comes every other time with a companion that
    overlaps with it (not if `overlap` is False, and never two that do the same kind of harm).

    interval_s: from one slot to the next; default: what fits, 2 to 6 s, varied after the first cycle. duration_s: how
    long a fault lasts; default: about half of its slot. UsageError if the two contradict each other.
    """
    pace = _pace(len(faults), time_limit_s, interval_s, duration_s)
    missing: dict[str, str] = {}
    variants: dict[str, ShuffledCycle[str]] = {}
    for fault in faults:
        possible = _possible(fault, nodes, seed)
        if possible:
            variants[fault.name] = ShuffledCycle(possible, RandomStream(seed, "schedule", "variants", fault.name))
        else:
            some = "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"
            missing[fault.name] = f"{fault.name} makes no sense for a cluster of {some}"
    able = [fault for fault in faults if fault.name in variants]
    slots = [
        ScheduledFault(int(start * SECOND), int(length * SECOND), fault, variants[fault.name].next())
        for start, length, fault in _laid_out(able, time_limit_s, pace, seed, overlap)
    ]
    come = {slot.fault.name for slot in slots}
    for fault in able:
        if fault.name not in come:
            missing[fault.name] = (
                f"{fault.name} did not fit: {time_limit_s:g} s are too short for {len(able)} faults, "
                f"each of which takes {pace.slot_s:g} s"
            )
    return Schedule(tuple(slots), missing)


def _pace(count: int, time_limit_s: float, interval_s: float | None, duration_s: float | None) -> _Pace:
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
    return _Pace(slot_s, fixed=interval_s is not None, duration_s=duration_s)


def _possible(fault: Fault, nodes: Sequence[str], seed: int) -> list[str]:
    """The variants that make sense for a cluster of this size."""
    view = View(tuple(nodes), {})
    return [v for v in fault.variants if fault.plan(v, view, RandomStream(seed, "schedule", "possible")) is not None]


def _laid_out(
    faults: Sequence[Fault], time_limit_s: float, pace: _Pace, seed: int, overlap: bool
) -> Iterator[tuple[float, float, Fault]]:
    """(start, duration, fault) in seconds, in order of start."""
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


def _fitted(pace: _Pace, wanted_s: float, left_s: float) -> float | None:
    """The length of the next slot: as wanted, or shortened to the time that is left, or None if that is too short."""
    shortest = min(SLOT_S_MIN, pace.slot_s)
    if pace.duration_s is not None:
        shortest = max(shortest, min(pace.duration_s / _FILLED_USUAL, pace.slot_s))
    length = max(wanted_s, shortest)
    if length <= left_s:
        return length
    # The sum of the slots of a compressed cycle may exceed the limit by a rounding error.
    return left_s if left_s >= shortest - 1e-6 else None


def _inside(length_s: float, pace: _Pace, random: RandomStream) -> tuple[float, float]:
    """(healthy lead, duration of the fault) inside a slot."""
    lead = length_s * random.between(1 / 6, 1 / 4)
    duration = length_s * random.between(0.5, 0.6)
    if pace.fixed:
        lead = length_s / 6
    if pace.duration_s is not None:
        duration = pace.duration_s
        lead = min(lead, length_s * _FILLED_MAX - duration)
    return max(lead, 0.0), duration
