"""Invariants watched by marks: each ready-made one holds where it should, and tells a breach by node, place, time."""

import asyncio
from collections.abc import Callable

import pytest

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.invariants import (
    Invariant,
    InvariantMonitor,
    Latest,
    done_once,
    never_back,
    one_choice,
    one_entry_an_index,
    one_leader_a_term,
)
from splitbrain.harness.marks import EMPTIED, START, MarkEvent, Marks
from splitbrain.harness.program import Mark, SetTimer
from splitbrain.harness.verdict import Validity

MS = 1_000_000


def monitor(invariant: Invariant, *marks: tuple[object, ...]) -> InvariantMonitor:
    """The findings of a monitor after these marks: (node, name, value, …), a millisecond apart."""
    bus = Marks()
    made = InvariantMonitor([invariant], bus)
    for number, (node, name, *values) in enumerate(marks, 1):
        bus.publish(str(node), number * MS, str(name), tuple(values))
    return made


@pytest.mark.parametrize(
    ("invariant", "good", "bad", "words"),
    [
        (
            one_leader_a_term(),
            [("n1", "leader", 1), ("n2", "leader", 2), ("n1", "leader", 1)],
            ("n1", "leader", 2),
            "n1 leads in term 2, in which n2 led at 0.002000 s",
        ),
        (
            one_entry_an_index(),
            [("n1", "applied", 1, "a"), ("n2", "applied", 1, "a"), ("n1", "applied", 2, "b")],
            ("n2", "applied", 2, "c"),
            "n2 has 'c' at index 2, where n1 had 'b' at 0.003000 s",
        ),
        (
            one_choice("voted"),
            [("n1", "voted", 1, "n2"), ("n2", "voted", 1, "n3"), ("n1", "voted", 1, "n2")],
            ("n1", "voted", 1, "n3"),
            "n1 voted 'n3' in 1, and 'n2' at 0.001000 s",
        ),
        (
            one_choice("voted"),
            [("n1", "voted", 1, "n2"), ("n1", EMPTIED), ("n1", "voted", 1, "n3")],
            ("n1", "voted", 1, "n2"),
            "n1 voted 'n2' in 1, and 'n3' at 0.003000 s",
        ),
        (
            never_back("term"),
            [("n1", "term", 3), ("n1", EMPTIED), ("n1", "term", 1)],
            ("n1", "term", 0),
            "n1 goes back to 0 from 1, which it had at 0.003000 s",
        ),
        (
            never_back("term"),
            [("n1", "term", 3), ("n2", "term", 1), ("n1", START), ("n1", "term", 3)],
            ("n1", "term", 2),
            "n1 goes back to 2 from 3, which it had at 0.004000 s",
        ),
        (
            never_back("commit", durable=False),
            [("n1", "commit", 3), ("n1", START), ("n1", "commit", 1)],
            ("n1", "commit", 0),
            "n1 goes back to 0 from 1, which it had at 0.003000 s",
        ),
        (
            done_once(),
            [("n1", "executed", ("s", 1), 4), ("n2", "executed", ("s", 1), 4), ("n1", "executed", ("s", 2), 5)],
            ("n2", "executed", ("s", 2), 6),
            "n2 carries out request ('s', 2) at index 6, which n1 carried out at index 5 at 0.003000 s",
        ),
    ],
)
def test_a_breach_is_told_and_all_else_is_not(
    invariant: Invariant, good: list[tuple[object, ...]], bad: tuple[object, ...], words: str
) -> None:
    assert monitor(invariant, *good).verdict().value is Validity.VALID
    verdict = monitor(invariant, *good, bad).verdict()
    assert verdict.value is Validity.INVALID
    assert verdict.reason == f"{invariant.name}: {words} (at {(len(good) + 1) / 1000:.6f} s)"


def test_of_each_invariant_the_first_breach_counts() -> None:
    found = monitor(never_back("term"), ("n1", "term", 3), ("n1", "term", 2), ("n1", "term", 1))
    assert [breach.time for breach in found.breaches] == [2 * MS]


class Marked:
    """A program that makes a mark when it starts, and one by a timer."""

    message_type = request_type = reply_type = type(None)

    def __init__(self, name: str, nodes: object, random: object) -> None:
        self.name = name

    def on_start(self, now: object, disk: object) -> list[object]:
        """The first mark."""
        return [Mark("up", self.name), SetTimer("later", 5 * MS)]

    def on_timer(self, now: object, name: str) -> list[object]:
        """The second."""
        return [Mark("later", 1, 2)]


def test_marks_of_simulated_nodes_reach_who_subscribed_with_node_and_time() -> None:
    environment = Sim(1)
    heard: list[MarkEvent] = []
    late: list[MarkEvent] = []
    environment.marks.subscribe(heard.append)

    async def main() -> None:
        cluster = await environment.up(Simulated(Marked), ["n1", "n2"], None)  # type: ignore[arg-type]
        cluster.marks.subscribe(late.append, "later")
        await asyncio.sleep(1)
        await cluster.down()

    environment.run(main)
    starts = [mark for node in ("n1", "n2") for mark in ((node, 0, START, ()), (node, 0, "up", (node,)))]
    assert [(e.node, e.time, e.name, e.values) for e in heard[:4]] == starts
    assert [(e.node, e.time, e.values) for e in late] == [("n1", 5 * MS, (1, 2)), ("n2", 5 * MS, (1, 2))]
    assert environment.marks.counts == {START: 2, "up": 2, "later": 2}


def test_the_latest_are_remembered_and_older_ones_are_let_pass() -> None:
    latest: Latest[str] = Latest(window=10)
    for number in (1, 2, 4, 3, *range(5, 100)):
        assert latest.setdefault(number, f"first {number}") == f"first {number}"
    assert len(latest) == 11
    assert latest.setdefault(89, "new") == "first 89"
    assert latest.setdefault(88, "new") is None and latest.setdefault(1, "new") is None


@pytest.mark.parametrize(
    ("invariant", "mark"),
    [
        (one_leader_a_term(), lambda node, term: (node, "leader", term)),
        (one_choice("voted"), lambda node, term: (node, "voted", term, f"for {node}")),
        (one_entry_an_index(window=1000), lambda node, term: (node, "applied", term, f"of {node}")),
    ],
)
def test_what_is_said_of_long_ago_is_no_breach_and_of_lately_is(
    invariant: Invariant, mark: Callable[[str, int], tuple[object, ...]]
) -> None:
    many = [mark("n1", term) for term in range(1, 1500)]
    assert not monitor(invariant, *many, mark("n2", 3), mark("n2", 1600)).breaches
    again = mark("n2", 1499) if "voted" not in invariant.marks else ("n1", "voted", 1499, "another")
    assert monitor(invariant, *many, again).breaches
