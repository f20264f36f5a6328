"""Known answers of the papers on zones, on k-atomicity and on Δ-atomicity: a history for each clause of a definition.

The papers' figures draw zones and not operations, so these are built from the definitions: Gibbons & Korach, "Testing
Shared Memories" (SIAM J. Computing 1997), with the zones of Golab, Li & Shah, "Analyzing Consistency Properties for Fun
and Profit" (PODC 2011), which defines Δ-atomicity; Golab, Hurwitz & Li, "On the k-Atomicity-Verification Problem"
(ICDCS 2013).
"""

import pytest

from splitbrain.checkers.spectrum import SpectrumCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History

Operation = tuple[str, int, int]
"""`w1` or `r1`, and the milliseconds at which it began and ended."""

ZONES: dict[str, tuple[tuple[Operation, ...], bool]] = {
    "two forward zones that do not overlap": ((("w1", 0, 1), ("r1", 2, 3), ("w2", 4, 5), ("r2", 6, 7)), True),
    "two forward zones that overlap": ((("w1", 0, 1), ("w2", 2, 3), ("r1", 4, 5), ("r2", 6, 7)), False),
    "a backward zone inside a forward zone": ((("w1", 0, 1), ("w2", 2, 5), ("r1", 6, 7)), False),
    "a backward zone that begins before a forward zone": ((("w2", 0, 5), ("w1", 1, 2), ("r1", 6, 7)), True),
    "a backward zone that ends after a forward zone": ((("w1", 0, 1), ("w2", 2, 7), ("r1", 5, 6)), True),
    "backward zones that overlap": ((("w1", 0, 8), ("w2", 1, 7), ("r1", 2, 6), ("r2", 3, 5)), True),
    "a zone of one write whose reads overlap with it": ((("w1", 0, 4), ("r1", 1, 2), ("r1", 3, 5)), True),
    "a read before its write": ((("r1", 0, 1), ("w1", 2, 3)), False),
    "a read of what nobody wrote": ((("w1", 0, 1), ("r2", 2, 3)), False),
    "the initial value within the zone of a write": ((("w1", 0, 1), ("r0", 2, 3)), False),
    "the initial value before the first write ended": ((("w1", 0, 3), ("r0", 1, 2)), True),
}
"""Operations, and whether they are atomic: no read precedes its write, no two forward zones overlap, and no backward
zone lies inside a forward zone. The initial value's zone begins before everything."""

STALE: dict[str, tuple[tuple[Operation, ...], int, float]] = {
    "in force": ((("w1", 0, 1), ("r1", 2, 3)), 1, 0.0),
    "one write later": ((("w1", 0, 1), ("w2", 2, 3), ("r1", 9, 10)), 2, 6.0),
    "two writes later": ((("w1", 0, 1), ("w2", 2, 3), ("w3", 4, 5), ("r1", 9, 10)), 3, 6.0),
    "two writes later that overlap": ((("w1", 0, 1), ("w2", 2, 4), ("w3", 3, 5), ("r1", 9, 10)), 3, 5.0),
    "the last of them not over yet": ((("w1", 0, 1), ("w2", 2, 3), ("w3", 8, 12), ("r1", 9, 10)), 2, 6.0),
    "new and then old": ((("w1", 0, 1), ("w2", 2, 20), ("r2", 4, 6), ("r1", 9, 10)), 2, 3.0),
    "the initial value after two writes": ((("w1", 0, 1), ("w2", 2, 3), ("r0", 9, 10)), 3, 8.0),
}
"""Operations, the smallest k, and the smallest Δ in milliseconds: how much earlier each read may have to begin."""


def history(operations: tuple[Operation, ...]) -> History:
    """Each operation by a process of its own; 0 is the initial value."""
    marks = [
        (at, process, kind, *operation[0])
        for process, operation in enumerate(operations)
        for at, kind in zip(operation[1:], ("invoke", "ok"), strict=True)
    ]
    return History.of([
        Event(
            index=0, time=at * 1_000_000, process=process, type=kind, f={"w": "write", "r": "read"}[f],
            value=int(value) if f == "w" or kind == "ok" else None,
        )
        for at, process, kind, f, value in sorted(marks)
    ])  # fmt: skip


def found(operations: tuple[Operation, ...]) -> dict:
    return dict(SpectrumCheck(initial="0").check(history(operations), Budget()).details)


@pytest.mark.parametrize("clause", ZONES)
def test_zones_decide_atomicity(clause: str) -> None:
    operations, atomic = ZONES[clause]
    details = found(operations)
    assert ("linearizable" in details["allowed"]) is atomic
    assert ("linearizable" in details["refuted"]) is not atomic
    assert (details["smallest_k"] == 1) is atomic


@pytest.mark.parametrize("clause", STALE)
def test_the_smallest_k_and_delta(clause: str) -> None:
    operations, k, delta = STALE[clause]
    details = found(operations)
    assert (details["smallest_k"], details["smallest_delta_ms"]) == (k, delta)
