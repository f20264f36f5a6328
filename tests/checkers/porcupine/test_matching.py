"""Matchings: one for each seat, as long as there is one."""

from itertools import permutations
from random import Random

from splitbrain.checkers.porcupine.monitors.matching import matched
from splitbrain.harness.history import ABSENT


def test_a_matching_is_found_if_there_is_one() -> None:
    random, full = Random(7), 0
    for _ in range(500):
        able = [[one for one in range(5) if random.random() < 0.35] for _ in range(random.randint(1, 5))]
        found = matched(able, lambda: False)
        assert found is not None
        seated, empty = found
        there_is = any(
            all(one in those for one, those in zip(chosen, able, strict=True))
            for chosen in permutations(range(5), len(able))
        )
        assert (empty == ABSENT) == there_is
        taken = [one for one in seated if one != ABSENT]
        assert len(set(taken)) == len(taken) == (len(able) if empty == ABSENT else empty)
        assert all(one in able[seat] for seat, one in enumerate(seated) if one != ABSENT)
        full += there_is
    assert 100 < full < 400


def test_a_matching_that_is_stopped_is_none() -> None:
    asked = iter([False, False, True])
    assert matched([[0, 1, 2]] * 5, lambda: next(asked)) is None
