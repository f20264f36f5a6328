"""Procedures of requests: what each does, step by step, once its value makes sense.

- `read`, `write`, `append`: one key; a read of no key reads the accounts that its value lists
- `txn`: micro-operations
- `transfer`: money from one account to another, if there is enough; an account that nobody touched has `OPENING`
- `insert`: a row into one of two tables, unless a row with its key is in either
"""

from splitbrain.targets.procedures import Procedure, Refusal, balances, insert, steps, transfer
from splitbrain.targets.stores.machine import transaction
from splitbrain.targets.stores.messages import UNSUPPORTED, Request


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
    return (yield from balances(request.value))


def _write(request: Request) -> Procedure:
    yield ("w", request.key, request.value)


def _append(request: Request) -> Procedure:
    yield ("append", request.key, request.value)


def _txn(request: Request) -> Procedure:
    if not transaction(request.value):
        raise Refusal(UNSUPPORTED, "the value is no transaction")
    return (yield from steps(request.value))


def _transfer(request: Request) -> Procedure:
    asked = request.value
    if not isinstance(asked, dict) or not {"from", "to", "amount"} <= asked.keys() or type(asked["amount"]) is not int:
        raise Refusal(UNSUPPORTED, "the value of a transfer is {from, to, amount}")
    return (yield from transfer(asked["from"], asked["to"], asked["amount"]))


def _insert(request: Request) -> Procedure:
    rows = request.value
    if not isinstance(rows, (list, tuple)) or len(rows) != 2 or (rows[0] is None) == (rows[1] is None):
        raise Refusal(UNSUPPORTED, "the value of an insert is [row of table a, null] or [null, row of table b]")
    return (yield from insert(request.key, rows))
