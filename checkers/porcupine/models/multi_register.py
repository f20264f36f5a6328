"""Several registers that are read and written together in one step, as Knossos's multi-register.

    read → {register value, …}      write {register value, …}      txn [[:read k v] [:write k v] …]

A `txn`, as Knossos writes it, is a list of micro-operations that happen together, in their order; `:r` and `:w` mean
the same. A register that was never written holds nil, or `initial`. Pitfall: a read says something only about the
registers that stand in its result.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import frozen, meant, shown, thawed
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Independence, Model, Trace
from splitbrain.checkers.porcupine.models.register import INITIAL
from splitbrain.checkers.porcupine.monitors.each_register import each_register
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Setting

READS, WRITES = ("read", "r"), ("write", "w")

Registers = tuple[tuple[Hashable, Hashable], ...]
"""Name and value of each register that was written, in hashable form and in a fixed order."""


def stepper(initial: Value) -> Callable[[Registers, Call], object]:
    """The step of registers that begin with one value."""
    unwritten = frozen(initial)

    def step(registers: Registers, call: Call) -> object:
        held = dict(registers)
        if call.f == "txn":
            return run(held, call, unwritten)
        if call.f == "write":
            held.update((frozen(name), frozen(value)) for name, value in values(call).items())
            return tuple(sorted(held.items(), key=repr))
        for name, value in values(call).items():
            if held.get(frozen(name), unwritten) != frozen(value):
                return ILLEGAL
        return registers

    return step


def run(held: dict[Hashable, Hashable], call: Call, unwritten: Hashable) -> object:
    """The registers after a transaction, or ILLEGAL. A crashed one has no reads, for nobody saw what they returned."""
    seen = call.result is not UNSEEN and call.result is not None
    for name, key, value in micro_operations(call):
        if name in WRITES:
            held[frozen(key)] = frozen(value)
        elif seen and held.get(frozen(key), unwritten) != frozen(value):
            return ILLEGAL
    return tuple(sorted(held.items(), key=repr))


def micro_operations(call: Call) -> Sequence[tuple[str, Value, Value]]:
    """The micro-operations of a transaction, from its completion if there is one; UsageError if it is no list of
    micro-operations, or if it completed with other micro-operations than it was invoked with."""
    asked, done = (_listed(call.f, part) for part in (call.argument, call.result))
    if done is None:
        return asked or ()
    shape = [(name, frozen(key), frozen(value) if name in WRITES else None) for name, key, value in done]
    if asked is not None and shape != [
        (name, frozen(key), frozen(value) if name in WRITES else None) for name, key, value in asked
    ]:
        raise UsageError(f"a txn completed as {shown(call.result)}, but it was invoked as {shown(call.argument)}")
    return done


def _listed(f: str, value: Value) -> Sequence[tuple[str, Value, Value]] | None:
    if value is UNSEEN or value is None:
        return None
    if not isinstance(value, tuple | list):
        raise UsageError(f"a {f} of a multi-register is a list of [:read k v] and [:write k v], not {shown(value)}")
    for part in value:
        if not (isinstance(part, tuple | list) and len(part) == 3 and part[0] in (*READS, *WRITES)):
            raise UsageError(f"a micro-operation is [:read k v] or [:write k v], not {shown(part)}")
    return [(name, key, inner) for name, key, inner in value]


def values(call: Call) -> Mapping[Value, Value]:
    """The registers that a call wrote or saw, and their values; UsageError if it has none."""
    found = call.argument if call.f == "write" else call.result
    if not isinstance(found, Mapping):
        raise UsageError(f"a {call.f} of a multi-register is about a map from registers to values, not {shown(found)}")
    return found


def trace(call: Call) -> Trace:
    """The values that a call leaves in registers, and those that it read there before it wrote them itself."""
    if call.f == "write":
        return Trace(left={frozen(name): frozen(value) for name, value in values(call).items()})
    if call.result is UNSEEN:
        return Trace(left={frozen(key): frozen(value) for name, key, value in written_by(call) if name in WRITES})
    if call.f == "read":
        return Trace(seen={frozen(name): frozen(value) for name, value in values(call).items()})
    left: dict[Hashable, Hashable] = {}
    seen: dict[Hashable, Hashable] = {}
    for name, key, value in micro_operations(call):
        if name in WRITES:
            left[frozen(key)] = frozen(value)
        elif call.result is not None and frozen(key) not in left:
            seen.setdefault(frozen(key), frozen(value))
    return Trace(left, seen)


def written_by(call: Call) -> Sequence[tuple[str, Value, Value]]:
    """The micro-operations of a crashed call: none of a read."""
    return micro_operations(call) if call.f == "txn" else ()


def sees_nothing(call: Call) -> bool:
    """Whether it is a read of no register, or a transaction of which nothing is known that it read."""
    if call.f == "read":
        return not values(call)
    return call.f == "txn" and (call.result is None or all(name in WRITES for name, _, _ in micro_operations(call)))


def show(call: Call) -> str:
    """`write {x 1, y 2}`, `read → {x 1}`."""
    if call.f == "read" and call.result is UNSEEN:
        return "read"
    if call.f == "txn":
        parts = (
            f"{name} {shown(key)}" + (f" → {shown(value)}" if name in READS else f" {shown(value)}")
            for name, key, value in micro_operations(call)
        )
        return f"txn {', '.join(parts)}"
    inside = ", ".join(f"{shown(name)} {shown(value)}" for name, value in values(call).items())
    return f"{call.f} {{{inside}}}" if call.f == "write" else f"{call.f} → {{{inside}}}"


def show_state(registers: Registers) -> str:
    """A state for people."""
    words = (" ".join(shown(thawed(part)) for part in pair) for pair in registers)
    return f"{{{', '.join(words)}}}"


def multi_register(settings: Mapping[str, Setting]) -> Model:
    """Several registers."""
    return Model(
        name="multi-register",
        summary=MULTI_REGISTER.summary,
        operations=("read", "write", "txn"),
        initial=(),
        step=stepper(meant(settings["initial"])),
        observes=frozenset({"read", "txn"}),
        blind=sees_nothing,
        pure=frozenset({"read"}),
        independence=Independence(traces=trace),
        monitors=(partial(each_register, initial=frozen(meant(settings["initial"]))),),
        hard="the order of writes that were open at once shows late, when one of their registers is read: fewer "
        "clients at a time are decided",
        show_call=show,
        show_state=show_state,
    )


MULTI_REGISTER = CatalogueEntry(
    "multi-register", "several registers read and written in one step: read, write {register value}, txn", (INITIAL,),
    multi_register,
)  # fmt: skip
