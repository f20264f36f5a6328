"""Transactional histories as flat columns: transactions, micro-operations, versions.

A transaction is an operation whose value is a list of micro-operations `[append key value]` or `[w key value]` and
`[r key what-was-read]`. Of one that succeeded the completion counts, of all others what was asked. A version is what
one append or write made, named by key and value; a list is a sequence of versions.

Pitfall: a value that was written twice to one key, by any transactions, makes it uncertain what a read saw. Such a
history is not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import sessions_of
from splitbrain.checkers.common.values import shown
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value

WRITES = {"list-append": "append", "rw-register": "w"}
OK, FAIL, INFO = int(EventType.OK), int(EventType.FAIL), int(EventType.INFO)


class NotJudged(Exception):
    """A history that cannot be judged; its words are the reason, with the place."""


@dataclass(slots=True)
class TransactionHistory:
    """Columns of a history; a transaction is a row of `History.operations()`.

    ended: OK, FAIL or INFO. start, end: positions of its events, end NEVER unless it succeeded. complete: position of
    its completion, or ABSENT. starts: where the micro-operations of each transaction begin, with one entry more at the
    end. owner, write, key, low, high: of each micro-operation, owner its transaction; a write made version `low`; a
    read saw the versions `elements[low:high]`, at most one of a register. keys: the name of each key. version_key,
    version_value, version_writer, version_op: of each version, writer and micro-operation ABSENT where nobody wrote it.
    last: whether a version is the last that its writer made of its key.
    """

    history: History
    lists: bool
    ended: list[int] = field(default_factory=list)
    session: list[int] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    complete: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    owner: list[int] = field(default_factory=list)
    write: list[bool] = field(default_factory=list)
    key: list[int] = field(default_factory=list)
    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    elements: list[int] = field(default_factory=list)
    keys: list[Value] = field(default_factory=list)
    version_key: list[int] = field(default_factory=list)
    version_value: list[Value] = field(default_factory=list)
    version_writer: list[int] = field(default_factory=list)
    version_op: list[int] = field(default_factory=list)
    last: list[bool] = field(default_factory=list)
    member: list[bool] = field(default_factory=list)
    """Whether a transaction takes part in graphs: it succeeded, or a version of it was read."""

    def __len__(self) -> int:
        return len(self.ended)

    def ops(self, txn: int) -> range:
        """The micro-operations of a transaction."""
        return range(self.starts[txn], self.starts[txn + 1])

    def read(self, op: int) -> Sequence[int]:
        """The versions that a micro-operation read."""
        return self.elements[self.low[op] : self.high[op]]

    def reads(self) -> int:
        """The number of reads that succeeded."""
        return len(self.write) - sum(self.write)

    def name(self, txn: int) -> str:
        """`T12`, by the position of its invocation."""
        return f"T{self.start[txn]}"

    def told(self, version: int) -> str:
        """The value of a version, for people."""
        return shown(self.version_value[version])

    def seen(self, op: int) -> str:
        """The value that a read saw, for people."""
        values = [self.version_value[version] for version in self.read(op)]
        return shown(tuple(values)) if self.lists else shown(values[0] if values else None)


def transactions(history: History, workload: str) -> TransactionHistory:
    """The transactions of a history; UsageError for an operation that is none, NotJudged where a value was written
    twice. workload: list-append or rw-register."""
    operations, values = history.operations(), history.pool.values
    out = TransactionHistory(history, workload == "list-append")
    reader = _Reader(out, workload)
    out.session = sessions_of(history)
    out.start, out.complete, out.ended = map(list, (operations.invoke, operations.complete, operations.ended))
    out.end = [at if e == OK else NEVER for at, e in zip(out.complete, out.ended, strict=True)]
    for txn, ended in enumerate(out.ended):
        value = values[operations.result[txn]] if ended == OK else None
        reader.add(txn, value is not None, values[operations.argument[txn]] if value is None else value)
    _find_members(out)
    return out


class _Reader:
    """Reads micro-operations into columns."""

    def __init__(self, out: TransactionHistory, workload: str) -> None:
        self.out, self.workload = out, workload
        self.word = WRITES[workload]
        self.key_of: dict[object, int] = {}
        self.version_of: list[dict[object, int]] = []
        """Of each key: value → version."""

    def add(self, txn: int, answered: bool, value: Value) -> None:
        """Add the micro-operations of a transaction. answered: whether what its reads saw counts."""
        if value is None and self.out.ended[txn] == FAIL:
            value = ()
        if type(value) is not tuple:
            raise self._strange(value, txn)
        out = self.out
        for step in value:
            if type(step) is not tuple or len(step) != 3:
                raise self._strange(step, txn)
            f, name, inner = step
            key = self._key(name)
            if f == self.word:
                version = self._version(key, inner)
                self._written(version, txn, len(out.write), inner)
                self._op(txn, True, key, version, ABSENT)
            elif f == "r":
                if answered:
                    low = len(out.elements)
                    self._read(key, inner, txn)
                    self._op(txn, False, key, low, len(out.elements))
            else:
                raise self._strange(step, txn)
        out.starts.append(len(out.write))

    def _read(self, key: int, inner: Value, txn: int) -> None:
        if inner is None:
            return
        if not self.out.lists:
            self.out.elements.append(self._version(key, inner))
        elif type(inner) is tuple:
            versions = self.version_of[key]
            for value in inner:
                version = versions.get(value) if type(value) is int else None
                self.out.elements.append(self._version(key, value) if version is None else version)
        else:
            raise UsageError(
                f"model {self.workload}: event {self.out.complete[txn]} read {shown(inner)}, which is no list; for "
                "registers there is model rw-register"
            )

    def _op(self, txn: int, write: bool, key: int, low: int, high: int) -> None:
        out = self.out
        out.owner.append(txn)
        out.write.append(write)
        out.key.append(key)
        out.low.append(low)
        out.high.append(high)

    def _key(self, name: Value) -> int:
        mark = name if type(name) is int or type(name) is str else self._mark(name)
        found = self.key_of.get(mark)
        if found is None:
            found = self.key_of[mark] = len(self.out.keys)
            self.out.keys.append(name)
            self.version_of.append({})
        return found

    def _version(self, key: int, value: Value) -> int:
        mark = value if type(value) is int or type(value) is str else self._mark(value)
        found = self.version_of[key].get(mark)
        if found is None:
            out = self.out
            found = self.version_of[key][mark] = len(out.version_key)
            out.version_key.append(key)
            out.version_value.append(value)
            out.version_writer.append(ABSENT)
            out.version_op.append(ABSENT)
        return found

    def _mark(self, value: Value) -> tuple[str, int]:
        return ("value", self.out.history.pool.id(value))

    def _written(self, version: int, txn: int, op: int, value: Value) -> None:
        out = self.out
        where = f"event {out.start[txn]} writes {shown(value)} to key {shown(out.keys[out.version_key[version]])}"
        if value is None:
            raise NotJudged(f"{where}, which is what a key holds before any write: write other values")
        if out.version_writer[version] != ABSENT:
            before = out.start[out.version_writer[version]]
            raise NotJudged(f"{where}, and so does event {before}: each value may be written to a key once")
        out.version_writer[version] = txn
        out.version_op[version] = op

    def _strange(self, value: Value, txn: int) -> UsageError:
        return UsageError(
            f"model {self.workload} is about lists of [{self.word} key value] and [r key what-was-read], not "
            f"{shown(value)[:80]} as of event {self.out.start[txn]}"
        )


def _find_members(out: TransactionHistory) -> None:
    """Find members, and the last version that each transaction made of each key."""
    out.member = [ended == OK for ended in out.ended]
    writer = out.version_writer
    for txn in {writer[version] for version in set(out.elements)} - {ABSENT}:
        if out.ended[txn] != FAIL or out.lists:
            out.member[txn] = True
    out.last = [False] * len(writer)
    for txn in range(len(out)):
        latest = {out.key[op]: out.low[op] for op in out.ops(txn) if out.write[op]}
        for version in latest.values():
            out.last[version] = True
