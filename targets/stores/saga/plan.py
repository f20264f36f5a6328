"""Plan of a saga that moves money: its steps, what undoes each, and which follows which.

| step | what | refused | undone by |
|---|---|---|---|
| 0 debit | the source gives the amount | if it has less | 0 credit of the source |
| 1 book | the clearing house counts one more open transfer | if there are `OPEN_MOST` | 1 one less |
| 2 credit | the target gets the amount | if it had more than `MOST` then | – |
| 3 close | the clearing house counts one less | never | – |

What was done is undone in reverse order, from the step before the one that was refused.
"""

import zlib
from collections.abc import Sequence
from typing import Any

from splitbrain.targets.stores.messages import PRECONDITION, Response
from splitbrain.targets.stores.saga.messages import Money, StepCommand

OPENING = 100
"""The balance of an account before the first transfer."""
MOST = 130
"""The greatest balance that a transfer may lead to."""
CLEARING = "the clearing house"
OPEN_MOST = 20
LAST_STEP = 3
UNDO, OUTCOME, OVER = 100, 1000, 2000
"""Numbers added to that of a step for the message that undoes it, that tells of it, and that ends the saga."""


def owner_of(account: str, nodes: Sequence[str]) -> str:
    """The node that has an account."""
    return nodes[zlib.crc32(account.encode()) % len(nodes)]


def change_of(step: int, money: Money, *, back: bool) -> tuple[str, int]:
    """The account that a step is about, and what it adds there."""
    source, target, amount = money
    account, added = ((source, -amount), (CLEARING, 1), (target, amount), (CLEARING, -1))[step]
    return account, -added if back else added


def opening(account: str) -> int:
    """The balance of an account that nobody has touched."""
    return 0 if account == CLEARING else OPENING


def allowed(step: int, balance: int, *, back: bool) -> bool:
    """Whether a step may lead to a balance. What undoes one is never refused."""
    if back or step == LAST_STEP:
        return True
    if step == 0:
        return balance >= 0
    return balance <= (OPEN_MOST if step == 1 else MOST)


def following(command: StepCommand, *, done: bool) -> StepCommand | bool:
    """The command after this one; or, at the end of the saga, whether the money was moved."""
    if command.back or not done:
        step, back = command.step - 1, True
        if step < 0:
            return False
    else:
        step, back = command.step + 1, False
        if step > LAST_STEP:
            return True
    return StepCommand(command.saga, step + UNDO * back, step, back, command.money, command.origin)


def told(*, done: bool) -> Response:
    """The answer to a request whose saga has ended."""
    if done:
        return Response()
    return Response(error=PRECONDITION, text="a step was refused, and what was done before is undone")


def sensible(value: Any) -> bool:
    """Whether a value is a transfer between two accounts."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("from"), str)
        and isinstance(value.get("to"), str)
        and type(value.get("amount")) is int
        and value["amount"] > 0
        and CLEARING not in (value["from"], value["to"])
    )
