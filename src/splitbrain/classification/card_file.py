"""`card.json`: a card as plain data, its headline and everything that it rests on."""

from typing import Any

from splitbrain.classification.card import Card, bounds
from splitbrain.classification.figures import SideFigures
from splitbrain.classification.models import ModelStanding
from splitbrain.textbook.designs import VALUE_BYTES, OperationCost

FORMAT = 1
LOST_LISTED = 20


def card_file(card: Card) -> dict[str, Any]:
    """Everything of a card."""
    subject = card.subject
    return {
        "format": FORMAT,
        **card.line(),
        "summary": subject.summary,
        "env": subject.env,
        "nodes": subject.nodes,
        "not_run": dict(subject.not_run),
        "failed": list(subject.failed),
        "deadline_ms": round(card.deadline_ns / 1e6, 3),
        "window_s": round(card.window_ns / 1e9, 3),
        "failover_ms": {
            f"{scenario}: {side}": None if took is None else round(took / 1e6, 3)
            for (scenario, side), took in card.failovers.items()
        },
        "healthy_service": [
            {"node": node, "kind": kind, "low": round(one.low, 4), "share": round(one.share, 4),
             "high": round(one.high, 4), "in_time": one.runs.part, "asked": one.runs.whole}
            for (node, kind), one in sorted(card.healthy_service.items())
        ],
        "grace_ms": {one.scenario: round(one.grace_ns / 1e6, 3) for one in card.measured},
        "latency_ms": {kind: dict(found) for kind, found in card.latency_ms.items()},
        "round_trip_ms": card.round_trip_ms,
        "costs": {cost.kind: _cost(cost) for cost in subject.costs},
        "sides": [_side(side) for side in card.sides],
        "linearizable": {
            one.scenario: [standing.refuted, standing.confirmed, standing.undecided]
            for one in card.measured if (standing := card.under(one.scenario)) is not None
        },
        "models": {name: _model(standing) for name, standing in card.models.items()},
        "stale_reads": card.stale_reads,
        "staleness": card.staleness,
        "refuted_where": dict(card.refuted_where),
        "lost": [vars(lost) for lost in card.lost[:LOST_LISTED]],
        "looked_for": sum(run.final.looked_for for run in card.runs),
        "differing_keys": sum(len(run.final.differing) for run in card.runs),
        "timelines": [line.to_json() for line in card.timelines],
        "evidence": [
            {"scenario": run.scenario, "seed": run.seed, "run": run.run, "operations": run.operations,
             "linearizable": run.models.linearizable, "lost": len(run.final.lost),
             "offending": None if run.offending is None else vars(run.offending)}
            for run in card.runs
        ],
    }  # fmt: skip


def _side(side: SideFigures) -> dict[str, Any]:
    tally = side.tally
    names = ("asked", "responded", "answered", "in_time", "refused", "timed_out", "unknown", "pending")
    return {
        "scenario": side.scenario, "side": side.side, "kind": side.kind or "both", "windows": side.windows,
        **{name: getattr(tally, name) for name in names}, "interval": bounds(side.in_time),
        "failover_ms": side.failover_ms, "recovery_ms": side.recovery_ms,
    }  # fmt: skip


def _cost(cost: OperationCost) -> dict[str, Any]:
    design = cost.design
    expected = None if design is None else {
        "round_trips": design.round_trips, "messages": design.messages, "bytes": design.copies * VALUE_BYTES,
    }  # fmt: skip
    return {
        "operations": cost.operations, "round_trips": round(cost.round_trips, 2), "messages": round(cost.messages, 2),
        "bytes": round(cost.bytes), "design": expected,
    }  # fmt: skip


def _model(standing: ModelStanding) -> dict[str, Any]:
    first = standing.first
    return {
        "refuted": standing.refuted, "confirmed": standing.confirmed, "undecided": standing.undecided,
        "rate_below": round(standing.bound, 4), "reason": standing.reason, "witness": list(standing.witness),
        "first": None if first is None else {"scenario": first.scenario, "seed": first.seed, "run": first.run},
    }  # fmt: skip
