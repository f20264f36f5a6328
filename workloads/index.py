"""Workload `index`: writes of rows, and finds by their value; none missing from the index, none there without its row.

Rows are written by all clients, some at a time, and then left for others. At the end, when the index has had
`settle` seconds, every value is looked for through each node.

What is judged is `index-fresh`, of all finds; `--model claim` judges what the target claims: for an index that is told
afterwards, `index-eventual`, of the finds at the end.

Operations: `write` (with the row as key; value: one of some), `find` (value: one of them; ok: the keys of the rows).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.index import FIND, FRESH, WRITE, IndexCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls, each_until_ok, on_threads, sleep, then
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("values", 5, "number of values", least=1),
    Option("rows", 10, "rows that are written at a time", least=1),
    Option("writes", 20, "operations of a client after which other rows take their turn", least=1),
    Option("find_share", 0.5, "share of finds among the operations, 0 to 1", most=1),
    Option("settle", 2.0, "seconds between the last write and the finds at the end", least=0),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Writes of a value to a row, and finds of one."""
    share = float(settings["find_share"] or 0)
    rows, turn = int(settings["rows"] or 1), int(settings["writes"] or 1)
    known = names(settings)

    def operation(context: Context) -> Operation:
        value = context.draws.choice(known)
        if context.draws.chance(share):
            return Operation(FIND, value)
        row = context.ordinal // turn * rows + context.draws.below(rows)
        return Operation(WRITE, value, f"row{row}")

    return calls(operation)


def names(settings: Mapping[str, Setting]) -> Sequence[str]:
    """The values."""
    return [f"value{number}" for number in range(int(settings["values"] or 1))]


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """Every value, looked for through each node, once the index has had its time."""
    finds = each_until_ok([Operation(FIND, value) for value in names(settings)])
    settle = float(settings["settle"] or 0)
    return on_threads(range(min(size.nodes, size.concurrency)), then(sleep(settle), finds))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """A check of all finds."""
    return (IndexCheck(FRESH),)


INDEX = Workload(
    name="index",
    summary="rows get values and are found by them; is one missing, or found without its row?",
    operations={
        WRITE: Shape("value", "value"),
        FIND: Shape("the value", "keys of the rows that have it", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
