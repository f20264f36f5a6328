"""Several registers that are read and written together in one step, as Knossos's multi-register.

    read → {register value, …}      write {register value, …}

A register that was never written holds nil, or `initial`. Pitfall: a read says something only about the registers that
stand in its result.
"""

from collections.abc import Callable, Hashable, Mapping

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import frozen, meant, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Model
from splitbrain.checkers.porcupine.models.register import INITIAL
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Setting

Registers = tuple[tuple[Hashable, Hashable], ...]
"""Name and value of each register that was written, in hashable form and in a fixed order."""


def stepper(initial: Value) -> Callable[[Registers, Call], object]:
    """The step of registers that begin with one value."""
    unwritten = frozen(initial)

    def step(registers: Registers, call: Call) -> object:
        held = dict(registers)
        if call.f == "write":
            held.update((frozen(name), frozen(value)) for name, value in values(call).items())
            return tuple(sorted(held.items(), key=repr))
        for name, value in values(call).items():
            if held.get(frozen(name), unwritten) != frozen(value):
                return ILLEGAL
        return registers

    return step


def values(call: Call) -> Mapping[Value, Value]:
    """The registers that a call wrote or saw, and their values; UsageError if it has none."""
    found = call.argument if call.f == "write" else call.result
    if not isinstance(found, Mapping):
        raise UsageError(f"a {call.f} of a multi-register is about a map from registers to values, not {shown(found)}")
    return found


def show(call: Call) -> str:
    """`write {x 1, y 2}`, `read → {x 1}`."""
    if call.f == "read" and call.result is UNSEEN:
        return "read"
    inside = ", ".join(f"{shown(name)} {shown(value)}" for name, value in values(call).items())
    return f"{call.f} {{{inside}}}" if call.f == "write" else f"{call.f} → {{{inside}}}"


def show_state(registers: Registers) -> str:
    """A state for people."""
    words = (" ".join(shown(part[1]) if isinstance(part, tuple) else "" for part in pair) for pair in registers)
    return f"{{{', '.join(words)}}}"


def multi_register(settings: Mapping[str, Setting]) -> Model:
    """Several registers."""
    return Model(
        name="multi-register",
        summary=MULTI_REGISTER.summary,
        operations=("read", "write"),
        initial=(),
        step=stepper(meant(settings["initial"])),
        observes=frozenset({"read"}),
        pure=frozenset({"read"}),
        show_call=show,
        show_state=show_state,
    )


MULTI_REGISTER = CatalogueEntry(
    "multi-register", "several registers read and written in one step: read, write {register value}", (INITIAL,),
    multi_register,
)  # fmt: skip
