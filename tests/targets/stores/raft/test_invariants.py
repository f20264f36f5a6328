"""Invariants of raft, by the marks that are told: what holds, and what refutes a server."""

import pytest

from splitbrain.harness.invariants import Invariant
from splitbrain.harness.marks import MarkEvent
from splitbrain.targets.stores.raft.invariants import (
    answers_what_was_applied,
    keeps_what_it_promised,
    knows_what_was_acknowledged,
    votes_by_rule,
    votes_in_present_term,
)


def breaches(invariant: Invariant, *marks: tuple[str, str, tuple[object, ...]]) -> list[str]:
    """The findings of an invariant on marks, each a node, a name and values."""
    see = invariant.watch()
    events = [MarkEvent(node, time, name, values) for time, (node, name, values) in enumerate(marks)]
    return [words for event in events if (words := see(event)) is not None]


VOTES = [("n1", "term", (3,)), ("n1", "voted", (3, "n2")), ("n1", "term", (5,))]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("n1", "voted", (5, "n3")), []),
        (("n1", "voted", (6, "n3")), []),
        (("n2", "voted", (3, "n3")), []),
        (("n1", "voted", (4, "n3")), ["n1 votes for n3 in term 4 after term 5"]),
    ],
)
def test_a_vote_in_a_term_that_was_left_is_told(more: tuple[str, str, tuple[object, ...]], words: list[str]) -> None:
    assert breaches(votes_in_present_term(), *VOTES, more) == words


PROMISES = [("n1", "stored", (8, 2, 2)), ("n1", "promised", (8, 2)), ("n1", "promised", (6, 2))]
LOST = "n1 has index 7 on disk, and has acknowledged index 8 in the same term, 2"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([("n1", "stored", (9, 2, 2))], []),
        ([("n1", "stored", (5, 1, 3))], []),
        ([("n1", "promised", (3, 3)), ("n1", "stored", (4, 1, 3))], []),
        ([("n2", "stored", (7, 2, 2))], []),
        ([("n1", "stored", (7, 2, 2))], [LOST]),
    ],
)
def test_what_was_acknowledged_and_is_gone_in_the_same_term_is_told(
    more: list[tuple[str, str, tuple[object, ...]]], words: list[str]
) -> None:
    assert breaches(keeps_what_it_promised(), *PROMISES, *more) == words


@pytest.mark.parametrize(
    ("vote", "words"),
    [
        ((5, "n2", 3, 9, False), []),
        ((5, "n2", 2, 99, False), []),
        ((5, "n3", 4, 1, False), []),
        ((5, "n2", 3, 10, False), ["whose log ends at index 10 of term 3, votes in term 5 for n2"]),
        ((5, "n2", 4, 1, False), ["whose log ends at index 1 of term 4, votes in term 5 for n2"]),
        ((5, "n2", 3, 9, True), ["n1 votes for n2 in term 5 and hears a leader"]),
    ],
)
def test_a_vote_against_the_rules_is_told(vote: tuple[object, ...], words: list[str]) -> None:
    found = breaches(votes_by_rule(), ("n2", "chosen", (5, "n2", 3, 9, False)), ("n1", "chosen", vote))
    assert len(found) == len(words)
    assert all(part in whole for part, whole in zip(words, found, strict=True))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ([("n1", 9), ("n2", 7), ("n3", 0)], []),
        ([("n1", 9), ("n2", 6), ("n3", 5)], []),
        (
            [("n1", 9), ("n2", 8), ("n3", 0)],
            [
                "n1 leads in term 4 and takes index 8 to be on the disk of n2, "
                "which has acknowledged index 7 in that term"
            ],
        ),
    ],
)
def test_a_leader_that_believes_what_nobody_acknowledged_is_told(
    known: list[tuple[str, int]], words: list[str]
) -> None:
    told = [("n2", "promised", (20, 3)), ("n2", "promised", (7, 4)), ("n3", "acknowledged", (5, 4))]
    assert breaches(knows_what_was_acknowledged(), *told, ("n1", "known", (4, *known))) == words


APPLIED = [("n2", "applied", (1, (1, "", 0), 1)), ("n2", "applied", (2, (1, "s", 4), 1))]


@pytest.mark.parametrize(
    ("answered", "words"),
    [
        (("s", 4), []),
        (("s", 3), []),
        (("s", 5), ["n1 answers request 5 of session s, which no server has applied"]),
        (("t", 1), ["n1 answers request 1 of session t, which no server has applied"]),
    ],
)
def test_an_answer_that_does_not_come_from_the_machine_is_told(answered: tuple[str, int], words: list[str]) -> None:
    assert breaches(answers_what_was_applied(), *APPLIED, ("n1", "answered", answered)) == words


def test_of_sessions_that_are_no_longer_remembered_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splitbrain.targets.stores.raft.invariants.SESSIONS", 2)
    more = [("n2", "applied", (index, (1, f"t{index}", 1), 1)) for index in (3, 4)]
    told = breaches(
        answers_what_was_applied(), *APPLIED, *more, ("n1", "answered", ("s", 4)), ("n1", "answered", ("t4", 2))
    )
    assert told == ["n1 answers request 2 of session t4, which no server has applied"]
