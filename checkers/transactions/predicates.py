"""Dependencies of transactions that read by predicates, in a closed universe: each key has at most two versions.

    init  {key value, …}         the universe as it is before any transaction; where there is none, no key is there
    txn   [insert k v] [w k v] [delete k] [r k v] [rp predicate {k v, …}]

A predicate is `true`, `[= value]` or `[mod modulus rest]`. What is not there, or was deleted, matches none. After
`init` a key is written by one micro-operation at most, so that the order of its versions is known. A predicate read
shows more than what it returns: of a key that it does not return it saw a version that does not match, and if only one
of the two does not match, it saw that one. As in Elle's `closed-predicate`; unlike it, a row that was returned counts
as a read of it, and a transaction is held to what it wrote itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.common.values import frozen, same, shown
from splitbrain.checkers.transactions.graph import RW, WR, WW
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value

INIT, TXN = "init", "txn"
LENGTHS = {"insert": 3, "w": 3, "delete": 2, "r": 3, "rp": 3}
Name = Any


class NotClosed(Exception):
    """A history whose universe is not closed; its words are the reason."""


@dataclass(slots=True)
class KeyVersions:
    """The versions of a key. key: as it was written. first: the value that it has at first, None where it is not there.
    then: what its one writer makes of it, None for deleted. writer: its row, or ABSENT. failed: what failed
    transactions would have made of it."""

    key: Value
    first: Value = None
    then: Value = None
    writer: int = ABSENT
    failed: list[Value] = field(default_factory=list)


@dataclass(slots=True)
class PredicateEdges:
    """Edges in columns, with a sentence each. item: whether an rw edge is of a read of the item itself. direct: anomaly
    → the transactions and a sentence of its first sighting, and counts how many. init: the row of `init`, or ABSENT.
    reads: micro-operations that read, of transactions that succeeded."""

    source: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    item: list[bool] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    direct: dict[str, tuple[int, str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    init: int = ABSENT
    reads: int = 0
    writes: int = 0

    def edge(self, source: int, target: int, kind: int, words: str, *, item: bool = True) -> None:
        """Add an edge; none from a transaction to itself."""
        if source != target:
            self.source.append(source)
            self.target.append(target)
            self.kind.append(kind)
            self.item.append(item)
            self.words.append(words)

    def note(self, anomaly: str, row: int, words: str) -> None:
        """Note an anomaly that values alone show."""
        self.direct.setdefault(anomaly, (row, words))
        self.counts[anomaly] = self.counts.get(anomaly, 0) + 1


def matches(predicate: Value, value: Value) -> bool:
    """Whether a value matches a predicate; None, for what is not there, matches none."""
    if value is None:
        return False
    if predicate == "true" or predicate is True:
        return True
    if predicate[0] == "=":
        return same(predicate[1], value)
    return type(value) is int and value % predicate[1] == predicate[2]


def steps_of(value: Value) -> Sequence[Any]:
    """The micro-operations of a transaction; UsageError if they are none."""
    steps = value if type(value) is tuple else (None,)
    for step in steps:
        if type(step) is not tuple or not step or LENGTHS.get(step[0]) != len(step):
            raise UsageError(
                "model closed-predicate takes transactions of [insert key value], [w key value], [delete key], "
                f"[r key value] and [rp predicate rows], not {shown(step if type(value) is tuple else value)}"
            )
        if step[0] == "rp":
            _hold_to_predicate(step[1])
    return steps


def _hold_to_predicate(predicate: Value) -> None:
    if predicate == "true" or predicate is True:
        return
    listed = type(predicate) is tuple
    if listed and len(predicate) == 2 and predicate[0] == "=":
        return
    if listed and len(predicate) == 3 and predicate[0] == "mod" and type(predicate[1]) is int and predicate[1]:
        return
    raise UsageError(f"a predicate is true, [= value] or [mod modulus rest], not {shown(predicate)}")


def name_of(key: Value) -> Name:
    """The name of a key: `5` and "5" are one, because the keys of objects in JSON are texts."""
    return str(key) if type(key) is int else frozen(key)


def rows_of(value: Value) -> Mapping[Name, Value]:
    """The rows that a predicate read returned, or `init` wrote; UsageError if they are no object of keys and values."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"rows of closed-predicate are an object of keys and values, not {shown(value)}")
    return {name_of(key): found for key, found in value.items()}


