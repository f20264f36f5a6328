"""Reader of transactional histories: from operations to the columns of `history`.

Pitfall: a value that was written twice to one key, by any transactions, makes it uncertain what a read saw. Such a
history is not judged.
"""

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import sessions_of
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.transactions.flat import WRITES, flat_transactions
from splitbrain.checkers.transactions.history import FAIL, OK, TransactionHistory
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import Value

try:
    from splitbrain.checkers.transactions import reading_native
except ImportError:  # installed without a C compiler
    reading_native = None  # type: ignore[assignment]


class NotJudged(Exception):
    """A history that cannot be judged; its words are the reason, with the place."""


def transactions(history: History, workload: str) -> TransactionHistory:
    """The transactions of a history; UsageError for an operation that is none, NotJudged where a value was written
    twice. workload: list-append or rw-register."""
    out = without_steps(history, lists=workload == "list-append")
    if not _compiled(out):
        operations, values = history.operations(), history.pool.values
        reader = _Reader(out, workload)
        for txn, ended in enumerate(out.ended):
            value = values[operations.result[txn]] if ended == OK else None
            reader.add(txn, value is not None, values[operations.argument[txn]] if value is None else value)
        reader.place_reads()
        _find_members(out)
    return out


def without_steps(history: History, *, lists: bool) -> TransactionHistory:
    """The sessions and times of operations, without micro-operations."""
    operations = history.operations()
    out = TransactionHistory(history, lists)
    out.session = _sessions(history)
    out.start, out.complete, out.ended = operations.invoke, operations.complete, operations.ended
    out.end = _column(np.where(np.asarray(out.ended) == OK, np.asarray(out.complete), NEVER))
    return out


def _sessions(history: History) -> "array[int]":
    """The session of each transaction, as `sessions_of` has it."""
    if history.session.count(ABSENT) == len(history):
        return _column(np.invert(np.asarray(history.operations().process)))
    return array("q", sessions_of(history))


def _column(values: "npt.NDArray[np.int64]") -> "array[int]":
    out = array("q")
    out.frombytes(np.ascontiguousarray(values, dtype=np.int64).tobytes())
    return out


def _compiled(out: TransactionHistory) -> bool:
    """Whether the compiled reader was there, and took the history."""
    if reading_native is None:
        return False
    flat = flat_transactions(out.history, lists=out.lists)
    reader = reading_native.ColumnReader(out.lists, _above)
    if flat is None or not reader.read(flat, out.ended):
        return False
    out.starts, out.owner, out.write, out.key = reader.starts, reader.owner, reader.write, reader.key
    out.low, out.high, out.elements = reader.low, reader.high, reader.elements
    out.longest, out.base, out.keys = reader.longest, reader.base, reader.keys
    out.version_key, out.version_value = reader.version_key, reader.version_value
    out.version_writer, out.version_op = reader.version_writer, reader.version_op
    out.last, out.member, out.own, out.after = reader.last, reader.member, reader.own, reader.after
    return True


def _above(one: Value, other: Value) -> bool:
    """Whether one of two lists of the same length, which cannot both be right, is to stand for the order: that whose
    text is greater, so that the choice hangs on no order of events."""
    return repr(one) > repr(other)


