"""The compiled causal checkers say what their Python twins say, and find the same patterns."""

import sys
from collections import Counter
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.checkers.causal.certificate import causal_objection
from splitbrain.checkers.causal.check import causal_memory
from splitbrain.checkers.causal.clocks import CausalOrder, arbitration, causal_order
from splitbrain.checkers.causal.sessions import SessionView
from splitbrain.checkers.common.findings import Finding
from splitbrain.checkers.common.registers import THIN_AIR, registers
from splitbrain.checkers.common.session_order import KeyWrites, ordered
from splitbrain.checkers.staleness import k_order
from splitbrain.checkers.staleness.atomic import atomic_orders
from splitbrain.checkers.staleness.certificate import objection
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from .exhaustive import history_of, tiny

pytestmark = pytest.mark.skipif(
    "splitbrain.checkers.causal.clocks_native" not in sys.modules, reason="no compiled parts here"
)


def test_both_find_the_same_patterns() -> None:
    random, seen = Random("twins"), dict[str | None, int]()
    for count in range(3000):
        of = registers(history_of(tiny(random, 4 + count % 6)), "causal-convergence", None)
        found: list[tuple[str | None, CausalOrder]] = []
        for compiled in (False, True):
            order = causal_order(of, Budget().start(), compiled=compiled)
            finding = order.finding
            if finding is None:
                arbitrated = arbitration(of, order)
                finding = arbitrated if isinstance(arbitrated, Finding) else None
            found.append((None if finding is None else finding.anomaly, order))
        (name, plain), (other, native) = found
        assert name == other
        if plain.finding is None:
            assert plain.last == native.last
            assert causal_objection(of, native.order, arbitration=False, compiled=False) is None
        seen[name] = seen.get(name, 0) + 1
    names = {None, "ThinAirRead", "CyclicCO", "WriteCOInitRead", "WriteCORead", "CyclicCF"}
    assert seen.keys() >= names - {"ThinAirRead", "CyclicCO"}, seen


def test_both_find_the_same_clocks_of_a_session() -> None:
    random, compared = Random("clocks of sessions"), 0
    for count in range(800):
        of = registers(history_of(tiny(random, 4 + count % 8)), "causal-memory", None)
        for session, everything in product(range(len(of.chains)), (True, False)):
            view = SessionView(of, KeyWrites(of), of.chains, session, everything)
            order, stuck = ordered(of, of.chains, view.needs)
            plain, native = (view.clocks(order, compiled=compiled) for compiled in (False, True))
            assert [list(plain[op]) for op in order] == [list(native[op]) for op in order]
            compared += any(len(set(plain[op])) > 2 for op in order) and not stuck
    assert compared > 500


def test_a_finding_for_want_of_budget_is_not_kept() -> None:
    random = Random("budget")
    histories = [history_of(tiny(random, 8)) for _ in range(100)]
    verdicts = [CATALOGUE["causal-memory"].make().check(history, Budget()).value for history in histories]
    of = registers(histories[verdicts.index(Validity.VALID)], "causal-memory", None)
    assert causal_memory(of, Budget(seconds=0).start()).doubt is not None
    found = causal_memory(of, Budget().start())
    assert found.doubt is None
    assert causal_memory(of, Budget(seconds=0).start()) is found


def test_both_object_to_the_same_orders() -> None:
    random, objections = Random("objections"), 0
    for count in range(3000):
        of = registers(history_of(tiny(random, 4 + count % 5)), "causal-convergence", None)
        if any(of.source[op] == THIN_AIR for op in of.reads()):
            continue
        order = [op for chain in of.chains for op in chain]
        random.shuffle(order) if count % 2 else order.sort()
        for by_arbitration in (False, True):
            plain, native = (
                causal_objection(of, order, arbitration=by_arbitration, compiled=compiled) for compiled in (False, True)
            )
            assert (plain is None) == (native is None), (plain, native)
            objections += plain is not None
    assert 1000 < objections < 5000


def test_both_find_an_order_for_k_or_none() -> None:
    if "splitbrain.checkers.staleness.k_order_native" not in sys.modules:
        pytest.skip("no compiled search for k here")
    random, found = Random("k orders"), Counter[bool]()
    for count in range(3000):
        ops = tiny(random, 4 + count % 9)
        if count % 3 == 0:  # values that are written twice
            ops = tuple(replace(op, value=(op.value or 0) // 2 or op.value) for op in ops)
        of, k = registers(history_of(ops), "k-atomicity", None), 1 + count % 3
        for key in set(of.key):
            numbers = [op for op, other in enumerate(of.key) if other == key]
            plain, native = (
                k_order.order_of_key(of, numbers, k, Budget().start(), compiled=compiled) for compiled in (False, True)
            )
            assert (plain is None) == (native is None), (ops, key, k)
            if native is not None and numbers == list(range(len(of))):
                assert objection(of, native, k) is None
            found[native is not None] += 1
    assert min(found.values()) > 500, found


def test_both_find_the_same_orders_of_atomic_keys_and_object_to_the_same() -> None:
    if "splitbrain.checkers.staleness.orders_native" not in sys.modules:
        pytest.skip("no compiled orders here")
    random, atomic, objections = Random("atomic orders"), Counter[bool](), Counter[str | None]()
    for count in range(6000):
        ops = tiny(random, 4 + count % 9)
        if count % 3 == 0:  # values that are written twice
            ops = tuple(replace(op, value=(op.value or 0) // 2 or op.value) for op in ops)
        of = registers(history_of(ops), "k-atomicity", None)
        refuted = set(of.key[:1]) if count % 7 == 0 else set[int]()
        plain, native = (atomic_orders(of, refuted, compiled=compiled) for compiled in (False, True))
        assert plain == native, ops
        order = [op for of_key in native.values() for op in of_key or ()]
        assert not (None not in native.values() and objection(of, order, 1, compiled=False)), ops
        if count % 2:
            random.shuffle(order)
        order += order[:1] if count % 50 == 0 else []
        for k in (1, 2, 3):
            said = [objection(of, order, k, compiled=compiled) for compiled in (False, True)]
            words = [None if one is None else " ".join(one.split()[-4:]) for one in said]
            assert (said[0] is None) == (said[1] is None), (ops, order, k, said)
            objections[words[1]] += 1
        atomic.update(found is not None for found in native.values())
    assert min(atomic.values()) > 1000 and min(objections.values()) > 100 and len(objections) == 6, (atomic, objections)


def test_what_is_too_wide_for_the_compiled_search_is_searched_in_python() -> None:
    """A hundred writes at once, each then read."""
    events = [Event(index=0, time=0, process=n, type="invoke", f="write", value=n) for n in range(100)]
    events += [Event(index=0, time=0, process=n, type="ok", f="write", value=n) for n in range(100)]
    events += [Event(index=0, time=0, process=0, type=kind, f="read", value=5) for kind in ("invoke", "ok")]
    of = registers(History.of(events), "k-atomicity", None)
    found = k_order.order_of_key(of, range(len(of)), 1, Budget().start())
    assert found is not None and objection(of, found, 1) is None
