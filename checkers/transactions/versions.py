"""The order of the versions of each key, as the reads of a list-append history show it.

The longest read of a key is the order of its versions, as far as it was read; every other read is a prefix of it, or
the two cannot be states of one list. Versions that nobody read come after all that was read, in an order unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.transactions.history import TransactionHistory
from splitbrain.harness.history import ABSENT


@dataclass(slots=True)
class ListOrders:
    """longest: of each key the micro-operation that read the longest list, or ABSENT. orders: of each key the versions
    of this list that somebody wrote, each once. place: of each version its place in the order, or ABSENT. prefix: of
    each micro-operation whether it is a read of a prefix of the longest list."""

    longest: list[int]
    orders: list[list[int]]
    place: list[int]
    prefix: list[bool]
    incompatible: list[int] = field(default_factory=list)
    """Reads that are no prefix of the longest one of their key."""


def list_orders(of: TransactionHistory) -> ListOrders:
    """The orders that the reads of a list-append history show."""
    longest = [ABSENT] * len(of.keys)
    for op, write in enumerate(of.write):
        if not write:
            known = longest[of.key[op]]
            if known == ABSENT or _beyond(of, op, known):
                longest[of.key[op]] = op
    lists: list[Sequence[int]] = [of.read(op) if op != ABSENT else () for op in longest]
    out = ListOrders(longest, [], [ABSENT] * len(of.version_key), [False] * len(of.write))
    for versions in lists:
        order = [version for version in dict.fromkeys(versions) if of.version_writer[version] != ABSENT]
        out.orders.append(order)
        for place, version in enumerate(order):
            out.place[version] = place
    for op, write in enumerate(of.write):
        if not write:
            out.prefix[op] = of.read(op) == lists[of.key[op]][: of.high[op] - of.low[op]]
            if not out.prefix[op]:
                out.incompatible.append(op)
    return out


def _beyond(of: TransactionHistory, op: int, known: int) -> bool:
    """Whether a read is to stand for the order rather than another: the longer one; of two equally long lists, which
    cannot both be right, the one whose text is greater, so that the choice hangs on no order of events."""
    more = of.high[op] - of.low[op] - (of.high[known] - of.low[known])
    if more:
        return more > 0
    one, other = of.read(op), of.read(known)
    return one != other and _text(of, one) > _text(of, other)


def _text(of: TransactionHistory, versions: Sequence[int]) -> str:
    return repr(tuple(of.version_value[version] for version in versions))