class _Reader:
    """Read micro-operations into columns."""

    def __init__(self, out: TransactionHistory, workload: str) -> None:
        self.out, self.workload = out, workload
        self.word = WRITES[workload]
        self.key_of: dict[object, int] = {}
        self.version_of: list[dict[object, int]] = []
        """The versions of each key, by value."""
        self.seen: list[Value] = []
        """The value of each micro-operation: the one that it read, None for nothing and for writes."""

    def add(self, txn: int, answered: bool, value: Value) -> None:
        """Add the micro-operations of a transaction. answered: whether what its reads saw counts."""
        if value is None and self.out.ended[txn] == FAIL:
            value = ()
        if type(value) is not tuple:
            raise self._strange(value, txn)
        out = self.out
        for step in value:
            if not answered and type(step) is tuple and len(step) == 2 and step[0] == "r":
                continue  # `[:r x]`, as some of elle-cli's histories ask
            if type(step) is not tuple or len(step) != 3:
                raise self._strange(step, txn)
            f, name, inner = step
            key = self._key(name)
            if f == self.word:
                self._op(txn, True, key, self._written(key, txn, inner), None)
            elif f == "r":
                if answered:
                    self._op(txn, False, key, ABSENT, self._read(inner, txn))
            else:
                raise self._strange(step, txn)
        out.starts.append(len(out.write))

    def _read(self, inner: Value, txn: int) -> Value:
        if not self.out.lists or inner is None or type(inner) is tuple:
            return inner
        raise UsageError(
            f"model {self.workload}: event {self.out.complete[txn]} read {shown(inner)}, which is no list; for "
            "registers there is model rw-register"
        )

    def _op(self, txn: int, write: bool, key: int, low: int, seen: Value) -> None:
        out = self.out
        out.owner.append(txn)
        out.write.append(write)
        out.key.append(key)
        out.low.append(low)
        out.high.append(ABSENT)
        self.seen.append(seen)

    def place_reads(self) -> None:
        """Place what was read into `elements`, once all writes are known."""
        out = self.out
        reads = [op for op, write in enumerate(out.write) if not write]
        if not out.lists:
            for op in reads:
                self._place(op, () if self.seen[op] is None else (self.seen[op],))
            return
        lists = {op: self.seen[op] or () for op in reads}
        longest = [ABSENT] * len(out.keys)
        for op in reads:
            known = longest[out.key[op]]
            if known == ABSENT or (len(lists[op]), repr(lists[op])) > (len(lists[known]), repr(lists[known])):
                longest[out.key[op]] = op
        out.longest = array("i", longest)
        for key, op in enumerate(longest):
            out.base.append(len(out.elements))
            out.elements.extend([self._version(key, value) for value in lists.get(op, ())])
        for op in reads:
            base = out.base[out.key[op]]
            versions = [self._version(out.key[op], value) for value in lists[op]]
            if out.elements[base : base + len(versions)].tolist() == versions:
                out.low[op], out.high[op] = base, base + len(versions)
            else:
                self._place(op, lists[op])

    def _place(self, op: int, values: Sequence[Value]) -> None:
        out = self.out
        out.low[op] = len(out.elements)
        out.elements.extend([self._version(out.key[op], value) for value in values])
        out.high[op] = len(out.elements)

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

    def _written(self, key: int, txn: int, value: Value) -> int:
        """The version that a write made."""
        out = self.out
        version = self._version(key, value)
        before = out.version_writer[version]
        if value is None or before != ABSENT:
            where = f"event {out.start[txn]} writes {shown(value)} to key {shown(out.keys[key])}"
            if value is None:
                raise NotJudged(f"{where}, which is what a key holds before any write: write other values")
            raise NotJudged(f"{where}, and so does event {out.start[before]}: each value may be written to a key once")
        out.version_writer[version] = txn
        out.version_op[version] = len(out.write)
        return version

    def _strange(self, value: Value, txn: int) -> UsageError:
        return UsageError(
            f"model {self.workload} is about lists of [{self.word} key value] and [r key what-was-read], not "
            f"{shown(value)[:80]} as of event {self.out.start[txn]}"
        )


def _find_members(out: TransactionHistory) -> None:
    """Find members, the last version that each transaction made of each key, and own writes around reads."""
    out.member = bytearray(ended == OK for ended in out.ended)
    writer = out.version_writer
    for txn in {writer[version] for version in set(out.elements)} - {ABSENT}:
        if out.ended[txn] != FAIL or out.lists:
            out.member[txn] = True
    out.last = bytearray(len(writer))
    out.after = array("i", [ABSENT]) * len(out.write)
    for txn in range(len(out)):
        wrote: set[int] = set()
        for op in out.ops(txn):
            out.own.append(out.key[op] in wrote)
            if out.write[op]:
                wrote.add(out.key[op])
        latest: dict[int, int] = {}
        for op in reversed(out.ops(txn)):
            out.after[op] = latest.get(out.key[op], ABSENT)
            if out.write[op]:
                latest.setdefault(out.key[op], out.low[op])
        for version in latest.values():
            out.last[version] = True
