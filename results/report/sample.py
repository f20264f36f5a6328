"""The operations that the page carries: all of them, or a part of a large history.

A part that looks like the whole would mislead, so
every choice comes with the sentence that the page shows beside it. The choice is the same for the same history.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.harness.history import History
from splitbrain.results import format
from splitbrain.results.summary import origin, timed

OPERATIONS_MAX = 100_000


@dataclass(frozen=True)
class Sample:
    """Rows of `history.operations()`, ascending. note: what the reader must know; None if all are here."""

    rows: Sequence[int]
    note: str | None = None


def choose(history: History, focus: Sequence[int], operations_max: int = OPERATIONS_MAX) -> Sample:
    """The operations to carry. focus: rows that must be among them, and around which none is left out.

    With a focus, half of the room goes to the operations invoked around its last row; the rest to every k-th one.
    """
    total = len(history.operations())
    if total <= operations_max:
        return Sample(range(total))
    if not focus:
        step = -(-total // operations_max)
        rows = range(0, total, step)
        return Sample(rows, f"{_shown(len(rows), total)}: one in {step}, evenly. {_WHOLE}")
    around = operations_max // 2
    first = max(0, min(max(focus) - around // 2, total - around))
    whole = range(first, first + around)
    step = -(-(total - around) // (operations_max - around))
    chosen = sorted({*whole, *range(0, total, step), *focus})
    where = f"all from {_when(history, whole[0])} to {_when(history, whole[-1])}, around the anomaly"
    return Sample(chosen, f"{_shown(len(chosen), total)}: {where}, and one in {step} elsewhere. {_WHOLE}")


_WHOLE = "All figures and the other pictures count every operation."


def _shown(shown: int, total: int) -> str:
    return f"The timeline carries {shown:,} of {total:,} operations"


def _when(history: History, row: int) -> str:
    position = history.operations().invoke[row]
    return format.seconds(history.time[position] - origin(history)) if timed(history) else f"event {position}"
