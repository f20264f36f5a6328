"""Replay of orders against assumptions on keys: a level is allowed if some order shows it and takes no key back."""

from itertools import permutations
from random import Random

import pytest

from splitbrain.checkers.transactions.assumption_names import SEQUENTIAL
from splitbrain.checkers.transactions.key_replay import backwards
from splitbrain.checkers.transactions.version_replay import RULES
from splitbrain.harness.history import History

from .exhaustive import Small, transactions_of
from .test_assumptions import BEFORE, judged, unisolated
from .test_version_replay import MEMBERS_MAX, shows


def compare(assume: str, seed: int, count: int) -> None:
    compared = refuted = number = 0
    while compared < count:
        number += 1
        events = unisolated(Random(f"keys {assume} {seed} {number}"))
        small = Small(transactions_of(events, False), False)
        if len(small.txns) > MEMBERS_MAX:
            continue
        compared += 1
        history, details = History.of(events), judged(events, assume).details
        assert details["assumption_objection"] is None
        rows = {invoke: row for row, invoke in enumerate(history.operations().invoke)}
        orders = [[*order] for order in permutations(rows[txn.begin] for txn in small.txns)]
        kept = [order for order in orders if backwards(history, order, sessions=assume == SEQUENTIAL) is None]
        assert kept
        for model in RULES:
            found = any(shows(history, order, model, False) for order in kept)
            assert found == (model in details["allowed"]), (number, model, events)
            refuted += not found
    print(f"{assume}: {compared} compared, {refuted} times a level refuted")
    assert refuted > count / 4


@pytest.mark.parametrize("assume", BEFORE)
def test_level_is_allowed_if_an_order_shows_it_under_which_no_key_goes_back(assume: str) -> None:
    compare(assume, 1, 25)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("assume", BEFORE)
def test_level_is_allowed_if_an_order_shows_it_at_length(assume: str) -> None:
    compare(assume, 2, 1_000)
