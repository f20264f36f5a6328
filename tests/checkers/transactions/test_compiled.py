"""The compiled parts say what their Python twins say, of whole histories and of single questions."""

from functools import partial
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest

from splitbrain.checkers.transactions import certificate, graph, order_edges, reading, sight, suspects
from splitbrain.checkers.transactions.certificate import disorder, serial_objection, snapshot_objection
from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.checkers.transactions.graph import components, topological
from splitbrain.checkers.transactions.history import TransactionHistory
from splitbrain.checkers.transactions.reading import transactions
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History

from .small import Maker

WORKLOADS = ("list-append", "rw-register")

COMPILED = (
    (reading, "reading_native"), (suspects, "suspects_native"), (graph, "graph_native"),
    (certificate, "certificate_native"), (sight, "visibility_native"), (order_edges, "order_native"),
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    any(getattr(module, name) is None for module, name in COMPILED), reason="no compiled parts here"
)


def by_twins(monkeypatch: pytest.MonkeyPatch, ask: Any) -> tuple[Any, Any]:
    """The answers of the compiled parts and of Python."""
    compiled = ask()
    with monkeypatch.context() as patch:
        for module, name in COMPILED:
            patch.setattr(module, name, None)
        return compiled, ask()


def small(random: Random, workload: str, more: int = 0) -> History:
    """A random history; in some of them a read saw what nobody wrote, or one value twice."""
    lists = workload == "list-append"
    events = Maker(random, lists).history(more)
    reads = [(at, step) for at, event in enumerate(events) if event.type == "ok"
             for step, (f, _, seen) in enumerate(event.value) if f == "r" and seen]  # fmt: skip
    if reads and random.random() < 0.3:
        at, step = random.choice(reads)
        f, key, seen = events[at].value[step]
        wrong = [*seen, random.choice([99, seen[0]])] if lists else 99
        value = [*events[at].value[:step], (f, key, wrong), *events[at].value[step + 1 :]]
        events[at] = msgspec.structs.replace(events[at], value=value)
    return History.of(events)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_columns_and_verdicts_are_the_same(workload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random, seen = Random(f"twins {workload}"), set[str]()
    for count in range(150):
        history = small(random, workload, 6 * (count % 3))
        one, other = by_twins(monkeypatch, partial(transactions, history, workload))
        for field in TransactionHistory.__slots__:
            if field != "history":
                assert getattr(one, field) == getattr(other, field), field
        found, expected = by_twins(monkeypatch, partial(TransactionCheck(workload).check, history, Budget()))
        assert found.value is expected.value
        for field in ("anomalies", "allowed", "refuted", "undecided", "not_judged", "counts"):
            assert found.details[field] == expected.details[field], field
        seen.update(found.details["anomalies"])
    assert {"G1c", "internal", "lost-update", "unwritten-read"} <= seen


@pytest.mark.parametrize("workload", WORKLOADS)
def test_edges_of_order_are_the_same(workload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(f"order {workload}")
    for count in range(100):
        of = transactions(small(random, workload, 6 * (count % 3)), workload)
        one, other = by_twins(monkeypatch, partial(order_edges.order_edges, of))
        for found, expected in ((one.sessions, other.sessions), (one.realtime, other.realtime)):
            for field in ("source", "target", "kind", "why"):
                assert getattr(found, field).tolist() == getattr(expected, field).tolist(), field
        assert one.times.tolist() == other.times.tolist()


def test_components_and_orders_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random("graphs")
    for count in range(300):
        nodes = 1 + count % 40
        edges = np.asarray([[random.randrange(nodes), random.randrange(nodes)] for _ in range(random.randrange(60))])
        source, target = edges.reshape(-1, 2).astype(np.int32).T
        groups, expected = by_twins(monkeypatch, partial(graph.grouped, source, nodes))
        assert groups.tolist() == expected.tolist()
        one, other = by_twins(monkeypatch, partial(components, nodes, source, target))
        assert one[0] == other[0]
        assert len({(int(a), int(b)) for a, b in zip(one[1], other[1], strict=True)}) == one[0]
        for _, labels in (one, other):
            assert (labels[source] >= labels[target]).all()
        times = [random.randrange(5) for _ in range(nodes)]
        one, other = by_twins(monkeypatch, partial(topological, nodes, source, target, times))
        assert one == other


@pytest.mark.parametrize("workload", WORKLOADS)
def test_objections_are_the_same(workload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random, fine = Random(f"objections {workload}"), [0, 0, 0]
    lists = workload == "list-append"
    for _ in range(300):
        history = small(random, workload)
        operations = history.operations()
        order = [row for row, ended in enumerate(operations.ended) if ended != 2 or random.random() < 0.1]
        random.shuffle(order)
        nodes = [(txn, late) for txn in order for late in (False, True)]
        if random.random() < 0.5:
            random.shuffle(nodes)
        places = np.full(len(operations), -1, dtype=np.int32)
        places[order] = np.arange(len(order))
        questions = (
            partial(serial_objection, history, order, lists=lists),
            partial(snapshot_objection, history, nodes, lists=lists),
            partial(disorder, history, places, places, realtime=random.random() < 0.5),
        )
        for number, ask in enumerate(questions):
            one, other = by_twins(monkeypatch, ask)
            assert one == other
            fine[number] += one is None
    assert all(10 < count < 290 for count in fine), fine
