"""Proof of the orders of many keys at once, by the compiled verifier, which shares nothing with any search."""

from array import array
from collections.abc import Container, Iterable
from itertools import compress

from splitbrain.checkers.porcupine import Model, certificate
from splitbrain.checkers.porcupine.search_result import SearchResult
from splitbrain.checkers.porcupine.verify import is_proof, merged_order
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History

COLUMNS = ("type", "process", "f", "value", "key", "time", "node", "error", "revision", "token", "session")


def part_of(history: History, keys: Container[int]) -> tuple[History, dict[int, int]]:
    """The history of these keys (value ids) alone, and where in it each of their events is."""
    kept = [key in keys for key in history.key]
    part = History()
    part.pool = history.pool
    for name in COLUMNS:
        column = getattr(history, name)
        setattr(part, name, array(column.typecode, compress(column, kept)))
    return part, dict(zip(compress(range(len(kept)), kept), range(len(kept)), strict=False))


def assert_verified(model: Model, history: History, answers: Iterable[SearchResult]) -> None:
    """Assert that every order found is a proof for its key."""
    orders = {answer.key: answer.order for answer in answers if answer.linearizable}
    if not orders:
        return
    part, place = part_of(history, orders)
    order = merged_order(part, [tuple(map(place.__getitem__, order)) for order in orders.values()])
    assert is_proof(model, part, order, Budget().start()), certificate.objection(model, part, order)
