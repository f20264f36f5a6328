"""The schedule's promises, for any faults, time limit and seed."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault, Plan, View
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import Schedule, ScheduledFault, schedule
from splitbrain.harness.generator.shuffled_cycle import ShuffledCycle
from splitbrain.harness.generator.storm import MOMENTS, REAL, SIMULATED, THEME_FAULTS, StormPace, real_pace
from splitbrain.harness.injection import Cut, Impair, Injection, Kill, Pause, SkewClock, SlowDisk
from splitbrain.harness.options import Option
from splitbrain.harness.random_stream import RandomStream

NODES = ("n1", "n2", "n3", "n4", "n5")
KINDS: tuple[type[Injection], ...] = (Cut, Impair, Kill, Pause, SkewClock, SlowDisk, Kill)


class FaultOfVariants:
    """A fault with as many variants as wanted; variants named "never" make no sense for any cluster."""

    summary = "for tests"
    options: Sequence[Option] = ()
    default = True
    wants_roles = False

    def __init__(self, number: int, variants: tuple[str, ...]) -> None:
        self.name = f"fault{number}"
        self.variants = variants
        self.needs: tuple[type[Injection], ...] = (KINDS[number],)

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        return None if variant == "never" else Plan(variant, ())


def faults_of(*variant_counts: int) -> list[Fault]:
    return [
        FaultOfVariants(number, tuple(f"v{i}" for i in range(count))) for number, count in enumerate(variant_counts)
    ]


some_faults = st.lists(st.integers(1, 5), min_size=1, max_size=len(KINDS)).map(lambda counts: faults_of(*counts))
seeds = st.integers(0, 2**32)
limits = st.floats(0.1, 300)


def plain(found: Schedule) -> list[tuple[int, int, str, str]]:
    return [(slot.start, slot.duration, slot.fault.name, slot.variant) for slot in found.slots]


def cycle_of(found: Schedule) -> list[ScheduledFault]:
    return [slot for slot in found.slots if not slot.storm]


def storm_of(found: Schedule) -> list[ScheduledFault]:
    return [slot for slot in found.slots if slot.storm]


@given(some_faults, st.floats(0, 200), seeds)
@settings(max_examples=200)
def test_a_cycle_in_the_first_half_has_each_fault_once_and_alone(faults: list[Fault], more: float, seed: int) -> None:
    limit = len(faults) + more
    found = schedule(faults, NODES, limit, seed)
    cycle = cycle_of(found)
    assert sorted(slot.fault.name for slot in cycle) == sorted(fault.name for fault in faults)
    assert cycle[-1].stop <= limit / 2 * SECOND
    assert all(slot.duration >= SECOND // 4 for slot in cycle)
    for before, after in pairwise(cycle):
        assert after.start - before.stop >= SECOND // 20
    assert not found.missing
    assert not found.note
    assert all(slot.start >= cycle[-1].stop for slot in storm_of(found))


def test_a_long_run_has_long_faults_in_its_cycle() -> None:
    cycle = cycle_of(schedule(faults_of(2, 3), NODES, 60, 1))
    assert all(slot.duration >= 2.9 * SECOND for slot in cycle)
    assert cycle[-1].stop <= 12 * SECOND


def test_a_run_too_short_for_a_cycle_in_its_first_half_says_so() -> None:
    found = schedule(faults_of(1, 1, 1), NODES, 2, 1)
    assert len(cycle_of(found)) == 3
    assert not found.missing
    assert found.note == ("the run is too short for each of 3 faults to come once in its first half: that takes 3 s")


@given(some_faults, limits, seeds)
@settings(max_examples=200)
def test_everything_is_healed_inside_the_time_limit_and_what_cannot_come_is_named(
    faults: list[Fault], limit: float, seed: int
) -> None:
    found = schedule(faults, NODES, limit, seed)
    assert all(0 < slot.start < slot.stop < limit * SECOND for slot in found.slots)
    assert [slot.start for slot in found.slots] == sorted(slot.start for slot in found.slots)
    come = {slot.fault.name for slot in found.slots}
    assert come | set(found.missing) == {fault.name for fault in faults}
    assert not come & set(found.missing)


def overlaps(slots: list[ScheduledFault]) -> int:
    """The number of faults that are on at once, at most."""
    changes = sorted([(slot.start, 1) for slot in slots] + [(slot.stop, -1) for slot in slots])
    return max(itertools.accumulate(change for _, change in changes), default=0)


def test_storms_overlap_are_short_and_have_quiet_phases() -> None:
    for seed in range(20):
        storm = storm_of(schedule(faults_of(2, 2, 2, 2, 2, 2), NODES, 60, seed))
        assert len(storm) > 20
        assert overlaps(storm) >= 3
        assert min(slot.duration for slot in storm) < SECOND // 5
        assert max(slot.duration for slot in storm) <= 4 * SECOND
        assert max(after.start - before.start for before, after in pairwise(storm)) > SECOND // 2


def test_seeds_draw_their_own_faults_variants_and_moments() -> None:
    drawn = [storm_of(schedule(faults_of(3, 3, 3, 3), NODES, 60, seed)) for seed in range(40)]
    assert len({frozenset(slot.fault.name for slot in storm) for storm in drawn}) > 5
    assert len({frozenset((slot.fault.name, slot.variant) for slot in storm) for storm in drawn}) > 20
    armed = [slot for storm in drawn for slot in storm if slot.moment]
    assert {slot.moment for slot in armed} == set(MOMENTS)
    assert 0.2 < len(armed) / sum(map(len, drawn)) < 0.6
    assert all(slot.patience and slot.reaction for slot in armed)


def test_every_second_storm_has_few_faults_and_aims_at_one_moment() -> None:
    pace = replace(SIMULATED, storm=(100.0, 100.0), gap=(0.1, 0.1))
    storms = [storm_of(schedule(faults_of(3, 3, 3, 3, 3, 3), NODES, 60, seed, pace=pace)) for seed in range(60)]
    single = [storm for storm in storms if len({slot.moment for slot in storm if slot.moment}) == 1]
    assert 15 < len(single) < 45
    for storm in single:
        assert len({slot.fault.name for slot in storm}) <= THEME_FAULTS
        assert sum(bool(slot.moment) for slot in storm) > len(storm) / 2


def test_storms_alone_begin_at_once_and_leave_no_fault_out() -> None:
    for seed in range(20):
        found = schedule(faults_of(2, 2, 2), NODES, 20, seed, with_cycle=False)
        assert not cycle_of(found)
        assert found.slots[0].start < SECOND
        assert {slot.fault.name for slot in found.slots} == {"fault0", "fault1", "fault2"}


def test_on_real_systems_storms_are_slower() -> None:
    storm = storm_of(schedule(faults_of(2, 2, 2), NODES, 60, 1, pace=REAL))
    assert min(slot.duration for slot in storm[:-1]) >= SECOND // 2
    assert 5 < len(storm) < 60


@pytest.mark.parametrize("pace", [SIMULATED, real_pace(2.0)])
def test_faults_that_stop_nodes_overlap_where_nodes_start_at_once(pace: StormPace) -> None:
    kill = FaultOfVariants(2, ("v0", "v1"))
    for seed in range(5):
        assert overlaps(storm_of(schedule([kill], NODES, 120, seed, pace=replace(pace, gap=(0.2, 0.4))))) >= 2


def test_storms_leave_nodes_that_start_slowly_the_time_to_serve_again() -> None:
    cut, kill = FaultOfVariants(0, ("v0",)), FaultOfVariants(2, ("v0", "v1"))
    cuts, kills = dict.fromkeys((0.5, 2.0, 10.0), 0), dict.fromkeys((0.5, 2.0, 10.0), 0)
    for recovery_s, seed in itertools.product(kills, range(10)):
        found = schedule([cut, kill], NODES, 300, seed, pace=real_pace(recovery_s))
        killing = [slot for slot in storm_of(found) if slot.fault is kill]
        cuts[recovery_s] += len(storm_of(found)) - len(killing)
        kills[recovery_s] += len(killing)
        ends = [max(slot.stop for slot in cycle_of(found)), *(slot.stop for slot in killing)]
        if recovery_s == 10.0:
            assert all(slot.start - end >= 10 * SECOND for end, slot in zip(ends, killing, strict=False))
    assert kills[0.5] == kills[2.0] > 2 * kills[10.0] > 0
    assert cuts[0.5] == cuts[2.0] == cuts[10.0], "a cut stops no node"


def test_a_standing_fault_lasts_all_along() -> None:
    standing, other = faults_of(1, 1)
    standing.standing = True  # type: ignore[attr-defined]
    found = schedule([standing, other], NODES, 20, 1)
    (slot,) = [slot for slot in found.slots if slot.fault is standing]
    assert slot.start == 1
    assert slot.stop >= 20 * SECOND - 2
    assert len(found.slots) > 10


@given(some_faults, limits, seeds)
@settings(max_examples=200)
def test_spaced_faults_overlap_by_two_at_most_never_the_same_and_never_the_same_kind_of_harm(
    faults: list[Fault], limit: float, seed: int
) -> None:
    slots = schedule(faults, NODES, limit, seed, interval_s=4).slots
    first_cycle = slots[: len(faults)]
    for number, slot in enumerate(slots):
        under_way = [other for other in slots[:number] if other.stop > slot.start]
        assert len(under_way) <= 1
        for other in under_way:
            assert slot not in first_cycle
            assert not set(other.fault.needs) & set(slot.fault.needs)


@given(some_faults, limits, seeds)
def test_no_variant_comes_again_before_all_have_come(faults: list[Fault], limit: float, seed: int) -> None:
    slots = schedule(faults, NODES, limit, seed, interval_s=4, overlap=False).slots
    for fault in faults:
        came = [slot.variant for slot in slots if slot.fault is fault]
        count = len(fault.variants)
        for begin in range(0, len(came), count):
            cycle = came[begin : begin + count]
            assert len(set(cycle)) == len(cycle)


@given(some_faults, limits, seeds)
def test_there_is_a_healthy_gap_between_spaced_faults(faults: list[Fault], limit: float, seed: int) -> None:
    slots = schedule(faults, NODES, limit, seed, interval_s=3, overlap=False).slots
    for before, after in pairwise(slots):
        assert after.start - before.stop >= SECOND // 2


@given(some_faults, limits, seeds)
def test_the_same_seed_gives_the_same_schedule(faults: list[Fault], limit: float, seed: int) -> None:
    assert plain(schedule(faults, NODES, limit, seed)) == plain(schedule(faults, NODES, limit, seed))


def test_another_seed_gives_another_schedule() -> None:
    assert len({tuple(plain(schedule(faults_of(2, 2, 2), NODES, 60, seed))) for seed in range(20)}) == 20


@given(some_faults, limits, seeds)
def test_each_fault_is_in_reserve_within_the_storms_or_none_is(faults: list[Fault], limit: float, seed: int) -> None:
    found = schedule(faults, NODES, limit, seed)
    assert {slot.fault for slot in found.reserve} in (set(), set(faults))
    assert all(slot.reserve and slot.stop + slot.patience < limit * SECOND for slot in found.reserve)
    assert found.planned == tuple(sorted(found.planned, key=lambda slot: slot.start))
    assert bool(found.reserve) or limit < 60
    assert not schedule(faults, NODES, limit, seed, interval_s=4).reserve


def test_the_faults_of_one_storm_last_no_longer_than_it_draws() -> None:
    pace = replace(SIMULATED, longest=(0.3, 0.3))
    storm = storm_of(schedule(faults_of(1, 1, 1, 1), NODES, 60, 1, pace=pace))
    assert len(storm) > 20
    assert max(slot.duration for slot in storm) <= 0.3 * SECOND


def test_a_schedule_known_by_heart_does_not_change() -> None:
    """The same meaning of a seed from an old report: change this only together with the version."""
    found = schedule(faults_of(1, 2), NODES, 24, 7)
    assert [
        (slot.fault.name, slot.variant, round(slot.start / SECOND, 3), slot.moment) for slot in found.slots[:6]
    ] == [
        ("fault0", "v0", 1.496, ""),
        ("fault1", "v1", 7.093, ""),
        ("fault1", "v1", 12.2, ""),
        ("fault1", "v1", 12.208, ""),
        ("fault1", "v0", 12.514, ""),
        ("fault1", "v0", 13.07, ""),
    ]


def test_pairs_come_from_the_second_cycle_on() -> None:
    slots = schedule(faults_of(1, 1, 1), NODES, 120, 1, interval_s=6).slots
    overlapping = [(a, b) for a, b in pairwise(slots) if b.start < a.stop]
    assert len(overlapping) >= 5
    assert len({(a.fault.name, b.fault.name) for a, b in overlapping}) == 6


def test_a_run_too_short_for_some_says_so() -> None:
    found = schedule(faults_of(1, 1, 1), NODES, 1.2, 1)
    assert len(found.slots) == 2
    ((name, why),) = found.missing.items()
    assert why == f"{name} did not fit: 1.2 s are too short for 3 faults, each of which takes 0.5 s"


def test_a_fault_without_a_variant_for_this_cluster_is_named() -> None:
    found = schedule([FaultOfVariants(0, ("never",)), FaultOfVariants(1, ("never", "v"))], ("n1",), 60, 1)
    assert found.missing == {"fault0": "fault0 makes no sense for a cluster of 1 node"}
    assert {slot.variant for slot in found.slots} == {"v"}


def test_no_faults_no_slots() -> None:
    assert schedule([], NODES, 60, 1) == Schedule((), {})


def test_an_interval_is_kept() -> None:
    slots = schedule(faults_of(1, 1), NODES, 60, 1, interval_s=10, overlap=False).slots
    assert [slot.start for slot in slots] == [slots[0].start + 10 * SECOND * i for i in range(6)]


@given(some_faults, limits, seeds, st.floats(0.2, 20))
def test_a_duration_is_kept(faults: list[Fault], limit: float, seed: int, duration: float) -> None:
    slots = schedule(faults, NODES, limit, seed, duration_s=duration, overlap=False).slots
    assert all(slot.duration == int(duration * SECOND) for slot in slots)
    assert all(slot.stop <= limit * SECOND for slot in slots)
    for before, after in pairwise(slots):
        assert after.start > before.stop


@pytest.mark.parametrize(
    ("interval", "duration", "words"),
    [(5.0, 4.9, "does not fit"), (0.0, None, "interval"), (None, -1.0, "duration"), (None, float("nan"), "duration")],
)
def test_contradicting_times_are_wrong_use(interval: float | None, duration: float | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        schedule(faults_of(1), NODES, 60, 1, interval_s=interval, duration_s=duration)


@given(st.integers(1, 6), seeds)
def test_turns_deal_all_before_any_comes_again_and_none_twice_in_a_row(count: int, seed: int) -> None:
    turns = ShuffledCycle(range(count), RandomStream(seed))
    dealt = [turns.next() for _ in range(5 * count)]
    for begin in range(0, len(dealt), count):
        assert sorted(dealt[begin : begin + count]) == list(range(count))
    if count > 1:
        assert all(a != b for a, b in pairwise(dealt))
