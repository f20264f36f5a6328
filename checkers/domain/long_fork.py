"""Long fork, as Jepsen's `long-fork`: two readers see two writes in opposite orders, which parallel snapshot isolation
allows and snapshot isolation forbids.

    transactions as lists of [r key value] or [w key value], under any name (`txn`, `read`, `write`)

Each key is written once, away from nil, and each read reads all keys of one group. So the reads of a group, each seen
as the set of keys that had a value, must form a chain: of two reads one has everything that the other has. Definition
as in Jepsen's `tests/long_fork` (jepsen-io/jepsen, `tests/long_fork.clj`), which compares all pairs; here they are
sorted by size, so that it is enough to compare neighbours.

A group says something only if at least two of its keys may have been written, and a read saw one. Pitfall: a chain says
nothing if a key was written twice, for then reads with the same keys may still differ. That is
`unknown`; but a fork is a fork, because no write brings nil back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import LOOK_EVERY, Rows, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import frozen, shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown


@dataclass(slots=True)
class Group:
    """The reads of one group of keys. seen: the set of keys that had a value → the first row that saw it."""

    seen: dict[frozenset[Value], int] = field(default_factory=dict)
    reads: int = 0


@dataclass(slots=True)
class ForkHistory:
    """The part of a history that long-fork needs. writes: key → its one value, as it was written or read.

    doubt: why the question cannot be answered for all of it, in words.
    """

    groups: dict[frozenset[Value], Group] = field(default_factory=dict)
    written: dict[Value, int] = field(default_factory=dict)
    values: dict[Value, Value] = field(default_factory=dict)
    doubt: str | None = None


@dataclass(frozen=True)
class LongForkCheck:
    """Jepsen's `long-fork`. group_size: how many keys each read reads."""

    group_size: int = 2
    name: str = "long-fork"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation whose value is no list of reads or writes."""
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations, pool = history.operations(), history.pool
        out = ForkHistory()
        for count, row in enumerate(rows):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(rows), "operations")
            ended = operations.ended[row]
            if ended == EventType.FAIL and pool.values[operations.argument[row]] is None:
                continue
            value = operations.result[row] if ended == EventType.OK else operations.argument[row]
            steps = transaction(pool.values[value])
            if any(step[0] == "w" for step in steps):
                if ended != EventType.FAIL:
                    _written(out, steps)
            elif ended == EventType.OK:
                self._read(out, row, steps)
        return self._verdict(history, out)

    def _read(self, out: ForkHistory, row: int, steps: Sequence[Sequence[Value]]) -> None:
        read = {frozen(step[1]): step[2] for step in steps}
        if len(read) != self.group_size:
            out.doubt = out.doubt or f"a read has {len(read)} keys, where group-size is {self.group_size}"
        for key, value in read.items():
            if value is not None and frozen(out.values.setdefault(key, value)) != frozen(value):
                out.doubt = out.doubt or f"key {shown(key[1])} was read with two values"
        group = out.groups.setdefault(frozenset(read), Group())
        group.reads += 1
        group.seen.setdefault(frozenset(key for key, value in read.items() if value is not None), row)

    def _verdict(self, history: History, out: ForkHistory) -> Verdict:
        reads = sum(group.reads for group in out.groups.values())
        details: dict[str, Value] = {"reads": reads, "groups": len(out.groups), "writes": sum(out.written.values())}
        compared = False
        for keys, group in out.groups.items():
            chain = sorted(group.seen, key=len)
            for less, more in pairwise(chain):
                if not less <= more:
                    witness = fork(history, group.seen[less], group.seen[more])
                    return Verdict(
                        Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details
                    )
            written = sum(key in out.written or key in out.values for key in keys)
            compared = compared or (group.reads > 1 and written > 1 and len(chain[-1]) > 0)
        if out.doubt is not None:
            return unknown(self.name, f"undecided: {out.doubt}", self.name, **details)
        if not compared:
            reason = "no two reads read the same keys, two of them written: nothing could have refuted the model"
            return unobserved(self.name, reason)
        reason = f"the {reads:,} reads of {len(out.groups):,} groups saw the writes in one order"
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)


def _written(out: ForkHistory, steps: Sequence[Sequence[Value]]) -> None:
    """Note the writes of a transaction that may have happened."""
    for step in steps:
        if step[0] != "w":
            continue
        key = frozen(step[1])
        out.written[key] = out.written.get(key, 0) + 1
        if out.written[key] > 1:
            out.doubt = out.doubt or f"key {shown(step[1])} was written more than once"
        if step[2] is None:
            out.doubt = out.doubt or f"nil was written to key {shown(step[1])}"


def transaction(value: Value) -> Sequence[Sequence[Value]]:
    """The steps of a transaction; UsageError if it is no list of [r key value] or [w key value]."""
    if isinstance(value, tuple) and all(
        isinstance(step, tuple) and len(step) == 3 and step[0] in ("r", "w") for step in value
    ):
        return value
    raise UsageError(f"long-fork is about lists of [r key value] and [w key value], not {shown(value)}")


def fork(history: History, one: int, other: int) -> Witness:
    """The witness of two reads of which each has something that the other lacks."""
    operations, values = history.operations(), history.pool.values
    spans = [(operations.invoke[row], operations.complete[row]) for row in (one, other)]
    reads: list[Mapping[Value, Value]] = []
    names: dict[Value, Value] = {}
    for row in (one, other):
        steps = values[operations.result[row]]
        reads.append({frozen(step[1]): step[2] for step in steps})
        names |= {frozen(step[1]): step[1] for step in steps}
    ahead = next(key for key in reads[0] if reads[0][key] is not None and reads[1][key] is None)
    behind = next(key for key in reads[1] if reads[1][key] is not None and reads[0][key] is None)
    tell = EventFormat(history, [event for span in spans for event in span])
    who = [tell.who(span[0]) for span in spans]
    words = [
        f"{who[0]} saw key {shown(names[ahead])} written and key {shown(names[behind])} not yet, "
        f"{who[1]} saw key {shown(names[behind])} written and key {shown(names[ahead])} not yet"
    ]
    for span, reader, read in zip(spans, who, reads, strict=True):
        seen = ", ".join(f"{shown(names[key])} {shown(value)}" for key, value in read.items())
        words.append(f"{tell.span(*span)}: {reader} read {{{seen}}}")
    return Witness(tuple(sorted(event for span in spans for event in span)), tuple(words), spans[1][0])


def build(settings: Mapping[str, Setting]) -> LongForkCheck:
    """The check with these settings; UsageError for a group of fewer than two keys."""
    size = int(settings["group-size"] or 0)
    if size < 2:
        raise UsageError(f"option group-size is at least 2, not {size}")
    return LongForkCheck(size)


GROUP_SIZE = Option("group-size", 2, "how many keys each read reads", least=1)

LONG_FORK = CatalogueEntry(
    "long-fork", "Jepsen's long-fork: no two reads see two writes in opposite orders; snapshot isolation",
    (GROUP_SIZE,), build,
)  # fmt: skip