def asked(history: History, row: int) -> Any:
    """The value of an operation, as it was answered if it succeeded."""
    operations, values = history.operations(), history.pool.values
    answer = values[operations.result[row]] if operations.ended[row] == EventType.OK else None
    return values[operations.argument[row]] if answer is None else answer


def universe(history: History) -> tuple[dict[Name, KeyVersions], int]:
    """The versions of each key, and the row of `init` or ABSENT. NotClosed where the order of versions of a key is not
    known."""
    operations, values = history.operations(), history.pool.values
    found: dict[Name, KeyVersions] = {}
    init = ABSENT
    for row, f in enumerate(operations.f):
        if values[f] != INIT or operations.ended[row] == EventType.FAIL:
            continue
        if init != ABSENT:
            raise NotClosed("there are two operations init")
        if operations.ended[row] != EventType.OK:
            raise NotClosed("it is not known whether init succeeded")
        init = row
        written = asked(history, row)
        rows_of(written)
        found |= {name_of(key): KeyVersions(key, value) for key, value in (written or {}).items()}
    for row, f in enumerate(operations.f):
        if values[f] == TXN:
            _add_writes(history, found, row)
    if init != ABSENT:
        ended = operations.complete[init]
        if any(invoke < ended for row, invoke in enumerate(operations.invoke) if row != init):
            raise NotClosed("a transaction began before init had ended")
    return found, init


def _add_writes(history: History, found: dict[Name, KeyVersions], row: int) -> None:
    operations = history.operations()
    value = asked(history, row)
    if value is None and operations.ended[row] == EventType.FAIL:
        return
    for step in steps_of(value):
        if step[0] in ("r", "rp"):
            continue
        one = found.setdefault(name_of(step[1]), KeyVersions(step[1]))
        made = None if step[0] == "delete" else step[2]
        if operations.ended[row] == EventType.FAIL:
            one.failed.append(made)
            continue
        if one.writer != ABSENT:
            raise NotClosed(f"key {shown(step[1])} is written more than once")
        if made is None and step[0] != "delete":
            raise NotClosed(f"nil is written to key {shown(step[1])}")
        if made is not None and one.first is not None and same(made, one.first):
            raise NotClosed(f"key {shown(step[1])} is written with the value that it has")
        one.then, one.writer = made, row


def edges_of(history: History, spending: BudgetMeter) -> tuple[PredicateEdges, str | None]:
    """The edges and direct anomalies, and the limit that was reached, if any. NotClosed as for `universe`."""
    keys, init = universe(history)
    operations, values = history.operations(), history.pool.values
    out = PredicateEdges(init=init)
    for row, f in enumerate(operations.f):
        if (limit := spending.exhausted()) is not None:
            return out, limit
        if values[f] == TXN and operations.ended[row] != EventType.FAIL:
            if init != ABSENT:
                out.edge(init, row, WW, f"init was there before {_name(history, row)}")
            if operations.ended[row] == EventType.OK:
                _Reads(history, keys, out, row).add()
            out.writes += sum(step[0] not in ("r", "rp") for step in steps_of(asked(history, row)))
    return out, None


def _name(history: History, row: int) -> str:
    return f"T{history.operations().invoke[row]}"


