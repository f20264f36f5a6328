"""Certificates of the causal models: an order is accepted if and only if it is a proof."""

from collections.abc import Callable
from itertools import combinations, permutations
from random import Random

import pytest

from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.checkers.causal.certificate import causal_objection, view_objection
from splitbrain.checkers.common.registers import THIN_AIR, RegisterHistory, registers
from splitbrain.harness.budget import Budget
from splitbrain.harness.verdict import Validity

from .exhaustive import history_of, tiny


def orders(of: RegisterHistory) -> list[int]:
    return [op for chain in of.chains for op in chain]


def shown_by_an_order(of: RegisterHistory, arbitration: bool) -> bool:
    return any(causal_objection(of, order, arbitration=arbitration) is None for order in permutations(orders(of)))


def shown_by_views(of: RegisterHistory, causal: bool) -> bool:
    """Whether each session with reads has an order of some of the operations that is accepted."""

    def seen(session: int) -> bool:
        ops = orders(of)
        parts = (part for size in range(len(ops) + 1) for part in combinations(ops, size))
        return any(
            view_objection(of, session, order, causal=causal) is None for part in parts for order in permutations(part)
        )

    return all(seen(chain) for chain, ops in enumerate(of.chains) if any(not of.write[op] for op in ops))


PROOFS: dict[str, Callable[[RegisterHistory], bool]] = {
    "causal-consistency": lambda of: shown_by_an_order(of, False),
    "causal-convergence": lambda of: shown_by_an_order(of, True),
    "causal-memory": lambda of: shown_by_views(of, True),
    "pram": lambda of: shown_by_views(of, False),
}


@pytest.mark.parametrize("model", PROOFS)
def test_some_order_is_accepted_if_and_only_if_the_model_holds(model: str) -> None:
    random, check, found = Random(f"proofs of {model}"), CATALOGUE[model].make(), {True: 0, False: 0}
    while min(found.values()) < 15:
        history = history_of(tiny(random, 5))
        verdict = check.check(history, Budget())
        of = registers(history, model, None)
        if verdict.value is Validity.UNKNOWN or any(of.source[op] == THIN_AIR for op in of.reads()):
            continue
        valid = verdict.value is Validity.VALID
        if found[valid] < 60:
            assert PROOFS[model](of) == valid, list(history)
            found[valid] += 1


def test_verdicts_carry_what_was_verified() -> None:
    random, carried = Random("carried"), 0
    while carried < 20:
        history = history_of(tiny(random, 6))
        verdict = CATALOGUE["causal-convergence"].make().check(history, Budget())
        memory = CATALOGUE["causal-memory"].make().check(history, Budget())
        if not verdict.value is memory.value is Validity.VALID:
            continue
        carried += 1
        of = registers(history, "causal-convergence", None)
        numbers = {start: op for op, start in enumerate(of.start)}
        assert verdict.certificate is not None
        assert causal_objection(of, [numbers[start] for start in verdict.certificate], arbitration=True) is None
        named = {of.session_name(chain): chain for chain in range(len(of.chains))}
        for name, starts in memory.details["orders"].items():
            assert view_objection(of, named[name], [numbers[start] for start in starts], causal=True) is None
