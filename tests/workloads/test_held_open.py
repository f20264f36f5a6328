"""Directed workloads: the order of their operations, whatever the threads' number, and new keys each round."""

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator import Moment, simulate
from splitbrain.harness.operation import EventType
from splitbrain.harness.options import settle
from splitbrain.workloads.held_open import INSERT_CYCLE, OVERTAKEN
from splitbrain.workloads.workload import Size, Workload


def played(workload: Workload, clients: int, ends: EventType = EventType.OK, **settings: str) -> list[Moment]:
    generator = workload.main(Size(clients, 1, 0), settle(workload.options, settings, workload.name))
    return simulate(generator, concurrency=clients, ends=lambda moment: ends)


def told(moments: list[Moment]) -> list[str]:
    """`0 begin r t0`, operation by operation."""
    return [
        f"{moment.thread} {moment.operation.f} {', '.join(f'{f} {key}' for f, key, _ in moment.operation.value)}"
        for moment in moments
    ]


CYCLE = ["0 begin r t{0}", "1 begin w t{0}", "0 commit w u{0}", "2 begin w u{0}", "1 commit r u{0}", "2 commit "]


@pytest.mark.parametrize("clients", [3, 10])
@pytest.mark.parametrize("ends", [EventType.OK, EventType.FAIL, EventType.INFO])
def test_the_cycle_of_inserts_is_played_in_order_round_by_round(clients: int, ends: EventType) -> None:
    moments = played(INSERT_CYCLE, clients, ends, rounds="2")
    assert told(moments) == [line.format(number) for number in range(2) for line in CYCLE]
    assert len({moment.time for moment in moments}) == len(moments), "one ends before the next begins"


@pytest.mark.parametrize("clients", [3, 10])
def test_one_is_overtaken_by_as_many_as_asked_for(clients: int) -> None:
    moments = played(OVERTAKEN, clients, commits="500")
    lines = told(moments)
    assert lines[:3] == ["1 txn w a0, w b0", "0 begin r b0", "1 txn r a0, w b0"]
    assert lines[-1] == "0 commit w a0" and len(lines) == 504
    between = moments[3:-1]
    assert {moment.thread for moment in between} == set(range(1, clients))
    assert len({moment.operation.value[0][1] for moment in between}) == 500, "each writes a key of its own"


@pytest.mark.parametrize("workload", [INSERT_CYCLE, OVERTAKEN])
def test_too_few_clients_are_refused(workload: Workload) -> None:
    with pytest.raises(UsageError, match="takes 3 clients at least: --concurrency 3"):
        played(workload, 2)
