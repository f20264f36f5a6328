"""Shares and intervals of availability against definitions spelled out again."""

import math
from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.classification.availability import (
    DEADLINE_MIN_NS,
    ServiceTally,
    deadline,
    failovers,
    grace,
    tallies,
)
from splitbrain.classification.windows import KINDS, FaultWindow, RequestEnd, ServiceRequest

SECOND = 1_000_000_000
LENGTH = 100
SIDES = {"majority": ("n1", "n2"), "minority": ("n3",)}

requests = st.builds(
    lambda node, kind, at, took, answer: ServiceRequest(node, kind, at, None if took is None else at + took, answer),
    st.sampled_from(["n1", "n2", "n3", "n9"]),
    st.sampled_from(KINDS),
    st.integers(-20, LENGTH + 20),
    st.one_of(st.none(), st.integers(0, 60)),
    st.sampled_from(RequestEnd),
)


def window(found: list[ServiceRequest]) -> FaultWindow:
    return FaultWindow("partition", 0, LENGTH, SIDES, None, True, 0, tuple(found))


@given(st.lists(requests, max_size=40), st.integers(1, 30), st.integers(0, 60))
def test_tallies_count_each_operation_once_by_its_definition(
    found: list[ServiceRequest], deadline_ns: int, grace_ns: int
) -> None:
    counted = tallies(window(found), deadline_ns, grace_ns)
    assert set(counted) == {(side, node, kind) for side in SIDES for node in SIDES[side] for kind in KINDS}
    for (_, node, kind), tally in counted.items():
        mine = [
            one for one in found
            if one.node == node and one.kind == kind and one.at >= grace_ns and one.at + deadline_ns <= LENGTH
        ]  # fmt: skip
        done = [one for one in mine if one.ended is not None and one.ended <= LENGTH]
        by = {answer: [one for one in done if one.answer is answer] for answer in RequestEnd}
        assert tally.asked == len(mine)
        assert tally.pending == len(mine) - len(done)
        assert tally.answered == len(by[RequestEnd.OK])
        assert tally.responded == len(by[RequestEnd.OK]) + len(by[RequestEnd.REFUSED])
        assert tally.in_time == sum((one.ended or 0) - one.at <= deadline_ns for one in by[RequestEnd.OK])
        assert (tally.refused, tally.timed_out, tally.unknown) == (
            len(by[RequestEnd.REFUSED]), len(by[RequestEnd.TIMED_OUT]), len(by[RequestEnd.UNKNOWN]),
        )  # fmt: skip
        assert tally.asked == (tally.answered + tally.refused + tally.timed_out + tally.unknown + tally.pending)


def served(mine: list[ServiceRequest], fine: list[bool], at: int) -> Fraction:
    near = [ok for one, ok in zip(mine, fine, strict=True) if at <= one.at < at + LENGTH // 2]
    return Fraction(sum(near), len(near))


@given(st.lists(requests, max_size=40))
def test_failover_is_the_first_answer_from_which_on_a_node_serves(found: list[ServiceRequest]) -> None:
    found.sort(key=lambda one: one.at)
    took = failovers(window(found), {})
    for side, nodes in SIDES.items():
        for node in nodes:
            for kind in KINDS:
                mine = [one for one in found if (one.node, one.kind) == (node, kind) and 0 <= one.at <= LENGTH]
                fine = [
                    one.answer is RequestEnd.OK and one.ended is not None and one.ended <= LENGTH for one in mine
                ]  # fmt: skip
                good = [
                    number for number, (one, ok) in enumerate(zip(mine, fine, strict=True))
                    if ok and one.at <= LENGTH // 2 and served(mine, fine, one.at) >= Fraction(9, 10)
                ]  # fmt: skip
                if not good:
                    assert (side, node, kind) not in took
                    continue
                first = mine[good[0]]
                assert first.ended is not None
                expected = first.ended - (first.at if all(fine[: good[0]]) else 0)
                assert took[side, node, kind] == expected
    for rest, most in ((LENGTH, LENGTH / 2), (LENGTH // 2, LENGTH / 2), (30, LENGTH - 30)):
        cut = grace([window(found)], rest, {})
        assert cut == max((one for one in took.values() if one <= most), default=0)


def test_requests_of_one_instant_count_together_in_whatever_order_they_stand() -> None:
    lost = ServiceRequest("n1", "read", 0, None, RequestEnd.TIMED_OUT)
    answered = ServiceRequest("n1", "read", 0, 0, RequestEnd.OK)
    for found in ([lost, answered], [answered, lost]):
        assert not failovers(window(found), {})


def test_one_answer_in_two_is_no_failover() -> None:
    def request(at: int, ok: bool) -> ServiceRequest:
        answer = RequestEnd.OK if ok else RequestEnd.TIMED_OUT
        return ServiceRequest("n1", "read", at * SECOND // 10, at * SECOND // 10 + 1, answer)

    learnt = [request(at, at % 2 == 1 or at >= 200) for at in range(600)]
    split = FaultWindow("partition", 0, 60 * SECOND, SIDES, None, True, 0, tuple(learnt))
    took = failovers(split, {})["majority", "n1", "read"]
    assert 19 * SECOND < took <= 20.1 * SECOND
    half = replace(split, requests=tuple(request(at, at % 2 == 1) for at in range(600)))
    assert not failovers(half, {})


def test_the_deadline_follows_the_healthy_latency() -> None:
    assert deadline(None) == deadline(5e6) == DEADLINE_MIN_NS
    assert deadline(300e6) == 3_000_000_000


def test_tallies_add_up() -> None:
    total = ServiceTally(2, 1, 1, 1, 0, 1, 0, 0) + ServiceTally(3, 3, 0, 0, 3, 0, 0, 0)
    assert total == ServiceTally(5, 4, 1, 1, 3, 1, 0, 0)
    assert Fraction(total.share) == Fraction(1 / 5)
    assert math.isnan(ServiceTally().share)
