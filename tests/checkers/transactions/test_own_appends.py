"""Lists that end with appends of their reader: what stands before these was read from its writer."""

import pytest

from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History

Transaction = tuple[int, list[tuple[str, str, object]]]


def history(*transactions: Transaction) -> History:
    """Transactions one after the other, each of a process."""
    events = []
    for process, done in transactions:
        asked = [(f, key, None if f == "r" else value) for f, key, value in done]
        for kind, value in (("invoke", asked), ("ok", done)):
            at = len(events)
            events.append(Event(index=at, time=at, process=process, type=kind, f="txn", value=value))
    return History.of(events)


FRACTURED: tuple[Transaction, ...] = (
    (0, [("append", "x", 1), ("append", "y", 1)]),
    (1, [("append", "x", 2), ("r", "x", (1, 2)), ("r", "y", ())]),
)
"""The second saw that the first had appended to x, and not what it appended to y."""
BACKWARDS: tuple[Transaction, ...] = (
    (0, [("append", "x", 1)]),
    (0, [("append", "y", 1)]),
    (1, [("append", "y", 2), ("append", "y", 3), ("r", "y", (1, 2, 3)), ("r", "x", ())]),
)
"""The last one saw the second of a session, and not its first."""


@pytest.mark.parametrize(
    ("transactions", "refuted", "allowed"),
    [
        (FRACTURED, {"read-atomic-plain", "causal-plain", "prefix", "read-committed-axiom"}, {"read-committed"}),
        (BACKWARDS, {"causal", "strong-session-prefix"}, {"read-atomic", "causal-plain", "prefix"}),
    ],
)
def test_what_was_seen_before_own_appends_counts(
    transactions: tuple[Transaction, ...], refuted: set[str], allowed: set[str]
) -> None:
    found = TransactionCheck("list-append").check(history(*transactions), Budget()).details
    assert refuted <= set(found["refuted"])
    assert allowed <= set(found["allowed"])
    assert found["undecided"] == {}


def test_own_appends_alone_tell_of_nobody() -> None:
    own: tuple[Transaction, ...] = (
        (0, [("append", "x", 1), ("r", "x", (1,))]),
        (1, [("append", "x", 2), ("r", "x", (1, 2))]),
    )
    found = TransactionCheck("list-append").check(history(*own), Budget())
    assert found.value.value == "valid"


def test_the_sentence_names_what_the_other_one_appended() -> None:
    verdict = TransactionCheck("list-append", "causal").check(history(*FRACTURED), Budget())
    words = " ".join(word for cycle in verdict.details["cycles"].values() for word in cycle["words"])
    assert "T0" in words and "T2 read y = []" in words
