"""Operations that look at a container and leave it as it is.

    peek → the element that would be taken next      size, len → how many elements there are

A peek into an empty container returns what a take from it does.
"""

from collections.abc import Hashable, Sequence

from splitbrain.checkers.common.values import frozen, same, shown
from splitbrain.checkers.porcupine.model import UNSEEN, Call
from splitbrain.harness.operation import Value

SIZES = ("size", "len")
LOOKS = ("peek", *SIZES)


def sees(call: Call, items: Sequence[Value], next_one: int, empty: Value) -> bool:
    """Whether a look at these items, of which the one at a place would be taken next, finds what the call found."""
    if call.f in SIZES:
        return same(call.result, len(items))
    return same(call.result, items[next_one] if items else empty)


def parts(call: Call) -> Sequence[Hashable] | None:
    """The label of a look: of a peek the element that it saw, while a size is about all of them."""
    return None if call.f in SIZES else (frozen(call.result),)


def show(call: Call) -> str:
    """`peek → 3`, `size → 2`."""
    return call.f if call.result is UNSEEN else f"{call.f} → {shown(call.result)}"
