"""Certificate of an isolation level: an order of transactions, or of their begins and commits, replayed on a toy store.

Independent of the checkers: it reads the operations of the history, not their columns, and knows no graph. A compiled
twin says quickly that there is nothing to object to.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.common.registers import sessions_of
from splitbrain.checkers.common.values import frozen, same, shown
from splitbrain.checkers.transactions.flat import flat_transactions
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType

try:
    from splitbrain.checkers.transactions import certificate_native
except ImportError:  # installed without a C compiler
    certificate_native = None  # type: ignore[assignment]


Ints = npt.NDArray[np.int32]


class ToyStore:
    """Lists or registers by key, with a counter of commits for each key."""

    def __init__(self, history: History, *, lists: bool) -> None:
        self.history, self.lists = history, lists
        self.values: dict[Any, Any] = {}
        self.commits: dict[Any, int] = {}

    def objection(self, txn: int) -> str | None:
        """The reason that a transaction cannot have read what it read, in this state; None if it can."""
        operations, values = self.history.operations(), self.history.pool.values
        if operations.ended[txn] != EventType.OK:
            return None
        own: dict[Any, Any] = {}
        for f, key, value in values[operations.result[txn]] or ():
            name = frozen(key)
            held: Any = own.get(name, self.values.get(name, [] if self.lists else None))
            if f == "append":
                own[name] = [*held, value]
            elif f == "w":
                own[name] = value
            elif not same(tuple(held) if self.lists else held, (value or ()) if self.lists else value):
                return f"transaction {txn} reads {value} of {key}, where {held} is"
        return None

    def writes(self, txn: int) -> Sequence[Any]:
        """The micro-operations of a transaction that write."""
        operations, values = self.history.operations(), self.history.pool.values
        ok = operations.ended[txn] == EventType.OK
        steps = values[operations.result[txn]] if ok else None
        steps = values[operations.argument[txn]] if steps is None else steps
        return [step for step in steps if step[0] != "r"]

    def commit(self, txn: int) -> None:
        """Carry out the writes of a transaction."""
        for _, key, value in self.writes(txn):
            name = frozen(key)
            self.commits[name] = self.commits.get(name, 0) + 1
            if self.lists:
                self.values.setdefault(name, []).append(value)
            else:
                self.values[name] = value


def serial_objection(history: History, order: Sequence[int] | Ints, *, lists: bool) -> str | None:
    """The reason that an order of transactions does not explain all reads; None if it does. Every successful one must
    be in it."""
    compiled = _compiled(history, lists=lists)
    if compiled is not None and compiled.serial(np.ascontiguousarray(order, dtype=np.int32)):
        return None
    store = ToyStore(history, lists=lists)
    if (wrong := _incomplete(history, order)) is not None:
        return wrong
    for txn in order:
        if (wrong := store.objection(txn)) is not None:
            return wrong
        store.commit(txn)
    return None


def snapshot_objection(history: History, order: Sequence[tuple[int, bool]] | Ints, *, lists: bool) -> str | None:
    """The reason that an order of begins and commits (transaction, whether it is the commit) is none of a store with
    snapshots in which the first committer wins; None if it is."""
    compiled = _compiled(history, lists=lists)
    if compiled is not None:
        rows = np.asarray(order, dtype=np.int32).reshape(-1, 2)
        if compiled.snapshot(np.ascontiguousarray(rows[:, 0]), rows[:, 1].astype(np.uint8)):
            return None
    store = ToyStore(history, lists=lists)
    if (wrong := _incomplete(history, [txn for txn, commit in order if commit])) is not None:
        return wrong
    begun: dict[int, list[tuple[Any, int]]] = {}
    for txn, commit in order:
        if not commit:
            if (wrong := store.objection(txn)) is not None:
                return wrong
            begun[txn] = [(key, store.commits.get(frozen(key), 0)) for _, key, _ in store.writes(txn)]
            continue
        if txn not in begun:
            return f"transaction {txn} commits before it begins"
        for key, count in begun.pop(txn):
            if store.commits.get(frozen(key), 0) != count:
                return f"transaction {txn} overwrites {shown(key)}, which was committed after it began"
        store.commit(txn)
    return None


def disorder(
    history: History, begins: Sequence[int] | Ints, commits: Sequence[int] | Ints, *, realtime: bool
) -> str | None:
    """The reason that orders of begins and of commits contradict real time, or else the order of a session; None if
    they do not.

    begins, commits: the place of each transaction, ABSENT for one that is not in the order."""
    operations = history.operations()
    if certificate_native is not None and _in_time(history, begins, commits, realtime=realtime):
        return None
    groups: dict[int, list[int]] = {}
    for txn, session in enumerate(sessions_of(history)):
        if commits[txn] != ABSENT:
            groups.setdefault(0 if realtime else session, []).append(txn)
    for txns in groups.values():
        ended = sorted(
            (txn for txn in txns if operations.ended[txn] == EventType.OK), key=operations.complete.__getitem__
        )
        latest, place = 0, ABSENT
        for txn in txns:
            while latest < len(ended) and operations.complete[ended[latest]] < operations.invoke[txn]:
                place = max(place, commits[ended[latest]])
                latest += 1
            if place >= 0 and begins[txn] < place:
                return f"transaction {txn} began after one had ended that comes later in the order"
    return None


def _compiled(history: History, *, lists: bool) -> "certificate_native.CompiledStore | None":
    """A store of the compiled twin; None if there is none."""
    if certificate_native is None:
        return None
    flat = flat_transactions(history, lists=lists)
    return None if flat is None else certificate_native.CompiledStore(flat, history.operations().ended, lists)


def _in_time(history: History, begins: Sequence[int] | Ints, commits: Sequence[int] | Ints, *, realtime: bool) -> bool:
    operations = history.operations()
    group, groups = np.zeros(len(operations), dtype=np.int64), 1
    if not realtime:
        names, group = np.unique(np.asarray(sessions_of(history), dtype=np.int64), return_inverse=True)
        groups = len(names)
    begun, committed = (np.ascontiguousarray(column, dtype=np.int32) for column in (begins, commits))
    return certificate_native.in_time(
        operations.invoke, operations.complete, operations.ended, group, begun, committed, len(history), groups
    )


def _incomplete(history: History, order: Iterable[int]) -> str | None:
    ended = history.operations().ended
    found = list(order)
    if len(set(found)) < len(found):
        return "a transaction is in the order twice"
    if any(ended[txn] == EventType.FAIL for txn in found):
        return "a transaction that failed is in the order"
    missing = {txn for txn, end in enumerate(ended) if end == EventType.OK} - set(found)
    return f"transaction {min(missing)} is not in the order" if missing else None


def positions(order: Sequence[int] | Ints, count: int) -> Ints:
    """The place of each of so many transactions in an order, or ABSENT."""
    places = np.full(count, ABSENT, dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return places
