"""Verdict on one key from what a search found, in the same words for every backend."""

from splitbrain.checkers.porcupine.model import Model
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict

NAME = "porcupine"
BLIND = "linearizable, for nothing observed this key"
STATES_TOLD, LONGEST_TOLD = 20, 20


def valid(
    model: Model, key: Value, order: tuple[int, ...], operations: int, configurations: int, *, observed: bool = True
) -> Verdict:
    """The verdict that there is an order, which was verified, or will be with that of the whole history."""
    reason = f"linearizable: an order of {len(order):,} operations was found and verified" if observed else BLIND
    details: dict[str, Value] = {"operations": operations, "configurations": configurations}
    return Verdict(Validity.VALID, reason, NAME, model.name, key, certificate=order, details=details)


def without_order(verdict: Verdict) -> Verdict:
    """The verdict on a key whose order stands in that of the whole history."""
    return Verdict(verdict.value, verdict.reason, NAME, verdict.model, verdict.key, details=verdict.details)


def invalid(
    model: Model, key: Value, placed: int, longest: tuple[int, ...], operations: int, configurations: int,
    next_return: int, call: str, states: tuple[str, ...], core: tuple[int, ...] = (),
) -> Verdict:  # fmt: skip
    """The verdict that there is no order. placed: how many operations the longest one found has, longest: the last
    LONGEST_TOLD of them. owed: the invocation of the operation that cannot be placed, call: what it is, states: in
    which it was owed. core: see `search_result`."""
    details: dict[str, Value] = {
        "operations": operations, "configurations": configurations, "placed": placed, "blocked": next_return,
        "states": states[:STATES_TOLD], "longest": longest,
    }  # fmt: skip
    if core:
        details["core"] = core
    reason = f"not linearizable: {call}, invoked at event {next_return}, cannot be placed"
    return Verdict(Validity.INVALID, reason, NAME, model.name, key, details=details)
