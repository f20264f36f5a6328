"""A card as one page: the class in words, who was served on each side over time, and what the class rests on.

Everything is inlined, all text is escaped, and no script runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from splitbrain.classification.card import Card
from splitbrain.classification.evidence import linearizable_runs
from splitbrain.classification.letters import letters
from splitbrain.classification.rule import CapClass
from splitbrain.classification.timeline import BUCKET_NS, SideTimeline
from splitbrain.classification.windows import BEFORE_NS, READ, WRITE
from splitbrain.classification.words import consistency, facts, interval, missing
from splitbrain.results.report.page import template
from splitbrain.results.series import nice

WIDTH, HEIGHT, LOW = 1000, 100, 50
"""Units of the pictures: their width, the height of that of availability, and of that of staleness."""
TICKS_MAX, TICK_AT_MOST = 7, 98.0
"""Labels of an axis beside that of 0 s; and the percent of its length behind which one would stand out of it."""
MEANING = {
    CapClass.CP: (
        "When the network splits, it would rather refuse than answer wrongly.",
        "Some nodes stop serving while they are cut off; whatever is answered is as if there were one copy.",
    ),
    CapClass.AP: (
        "When the network splits, it would rather answer than be right.",
        "Every node that runs goes on serving on its side, so sides answer without knowing what the other one did; "
        "when the network heals, the copies become equal again.",
    ),
    CapClass.CA: (
        "There is only one copy, so there is nothing to split.",
        "It answers correctly while it runs, and not at all while it does not.",
    ),
    CapClass.NEITHER: (
        "It gives up both: some nodes refuse, and what is answered can be wrong.",
        "A split costs availability, and does not buy consistency with it.",
    ),
    CapClass.UNDETERMINED: (
        "The evidence does not suffice for a class.",
        "Nothing is claimed that was not seen; what is missing is listed below.",
    ),
}
READS_ALONE = (
    "It answers reads on every side, which may be out of date, and refuses some writes.",
    "Its reads are AP and its writes CP: taken together it is neither.",
)
FORGETS = (
    "It goes on answering on every side, and when the network heals it throws away what one side was told.",
    "A split costs no availability; the price is paid later, with writes that had been acknowledged.",
)
DIFFERS = (
    "It goes on answering on every side, but its copies do not all become equal when the fault is over.",
    "A split costs no availability; the price is paid later: what is read depends on the node that is asked.",
)
EVEN_HEALTHY = " Its answers can be out of date while nothing is wrong, too."
TONES = {
    CapClass.CP: "valid", CapClass.AP: "valid", CapClass.CA: "valid", CapClass.NEITHER: "invalid",
    CapClass.UNDETERMINED: "unknown",
}  # fmt: skip


@dataclass(frozen=True)
class SidePicture:
    """One side of one kind of split. left, width: of the fault, in percent. reads, writes, stale: paths. stale_most:
    the top of the axis of staleness, with its unit. ticks: percent and text."""

    side: str
    left: float
    width: float
    reads: str
    writes: str
    stale: str
    stale_most: str
    ticks: Sequence[tuple[float, str]]


def render(card: Card) -> str:
    """The page."""
    return template(__package__ or "", "card.html").render(style=_style(), **content(card))


def content(card: Card) -> dict[str, Any]:
    """The values that the template places."""
    finding = card.finding
    parts = finding.cap, finding.reads, finding.writes
    meaning, more = MEANING[finding.cap]
    if parts == (CapClass.NEITHER, CapClass.AP, CapClass.CP):
        meaning, more = READS_ALONE
    elif parts == (CapClass.NEITHER, CapClass.AP, CapClass.NEITHER):
        meaning, more = DIFFERS if any(run.final.differing for run in card.runs) else FORGETS
    elif finding.cap is CapClass.AP and linearizable_runs(card.healthy)[0]:
        more += EVEN_HEALTHY
    refuted = [(name, standing) for name, standing in card.models.items() if standing.refuted]
    first = next((standing for name, standing in reversed(refuted) if standing.witness), None)
    return {
        "target": card.subject.target,
        "summary": card.subject.summary,
        "cap": finding.cap.value,
        "tone": TONES[finding.cap],
        "meaning": meaning,
        "more": more,
        "finding": finding,
        "letters": letters(card),
        "facts": facts(card),
        "missing": missing(card),
        "pictures": pictures(card),
        "rows": _rows(card),
        "not_run": card.subject.not_run,
        "refuted": refuted,
        "first": first,
        "lost": [(run.scenario, one) for run in card.runs for one in run.final.lost][:10],
        "vanished": sum(one.vanished for one in card.lost),
        "lost_count": len(card.lost),
        "runs": [(run, _outcome(run.models.linearizable)) for run in card.runs],
        "deadline_ms": round(card.deadline_ns / 1e6),
    }


def pictures(card: Card) -> dict[str, list[SidePicture]]:
    """Scenario → the picture of each side."""
    by_side: dict[tuple[str, str], dict[str, SideTimeline]] = {}
    for line in card.timelines:
        by_side.setdefault((line.scenario, line.side), {})[line.kind] = line
    means = [_mean(stale, ok) for line in card.timelines for _, ok, stale in line.buckets]
    most = nice(max([1.0, *means]))
    found: dict[str, list[SidePicture]] = {}
    for (scenario, side), kinds in by_side.items():
        reads, writes = kinds[READ], kinds[WRITE]
        whole = len(reads.buckets) * BUCKET_NS
        stale = [min(_mean(behind, ok) / most, 1.0) if ok else None for _, ok, behind in reads.buckets]
        found.setdefault(scenario, []).append(
            SidePicture(
                side, 100 * BEFORE_NS / whole, 100 * reads.length / whole, _path(_shares(reads), HEIGHT),
                _path(_shares(writes), HEIGHT), _path(stale, LOW), _top(most), axis_labels(whole),
            )
        )  # fmt: skip
    return {scenario: sorted(sides, key=lambda one: one.side) for scenario, sides in found.items()}


def axis_labels(whole: int) -> list[tuple[float, str]]:
    """Labels of an axis of so many nanoseconds, from 0 s on, as far apart as they have room."""
    after = (whole - BEFORE_NS) // 10**9
    apart = next((each for each in (1, 2, 5, 10, 20, 30) if after <= TICKS_MAX * each), 60)
    placed = ((100 * (BEFORE_NS + at * 10**9) / whole, f"{at} s") for at in range(0, after + 1, apart))
    return [(at, text) for at, text in placed if at <= TICK_AT_MOST]


def _top(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s" if milliseconds >= 1000 else f"{milliseconds} ms"


def _shares(line: SideTimeline) -> list[float | None]:
    return [ok / asked if asked else None for asked, ok, _ in line.buckets]


def _mean(stale: float, ok: int) -> float:
    return stale / ok if ok else 0.0


def _path(values: Sequence[float | None], height: int) -> str:
    """Steps, a value a bucket, with gaps where there is none."""
    each, parts, gap = WIDTH / len(values), list[str](), True
    for number, value in enumerate(values):
        if value is None:
            gap = True
            continue
        at = height * (1 - value)
        parts.append(f"{'M' if gap else 'L'}{number * each:.1f} {at:.1f}H{(number + 1) * each:.1f}")
        gap = False
    return "".join(parts)


def _rows(card: Card) -> list[dict[str, str]]:
    rows = []
    for scenario in card.measured:
        for number, side in enumerate(scenario.sides):
            found = card.of_kind(scenario.scenario, side)
            total = found[READ].tally + found[WRITE].tally
            back = [one.recovery_ms[1] for one in found.values() if one.recovery_ms is not None]
            failover = [one.failover_ms[1] for one in found.values() if one.failover_ms is not None]
            rows.append(
                {
                    "scenario": "" if number else scenario.scenario, "side": side, "windows": str(found[READ].windows),
                    "reads": interval(found[READ].in_time), "writes": interval(found[WRITE].in_time),
                    "refused": f"{total.refused:,}", "timed_out": f"{total.timed_out + total.pending:,}",
                    "unknown": f"{total.unknown:,}",
                    "failover": f"{max(failover):,.0f}" if failover else "–",
                    "back": f"{max(back):,.0f}" if back else "–",
                    "right": "" if number else consistency(card, scenario.scenario),
                }
            )  # fmt: skip
    return rows


def _outcome(linearizable: bool | None) -> str:
    return {True: "linearizable", False: "refuted", None: "not decided"}[linearizable]


def _style() -> str:
    own = resources.files(__package__ or "").joinpath("card.css").read_text(encoding="utf-8")
    return resources.files("splitbrain.results.report").joinpath("report.css").read_text(encoding="utf-8") + own
