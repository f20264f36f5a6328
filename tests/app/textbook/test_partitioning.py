"""Keys that move: from whom, to whom, and what is lost on the way."""

from splitbrain.textbook.moving import additions_lost
from splitbrain.textbook.partitioning import NODES, KeyMoves, hash_of, key_moves, ring_owner

from .made_runs import MadeUpRun, ended


def test_moves_are_counted_with_their_donors() -> None:
    keys = list(range(110))
    found = key_moves(keys, lambda nodes: lambda key: key % nodes)
    assert found == KeyMoves(110, 100, 90, 10, 1.0)
    unmoved = key_moves(keys, lambda nodes: lambda key: 0)
    assert (unmoved.moved, unmoved.donors, unmoved.fullest) == (0, 0, NODES + 1)


def test_a_newcomer_with_one_place_takes_from_one_node() -> None:
    keys = [hash_of(str(number)) for number in range(2000)]
    one = key_moves(keys, lambda nodes: ring_owner(nodes, 1, 7))
    many = key_moves(keys, lambda nodes: ring_owner(nodes, 128, 7))
    assert (one.donors, one.between, many.between) == (1, 0, 0) and many.donors > 5


def test_an_addition_is_lost_if_the_last_read_of_its_set_lacks_it() -> None:
    run = MadeUpRun(
        ended("add", "s", 1, 0, 0, 1), ended("add", "s", 2, 0, 2, 3), ended("add", "s", 3, 0, 2, None, ok=False),
        ended("add", "unread", 4, 0, 2, 3), ended("read", "s", (2,), 0, 4, 5),
    )  # fmt: skip
    assert additions_lost(run) == (1, 2)
