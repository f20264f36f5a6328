"""Requests that a node has seen: what was refused stays refused, what was accepted is never refused."""

import pytest

from splitbrain.harness.program import Reply
from splitbrain.results.result import RunStatus
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.targets.stores.messages import IN_DOUBT, NO_LEADER, Answer, Request, Response
from splitbrain.targets.stores.requests import REMEMBERED, Requests

FIRST, SECOND = Request("append", "x", 1, "s", 1), Request("append", "x", 2, "s", 2)


def told(effect: object) -> str | None:
    """The error that a client hears."""
    assert isinstance(effect, Reply)
    response: Response = effect.message
    return response.error


def test_a_copy_of_a_refused_request_is_refused_though_there_is_a_leader_now() -> None:
    requests = Requests()
    assert not requests.refused_before(FIRST)
    assert told(requests.forward(None, 1, FIRST)) == NO_LEADER
    assert requests.refused_before(FIRST) and not requests.refused_before(SECOND)


def test_a_copy_of_an_accepted_request_is_in_doubt() -> None:
    passed_on, placed = Requests(), Requests()
    passed_on.forward("n2", 1, FIRST)
    passed_on.answered(Answer("s", 1, Response(revision=1)))
    placed.placed(7, FIRST, 1)
    for requests in (passed_on, placed):
        assert told(requests.refuse(2, FIRST, NO_LEADER, "nobody leads")) == IN_DOUBT
        assert not requests.refused_before(FIRST)
        assert told(requests.refuse(3, SECOND, NO_LEADER, "nobody leads")) == NO_LEADER


def test_a_copy_of_an_older_request_changes_nothing_for_the_last_one() -> None:
    requests = Requests()
    requests.forward("n2", 1, FIRST)
    requests.forward("n2", 2, SECOND)
    requests.forward("n2", 3, FIRST)
    assert told(requests.refuse(4, SECOND, NO_LEADER, "nobody leads")) == IN_DOUBT
    assert told(requests.refuse(5, FIRST, NO_LEADER, "nobody leads")) == IN_DOUBT


def test_what_is_remembered_is_bounded() -> None:
    requests = Requests()
    for number in range(REMEMBERED + 10):
        requests.forward("n2", number, Request("write", "x", 1, f"s{number}", 1))
    assert len(requests._seen) == REMEMBERED


@pytest.mark.parametrize("target", ["raft", "primary-backup"])
def test_requests_that_come_twice_are_carried_out_once_and_never_after_a_refusal(target: str) -> None:
    for seed in (501, 503):
        spec = RunSpec(target, nemesis="all,hedge", time_limit=10.0, seed=seed)
        with execute_in_memory(plan(spec)) as done:
            assert done.result.status is not RunStatus.INVALID, done.result.reason