class _Reads:
    """The reads of one transaction, into edges."""

    def __init__(self, history: History, keys: dict[Name, KeyVersions], out: PredicateEdges, row: int) -> None:
        self.history, self.keys, self.out, self.row = history, keys, out, row
        self.me = _name(history, row)
        self.own: dict[Name, Value] = {}

    def add(self) -> None:
        """Add all of them, in program order."""
        for step in steps_of(asked(self.history, self.row)):
            if step[0] == "r":
                self.out.reads += 1
                self._item(name_of(step[1]), step[1], step[2])
            elif step[0] == "rp":
                self.out.reads += 1
                self._predicate(step[1], step[2])
            else:
                self.own[name_of(step[1])] = None if step[0] == "delete" else step[2]

    def _item(self, name: Name, key: Value, value: Value, under: str = "") -> None:
        """Add a read of a key. under: the predicate by which it was found, in words."""
        out, row, words = self.out, self.row, f"{self.me} read {shown(key)} = {shown(value)}{under}"
        if name in self.own:
            if not same(self.own[name], value):
                out.note("internal", row, f"{words}, having written {shown(self.own[name])} before")
            return
        one = self.keys.get(name, KeyVersions(key))
        if value is None:
            self._nothing(one, words)
        elif one.first is not None and same(value, one.first):
            self._first(one, words)
        elif one.writer != ABSENT and one.then is not None and same(value, one.then):
            self._then(one, f"{words}, which {self._made(one)}")
        else:
            failed = any(made is not None and same(made, value) for made in one.failed)
            out.note("G1a" if failed else "unwritten-read", row,
                     f"{words}, which {'a transaction that failed' if failed else 'nobody'} wrote")  # fmt: skip

    def _nothing(self, one: KeyVersions, words: str) -> None:
        """Add a read of nil."""
        if one.writer != ABSENT and one.then is None:
            if one.first is not None:
                self._then(one, f"{words}, which {self._made(one)}")
        elif one.first is not None:
            self.out.edge(
                self.row, self.out.init, RW, f"{words}, so init, which wrote {shown(one.first)}, came after it"
            )
        else:
            self._first(one, words)

    def _first(self, one: KeyVersions, words: str, *, item: bool = True) -> None:
        """Add what follows of seeing the first version."""
        if one.writer != ABSENT:
            made = "deleted it" if one.then is None else f"wrote {shown(one.then)}"
            late = f"{words}, so {_name(self.history, one.writer)}, which {made}, came after it"
            self.out.edge(self.row, one.writer, RW, late, item=item)

    def _made(self, one: KeyVersions) -> str:
        """The deed of the writer of a key, in words."""
        return f"{_name(self.history, one.writer)} {'deleted' if one.then is None else f'wrote as {shown(one.then)}'}"

    def _then(self, one: KeyVersions, words: str) -> None:
        """Add what follows of seeing the version of the writer."""
        if one.writer == self.row:
            self.out.note("future-read", self.row, f"{words} only after that")
        self.out.edge(one.writer, self.row, WR, f"{words}, so {self.me} came after {_name(self.history, one.writer)}")

    def _predicate(self, predicate: Value, returned: Value) -> None:
        """Add a predicate read: the rows that it returned, and what it tells of all other keys."""
        rows, row, told = rows_of(returned), self.row, f" where {_words(predicate)}"
        for name, value in rows.items():
            key = self.keys[name].key if name in self.keys else name
            if not matches(predicate, value):
                words = f"{self.me} read {shown(key)} = {shown(value)}{told}, which does not match"
                self.out.note("predicate-read-mismatch", row, words)
            self._item(name, key, value, told)
        for name, one in self.keys.items():
            if name not in rows:
                self._left_out(name, one, predicate, f"{self.me} did not read {shown(one.key)}{told}")

    def _left_out(self, name: Name, one: KeyVersions, predicate: Value, words: str) -> None:
        if name in self.own:
            if matches(predicate, self.own[name]):
                self.out.note("internal", self.row, f"{words}, having written {shown(self.own[name])} before")
            return
        first = matches(predicate, one.first)
        then = matches(predicate, one.then) if one.writer != ABSENT else first
        if first and then:
            words = f"{words}, although every version of it matches"
            self.out.note("predicate-read-miss", self.row, words)
            self.out.edge(self.row, self.out.init, RW, f"{words}, so init came after it", item=False)
        elif first:
            self._then(one, f"{words}, which matched as {shown(one.first)} until {self._made(one)}")
        elif then:
            self._first(one, words, item=False)


def _words(predicate: Value) -> str:
    if predicate == "true" or predicate is True:
        return "anything matches"
    if predicate[0] == "=":
        return f"the value is {shown(predicate[1])}"
    return f"the value mod {predicate[1]} is {predicate[2]}"
