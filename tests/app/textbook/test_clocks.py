"""Timestamps of writes, beside the order in which they began and were acknowledged."""

from splitbrain.textbook.clocks import TRUETIME, stamped, wrong_way_round

from .made_runs import MadeUpRun, ended

MS = 1_000_000


def test_pairs_count_of_which_one_begins_soon_after_the_other_was_acknowledged() -> None:
    run = MadeUpRun(
        ended("write", "a", 1, 0, 0, MS), ended("write", "b", 2, 1, 2 * MS, 3 * MS),
        ended("write", "c", 3, 0, 2 * MS, 30 * MS), ended("write", "d", 4, 1, 50 * MS, 51 * MS),
    )  # fmt: skip
    assert wrong_way_round(run, {"1": 7, "2": 7, "3": 9, "4": 1}) == (1, 2)


def test_the_mark_of_a_timestamp_is_there_for_each_write_that_was_acknowledged() -> None:
    run, stamps = stamped(TRUETIME, 1)
    wrong, whole = wrong_way_round(run, stamps)
    assert wrong == 0 < whole
