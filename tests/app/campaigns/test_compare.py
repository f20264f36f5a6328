"""Comparisons: what is new, what is better, and what chance may explain."""

import pytest

from splitbrain.campaigns.baseline import Baseline
from splitbrain.campaigns.compare import compare

from .lines import line, refuted


def runs(valid=0, invalid=0, *kinds, expect="valid", **figures):
    """The lines of a test: so many valid runs, then so many that were refuted."""
    good = [line("t", seed, expect=expect, **figures) for seed in range(valid)]
    return [*good, *(refuted("t", valid + seed, *kinds, expect=expect) for seed in range(invalid))]


def compared(before, now, known=(), sides=False):
    return compare(Baseline.of(before), Baseline.of(now), {"t": known}, sides).tests["t"]


def test_nothing_new():
    found = compared(runs(10), runs(10))
    assert (found.worse, found.better) == ((), ())


def test_an_anomaly_where_valid_is_expected_is_new_even_if_the_baseline_has_it():
    (said,) = compared(runs(10), runs(9, 1)).worse
    assert said == "registers: an anomaly in 1 of 10 runs, where valid is expected; the baseline has none"
    (said,) = compared(runs(9, 1), runs(9, 1)).worse
    assert "the baseline has 1 of 10" in said


def test_a_known_anomaly_is_accepted_by_name_and_no_other():
    assert compared(runs(10), runs(9, 1, "registers/stale"), known=["registers/stale"]).worse == ()
    assert compared(runs(10), runs(9, 1, "registers/stale"), known=["registers"]).worse == ()
    (said,) = compared(runs(10), runs(9, 1, "registers/stale", "set/lost"), known=["registers"]).worse
    assert said.startswith("set/lost")


def test_what_is_known_since_then_is_no_rise_and_what_was_there_before_may_rise():
    assert compared(runs(40), runs(10, 30, "registers"), known=["registers"]).worse == ()
    (said,) = compared(runs(38, 2), runs(10, 30, "registers"), known=["registers"]).worse
    assert said == "registers: refuted in 30 of 40 runs; was 2 of 40, which is beyond chance"
    assert len(compared(runs(40), runs(10, 30, "registers")).worse) == 2


def test_a_kind_that_the_baseline_does_not_know_is_new_where_refutation_is_expected():
    before = runs(5, 5, "registers", expect="invalid")
    assert compared(before, runs(5, 5, "registers", expect="invalid")).worse == ()
    (said,) = compared(before, runs(5, 5, "registers", "set/lost", expect="invalid")).worse
    assert said == "set/lost: a kind of anomaly that the baseline does not know, in 5 of 10 runs"


@pytest.mark.parametrize(("now", "new"), [(2, False), (8, False), (30, True)])
def test_a_share_of_refuted_runs_that_rose_beyond_chance_is_new(now, new):
    found = compared(runs(38, 2, expect="invalid"), runs(40 - now, now, expect="invalid"))
    assert bool(found.worse) is new
    if new:
        assert found.worse == ("registers: refuted in 30 of 40 runs; was 2 of 40, which is beyond chance",)


def test_an_improvement_is_told():
    found = compared(runs(9, 31, expect="invalid"), runs(40, expect="invalid"))
    assert found.better == ("no longer refuted in 40 of 40 seeds; was 31 of 40",)
    found = compared(runs(9, 31, expect="invalid"), runs(38, 2, expect="invalid"))
    assert found.better == ("registers: refuted in 2 of 40 runs; was 31 of 40, which is beyond chance",)


def test_an_improvement_that_chance_may_explain_is_said_to_be_one():
    found = compared(runs(9, 1, expect="invalid"), runs(10, expect="invalid"))
    assert found.better == ()
    assert "not refuted in 10 of 10 seeds; was 1 of 10, a difference that chance may explain" in found.notes


def spectra(*words):
    """Runs that are refuted, each with what became of causal consistency."""
    fields = {"valid": "allowed", "invalid": "refuted"}
    return [
        line("t", seed, "invalid", ("spectrum",), "invalid", **{fields[word]: {"causal-consistency": {}}})
        for seed, word in enumerate(words)
    ]


def test_a_weaker_model_that_is_refuted_where_it_was_not_is_new():
    held, broken = spectra(*["valid"] * 20), spectra(*["invalid"] * 12, *["valid"] * 8)
    (said,) = compared(held, broken).worse
    assert said == "model causal-consistency: refuted in 12 of 20 runs; was 0 of 20, which is beyond chance"
    assert compared(held, spectra("invalid", *["valid"] * 19)).worse == ()
    assert compared(broken, held).better == (said.replace("12 of 20 runs; was 0 of 20", "0 of 20 runs; was 12 of 20"),)


def test_a_side_of_a_split_that_answers_less_is_new():
    before, now = (
        [line("t", seed, sides=[("partition", "minority", level + seed)]) for seed in range(12)] for level in (80, 20)
    )
    (said,) = compared(before, now).worse
    assert said.startswith("availability in partition, minority: 0.255 in the median of 12 runs; was 0.855 of 12")


def spread(level, **more):
    """Runs whose availability is about a level, each a little other."""
    return [line("t", seed, availability=level + seed / 1000, p99=10 + seed, **more) for seed in range(12)]


def test_availability_that_fell_beyond_chance_is_new_and_that_rose_is_better():
    found = compared(spread(0.9), spread(0.5))
    assert [said.partition(":")[0] for said in found.worse] == [
        "availability in faults",
        "availability in faults n1",
        "availability in faults n2",
    ]
    assert found.worse[0].endswith("0.505 in the median of 12 runs; was 0.905 of 12, which is beyond chance")
    assert found.better == ()
    other = compared(spread(0.5), spread(0.9))
    assert (len(other.better), other.worse) == (3, ())


def test_latency_is_worse_the_higher_it_is():
    slow = [line("t", seed, p99=100 + seed) for seed in range(12)]
    quick = [line("t", seed, p99=10 + seed) for seed in range(12)]
    assert all(said.startswith("latency") and " ms in the median" in said for said in compared(quick, slow).worse)
    assert len(compared(quick, slow).worse) == 6
    assert compared(slow, quick).worse == ()


def test_too_few_runs_are_said_to_be_too_few():
    (said,) = compared(runs(3), runs(3)).notes
    assert said.startswith("3 runs, and 3 before: too few")
    assert compared(runs(12), runs(12)).notes == ()


def test_tests_of_one_side_alone_are_named():
    found = compare(Baseline.of(runs(2)), Baseline.of([line("new", 1)]))
    assert (found.tests, found.unknown, found.missing) == ({}, ("new",), ("t",))


def test_two_sides_differ_in_an_anomaly_that_one_of_them_has_alone():
    assert compared(runs(1), runs(0, 1), sides=True).worse == ("registers: an anomaly of the second side alone",)
    assert compared(runs(0, 1), runs(1), sides=True).better == ("registers: an anomaly of the first side alone",)
    assert not compared(runs(9, 1), runs(8, 2), sides=True).differs
    chance = compared(runs(9, 1, expect="invalid"), runs(10, expect="invalid"), sides=True)
    assert not chance.differs
