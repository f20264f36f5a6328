"""Stacks whose elements repeat: decided at a thousand operations, and sets of contents against sets of tuples."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS
from splitbrain.checkers.porcupine.monitors.monitor import MonitorInput
from splitbrain.checkers.porcupine.monitors.repeating_stack import repeating_stack_monitor
from splitbrain.checkers.porcupine.monitors.stack_sets import EMPTY, NONE, Content, StackSets
from splitbrain.checkers.porcupine.prepare import prepare
from splitbrain.checkers.porcupine.reference_backend import ReferenceBackend
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Validity

from .containers import container

STACK = MODELS["stack"].make()
NAMES = ("push", "pop")
LITTLE = Budget(seconds=600, configurations=10_000)
"""A budget of configurations in which the search decides none of these histories."""


@pytest.mark.parametrize(("clients", "values"), [(10, 5), (15, 2)])
def test_a_stack_of_few_values_is_decided(clients: int, values: int) -> None:
    history = container(NAMES, -1, Random("few"), clients=clients, values=values, crashes=0)
    verdict = porcupine.check(STACK, history, LITTLE)
    assert verdict.value is Validity.VALID, verdict.reason
    assert verdict.certificate is not None
    assert porcupine.objection(STACK, history, verdict.certificate) is None


@pytest.mark.parametrize(("clients", "crashes"), [(10, 0.0), (30, 0.0), (30, 0.03)])
def test_a_wrong_one_is_refuted_by_few_of_its_values(clients: int, crashes: float) -> None:
    history = container(NAMES, -1, Random("wrong"), clients=clients, values=5, crashes=crashes, wrong=True)
    verdict = porcupine.check(STACK, history, LITTLE)
    assert verdict.value is Validity.INVALID, verdict.reason
    assert verdict.witness is not None and len(verdict.witness.events) < 120


def test_short_histories_agree_with_the_clear_search() -> None:
    random = Random("short stacks")
    said = Counter[bool]()
    for _ in range(150):
        history = container(NAMES, -1, random, clients=4, values=2, crashes=0.1, operations=12)
        events = list(history)
        taken = [n for n, e in enumerate(events) if e.type == "ok" and e.f == "pop"]
        for number in random.sample(taken, min(1, len(taken))):
            events[number] = structs.replace(events[number], value=random.choice((None, 0, 1)))
        changed = History.of(events)
        plain = ReferenceBackend(STACK, changed, Budget(configurations=100_000).start())
        plain.search_all()
        linearizable = plain.result(0).linearizable
        assert linearizable is not None
        prepared = prepare(STACK, changed, Budget().start())
        case = MonitorInput(STACK, prepared.problems[0], prepared, Budget().start())
        decision = repeating_stack_monitor(*NAMES, None)(case)
        if decision is None:
            assert not any(event.type == "ok" and event.f == "pop" for event in changed)
            continue
        said[linearizable] += 1
        assert (decision.order is not None) == linearizable, "\n".join(map(str, events))
        if decision.order is not None:
            order = [case.problem.call[operation] for operation in decision.order]
            assert porcupine.objection(STACK, changed, order) is None
    assert min(said.values()) > 20


Steps = list[tuple[str, int, int]]
steps: st.SearchStrategy[Steps] = st.lists(
    st.tuples(st.sampled_from(["push", "pop", "pop any", "union"]), st.integers(0, 30), st.integers(0, 30)), max_size=40
)


@given(steps)
def test_sets_of_contents_are_sets(taken: Steps) -> None:
    sets = StackSets()
    known: list[tuple[int, frozenset[Content]]] = [(EMPTY, frozenset({()}))]
    for what, one, other in taken:
        number, plain = known[one % len(known)]
        value = other % 3
        made: tuple[int, frozenset[Content]]
        if what == "push":
            made = sets.pushed(number, value), frozenset((value, *content) for content in plain)
        elif what == "pop":
            made = sets.popped(number, value), frozenset(content[1:] for content in plain if content[:1] == (value,))
        elif what == "pop any":
            made = sets.popped_any(number), frozenset(content[1:] for content in plain if content)
        else:
            its_number, its = known[other % len(known)]
            made = sets.union(number, its_number), plain | its
        assert (made[0] == NONE) == (not made[1])
        if made[0] != NONE:
            known.append(made)
    for number, plain in known:
        assert all(sets.holds(number, content) for content in plain)
        assert sets.some(number) in plain
        assert sets.may_be_empty(number) == (() in plain)
        assert sets.tops(number) == sorted({content[0] for content in plain if content})
        assert all((number == other) == (plain == its) for other, its in known)
        assert not any(sets.holds(number, content) for _, its in known for content in its - plain)


def test_a_union_is_as_deep_as_the_stack() -> None:
    sets = StackSets()
    one, other = sets.pushed(EMPTY, 1), sets.pushed(EMPTY, 2)
    for _ in range(5_000):
        one, other = sets.pushed(one, 0), sets.pushed(other, 0)
    both = sets.union(one, other)
    assert sets.holds(both, (*[0] * 5_000, 1)) and sets.holds(both, (*[0] * 5_000, 2))
