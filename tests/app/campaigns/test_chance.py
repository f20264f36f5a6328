"""Tests of chance as an explanation: exact where it can be counted out, and at the level that is said."""

import itertools
import math

import pytest

from splitbrain.campaigns.chance import LEVEL, Share, beyond, enough, share_rose, shifted


def counted_out(before: Share, now: Share) -> float:
    """The probability of at least `now.part`, if the refuted runs fell anywhere among all."""
    whole, part = before.whole + now.whole, before.part + now.part
    ways = [
        math.comb(part, k) * math.comb(whole - part, now.whole - k) for k in range(now.part, min(part, now.whole) + 1)
    ]
    return sum(ways) / math.comb(whole, now.whole)


@pytest.mark.parametrize(("a", "n", "b", "m"), [(0, 10, 0, 10), (0, 10, 5, 10), (31, 40, 40, 40), (3, 7, 2, 9)])
def test_the_chance_of_a_rise_is_exact(a, n, b, m):
    before, now = Share(a, n), Share(b, m)
    assert share_rose(before, now) == pytest.approx(counted_out(before, now))


def test_many_hypotheses_are_corrected_for():
    assert beyond({"a": 0.004, "b": 0.03, "c": 0.02}, 0.05) == {"a", "b", "c"}
    assert beyond({"a": 0.004, "b": 0.03, "c": 0.04}, 0.05) == {"a"}
    assert beyond({"a": 0.02, "b": 0.9, "c": 0.9}, 0.05) == frozenset()
    assert beyond({}, 0.05) == frozenset()


def test_figures_that_rose_are_those_that_few_divisions_let_rise_as_much():
    before = {"x": [1.0, 2.0, 3.0, 4.0], "y": [5.0, 1.0, 4.0, 2.0]}
    now = {"x": [5.0, 6.0, 7.0, 8.0], "y": [3.0, 8.0, 7.0, 6.0]}
    values = {name: before[name] + now[name] for name in before}

    def difference(name, chosen):
        ordered = sorted(values[name])
        ranks = [ordered.index(value) for value in values[name]]
        return sum(ranks[at] for at in chosen) - sum(ranks) / 2

    divisions = list(itertools.combinations(range(8), 4))
    seen = {name: difference(name, range(4, 8)) for name in values}
    for name in values:
        chance = sum(max(difference(n, d) for n in values) >= seen[name] for d in divisions) / len(divisions)
        assert (name in shifted(before, now, chance)) and (name not in shifted(before, now, chance * 0.99))


def test_values_that_are_missing_or_all_the_same():
    nan = float("nan")
    same = {"x": [1.0] * 10, "y": [nan] * 10}
    assert shifted(same, same, 0.05) == frozenset()
    assert shifted({"x": [1.0] * 9 + [nan]}, {"x": [2.0] * 9 + [nan]}, 0.001) == {"x"}
    assert shifted({}, {}, 0.05) == frozenset()


def test_too_few_runs_tell_no_change_however_large():
    assert shifted({"x": [1.0] * 5}, {"x": [9.0] * 5}, 0.001) == frozenset()
    assert not enough(5, 5, 1, 0.001)
    of_one, of_ten = LEVEL / 2, LEVEL / 20
    assert next(n for n in range(5, 20) if enough(n, n, 19, of_one)) == 9
    assert next(n for n in range(5, 20) if enough(n, n, 19, of_ten)) == 11


@pytest.mark.parametrize("figures", [1, 19])
def test_unchanged_figures_are_told_as_changed_no_more_often_than_the_level_says(figures):
    import numpy

    random, level, trials = numpy.random.default_rng(figures), 0.05, 300
    told = 0
    for _ in range(trials):
        before, now = (dict(enumerate(random.exponential(size=(figures, 8)).tolist())) for _ in range(2))
        told += bool(shifted({str(k): v for k, v in before.items()}, {str(k): v for k, v in now.items()}, level))
    assert told <= 28  # binomial: 300 trials at 5 % exceed this with a probability below 0.1 %
