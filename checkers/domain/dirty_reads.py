"""Dirty reads, as in Jepsen's tests of Galera and Percona: a read never shows what a failed transaction wrote.

    write x, read → [x x x …]        or transactions of [w row x], and of [r row x] alone

A writer sets all rows to a value of its own, in one transaction, a reader reads all. Definition as in Jepsen's
`galera/dirty_reads.clj` (jepsen-io/jepsen): a read with a value of a failed write refutes; reads whose rows differ are
counted, for read committed allows them.

A read says something only if it ended after a failed write had begun. A value that another write wrote too, or nil,
shows nothing.

Pitfall: a failed write is one that certainly did not happen. A client that calls an unknown end a failure makes dirty
reads of good ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, some
from splitbrain.checkers.common.per_key import LOOK_EVERY, NEVER, hold_to, over_budget, unobserved
from splitbrain.checkers.common.values import frozen, shown
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness

READ, WRITE, TXN = "read", "write", "txn"


@dataclass(frozen=True)
class DirtyReadsCheck:
    """Jepsen's `dirty-reads`."""

    name: str = "dirty-reads"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for other operations."""
        hold_to(history, self.name, (READ, WRITE, TXN))
        operations = history.operations()
        spending = budget.start()
        failed: dict[Value, int] = {}
        fair: set[Value] = {frozen(None)}
        reads: list[tuple[int, Sequence[Value]]] = []
        for row in range(len(operations)):
            if row % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, row, len(operations), "operations")
            ended = operations.ended[row]
            if ended == EventType.FAIL and history.pool.values[operations.argument[row]] is None:
                continue
            for value in written_by(history, row):
                if ended == EventType.FAIL:
                    failed.setdefault(frozen(value), row)
                else:
                    fair.add(frozen(value))
            if ended == EventType.OK and (seen := read_by(history, row)):
                reads.append((row, seen))
        return self._verdict(history, {value: row for value, row in failed.items() if value not in fair}, reads)

    def _verdict(
        self, history: History, failed: dict[Value, int], reads: Sequence[tuple[int, Sequence[Value]]]
    ) -> Verdict:
        dirty = [(row, value) for row, seen in reads for value in seen if frozen(value) in failed]
        torn = sum(len({frozen(value) for value in seen}) > 1 for _, seen in reads)
        details: dict[str, Value] = {
            "reads": len(reads), "failed_writes": len(failed), "dirty_reads": len({row for row, _ in dirty}),
            "inconsistent_reads": torn,
        }  # fmt: skip
        if dirty:
            row, value = dirty[0]
            witness = dirty_read(history, row, value, failed[frozen(value)])
            return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)
        operations = history.operations()
        first = min((operations.invoke[row] for row in failed.values()), default=NEVER)
        if all(operations.complete[row] < first for row, _ in reads):
            return unobserved(
                self.name, "no read ended after a failed write had begun: nothing could have refuted the model"
            )
        reason = (
            f"none of {len(reads):,} reads shows one of {len(failed):,} values of failed writes; "
            f"{torn:,} of them show rows that differ"
        )
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)


def steps_of(history: History, row: int) -> Iterator[Sequence[Value]]:
    """The micro-operations of a transaction; UsageError for what is none."""
    operations, values = history.operations(), history.pool.values
    column = operations.result if operations.ended[row] == EventType.OK else operations.argument
    steps = values[column[row]]
    for step in steps if isinstance(steps, tuple) else (steps,):
        if not isinstance(step, tuple) or len(step) != 3 or step[0] not in ("r", "w"):
            raise UsageError(f"dirty-reads is about lists of [w row value] and [r row value], not {shown(steps)[:80]}")
        yield step


def written_by(history: History, row: int) -> list[Value]:
    """The values that an operation writes, or would have written."""
    operations, values = history.operations(), history.pool.values
    f = values[operations.f[row]]
    if f == WRITE:
        return [values[operations.argument[row]]]
    found = [step[2] for step in steps_of(history, row) if step[0] == "w"] if f == TXN else []
    return list({frozen(value): value for value in found}.values())


def read_by(history: History, row: int) -> list[Value]:
    """The values that an operation that succeeded has read."""
    operations, values = history.operations(), history.pool.values
    f = values[operations.f[row]]
    if f == READ:
        seen = values[operations.result[row]]
        if not isinstance(seen, tuple | list | frozenset):
            raise UsageError(f"a read of dirty-reads returns the values of all rows, as a list, not {shown(seen)}")
        return list(seen)
    return [step[2] for step in steps_of(history, row) if step[0] == "r"] if f == TXN else []


def dirty_read(history: History, row: int, value: Value, writer: int) -> Witness:
    """The witness of a read that shows what a failed transaction wrote."""
    operations = history.operations()
    spans = [(operations.invoke[each], operations.complete[each]) for each in (writer, row)]
    tell = EventFormat(history, [event for span in spans for event in span])
    (failing, _), (reading, _) = spans
    words = [f"{tell.who(reading)} read {shown(value)}, which {tell.who(failing)} wrote in a transaction that failed"]
    words += [
        f"{tell.span(*spans[0])}: {tell.who(failing)} wrote {some(written_by(history, writer))}, and failed",
        f"{tell.span(*spans[1])}: {tell.who(reading)} read {some(read_by(history, row))}",
    ]
    return Witness(tuple(sorted({event for span in spans for event in span})), tuple(words), reading)


DIRTY_READS = CatalogueEntry(
    "dirty-reads", "Jepsen's dirty-reads: no read shows what a failed transaction wrote; read committed",
    (), lambda settings: DirtyReadsCheck(),
)  # fmt: skip
