"""Models that a user writes in Python: one of small states, two of large ones, written in the usual way.

Nothing here is known to the checker: no name, no function of the ready models."""

from dataclasses import replace
from typing import Any

import logs
from measuring import Measurement, Report

from rows import common, registers
from splitbrain.checkers.porcupine import ILLEGAL, Call, Independence, Model


def cas_step(state: Any, call: Call) -> Any:
    """A register that starts with nil."""
    if call.f == "read":
        return state if call.result == state else ILLEGAL
    if call.f == "write":
        return call.argument
    old, new = call.argument
    return new if old == state else ILLEGAL


def text_step(state: str, call: Call) -> Any:
    """A string that starts empty."""
    if call.f == "get":
        return state if call.result == state else ILLEGAL
    return call.argument if call.f == "put" else state + call.argument


def store_step(state: tuple[tuple[str, str], ...], call: Call) -> Any:
    """Strings under keys, sorted by key."""
    values = dict(state)
    after = text_step(values.get(call.key, ""), call)
    if after is ILLEGAL or call.f == "get":
        return ILLEGAL if after is ILLEGAL else state
    return tuple(sorted((values | {call.key: after}).items()))


CAS_REGISTER = Model(
    name="my-register", summary="a register as a user writes it", operations=("read", "write", "cas"), initial=None,
    step=cas_step, observes=frozenset({"read", "cas"}), pure=frozenset({"read"}),
)  # fmt: skip
TEXT = Model(
    name="my-text", summary="a string as a user writes it", operations=("get", "put", "append"), initial="",
    step=text_step, observes=frozenset({"get"}), pure=frozenset({"get"}),
)  # fmt: skip
WHOLE_STORE = Model(
    name="my-store", summary="all keys as one object", operations=("get", "put", "append"), initial=(),
    step=store_step, observes=frozenset({"get"}), pure=frozenset({"get"}), by_key=False,
)  # fmt: skip
STORE_OF_KEYS = replace(WHOLE_STORE, independence=Independence(parts=lambda call: (call.key,)))
"""The same, which says that operations on one key can be left out without change to others."""


def models(bench: Measurement) -> Report:
    """models written in Python: small states (10⁴ operations), large states (strings)"""
    size = 1000 if bench.quick else 10_000
    small, large = [], []
    for concurrency in (5, 10):
        for invalid in (False, True):
            history = registers.made(size, concurrency, "cas-register", invalid=invalid)
            if history is not None:
                work = f"{size:,}, c {concurrency}, register, {'invalid' if invalid else 'valid'}"
                run = common.check(CAS_REGISTER, history, bench.seconds_max)
                small.append(bench.against(work, "register", history, run))
    for log in logs.kv(50):
        run = common.check(TEXT, log.history, bench.seconds_max)
        large.append(bench.against(f"{log.name}, strings", "kv", log.history, run))
    goals = [
        common.least("least ratio, small", small, 3),
        common.least("least ratio, large", large, 0.3),
    ]
    return Report("python", models.__doc__ or "", [*small, *large], goals)
