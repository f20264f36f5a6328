"""Invariants and audit of paxos: what holds, and what refutes a node."""

import pytest

from splitbrain.harness.invariants import Invariant
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.verdict import Validity
from splitbrain.targets.stores.client import Sessions
from splitbrain.targets.stores.paxos.audit import Kept, judge_kept
from splitbrain.targets.stores.paxos.invariants import (
    builds_on_chosen,
    chosen_by_majority,
    keeps_promises,
    one_life_a_ballot,
    one_proposal_a_ballot,
)

NONE, ONE, TWO, THREE = (0, 0, 0), (1, 1, 0), (2, 1, 1), (3, 1, 2)
Told = tuple[str, str, tuple[object, ...]]


def breaches(invariant: Invariant, *marks: Told) -> int:
    """The number of marks that an invariant objects to, each a node, a name and values."""
    see = invariant.watch()
    events = [MarkEvent(node, time, name, values) for time, (node, name, values) in enumerate(marks)]
    return sum(see(event) is not None for event in events)


STARTS: list[Told] = [(node, "start", ()) for node in ("n1", "n2", "n3")]


@pytest.mark.parametrize(
    ("invariant", "marks", "expected"),
    [
        (
            one_proposal_a_ballot(),
            [("n1", "proposed", ("x", ONE, NONE, 5)), ("n1", "proposed", ("x", ONE, NONE, 5))],
            0,
        ),
        (
            one_proposal_a_ballot(),
            [("n1", "proposed", ("x", ONE, NONE, 5)), ("n1", "proposed", ("y", ONE, NONE, 6))],
            0,
        ),
        (
            one_proposal_a_ballot(),
            [("n1", "proposed", ("x", ONE, NONE, 5)), ("n1", "proposed", ("x", ONE, NONE, 6))],
            1,
        ),
        (one_life_a_ballot(), [*STARTS, ("n1", "begun", ("x", ONE)), ("n1", "begun", ("x", ONE))], 0),
        (one_life_a_ballot(), [*STARTS, ("n1", "begun", ("x", ONE)), *STARTS, ("n1", "begun", ("y", ONE))], 0),
        (one_life_a_ballot(), [*STARTS, ("n1", "begun", ("x", ONE)), *STARTS, ("n1", "begun", ("x", TWO))], 0),
        (one_life_a_ballot(), [*STARTS, ("n1", "begun", ("x", ONE)), *STARTS, ("n1", "begun", ("x", ONE))], 1),
        (one_life_a_ballot(), [*STARTS, ("n1", "begun", ("x", ONE)), ("n2", "begun", ("x", ONE))], 1),
        (keeps_promises(), [("n1", "promised", ("x", TWO, NONE)), ("n2", "accepted", ("x", ONE))], 0),
        (keeps_promises(), [("n1", "promised", ("x", TWO, NONE)), ("n1", "accepted", ("x", TWO))], 0),
        (keeps_promises(), [("n1", "promised", ("x", TWO, NONE)), ("n1", "accepted", ("x", ONE))], 1),
        (keeps_promises(), [("n1", "accepted", ("x", ONE)), ("n1", "promised", ("x", TWO, ONE))], 0),
        (keeps_promises(), [("n1", "accepted", ("x", ONE)), ("n1", "promised", ("x", TWO, NONE))], 1),
        (builds_on_chosen(), [("n1", "chosen", ("x", ONE, 1)), ("n2", "proposed", ("x", TWO, ONE, 5))], 0),
        (builds_on_chosen(), [("n1", "chosen", ("x", ONE, 1)), ("n2", "proposed", ("x", TWO, NONE, 5))], 1),
        (builds_on_chosen(), [("n2", "proposed", ("x", TWO, NONE, 5)), ("n1", "chosen", ("x", ONE, 1))], 1),
        (builds_on_chosen(), [("n1", "chosen", ("x", TWO, 1)), ("n2", "proposed", ("x", ONE, NONE, 5))], 0),
        (chosen_by_majority(), [*STARTS, ("n1", "accepted", ("x", ONE)), ("n1", "chosen", ("x", ONE, 1))], 1),
        (
            chosen_by_majority(),
            [*STARTS, *((n, "accepted", ("x", ONE)) for n in ("n1", "n3")), ("n1", "chosen", ("x", ONE, 1))],
            0,
        ),
    ],
)
def test_breaches_are_told(invariant: Invariant, marks: list[Told], expected: int) -> None:
    assert breaches(invariant, *marks) == expected


def kept(ballot: tuple[int, int, int], digest: int = 1, **sessions: int) -> Kept:
    """The state of a node for one key."""
    return Kept("x", ballot, digest, digest, sessions, False)


@pytest.mark.parametrize(
    ("answers", "acknowledged", "refused", "value"),
    [
        ([kept(TWO, s=3), kept(ONE, s=1)], {"s": 3}, {}, Validity.VALID),
        ([kept(ONE, s=1), kept(ONE, s=1)], {"s": 3}, {}, Validity.INVALID),
        ([kept(ONE, 5), kept(ONE, 6)], {}, {}, Validity.INVALID),
        ([kept(TWO, s=3), kept(ONE)], {}, {"s": 3}, Validity.INVALID),
        ([kept(TWO, s=3), kept(ONE)], {}, {"s": 4}, Validity.VALID),
        ([kept(TWO)], {"s": 3}, {}, Validity.UNKNOWN),
    ],
)
def test_what_nodes_hold_is_judged(
    answers: list[Kept], acknowledged: dict[str, int], refused: dict[str, int], value: Validity
) -> None:
    sessions = Sessions()
    sessions.acknowledged, sessions.refused = acknowledged, refused
    said = {f"n{number}": [one] for number, one in enumerate(answers)}
    assert judge_kept(said, 3, sessions).value is value
