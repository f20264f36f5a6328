"""Fetch-and-add: adds a number and returns the sum from before, or with `returns=new` from after.

    fetch-and-add delta → sum      read → sum

Pitfall: whether the sum that comes back is the old or the new one; systems differ, so it is an option.
"""

from collections.abc import Callable, Mapping

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Model
from splitbrain.checkers.porcupine.models.counter import INITIAL, number
from splitbrain.harness.options import Option, Setting

RETURNS = Option("returns", "old", "which sum comes back: that before the addition, or after it", ("old", "new"))


def stepper(*, new: bool) -> Callable[[float, Call], object]:
    """The step of a sum that returns its new or its old value."""

    def step(total: float, call: Call) -> object:
        following = total if call.f == "read" else total + number(call.argument)
        answer = following if new else total
        return following if call.result is UNSEEN or same(call.result, answer) else ILLEGAL

    return step


def show(call: Call) -> str:
    """`fetch-and-add 3 → 4`, `read → 4`."""
    words = call.f if call.f == "read" else f"{call.f} {shown(call.argument)}"
    return words if call.result is UNSEEN else f"{words} → {shown(call.result)}"


def fetch_and_add(settings: Mapping[str, Setting]) -> Model:
    """A sum."""
    return Model(
        name="fetch-and-add",
        summary=FETCH_AND_ADD.summary,
        operations=("fetch-and-add", "read"),
        initial=settings["initial"],
        step=stepper(new=settings["returns"] == "new"),
        observes=frozenset({"fetch-and-add", "read"}),
        pure=frozenset({"read"}),
        show_call=show,
        show_state=shown,
    )


FETCH_AND_ADD = CatalogueEntry(
    "fetch-and-add", "a sum: fetch-and-add returns what it was before, read", (INITIAL, RETURNS), fetch_and_add
)
