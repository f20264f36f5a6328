"""Register, with and without compare-and-set: a read returns the latest write; `nil` is a value too.

    read → v      write v      cas [old, new]

Pitfall: a failed cas says nothing, for the failure may have come from anywhere on the way. Only where the history says
that the precondition was tested and false, and the user asks for it (`precondition=observe`), is it an observation, and
so is the value that it found; see `porcupine/refusals.py`.
"""

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import meant, same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Independence, Model
from splitbrain.checkers.porcupine.monitors.revisions import revisions
from splitbrain.checkers.porcupine.monitors.zones import zones
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

INITIAL = Option("initial", "nil", 'the value before any write: nil, a number, true, false, a word, or "text"')
PRECONDITION = Option(
    "precondition", "drop",
    "which failed cas say that the value differed: none, those whose error says so or that have no error, or all",
    choices=("drop", "observe", "all"),
)  # fmt: skip


def pair(call: Call) -> tuple[Value, Value]:
    """The old and the new value of a cas; UsageError if its argument is anything else."""
    argument = call.argument
    if not isinstance(argument, tuple | list) or len(argument) != 2:
        raise UsageError(f"a cas takes [old, new], not {shown(argument)}")
    return argument[0], argument[1]


def step(state: Value, call: Call) -> Value:
    """A register with compare-and-set."""
    if call.f == "read":
        return state if same(call.result, state) else ILLEGAL
    if call.f == "write":
        return call.argument
    old, new = pair(call)
    matches = same(old, state)
    if call.refused:
        return ILLEGAL if matches or not admits(call, state) else state
    return new if matches else ILLEGAL


def admits(call: Call, state: Value) -> bool:
    """Whether a refused cas may have found this value, from what it told."""
    return call.result.saw is UNSEEN or same(call.result.saw, state)


def made(call: Call) -> Value:
    """The value a write or a cas leaves."""
    return call.argument if call.f == "write" else pair(call)[1]


def feeds(earlier: Call, later: Call) -> bool:
    """Whether one call can feed another: every operation here resets, so only that can which left the value that the
    later one saw."""
    if later.f == "read":
        return same(made(earlier), later.result)
    return same(made(earlier), pair(later)[0]) != later.refused


def show(call: Call) -> str:
    """`write 3`, `read → 4`, `cas 1 → 2`."""
    if call.f == "cas":
        old, new = pair(call)
        return f"cas {shown(old)} → {shown(new)}{refusal(call)}"
    if call.f == "write":
        return f"write {shown(call.argument)}"
    return "read" if call.result is UNSEEN else f"read → {shown(call.result)}"


def refusal(call: Call) -> str:
    """` (refused)`, ` (refused, found 3)`, or nothing."""
    if not call.refused:
        return ""
    return " (refused)" if call.result.saw is UNSEEN else f" (refused, found {shown(call.result.saw)})"


def observing(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """The operations that observe, by the option `precondition`, as arguments of a Model."""
    chosen = settings["precondition"]
    return {"refusals": frozenset({"cas"} if chosen != "drop" else ()), "every_failure": chosen == "all"}


def register(settings: Mapping[str, Setting]) -> Model:
    """A register with reads and writes."""
    return Model(
        name="register",
        summary=REGISTER.summary,
        operations=("read", "write"),
        initial=meant(settings["initial"]),
        step=step,
        observes=frozenset({"read"}),
        pure=frozenset({"read"}),
        none_is_state=True,
        independence=Independence(resets=frozenset({"write"}), blind=frozenset({"write"}), feeds=feeds),
        monitors=(zones, revisions),
        show_call=show,
        show_state=shown,
    )


def cas_register(settings: Mapping[str, Setting]) -> Model:
    """A register with reads, writes and compare-and-set."""
    return Model(
        name="cas-register",
        summary=CAS_REGISTER.summary,
        operations=("read", "write", "cas"),
        initial=meant(settings["initial"]),
        step=step,
        observes=frozenset({"read", "cas"}),
        pure=frozenset({"read"}),
        none_is_state=True,
        **observing(settings),
        independence=Independence(resets=frozenset({"write", "cas"}), blind=frozenset({"write"}), feeds=feeds),
        monitors=(zones, revisions),
        show_call=show,
        show_state=shown,
    )


REGISTER = CatalogueEntry("register", "a register: read, write", (INITIAL,), register)
CAS_REGISTER = CatalogueEntry(
    "cas-register", "a register with read, write, cas [old, new]", (INITIAL, PRECONDITION), cas_register
)
