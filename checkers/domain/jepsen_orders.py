"""Jepsen's `causal-reverse`, `comments` and `sequential`: a later write is not seen without an earlier one.

`jepsen-causal-reverse` and `jepsen-comments`, on blind writes of unique elements and reads of all of them:

    write x → ok
    read → elements

If a write was invoked after another one had ended, who sees the first sees the second too. Strict serializability
implies it; causal consistency and serializability do not, whatever the first one's name says. Definitions as in
Jepsen's `tests/causal_reverse.clj` and, of CockroachDB, `comments.clj` (jepsen-io/jepsen), which are one rule.

`jepsen-sequential`, on subkeys that one client writes in order and that are read in the reverse order:

    write k → ok
    read k → [k [the last subkey … the first one]], nil for one that is not there

Who sees a subkey sees those that were written before it: none is nil after one that is there. Sequential consistency
implies it. Definition as in Jepsen's `sequential.clj` of CockroachDB.

Pitfall: these are not the models of those names; see `causal-consistency` and `sequential`.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import LOOK_EVERY, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness

READ, WRITE = "read", "write"


@dataclass(frozen=True)
class JepsenOrderCheck:
    """One of these checks. missed: what finds a read that is wrong."""

    name: str
    missed: "Callable[[History, int, WriteOrder], Witness | None]"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for other operations than read and write."""
        hold_to(history, self.name, (READ, WRITE))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations, values = history.operations(), history.pool.values
        writes = WriteOrder.of(history, rows)
        reads = telling = wrong = 0
        witness: Witness | None = None
        for count, row in enumerate(rows):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(rows), "operations")
            seen = values[operations.result[row]]
            if values[operations.f[row]] != READ or operations.ended[row] != EventType.OK or not _collection(seen):
                continue
            reads += 1
            telling += not _empty(seen)
            found = self.missed(history, row, writes)
            wrong += found is not None
            witness = witness or found
        if not reads:
            return unobserved(self.name, "no read returned a collection: nothing could have refuted the model")
        details: dict[str, Value] = {"reads": reads, "wrong": wrong}
        if not telling:
            return unobserved(self.name, "no read saw a write: nothing could have refuted the model", **details)
        if witness is None:
            reason = f"none of {reads:,} reads saw a write without one that came before it"
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


@dataclass(frozen=True)
class WriteOrder:
    """Writes of one key by value id. acknowledged: those that ended ok, by the position of their end; ends: these."""

    row_of: dict[int, int]
    acknowledged: Sequence[int]
    ends: Sequence[int]

    @staticmethod
    def of(history: History, rows: Rows) -> "WriteOrder":
        """The operations of these rows."""
        operations, values = history.operations(), history.pool.values
        row_of: dict[int, int] = {}
        for row in rows:
            if values[operations.f[row]] == WRITE and operations.ended[row] != EventType.FAIL:
                row_of.setdefault(operations.argument[row], row)
        ended = [row for row in row_of.values() if operations.ended[row] == EventType.OK]
        ended.sort(key=operations.complete.__getitem__)
        return WriteOrder(row_of, ended, [operations.complete[row] for row in ended])


def earlier_write_missed(history: History, read: int, writes: WriteOrder) -> Witness | None:
    """The witness of a read that shows a write, and not one that had ended before that one was invoked."""
    operations, pool = history.operations(), history.pool
    elements = pool.values[operations.result[read]]
    seen = {row for element in elements if (row := writes.row_of.get(pool.id(element))) is not None}
    if not seen:
        return None
    latest = max(seen, key=operations.invoke.__getitem__)
    before = writes.acknowledged[: bisect_left(writes.ends, operations.invoke[latest])]
    missed = next((row for row in before if row not in seen), None)
    if missed is None:
        return None
    spans = {row: (operations.invoke[row], operations.complete[row]) for row in (missed, latest, read)}
    events = sorted(event for span in spans.values() for event in span if event >= 0)
    tell = EventFormat(history, events)
    first, second = (shown(pool.values[operations.argument[row]]) for row in (missed, latest))
    words = (
        f"read of {tell.who(spans[read][0])} saw {second} and not {first}, though the write of {first} had ended "
        f"before that of {second} was invoked",
        *(tell.line(row, key=False) for row in (missed, latest, read)),
    )
    return Witness(tuple(events), words, spans[read][0])


