"""Counter: a read returns the sum of everything added before it.

    add delta      read → sum

Deltas are any numbers, negative ones too. Pitfall: with arbitrary deltas the question is as hard as subset sum, so a
history with many concurrent adds of different sizes may exceed any budget.
"""

from collections.abc import Mapping

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Model
from splitbrain.checkers.porcupine.monitors.counter_reads import counter_reads
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

INITIAL = Option("initial", 0, "the sum before any add", least=None)


def step(total: float, call: Call) -> object:
    """Next sum: an add changes it, a read must return it."""
    if call.f == "read":
        return total if same(call.result, total) else ILLEGAL
    return total + number(call.argument)


def number(value: Value) -> float:
    """A delta; UsageError if it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"an add takes a number, not {shown(value)}")
    return value


def show(call: Call) -> str:
    """`add 3`, `read → 4`."""
    if call.f == "add":
        return f"add {shown(call.argument)}"
    return "read" if call.result is UNSEEN else f"read → {shown(call.result)}"


def lin_counter(settings: Mapping[str, Setting]) -> Model:
    """A counter."""
    return Model(
        name="lin-counter",
        summary=LIN_COUNTER.summary,
        operations=("add", "read"),
        initial=settings["initial"],
        step=step,
        observes=frozenset({"read"}),
        pure=frozenset({"read"}),
        monitors=(counter_reads,),
        hard="which of many adds open at once make up a sum has too many answers, the more so where some crashed: "
        "fewer clients at a time, or adds of 1, are decided",
        show_call=show,
        show_state=shown,
    )


LIN_COUNTER = CatalogueEntry("lin-counter", "a counter: add any number, read the sum", (INITIAL,), lin_counter)
