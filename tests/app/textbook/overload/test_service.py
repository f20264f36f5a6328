"""The simulated service and its clients: queueing theory, what is refused, retries, and when service is back."""

from statistics import fmean

import pytest

from splitbrain.harness.environments.sim.scheduler import SECOND, EventQueue
from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.overload import measurements
from splitbrain.textbook.overload.breaker import CircuitBreaker
from splitbrain.textbook.overload.clients import ClientOptions, ServiceClients
from splitbrain.textbook.overload.retries import RetryBudget, fixed, policies
from splitbrain.textbook.overload.service import SimulatedService


def served(
    options: ClientOptions, rate: float = 100.0, queue_max: int | None = None, constant: bool = False, down_s: float = 0
) -> ServiceClients:
    """A run with seed 1."""
    events = EventQueue()
    service = SimulatedService(events, RandomStream(1, "service"), rate, queue_max=queue_max, constant=constant)
    if down_s:
        service.refuse(down_s)
    clients = ServiceClients(events, service, RandomStream(1, "clients"), options)
    events.run(10_000_000)
    return clients


@pytest.mark.parametrize(("constant", "expected"), [(False, 2.0), (True, 1.5)])
def test_half_loaded_it_takes_what_theory_says(constant: bool, expected: float) -> None:
    run = served(ClientOptions(timeout_s=1e6, attempts=1, rate=50.0, until_s=400.0), constant=constant)
    assert fmean(run.latencies) * 100 == pytest.approx(expected, rel=0.1)


def test_a_full_queue_refuses_and_a_service_that_is_down_refuses_all() -> None:
    full = served(ClientOptions(rate=200.0, until_s=20.0), queue_max=5)
    share = full.answered / sum(full.made.values())
    assert share == pytest.approx(0.5, abs=0.05), "twice what can be served"
    down = served(ClientOptions(rate=50.0, until_s=20.0), down_s=30.0)
    assert not down.answered and sum(down.made.values()) > 900


def test_retries_end_with_the_attempts_and_with_the_first_answer() -> None:
    options = ClientOptions(rate=50.0, until_s=20.0, attempts=3, pause=fixed)
    down = served(options, down_s=30.0)
    assert down.service.requests == pytest.approx(3 * sum(down.made.values()), abs=100)
    well = served(options)
    assert well.service.requests == sum(well.made.values()) == pytest.approx(well.answered, abs=10)


def test_service_is_back_when_it_stays_good() -> None:
    run = served(ClientOptions(rate=30.0, until_s=20.0), down_s=4.0)
    assert [run.good(second) for second in (1, 3, 4, 6)] == [False, False, True, True]
    assert run.back_s(2) == 2
    assert served(ClientOptions(rate=30.0, until_s=20.0), down_s=30.0).back_s(2) is None


def test_pauses_and_a_budget() -> None:
    draw = RandomStream(1, "pauses")
    ways = policies(1.0)
    assert [ways["fixed"](retry, draw) for retry in (1, 5)] == [0.1, 0.1]
    assert [ways["exponential"](retry, draw) for retry in (1, 2, 3, 9)] == [0.1, 0.2, 0.4, 1.0]
    drawn = [ways["jitter"](3, draw) for _ in range(100)]
    assert min(drawn) >= 0 and max(drawn) < 0.4 and max(drawn) - min(drawn) > 0.3
    budget = RetryBudget(0.1)
    for _ in range(25):
        budget.earn()
    assert [budget.spend() for _ in range(4)] == [True, True, False, False]
    endless = RetryBudget()
    assert all(endless.spend() for _ in range(1000))


def test_a_breaker_opens_probes_and_closes() -> None:
    breaker = CircuitBreaker(0.5)
    for number in range(20):
        assert breaker.admits(number)
        breaker.ended(number, number % 2 == 0)
    assert not breaker.admits(20)
    assert breaker.admits(19 + 5 * SECOND), "a probe"
    assert not breaker.admits(19 + 5 * SECOND), "one only"
    breaker.ended(6 * SECOND, False)
    assert not breaker.admits(10 * SECOND)
    assert breaker.admits(11 * SECOND)
    breaker.ended(11 * SECOND, True)
    assert breaker.admits(11 * SECOND) and breaker.admits(11 * SECOND)


def test_clients_without_retries_are_back_in_a_pool_of_their_own_and_not_beside_others_that_retry() -> None:
    back = {pools: measurements.beside(1, pools) for pools in (1, 2)}
    assert [calm.back_s(measurements.HEALED_S) is not None for calm, _ in back.values()] == [False, True]
    for calm, eager in back.values():
        assert eager.options.attempts > 1 and calm.options.pause is None
        assert sum(eager.sent.values()) > 2 * sum(calm.sent.values()), "the others go on to retry in either"
