"""Planted bugs at one node alone: it makes the mistake, the others do not, and a run shows which it was."""

from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.harness.errors import UsageError
from splitbrain.harness.random_stream import RandomStream
from splitbrain.registry import target
from splitbrain.targets.stores.planted import PlantedStore

NODES = ["n1", "n2", "n3"]


def made(word: str, name: str) -> Any:
    """A node of a store."""
    store = target(word)
    assert isinstance(store, PlantedStore)
    return store.program(name, NODES, RandomStream(1, name))


def test_one_node_has_the_parts_of_the_bug_and_the_others_are_correct() -> None:
    usual, everywhere = made("raft", "n1"), made("raft:bug=vote-twice", "n1")
    there, beside = made("raft:bug=vote-twice@n3", "n3"), made("raft:bug=vote-twice@n3", "n1")
    assert type(everywhere.election) is not type(usual.election)
    assert type(there.election) is type(everywhere.election)
    assert type(beside.election) is type(usual.election)


def test_a_run_names_the_node_that_makes_the_mistake(tmp_path: Path) -> None:
    result = run("raft:bug=vote-twice@n3", nemesis="all", time_limit=10, seed=3, out=tmp_path)
    assert result.status.value == "invalid"
    assert "n3 voted" in result.reason


def test_consumers_of_one_node_alone_make_a_mistake() -> None:
    store = target("log:delivery=at-least-once,bug=offset-before-effects@n2")
    assert isinstance(store, PlantedStore)
    assert store.parts_beside("correct", "n1") == "correct" != store.parts_beside("correct", "n2")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("raft:bug=vote-twice@n9", "there is no node n9, only n1, n2, n3"),
        ("raft:bug=vote-twice@", "names no node"),
        ("raft:bug=vote-twic@n1", "did you mean vote-twice"),
        ("raft:bug=none@n1", "there is no bug 'none'"),
    ],
)
def test_what_names_no_bug_or_no_node_is_refused(word: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        made(word, "n1")
