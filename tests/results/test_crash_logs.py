"""Nodes that ended by themselves are reported once each, with the end of their log."""

from splitbrain.harness.environment import Death
from splitbrain.results.crash_logs import FILE, NOTES_MAX, write_crash_log
from splitbrain.results.folder import RunFolder

from .samples import record


def test_each_is_noted_once_with_how_often_and_its_last_lines_are_kept(tmp_path):
    folder = RunFolder.create(record(), tmp_path)
    deaths = [
        Death("n3", 1_500_000_000, "n3 exited with code 1 by itself", ("fatal: disk", "bye")),
        Death("n1", 2_000_000_000, "n1 was ended by signal 6 by itself"),
        Death("n3", 2_500_000_000, "n3 exited with code 1 by itself", ("fatal: disk again",)),
    ]
    notes = write_crash_log(deaths, folder)
    assert notes[:2] == ("n3 exited with code 1 by itself, 2 times", "n1 was ended by signal 6 by itself")
    assert FILE in notes[2]
    assert (folder.path / FILE).read_text() == (
        "1.500 s: n3 exited with code 1 by itself\n    fatal: disk\n    bye\n\n"
        "2.000 s: n1 was ended by signal 6 by itself\n    (nothing in its log)\n\n"
        "2.500 s: n3 exited with code 1 by itself\n    fatal: disk again\n"
    )


def test_deaths_of_one_kind_are_told_in_one_note(tmp_path):
    folder = RunFolder.create(record(), tmp_path)
    deaths = [
        Death(f"n{1 + at % 3}", at, f"n{1 + at % 3} died by itself at {at} s: KeyError", how="died by itself: KeyError")
        for at in range(20)
    ]
    notes = write_crash_log(deaths, folder)
    assert notes[0] == "n1 died by itself at 0 s: KeyError, 20 times, to n2, n3 too" and len(notes) == 2


def test_so_many_ways_to_die_and_no_more_are_noted(tmp_path):
    deaths = [Death("n1", at, f"n1 died by itself: {at}") for at in range(30)]
    notes = write_crash_log(deaths, RunFolder.create(record(), tmp_path))
    assert len(notes) == NOTES_MAX + 1 and "22 more ways of it" in notes[-1]


def test_nothing_is_said_where_nothing_died(tmp_path):
    folder = RunFolder.create(record(), tmp_path)
    assert write_crash_log([], folder) == ()
    assert not (folder.path / FILE).exists()
