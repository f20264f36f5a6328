"""Procedures: transactions that read before they write, as generators of steps, for stores and servers alike.

A procedure yields a step, is sent the value that the key has for its transaction, and returns the answer. What it
raises as `Refusal` aborts the transaction.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import Any

from splitbrain.harness.operation import ErrorKind

Step = tuple[str, Any, Any]
"""A micro-operation: "r", "w" or "append" (in a store also "lock"), a key, and the value of a change."""
Procedure = Generator[Step, Any, Any]
OPENING = 100
"""The balance of an account before the first transfer."""


class Refusal(Exception):
    """A reason to abort. code: a word of the error table."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def steps(micro_operations: Iterable[Step]) -> Procedure:
    """Micro-operations one by one, and these again with what was read."""
    answer = []
    for f, key, value in micro_operations:
        seen = yield (f, key, value)
        answer.append([f, key, seen if f == "r" else value])
    return answer


def balances(accounts: Iterable[Any]) -> Procedure:
    """The balance of each account."""
    found = {}
    for account in accounts:
        found[account] = yield from _balance(account)
    return found


def transfer(source: Any, target: Any, amount: int) -> Procedure:
    """Money from one account to another, if there is enough."""
    there = yield from _balance(source)
    here = yield from _balance(target)
    if there < amount:
        raise Refusal(ErrorKind.PRECONDITION.value, f"{source} has {there}")
    if source != target:
        yield ("w", source, there - amount)
        yield ("w", target, here + amount)


def insert(key: Any, rows: Sequence[Any]) -> Procedure:
    """A row into one of two tables, unless a row with its key is in either (Adya's G2, as in Jepsen). rows: that of
    table a and that of table b, one of them None."""
    tables = [f"{table}/{key}" for table in "ab"]
    for table in tables:
        found = yield ("r", table, None)
        if found:
            raise Refusal(ErrorKind.PRECONDITION.value, f"there is a row with this key: {found!r}")
    place = 0 if rows[0] is not None else 1
    yield ("append", tables[place], rows[place])


def _balance(account: Any) -> Procedure:
    found = yield ("r", account, None)
    return OPENING if found is None else found
