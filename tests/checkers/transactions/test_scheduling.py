"""Schedules of registers: as exhaustive search says on tiny histories, and where commits and answers are far apart."""

from random import Random

import pytest

from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.checkers.transactions.reading import transactions
from splitbrain.checkers.transactions.scheduling import schedule
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History

from .exhaustive import by_execution, transactions_of
from .small import Maker


def test_a_schedule_is_found_where_there_is_one() -> None:
    found = 0
    for number in range(200):
        events = Maker(Random(f"schedules {number}"), False).history()
        history = History.of(events)
        details = TransactionCheck("rw-register").check(history, Budget()).details
        if any(name in details["counts"] for name in details["anomalies"]):
            continue
        order = schedule(transactions(history, "rw-register"), Budget().start())
        allowed = "strict-serializable" in by_execution(transactions_of(events, False), False)
        assert (order is not None) == allowed, (number, events)
        found += allowed
    assert 20 < found < 180


def blind(count: int, clients: int, seed: int) -> list[Event]:
    """Strictly serializable transactions, each of which is carried out at any time between its two events."""
    random = Random(seed)
    now: dict[int, int] = {}
    written = 0
    under_way: dict[int, list[tuple[str, int, int | None]] | None] = {}
    events: list[Event] = []

    def add(client: int, kind: str, value: object) -> None:
        events.append(Event(index=len(events), time=len(events), process=client, type=kind, f="txn", value=value))

    while count or under_way:
        client = random.randrange(clients)
        if client not in under_way:
            if count:
                count -= 1
                under_way[client] = None
                add(client, "invoke", ())
        elif under_way[client] is None:
            done: list[tuple[str, int, int | None]] = []
            for key in random.sample(range(10), random.randint(1, 4)):
                if random.random() < 0.5:
                    now[key] = written = written + 1
                    done.append(("w", key, now[key]))
                else:
                    done.append(("r", key, now.get(key)))
            under_way[client] = done
        else:
            add(client, "ok", tuple(under_way.pop(client) or ()))
    return events


@pytest.mark.parametrize("seed", range(3))
def test_blind_writes_are_decided_where_commits_and_answers_are_apart(seed: int) -> None:
    history = History.of(blind(400, 15, seed))
    verdict = TransactionCheck("rw-register").check(history, Budget(configurations=1))  # no pair is tried
    assert verdict.details["undecided"] == {} and "strict-serializable" in verdict.details["allowed"]
    assert verdict.certificate is not None
