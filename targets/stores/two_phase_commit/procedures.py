"""Procedures: what each request does, as a generator of steps.

A procedure yields a step, is sent the value that the key has for its transaction, and returns the answer. What it
raises as `Refusal` aborts the transaction.

- `read`, `write`, `append`: one key; a read of no key reads the accounts that its value lists
- `txn`: micro-operations
- `transfer`: money from one account to another, if there is enough; an account that nobody touched has `OPENING`
- `insert`: a row into one of two tables, unless a row with its key is in either (Adya's G2, as in Jepsen)
"""

from collections.abc import Generator
from typing import Any

from splitbrain.targets.stores.machine import transaction
from splitbrain.targets.stores.messages import PRECONDITION, UNSUPPORTED, Request
from splitbrain.targets.stores.two_phase_commit.messages import Step

OPENING = 100
"""The balance of an account before the first transfer."""
Procedure = Generator[Step, Any, Any]


class Refusal(Exception):
    """A reason to abort. code: a word of the error table."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def procedure(request: Request) -> Procedure:
    """The procedure of a request; Refusal if it makes no sense."""
    kinds = {"read": _read, "write": _write, "append": _append, "txn": _txn, "transfer": _transfer, "insert": _insert}
    if request.f not in kinds:
        raise Refusal(UNSUPPORTED, f"no such operation: {request.f}")
    return kinds[request.f](request)


def _read(request: Request) -> Procedure:
    if request.key is not None:
        return (yield ("r", request.key, None))
    if not isinstance(request.value, (list, tuple)):
        raise Refusal(UNSUPPORTED, "a read has a key, or a list of accounts as its value")
    balances = {}
    for account in request.value:
        balances[account] = yield from _balance(account)
    return balances


def _balance(account: Any) -> Procedure:
    found = yield ("r", account, None)
    return OPENING if found is None else found


def _write(request: Request) -> Procedure:
    yield ("w", request.key, request.value)


def _append(request: Request) -> Procedure:
    yield ("append", request.key, request.value)


def _txn(request: Request) -> Procedure:
    if not transaction(request.value):
        raise Refusal(UNSUPPORTED, "the value is no transaction")
    answer = []
    for f, key, value in request.value:
        seen = yield (f, key, value)
        answer.append([f, key, seen if f == "r" else value])
    return answer


def _transfer(request: Request) -> Procedure:
    asked = request.value
    if not isinstance(asked, dict) or not {"from", "to", "amount"} <= asked.keys() or type(asked["amount"]) is not int:
        raise Refusal(UNSUPPORTED, "the value of a transfer is {from, to, amount}")
    source, target, amount = asked["from"], asked["to"], asked["amount"]
    there = yield from _balance(source)
    here = yield from _balance(target)
    if there < amount:
        raise Refusal(PRECONDITION, f"{source} has {there}")
    if source != target:
        yield ("w", source, there - amount)
        yield ("w", target, here + amount)


def _insert(request: Request) -> Procedure:
    rows = request.value
    if not isinstance(rows, (list, tuple)) or len(rows) != 2 or (rows[0] is None) == (rows[1] is None):
        raise Refusal(UNSUPPORTED, "the value of an insert is [row of table a, null] or [null, row of table b]")
    tables = [f"{table}/{request.key}" for table in "ab"]
    for table in tables:
        found = yield ("r", table, None)
        if found:
            raise Refusal(PRECONDITION, f"there is a row with this key: {found!r}")
    place = 0 if rows[0] is not None else 1
    yield ("append", tables[place], rows[place])
