"""Invariants of raft's configurations, by the marks that are told."""

import pytest

from splitbrain.targets.stores.raft.configurations import (
    changes_one_at_a_time,
    elected_by_majority,
    knows_the_configuration,
    stored_by_majority,
)

from .test_invariants import breaches

Told = tuple[str, str, tuple[object, ...]]
FOUR = ("n1", "n2", "n3", "n4")
STARTED: list[Told] = [(name, "start", ()) for name in (*FOUR, "n5")]


def configuration(
    node: str = "n1",
    voters: tuple[str, ...] = FOUR,
    before: tuple[object, ...] = (0, (*FOUR, "n5")),
    committed: tuple[int, int] = (8, 2),
    led: int | None = 2,
) -> Told:
    """The mark of a configuration at index 9."""
    return node, "configuration", (9, voters, before, committed, led)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (configuration(), []),
        (configuration(voters=FOUR[:3]), ["n1 has a configuration at index 9 that changes the votes of n4, n5"]),
        (configuration(before=(None, ()), voters=("n1",)), []),
        (configuration(before=(4, FOUR[:3])), []),
        (
            configuration(before=(9, FOUR[:3])),
            ["n1 leads in term 2 and changes the members at index 9, and the change at index 9 is not committed"],
        ),
        (configuration(before=(9, FOUR[:3]), led=None), []),
        (
            configuration(committed=(8, 1)),
            ["n1 leads in term 2 and changes the members at index 9, with nothing of that term committed"],
        ),
    ],
)
def test_what_is_no_change_of_one_voter_in_its_turn_is_told(mark: Told, words: list[str]) -> None:
    assert breaches(changes_one_at_a_time(), mark) == words


VOTES: list[Told] = [("n1", "voted", (3, "n1")), ("n2", "voted", (3, "n1")), ("n5", "voted", (3, "n1"))]
LEADS: Told = ("n1", "leader", (3, 8, 2))


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ([], []),
        ([configuration("n2")], []),
        ([configuration("n1")], ["n1 leads in term 3 by the votes of n1, n2, of 4 servers"]),
        ([configuration("n1"), ("n1", "start", ())], []),
    ],
)
def test_votes_count_by_the_configuration_of_the_leader(before: list[Told], words: list[str]) -> None:
    assert breaches(elected_by_majority(), *STARTED, *before, *VOTES, LEADS) == words


STORED: list[Told] = [(name, "stored", (8, 2, 2)) for name in ("n1", "n2", "n5")]
APPLIED: Told = ("n1", "applied", (8, (2, "me", 1), 2))


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ([], []),
        ([configuration("n1")], ["n1 applies index 8, which only n1, n2 of 4 servers has on disk"]),
        ([("n2", "emptied", ())], ["n1 applies index 8, which only n1, n5 of 5 servers has on disk"]),
    ],
)
def test_copies_count_by_the_configuration_of_the_leader(before: list[Told], words: list[str]) -> None:
    assert breaches(stored_by_majority(), *STARTED, *STORED, *before, APPLIED) == words


STATE: Told = ("n2", "state", (12, 0))


@pytest.mark.parametrize(
    ("marks", "found"),
    [
        ([STATE], 1),
        ([("n2", "state", (8, 0))], 0),
        ([configuration("n2"), STATE], 0),
        ([configuration("n2"), ("n2", "start", ()), STATE], 1),
    ],
)
def test_a_server_that_goes_by_older_members_is_told(marks: list[Told], found: int) -> None:
    told = breaches(knows_the_configuration(), ("n1", "changed", (9, FOUR)), *marks)
    assert len(told) == found
    assert all("the configuration of index 0, though the members were changed at index 9" in words for words in told)
