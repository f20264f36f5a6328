"""Pairs of blocks of one key in the order that the times of their readers suggest.

A version is committed before any reader of it ends, and is still there when any reader of it begins. So if a version
was read, or its writer had ended, before a reader of another version began, it is the earlier one. In real time this is
so; for weaker models it is a guess like others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.transactions.dependencies import Dependencies
from splitbrain.checkers.transactions.order_edges import OrderEdges

Block = tuple[int, int]
"""The first and the last transaction of a block."""
Decision = tuple[int, Block, Block]
"""Key, earlier block, later block."""
NEIGHBOURS = 8
"""With how many blocks that were there next each block is compared, of a key with more than PAIRED blocks."""
PAIRED = 64


@dataclass(slots=True)
class TimePairs:
    """decided: pairs whose order the times of readers tell. left: pairs that they leave open, or tell both ways.
    complete: whether all pairs were compared."""

    decided: list[Decision] = field(default_factory=list)
    left: list[Decision] = field(default_factory=list)
    complete: bool = True


def time_pairs(known: Dependencies, blocks: Mapping[int, Sequence[Sequence[int]]], order: OrderEdges) -> TimePairs:
    """The pairs of blocks of each key."""
    out = TimePairs()
    for key, found in blocks.items():
        spans = sorted((*_span(known, order, key, block), block[0], block[-1]) for block in found)
        near = len(spans) if len(spans) <= PAIRED else NEIGHBOURS
        out.complete = out.complete and near == len(spans)
        for at, (there, still, head, tail) in enumerate(spans):
            one = (head, tail)
            for then, left, other_head, other_tail in spans[at + 1 : at + 1 + near]:
                other = (other_head, other_tail)
                first, second = there < left, then < still
                if first == second:
                    out.left.append((key, one, other))
                else:
                    out.decided.append((key, one, other) if first else (key, other, one))
    return out


def _span(known: Dependencies, order: OrderEdges, key: int, block: Sequence[int]) -> tuple[int, int]:
    """The time by which the first version of a block was there, and that at which the last one still was."""
    head, tail = block[0], block[-1]
    there, still = int(order.ends[head]), int(order.starts[tail])
    for reader, _ in known.readers.get(key, head):
        there = min(there, int(order.ends[reader]))
    for reader, _ in known.readers.get(key, tail):
        still = max(still, int(order.starts[reader]))
    return there, still
