"""How does a register behave, with and without compare-and-set? A read sees the latest write; `nil` is a value too.

    read → v      write v      cas [old, new]

The trap: a failed cas says nothing, for the failure may have come from anywhere on the way. Only where the target says
that the precondition was tested and false (error kind `precondition`), and the user asks for it, is it an observation.
"""

from collections.abc import Mapping

from splitbrain.checkers.porcupine.fast.revisions import revisions
from splitbrain.checkers.porcupine.fast.zones import zones
from splitbrain.checkers.porcupine.model import ILLEGAL, REFUSED, UNSEEN, Call, Independence, Model
from splitbrain.checkers.porcupine.models.entry import Entry
from splitbrain.checkers.porcupine.models.values import meant, same, shown
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

INITIAL = Option("initial", "nil", 'the value before any write: nil, a number, true, false, a word, or "text"')
PRECONDITION = Option(
    "precondition", "drop", "whether a cas that failed with error kind `precondition` is an observation",
    choices=("drop", "observe"),
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
    if call.result is REFUSED:
        return ILLEGAL if matches else state
    return new if matches else ILLEGAL


def made(call: Call) -> Value:
    """The value a write or a cas leaves."""
    return call.argument if call.f == "write" else pair(call)[1]


def feeds(earlier: Call, later: Call) -> bool:
    """Every operation here resets, so only one can feed: that which left the value which the later one saw."""
    if later.f == "read":
        return same(made(earlier), later.result)
    return same(made(earlier), pair(later)[0]) != (later.result is REFUSED)


def show(call: Call) -> str:
    """`write 3`, `read → 4`, `cas 1 → 2`."""
    if call.f == "cas":
        old, new = pair(call)
        return f"cas {shown(old)} → {shown(new)}" + (" (refused)" if call.result is REFUSED else "")
    if call.f == "write":
        return f"write {shown(call.argument)}"
    return "read" if call.result is UNSEEN else f"read → {shown(call.result)}"


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
        independence=Independence(resets=frozenset({"write"}), blind=frozenset({"write"}), feeds=feeds),
        fast=(zones, revisions),
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
        refusals=frozenset({"cas"} if settings["precondition"] == "observe" else ()),
        independence=Independence(resets=frozenset({"write", "cas"}), blind=frozenset({"write"}), feeds=feeds),
        fast=(zones, revisions),
        show_call=show,
        show_state=shown,
    )


REGISTER = Entry("register", "a register: read, write", (INITIAL,), register)
CAS_REGISTER = Entry(
    "cas-register", "a register with read, write, cas [old, new]", (INITIAL, PRECONDITION), cas_register
)
