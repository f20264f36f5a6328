"""Optimistic locks of two-phase-commit: what a vote takes for the version that was read."""

from functools import partial
from zlib import crc32

import pytest

from splitbrain.targets.stores.bugs.two_phase_commit import HashedVersions
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.two_phase_commit import CommitNode
from splitbrain.targets.stores.two_phase_commit.context import CommitSettings, Isolation
from splitbrain.targets.stores.two_phase_commit.messages import PrepareShard
from splitbrain.targets.stores.two_phase_commit.node import CommitParts

from ..bench import StoreBench
from .test_by_hand import KEYS, NAMES, txn

NOTHING = crc32(b"None") & 0xF
SAME_HASH = next(value for value in range(1, 1000) if crc32(repr(value).encode()) & 0xF == NOTHING)
OTHER_HASH = next(value for value in range(1, 1000) if crc32(repr(value).encode()) & 0xF != NOTHING)
"""Values whose hash ends as that of nothing, and otherwise."""


def outcome(parts: CommitParts, value: int) -> str | None:
    """The error of a transaction that reads a key, which another one sets before it votes, and writes a second key."""
    node = partial(CommitNode, settings=CommitSettings(isolation=Isolation.SSI), parts=parts)
    made = StoreBench(node, NAMES)
    made.settle()
    first = made.request("n1", txn(1, ("r", KEYS["n2"], None), ("w", KEYS["n3"], 1)))
    held = made.settle(without=(PrepareShard,))
    second = made.request("n2", Request("txn", None, [("w", KEYS["n2"], value)], "other", 1))
    made.settle()
    assert made.replies[second].error is None
    assert held
    assert first not in made.replies
    made.flights += held
    made.settle()
    error: str | None = made.replies[first].error
    return error


@pytest.mark.parametrize("value", [SAME_HASH, OTHER_HASH])
def test_a_vote_looks_whether_what_was_read_has_changed(value: int) -> None:
    assert outcome(CommitParts(), value) == "conflict"


def test_a_hash_of_a_few_bits_lets_a_change_pass() -> None:
    parts = CommitParts(participant=HashedVersions)
    assert [outcome(parts, value) for value in (SAME_HASH, OTHER_HASH)] == [None, "conflict"]
