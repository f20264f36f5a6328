"""Queues whose elements repeat, at a thousand operations: decided, with an order or a short part that refutes."""

from collections import Counter
from random import Random

import pytest
from msgspec import structs

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS
from splitbrain.checkers.porcupine.monitors.monitor import MonitorInput
from splitbrain.checkers.porcupine.monitors.repeating_queue import repeating_queue_monitor
from splitbrain.checkers.porcupine.prepare import prepare
from splitbrain.checkers.porcupine.reference_backend import ReferenceBackend
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

from .containers import container
from .histories import recorded

QUEUE = MODELS["fifo-queue"].make()
NAMES = ("enqueue", "dequeue")
ENOUGH = Budget(seconds=600, configurations=100_000)
"""Configurations of the search are the limit: none of these histories is decided by it within so many."""


def judged(history: History) -> Verdict:
    return porcupine.check(QUEUE, history, ENOUGH)


@pytest.mark.parametrize(("clients", "values", "crashes"), [(10, 5, 0.0), (10, 5, 0.03), (30, 2, 0.03), (30, 5, 0.0)])
def test_a_queue_of_few_values_is_decided(clients: int, values: int, crashes: float) -> None:
    history = container(NAMES, 0, Random("few values"), clients=clients, values=values, crashes=crashes)
    verdict = judged(history)
    assert verdict.value is Validity.VALID, verdict.reason
    assert verdict.certificate is not None
    assert porcupine.objection(QUEUE, history, verdict.certificate) is None


def exchanged(events: list[Event]) -> list[Event]:
    """The first dequeue of 1 that is followed, after its return, by one of 0, exchanged with it."""
    taken = [n for n, e in enumerate(events) if e.type == "ok" and e.f == "dequeue"]
    one = next(n for n in taken if events[n].value == 1)
    other = next(n for n in taken if n > one and events[n].value == 0)
    out = list(events)
    for here, there in ((one, other), (other, one)):
        out[here] = Event(
            index=here, time=events[here].time, process=events[here].process, type="ok", f="dequeue",
            value=events[there].value,
        )  # fmt: skip
    return out


def test_the_order_of_two_values_that_repeat_refutes_within_a_long_history() -> None:
    lines = []
    for number in range(300):
        value = number % 3 % 2
        lines += [f"0 invoke enqueue {value}", f"1 invoke enqueue {value}", f"0 ok enqueue {value}"]
        lines += [f"1 ok enqueue {value}", "2 invoke dequeue", f"2 ok dequeue {value}"]
        lines += ["3 invoke dequeue", f"3 ok dequeue {value}"]
    events = list(recorded(*lines))
    assert judged(History.of(events)).value is Validity.VALID
    verdict = judged(History.of(exchanged(events)))
    assert verdict.value is Validity.INVALID
    assert verdict.witness is not None and len(verdict.witness.events) <= 16


def test_a_refuted_prefix_ends_where_it_is_refuted() -> None:
    history = container(NAMES, 0, Random("late"), clients=10, values=2, crashes=0, wrong=True)
    verdict = judged(history)
    assert verdict.value is Validity.INVALID
    assert verdict.witness is not None
    assert max(verdict.witness.events) < 0.6 * len(history)


@pytest.mark.parametrize(
    ("model", "names", "end", "clients"),
    [("stack", ("push", "pop"), -1, 30), ("priority-queue", ("enqueue", "dequeue"), 0, 30)],
)
def test_what_is_undecided_says_why_it_is_hard(model: str, names: tuple[str, str], end: int, clients: int) -> None:
    history = container(names, end, Random(model), clients=clients, values=5, crashes=0.03)
    verdict = porcupine.check(MODELS[model].make(), history, Budget(seconds=600, configurations=2_000))
    assert verdict.value is Validity.UNKNOWN
    assert "values that repeat" in verdict.reason


def test_short_histories_agree_with_the_clear_search() -> None:
    random = Random("short")
    said = Counter[bool]()
    for _ in range(60):
        history = container(NAMES, 0, random, clients=4, values=2, crashes=0.1, operations=14)
        events = list(history)
        taken = [n for n, e in enumerate(events) if e.type == "ok" and e.f == "dequeue"]
        for number in random.sample(taken, min(1, len(taken))):
            events[number] = structs.replace(events[number], value=random.choice((None, 0, 1)))
        changed = History.of(events)
        plain = ReferenceBackend(QUEUE, changed, Budget(configurations=100_000).start())
        plain.search_all()
        linearizable = plain.result(0).linearizable
        assert linearizable is not None
        said[linearizable] += 1
        prepared = prepare(QUEUE, changed, Budget().start())
        case = MonitorInput(QUEUE, prepared.problems[0], prepared, Budget().start())
        decision = repeating_queue_monitor(*NAMES, None)(case)
        assert decision is not None
        assert (decision.order is not None) == linearizable, "\n".join(map(str, events))
        if decision.order is not None:
            order = [case.problem.call[operation] for operation in decision.order]
            assert porcupine.objection(QUEUE, changed, order) is None
    assert min(said.values()) > 10
