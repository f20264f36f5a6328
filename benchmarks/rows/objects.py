"""Objects other than registers: sums, stores with revisions, sets, several registers, queues, stacks, deques.

Of each object there is a row of values that come once, and one of five different ones; the elements of sets are always
few. The histories are random ones of `benchmarks/objects.py`, in which about two thirds of the clients have an
operation open at any time: short ones, on which both sides finish mostly, and those of a thousand operations. Each is
right, or has one old answer."""

from collections.abc import Callable

from measuring import Goal, Line, Measurement, Report
from objects import ObjectShape, history

from rows import common
from splitbrain.checkers.porcupine import MODELS

SIZES = ((100, 5, 0.03), (1_000, 10, 0.0), (1_000, 10, 0.03), (1_000, 30, 0.03))
"""Operations, clients, and the share of operations of unknown end."""
SETTINGS = {"versioned-kv": {"exact": "true"}}
"""By model: what the driver's model does, and ours only if asked."""


FEW = 5
"""Different values, where they are few."""


def row(name: str, model: str, title: str, values: int) -> Callable[[Measurement], Report]:
    """The row of a model."""

    def measured(bench: Measurement) -> Report:
        made = MODELS[model].make(SETTINGS.get(model, {}))
        lines: list[Line] = []
        for operations, clients, crashed in SIZES[: 1 if bench.quick else None]:
            for wrong in (False, True):
                found = history(model, ObjectShape(operations, clients, crashed, wrong, values=values))
                work = (
                    f"{operations:,} operations, {clients} clients, {crashed:.0%} crashed{', wrong' if wrong else ''}"
                )
                lines.append(bench.against(work, model, found, common.check(made, found, bench.seconds_max)))
        return Report(
            name,
            title,
            lines,
            [
                common.mean(lines, 1),
                common.least("least ratio", lines, 1),
                Goal("seconds", common.slowest(lines), "≤", 20),
                common.undecided(lines),
            ],
        )

    return measured


ROWS = {
    f"{name}{suffix}": row(f"{name}{suffix}", model, f"{what}{of}, 100 and 1,000 operations, 5 to 30 clients", values)
    for suffix, of, values in (("", "", 0), ("-few", ", few values", FEW))
    for name, model, what in (
        ("counter", "lin-counter", "counters with deltas"),
        ("versioned-kv", "versioned-kv", "stores with one exact revision for all keys"),
        ("set", "lin-set", "sets with whole reads"),
        ("multi-register", "multi-register", "several registers at once"),
        ("queue", "fifo-queue", "queues"),
        ("stack", "stack", "stacks"),
        ("priority-queue", "priority-queue", "priority queues"),
        ("deque", "deque", "deques"),
    )
    if not (values and model == "lin-set")  # whose elements are few at any rate
}
