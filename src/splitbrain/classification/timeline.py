"""Availability and staleness of a side over time: all windows of a scenario, laid over each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.classification.figures import MeasuredScenario
from splitbrain.classification.windows import AFTER_NS, BEFORE_NS, KINDS, READ, RequestEnd

BUCKET_NS = 250_000_000


@dataclass(frozen=True)
class SideTimeline:
    """One side and kind of operation. buckets: of BUCKET_NS each, from BEFORE_NS before the fault on: (asked, answered
    in time, milliseconds by which the reads were stale, in all). length: how long the shortest window was."""

    scenario: str
    side: str
    kind: str
    length: int
    buckets: Sequence[tuple[int, int, float]]

    def to_json(self) -> dict[str, Any]:
        """Plain data for `card.json`: seconds from the beginning of the fault, shares, mean staleness."""
        return {
            "scenario": self.scenario, "side": self.side, "kind": self.kind,
            "seconds": self.length / 1e9, "from": -BEFORE_NS / 1e9, "width": BUCKET_NS / 1e9,
            "share": [round(ok / asked, 4) if asked else None for asked, ok, _ in self.buckets],
            "stale_ms": [round(stale / ok, 3) if ok else None for _, ok, stale in self.buckets],
        }  # fmt: skip


def timelines(scenario: MeasuredScenario, deadline_ns: int) -> list[SideTimeline]:
    """The lines of each side, for reads and for writes. An operation belongs to the moment at which it began."""
    if not scenario.windows:
        return []
    length = min(window.length for window in scenario.windows)
    count = (BEFORE_NS + length + AFTER_NS) // BUCKET_NS
    counts: dict[tuple[str, str], list[list[float]]] = {
        (side, kind): [[0, 0, 0.0] for _ in range(count)] for side in scenario.sides for kind in KINDS
    }
    for window in scenario.windows:
        for request in window.requests:
            side = window.side_of(request.node)
            bucket = (request.at + BEFORE_NS) // BUCKET_NS
            if side is None or request.kind not in KINDS or not 0 <= bucket < count:
                continue
            cell = counts[side, request.kind][bucket]
            cell[0] += 1
            if (
                request.answer is RequestEnd.OK
                and request.ended is not None
                and request.ended - request.at <= deadline_ns
            ):
                cell[1] += 1
                cell[2] += request.stale_ms if request.kind == READ else 0.0
    return [
        SideTimeline(
            scenario.scenario, side, kind, length, [(int(asked), int(ok), stale) for asked, ok, stale in cells]
        )
        for (side, kind), cells in counts.items()
    ]
