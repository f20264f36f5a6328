"""Workloads `list-append` and `rw-register`: transactions of a few micro-operations on a handful of keys at a time.

Lists tell the order of all appends, so every isolation level is decided. Registers tell the last write alone; most of
their transactions read a key before they write it, so that the order is known nevertheless.

Key `k(i)` is twice as popular as `k(i + 1)`; each is replaced by a new one after about `writes_per_key` writes.

Operations: `txn`, a list of `["append", key, value]` or `["w", key, value]` and `["r", key, null]`; the ok value has
what was read in place of null.
"""

from collections.abc import Callable, Mapping, Sequence

from splitbrain.checkers.transactions.check import CONSISTENCY, TransactionCheck, level
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls, deal
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.keys import FINAL_KEYS_MAX
from splitbrain.workloads.workload import Size, Workload

TXN = "txn"
LENGTH = Option("length", 5, "how many micro-operations a transaction has at most", least=1)
KEYS = Option("keys", 5, "how many keys are in use at a time", least=1)
LIFE = Option("writes_per_key", 32, "after about how many writes a key is replaced by a new one", least=1)
READS = Option("read_share", 0.5, "share of reads among micro-operations, 0 to 1", most=1)
BEFORE = Option("read_before_write", 0.8, "share of writes that are preceded by a read of the key, 0 to 1", most=1)


def main_of(word: str) -> Callable[[Size, Mapping[str, Setting]], Generator]:
    """Make the main phase. word: `append` or `w`."""

    def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
        number, longest = int(settings["keys"] or 1), int(settings["length"] or 1)
        life, reads = int(settings["writes_per_key"] or 1), float(settings["read_share"] or 0)
        before = float(settings.get("read_before_write") or 0)
        weights = [2.0**-place for place in range(number)]
        writes_each = (longest + 1) / 2 * (1 - reads)

        def operation(context: Context) -> Operation:
            draws, steps = context.draws, list[Value]()
            done = context.ordinal * size.concurrency * writes_each
            for place in range(1 + draws.below(longest)):
                at = draws.weighted(range(number), weights)
                age = int(done * weights[at] / sum(weights) / life)
                key = f"k{at + number * age}"
                if draws.chance(reads):
                    steps.append(("r", key, None))
                    continue
                if draws.chance(before):
                    steps.append(("r", key, None))
                steps.append((word, key, size.unique(context.thread, context.ordinal) * longest + place))
            return Operation(TXN, tuple(steps))

        return calls(operation)

    return main


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """A transaction that reads a key, for each of the latest keys: acknowledged writes that were lost show here."""
    keys: dict[str, None] = {}
    values = history.pool.values
    for argument in history.operations().argument:
        keys |= dict.fromkeys(key for _, key, _ in values[argument])
    return deal([Operation(TXN, (("r", key, None),)) for key in list(keys)[-FINAL_KEYS_MAX:]])


def workload(name: str, summary: str, word: str, options: Sequence[Option]) -> Workload:
    """The workload of lists or registers."""

    def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
        return (TransactionCheck(name, level(str(settings["consistency"]))),)

    return Workload(
        name=name,
        summary=summary,
        operations={TXN: Shape("micro-operations", "micro-operations with what was read")},
        options=(LENGTH, KEYS, LIFE, READS, *options, CONSISTENCY),
        main=main_of(word),
        final=final,
        checkers=checkers,
        level=CONSISTENCY.name,
    )


LIST_APPEND = workload(
    "list-append", "transactions of appends to and reads of lists; which isolation level?", "append", ()
)
RW_REGISTER = workload(
    "rw-register", "transactions of writes, mostly after a read, and reads; which isolation level?", "w", (BEFORE,)
)
