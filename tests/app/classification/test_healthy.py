"""Stores that refuse a part of their operations always: what a split takes is held against what they answer without."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from splitbrain.classification.availability import ServiceTally
from splitbrain.classification.card import Card, CardSubject
from splitbrain.classification.card_file import card_file
from splitbrain.classification.figures import deadline_of, measured, side_facts
from splitbrain.classification.healthy import CalmRequest, HealthyShare, calm_requests, healthy_shares
from splitbrain.classification.markdown import markdown
from splitbrain.classification.page import render
from splitbrain.classification.rule import CapClass
from splitbrain.classification.windows import KINDS
from splitbrain.classification.words import lines
from splitbrain.cli.classify import code
from splitbrain.results.intervals import Interval

from .played import (
    MINORITY,
    NODES,
    SECOND,
    SPLIT,
    WINDOWS,
    PlayedAnswer,
    Store,
    history,
    refusing,
    runs_of,
    runs_of_chance,
    serving,
)

REFUSED = PlayedAnswer(1, "fail", ("conflict", "contention"))


def refuses_some(
    store: Store, always: float, minority: float = 0.0, nodes: tuple[str, ...] = NODES
) -> Callable[[int], Store]:
    """Maker of a store, by seed, that refuses this share of writes always, and more of them in a minority; else it does
    as another one does."""

    def made(seed: int) -> Store:
        lots = Random(seed)

        def answer(node: str, kind: str, split: bool) -> PlayedAnswer:
            share = (always if node in nodes else 0.0) + (minority if split and node in MINORITY else 0.0)
            return REFUSED if kind == "write" and lots.random() < share else store(node, kind, split)

        return answer

    return made


def card(made: Callable[[int], Store], *claims: str) -> Card:
    return Card(CardSubject("store", claims, "sim", 5), runs_of_chance(made))


@pytest.fixture(scope="module")
def refuses_and_serves() -> Card:
    return card(refuses_some(serving, 0.12), "AP")


def test_what_is_refused_always_is_not_refused_because_of_a_split(refuses_and_serves: Card) -> None:
    found = card(refuses_some(refusing, 0.12), "CP").finding
    assert (found.cap, found.reads, found.writes) == (CapClass.CP, CapClass.CP, CapClass.CP), found
    assert set(found.majority_serves.values()) == {True}
    found = refuses_and_serves.finding
    assert (found.cap, found.reads, found.writes) == (CapClass.AP, CapClass.AP, CapClass.AP), found


def test_a_side_whose_windows_all_say_too_little_is_open_and_not_left_out() -> None:
    runs = runs_of_chance(refuses_some(serving, 0.0))
    splits = [scenario for scenario in measured(runs, deadline_of(runs)) if scenario.split]
    assert splits
    once = ServiceTally(1, 1, 1, 1)
    for scenario in splits:
        rare = [{at: once if at[0] == "minority" else one for at, one in row.items()} for row in scenario.tallies]
        facts = {(fact.side, fact.kind): fact for fact in side_facts([replace(scenario, tallies=rare)])}
        assert len(facts) == 2 * len(KINDS)
        for (side, _kind), fact in facts.items():
            assert bool(fact.served) == (side == "majority") and not fact.not_served


def test_a_store_that_refuses_more_in_the_minority_is_not_available() -> None:
    found = card(refuses_some(serving, 0.12, 0.25)).finding
    assert (found.cap, found.reads, found.writes) == (CapClass.NEITHER, CapClass.AP, CapClass.CP), found
    assert "the minority (writes) does not serve" in found.reason


def test_a_little_less_than_nine_tenths_is_never_said_to_serve() -> None:
    made = card(refuses_some(serving, 0.12, 0.14))
    assert made.finding.cap is not CapClass.AP
    assert made.finding.writes is not CapClass.AP


def test_of_a_store_that_fails_more_often_than_not_nothing_is_said() -> None:
    made = card(refuses_some(refusing, 0.6), "CP")
    assert (made.finding.cap, code(made)) == (CapClass.UNDETERMINED, 2)
    (told,) = made.finding.missing
    assert told == made.finding.reason
    assert told.startswith("without faults n")
    assert "of a node that may answer less than half of them a split shows nothing" in told


def test_one_node_that_always_refuses_is_no_side_that_a_split_took() -> None:
    made = card(refuses_some(serving, 1.0, nodes=("n5",)))
    assert made.finding.cap is CapClass.UNDETERMINED
    assert made.finding.missing[0].startswith("without faults n5 answers 0 % of its writes")


def test_a_card_says_what_is_answered_without_faults_where_it_is_not_nearly_all(refuses_and_serves: Card) -> None:
    told = [line for line in lines(refuses_and_serves) if line.startswith("  healthy ")]
    assert len(told) == 1
    assert told[0].startswith("  healthy writes      8")
    assert "so one serves from" in told[0]
    assert len(told[0]) <= 120
    assert "| healthy writes |" in markdown(refuses_and_serves)
    assert "| healthy reads |" not in markdown(refuses_and_serves)
    assert "<dt>healthy writes</dt>" in render(refuses_and_serves)
    assert "<dt>healthy reads</dt>" not in render(refuses_and_serves)
    assert "; without faults 93" in render(refuses_and_serves)
    written = card_file(refuses_and_serves)["healthy_service"]
    assert [(one["node"], one["kind"]) for one in written] == [(node, kind) for node in NODES for kind in KINDS]
    assert all(one["low"] <= one["share"] <= one["high"] for one in written)
    usual = Card(CardSubject("store", (), "sim", 5), runs_of(serving))
    assert not any(line.startswith("  healthy ") for line in lines(usual))


def share(part: int, whole: int, low: float, high: float, pauses: Interval | None = None) -> HealthyShare:
    return HealthyShare(Interval(part, whole, low, high), pauses or Interval(0, 0, 0.0, 1.0))


def test_where_all_is_answered_nine_in_ten_serve() -> None:
    usual = share(9600, 9600, 0.9996, 1.0)
    for asked in (3, 10, 30, 1000):
        least = -(-9 * asked // 10)
        assert usual.served(least, asked) is True
        assert usual.served(least - 1, asked) is False
        assert usual.surely_served(least, asked)


def test_the_bound_that_makes_it_harder_decides() -> None:
    pauses = Interval(900, 1000, 0.88, 0.92)
    node = share(850, 1000, 0.82, 0.87, pauses)
    assert (node.low, node.high) == (0.82, 0.92)
    assert node.served(8300, 10_000) is True
    assert node.served(7800, 10_000) is None
    assert node.served(7200, 10_000) is False
    unmeasured = share(850, 1000, 0.82, 0.87)
    assert unmeasured.high == 1.0
    assert unmeasured.served(8900, 10_000) is None
    worse = share(850, 1000, 0.82, 0.87, Interval(60, 100, 0.5, 0.7))
    assert (worse.low, worse.high) == (0.5, 0.87)


def test_chance_in_few_operations_is_not_held_against_a_node_but_over_many_it_is() -> None:
    node = share(880, 1000, 0.86, 0.9, Interval(880, 1000, 0.86, 0.9))
    assert node.served(27, 36) is True
    assert node.served(2700, 3600) is False
    assert not node.surely_served(27, 36)
    assert not node.surely_served(2930, 3600)
    assert node.surely_served(3000, 3600)


def test_calm_is_what_no_fault_touches_and_what_had_its_time() -> None:
    found = calm_requests(history(refusing))
    assert found
    assert all(one.took is not None for one in found)
    before = [one for one in found if one.room is not None and one.room > (WINDOWS[1][0] - WINDOWS[0][1]) * SECOND]
    assert not before, "nothing is counted that was asked while a fault held"
    shares = healthy_shares([calm_requests(history(refusing, windows=(), end=4.0))], [found], SECOND)
    for node in NODES:
        usual = shares[node, "write"]
        assert usual.share == usual.high == 1.0
        assert usual.pauses.whole == 4 * (1 + 1 + 1 + 2)
    assert not healthy_shares([], [found], SECOND)


def test_what_a_target_refuses_until_it_has_settled_after_a_heal_is_not_its_usual_service() -> None:
    def settling(request: CalmRequest) -> CalmRequest:
        late = request.since is not None and SECOND / 2 < request.since < 2 * SECOND
        return replace(request, took=None) if late else request

    found = [settling(one) for one in calm_requests(history(refusing))]
    assert any(one.took is None and one.counts(SECOND, 0) for one in found)
    runs = [calm_requests(history(refusing, windows=(), end=60.0))]
    hasty, patient = healthy_shares(runs, [found], SECOND), healthy_shares(runs, [found], SECOND, 2 * SECOND)
    for at, usual in hasty.items():
        assert usual.low < 0.9 < usual.runs.low, "refusals after the heal contradict the healthy runs"
        assert patient[at].low == patient[at].high == 1.0 and patient[at].pauses.whole


def recovers_late(seed: int) -> Store:
    """A store whose minority refuses everything, and one node of the majority too for some seven seconds after a
    heal."""
    was, left = dict[tuple[str, str], bool](), Counter[tuple[str, str]]()

    def answer(node: str, kind: str, split: bool) -> PlayedAnswer:
        at = node, kind
        if node == "n5" and was.get(at) and not split:
            left[at] = 40
        was[at] = split
        if left[at] > 0:
            left[at] -= 1
            return REFUSED
        return refusing(node, kind, split)

    return answer


def test_a_window_that_begins_before_the_cluster_is_whole_again_says_nothing() -> None:
    made = Card(CardSubject("store", ("CP",), "sim", 5), runs_of_chance(recovers_late, 12))
    assert made.finding.cap is CapClass.CP, made.finding
    assert made.finding.majority_serves == {SPLIT: True}
    assert len(made.measured[0].windows) == 12, "the first of each run"
    assert f"| left out | {SPLIT}: 24 windows that began before all nodes answered again |" in markdown(made)
    assert all(usual.low == usual.high == 1.0 for usual in made.healthy_service.values())
    usual = Card(CardSubject("store", (), "sim", 5), runs_of(refusing))
    assert len(usual.measured[0].windows) == 3 * 8


def test_few_operations_without_faults_say_little() -> None:
    few = healthy_shares([calm_requests(history(refusing, windows=(), end=0.5))], [], SECOND)
    assert all(one.low < 0.5 for one in few.values())