def earlier_subkey_missed(history: History, read: int, writes: WriteOrder) -> Witness | None:
    """The witness of a read of subkeys, the last one first, that has none after one that is there."""
    operations = history.operations()
    value = history.pool.values[operations.result[read]]
    pair = isinstance(value, tuple | list) and len(value) == 2
    subkeys = value[1] if pair and _collection(value[1]) else value
    if not isinstance(subkeys, tuple | list):
        raise UsageError(f"a read of subkeys returns them in their order, as a list, not {shown(subkeys)}")
    there = next((place for place, subkey in enumerate(subkeys) if subkey is not None), len(subkeys))
    gap = next((place for place in range(there, len(subkeys)) if subkeys[place] is None), None)
    if gap is None:
        return None
    around = _written_around(history, subkeys[there : gap + 1], writes)
    whole = writes.row_of.get(history.pool.id(value[0])) if pair else None
    rows = [*around, *([whole] if whole is not None and not around else []), read]
    events = sorted({e for row in rows for e in (operations.invoke[row], operations.complete[row])} - {ABSENT})
    tell = EventFormat(history, events)
    missed = "the one that its client had written before it"
    if around:
        earlier = shown(history.pool.values[operations.argument[rows[0]]])
        missed = f"{earlier}, which {tell.who(operations.invoke[rows[0]])} had written before it"
    words = (
        f"read of {tell.who(operations.invoke[read])} saw {shown(subkeys[gap - 1])} and not {missed}: nil stands there",
        *(tell.line(row, key=False) for row in rows),
    )
    return Witness(tuple(events), words, operations.invoke[read])


def _written_around(history: History, subkeys: Sequence[Value], writes: WriteOrder) -> Sequence[int]:
    """The rows of two writes: of the subkey that a read lacks, and of the next one of its client, which the read has;
    none if they cannot be told. subkeys: what was read, from the last one to the nil in place of the one it lacks."""
    operations, pool = history.operations(), history.pool
    seen = [writes.row_of.get(pool.id(subkey)) for subkey in subkeys[:-1]]
    if seen[-1] is None:
        return ()
    process = operations.process[seen[-1]]
    of_client = [row for row in writes.row_of.values() if operations.process[row] == process]
    before = [row for row in of_client if operations.invoke[row] < operations.invoke[seen[-1]]]
    return (before[-1], seen[-1]) if before else ()


def _collection(value: Value) -> bool:
    return isinstance(value, tuple | list | frozenset)


def _empty(value: Value) -> bool:
    """Whether a collection, or that of a pair with its key, has nothing but nil in it."""
    pair = isinstance(value, tuple | list) and len(value) == 2
    elements = value[1] if pair and _collection(value[1]) else value
    return all(element is None for element in elements)


def entry(
    name: str, summary: str, missed: Callable[[History, int, WriteOrder], Witness | None]
) -> CatalogueEntry[JepsenOrderCheck]:
    """The entry of a check."""
    return CatalogueEntry(name, f"Jepsen's {summary}", (), lambda settings: JepsenOrderCheck(name, missed))


ENTRIES = (
    entry("jepsen-causal-reverse", "causal-reverse: no write is seen without those that had ended before it",
          earlier_write_missed),
    entry("jepsen-comments", "comments, of CockroachDB: the rule of causal-reverse", earlier_write_missed),
    entry("jepsen-sequential", "sequential, of CockroachDB: no subkey is seen without those written before it",
          earlier_subkey_missed),
)  # fmt: skip
