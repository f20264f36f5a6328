"""The compiled causal checkers say what their Python twins say, and find the same patterns."""

import sys
from random import Random

import pytest

from splitbrain.checkers.causal.certificate import causal_objection
from splitbrain.checkers.causal.clocks import CausalOrder, arbitration, causal_order
from splitbrain.checkers.common.findings import Finding
from splitbrain.checkers.common.registers import THIN_AIR, registers
from splitbrain.harness.budget import Budget

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
