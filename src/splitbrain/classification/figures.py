"""Figures of a target: what its runs come to, by scenario and side.

Pure functions of the evidence of runs. The deadline comes from the latency of the healthy runs, the grace of each
scenario from the failovers that were seen in it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from splitbrain.checkers.common.values import counted
from splitbrain.classification.availability import (
    USEFUL_NS,
    ServiceTally,
    deadline,
    failovers,
    grace,
    tallies,
)
from splitbrain.classification.evidence import HEALTHY, RunEvidence, linearizable_runs
from splitbrain.classification.healthy import (
    HEALTHY_MIN,
    UNKNOWN_SHARE,
    HealthyShares,
    healthy_shares,
    unhealthy,
)
from splitbrain.classification.rule import ClassFacts, SideFacts
from splitbrain.classification.windows import KINDS, FaultWindow, RequestEnd
from splitbrain.results.intervals import Interval, clustered
from splitbrain.results.sides import SPLIT
from splitbrain.results.summary import permille

ASKED_MIN = 3
"""Answers of a node in a window that say that it serves; one missing answer says that it does not."""
BUSY = 7
"""Answers of one node before a window from which on another that did nothing of that kind is not whole: by chance it
does nothing of so many in less than 1 of 100 windows, as it does half of them without faults."""
ONE_COPY_SHARE = 0.9
"""The share that the one copy of a system that cannot be split has to answer: there it is all that availability is."""


@dataclass(frozen=True)
class MeasuredScenario:
    """The windows of one scenario, measured with its grace.

    tallies: of each window, (side, node, kind) → tally. dropped: windows that say nothing, and why. healthy: what its
    nodes answer without faults.
    """

    scenario: str
    windows: Sequence[FaultWindow]
    tallies: Sequence[Mapping[tuple[str, str, str], ServiceTally]]
    grace_ns: int
    dropped: Sequence[str]
    healthy: HealthyShares

    @property
    def sides(self) -> list[str]:
        """The sides that were seen, in order of appearance."""
        return list(dict.fromkeys(side for window in self.windows for side in window.sides))

    @property
    def split(self) -> bool:
        """Whether its windows are splits."""
        return bool(self.sides) and set(self.sides) <= SPLIT


@dataclass(frozen=True)
class SideFigures:
    """Service of one side in the windows of one scenario.

    kind: reads or writes, "" for both. tally: over all windows. in_time: with its interval. failover_ms, recovery_ms:
    the median and the longest; None where it never was.
    """

    scenario: str
    side: str
    kind: str
    windows: int
    tally: ServiceTally
    in_time: Interval
    failover_ms: tuple[float, float] | None
    recovery_ms: tuple[float, float] | None


def healthy_latency(runs: Iterable[RunEvidence], kind: str) -> list[int]:
    """Nanoseconds of each operation of a kind that ended ok in the healthy runs, in order of size."""
    return sorted(took for run in runs if run.scenario == HEALTHY for took in run.latency_ns.get(kind, ()))


def deadline_of(runs: Sequence[RunEvidence]) -> int:
    """The deadline of an operation, in nanoseconds."""
    longest = [permille(found, 990) for kind in KINDS if (found := healthy_latency(runs, kind))]
    return deadline(max(longest, default=None))


def measured(runs: Sequence[RunEvidence], deadline_ns: int, settles_ns: int = 0) -> list[MeasuredScenario]:
    """The windows of each scenario with faults, in order of appearance. settles_ns: see `healthy_shares`."""
    by_scenario: dict[str, list[FaultWindow]] = {}
    for run in runs:
        if run.scenario != HEALTHY:
            by_scenario.setdefault(run.scenario, []).extend(run.windows)
    healthy = healthy_service(runs, deadline_ns, settles_ns)
    return [_measured(name, windows, deadline_ns, healthy) for name, windows in by_scenario.items()]


def healthy_service(runs: Sequence[RunEvidence], deadline_ns: int, settles_ns: int = 0) -> HealthyShares:
    """The share that each node answers in time while no fault holds. settles_ns: see `healthy_shares`."""
    healthy = (run.calm for run in runs if run.scenario == HEALTHY)
    return healthy_shares(healthy, (run.calm for run in runs if _was_split(run)), deadline_ns, settles_ns)


def _measured(
    scenario: str, windows: Sequence[FaultWindow], deadline_ns: int, healthy: HealthyShares
) -> MeasuredScenario:
    usable, reasons = list[FaultWindow](), list[str]()
    for window in windows:
        reason = _useless(window, deadline_ns, healthy)
        if reason:
            reasons.append(reason)
        else:
            usable.append(window)
    cut = grace(usable, deadline_ns + USEFUL_NS, healthy)
    told = [f"{scenario}: {counted(reasons.count(reason), 'window')} {reason}" for reason in dict.fromkeys(reasons)]
    tallied = [tallies(window, deadline_ns, cut) for window in usable]
    return MeasuredScenario(scenario, usable, tallied, cut, told, healthy)


def _useless(window: FaultWindow, deadline_ns: int, healthy: HealthyShares) -> str:
    """The reason why a window says nothing; "" if it says something."""
    if not window.bit:
        return f"in which {window.fault} did nothing, as far as can be seen"
    if window.length <= deadline_ns:
        return "shorter than the deadline of an operation"
    asked = {window.side_of(request.node) for request in window.requests if 0 <= request.at <= window.length}
    silent = [side for side in window.sides if side not in asked]
    if silent:
        return f"without clients on this side: {', '.join(silent)}"
    return "that began before all nodes answered again" if _silent_before(window, healthy) else ""


def side_facts(found: Sequence[MeasuredScenario]) -> list[SideFacts]:
    """Counts, of each side of the splits, of the windows in which it served reads and writes. Without scenarios in
    which nothing is known of any side."""
    facts = []
    for scenario in found:
        ours = [_side_fact(scenario, side, kind) for side in scenario.sides for kind in KINDS if scenario.split]
        if any(one.served or one.not_served or one.unclear for one in ours):
            facts += ours
    return facts


def _side_fact(scenario: MeasuredScenario, side: str, kind: str) -> SideFacts:
    served, not_served, unclear, total = 0, 0, 0, dict[str, ServiceTally]()
    for tally in scenario.tallies:
        nodes = _of_side(tally, side, kind)
        verdict = _served(nodes, kind, scenario.healthy)
        served, not_served = served + (verdict is True), not_served + (verdict is False)
        unclear += verdict is None and bool(nodes) and all(one.asked >= ASKED_MIN for one in nodes.values())
        if verdict:
            for node, one in nodes.items():
                total[node] = total.get(node, ServiceTally()) + one
    short = next((told for node in sorted(total) if (told := _short(node, kind, total[node], scenario.healthy))), "")
    return SideFacts(scenario.scenario, side, kind, served, not_served, unclear, short)


def _of_side(tally: Mapping[tuple[str, str, str], ServiceTally], side: str, kind: str) -> dict[str, ServiceTally]:
    """The tally of each node of a side."""
    return {node: one for (its_side, node, its_kind), one in tally.items() if (its_side, its_kind) == (side, kind)}


def refusals(found: Sequence[MeasuredScenario], side: str) -> tuple[int, int]:
    """Numbers of windows in which a side did not serve reads, or writes; and of all windows in which it was asked."""
    refused, total = 0, 0
    for scenario in found:
        for tally in scenario.tallies:
            verdicts = [
                _served(nodes, kind, scenario.healthy) for kind in KINDS if (nodes := _of_side(tally, side, kind))
            ]
            refused, total = refused + (False in verdicts), total + bool(verdicts)
    return refused, total


def _served(nodes: Mapping[str, ServiceTally], kind: str, healthy: HealthyShares) -> bool | None:
    """Whether each node of a side served in a window; None if that cannot be told."""
    verdicts = [
        healthy.get((node, kind), UNKNOWN_SHARE).served(one.in_time, one.asked)
        for node, one in nodes.items() if one.asked
    ]  # fmt: skip
    if False in verdicts:
        return False
    enough = bool(nodes) and all(one.asked >= ASKED_MIN for one in nodes.values())
    return True if enough and None not in verdicts else None


def _short(node: str, kind: str, tally: ServiceTally, healthy: HealthyShares) -> str:
    """The reason why it is not sure that a node served, over all windows in which its side seemed to; "" if it is."""
    usual = healthy.get((node, kind), UNKNOWN_SHARE)
    if usual.surely_served(tally.in_time, tally.asked):
        return ""
    return f"{node} answers {tally.share:.1%} of its {kind}s there, and up to {usual.high:.1%} without faults"


def _silent_before(window: FaultWindow, healthy: HealthyShares) -> bool:
    """Whether a node did nothing of a kind that it does without faults, in the time before a window of which requests
    are taken along, while another one did: it suffers from the fault before, so the cluster is not whole yet."""
    done: Counter[tuple[str, str]] = Counter()
    for request in window.requests:
        if request.answer is RequestEnd.OK and request.ended is not None and request.ended <= 0:
            done[request.node, request.kind] += 1
    busy = {kind for (_, kind), count in done.items() if count >= BUSY}
    usual = {at for at, one in healthy.items() if one.low >= HEALTHY_MIN and at[1] in busy}
    return any(window.side_of(node) is not None and not done[node, kind] for node, kind in usual)


def side_figures(scenario: MeasuredScenario, side: str, kind: str = "") -> SideFigures:
    """The figures of one side. kind: of reads or of writes alone."""
    each = [
        sum(
            (found for (its_side, _, its_kind), found in tally.items()
             if its_side == side and (not kind or its_kind == kind)), ServiceTally(),
        )
        for tally in scenario.tallies
    ]  # fmt: skip
    kinds = (kind,) if kind else KINDS
    usual = scenario.healthy
    took = [side_failover(window, side, kinds, usual) for window in scenario.windows if side in window.sides]
    back = [_recovery(window, side, kinds) for window in scenario.windows if side in window.sides]
    return SideFigures(
        scenario.scenario, side, kind, sum(one.asked > 0 for one in each), sum(each, ServiceTally()),
        clustered([(one.in_time, one.asked) for one in each]), _in_ms(took), _in_ms(back),
    )  # fmt: skip


def side_failover(window: FaultWindow, side: str, kinds: Sequence[str], healthy: HealthyShares) -> int | None:
    """Nanoseconds from the beginning until each node of a side that answered at all had; None if none did."""
    found = failovers(window, healthy)
    return max((one for (its_side, _, kind), one in found.items() if its_side == side and kind in kinds), default=None)


def _recovery(window: FaultWindow, side: str, kinds: Sequence[str]) -> int | None:
    """Nanoseconds from the heal until each node of a side that was asked had answered; of one that answers the first
    request, only what that took. None if one never did."""
    first: dict[tuple[str, str], int] = {}
    failed: set[tuple[str, str]] = set()
    for request in window.requests:
        at = request.node, request.kind
        ours = window.side_of(request.node) == side and request.kind in kinds
        if request.at <= window.length or not ours or at in first:
            continue
        if request.answer is RequestEnd.OK and request.ended is not None:
            first[at] = request.ended - (window.length if at in failed else request.at)
        else:
            failed.add(at)
    return max(first.values()) if first and failed <= first.keys() else None


def _in_ms(took: Sequence[int | None]) -> tuple[float, float] | None:
    known = [one / 1e6 for one in took if one is not None]
    return (round(median(known), 3), round(max(known), 3)) if known else None


def class_facts(
    runs: Sequence[RunEvidence], found: Sequence[MeasuredScenario], *, nothing_to_split: bool, settles_ns: int = 0
) -> ClassFacts:
    """Facts for the rule. settles_ns: see `healthy_shares`."""
    usual = healthy_service(runs, deadline_of(runs), settles_ns)
    refuted, _, undecided = linearizable_runs(runs)
    _, confirmed, _ = linearizable_runs([run for run in runs if _counts(run, nothing_to_split=nothing_to_split)])
    states = [run.final.converged for run in runs]
    dropped = [reason for scenario in found for reason in scenario.dropped]
    crossed = sum(window.crossed for scenario in found if scenario.split for window in scenario.windows)
    facts = side_facts(found)
    placements = dict.fromkeys(run.scenario for run in runs if _was_split(run))
    unseen = [name for name in placements if name not in {side.placement for side in facts}]
    vanished = sum(lost.vanished for run in runs if _was_split(run) for lost in run.final.lost)
    return ClassFacts(
        nothing_to_split, facts, refuted, confirmed, undecided, bool(usual),
        tuple(_one_copy_short(usual) if nothing_to_split else unhealthy(usual)),
        sum(len(run.final.lost) for run in runs), vanished,
        False if False in states else True if True in states else None, crossed, dropped, unseen,
    )  # fmt: skip


def _counts(run: RunEvidence, *, nothing_to_split: bool) -> bool:
    """Whether a run could have refuted what the rule asks: the network was split, or, where there is nothing to split,
    something else went wrong."""
    return run.scenario != HEALTHY if nothing_to_split else _was_split(run)


def _was_split(run: RunEvidence) -> bool:
    return any(window.split for window in run.windows)


def _one_copy_short(healthy: HealthyShares) -> list[str]:
    """Kinds of operations of which the one copy of a system that cannot be split answers too few, a sentence each."""
    return [
        f"without faults it answers {one.share:.1%} of its {kind}s in time, less than {ONE_COPY_SHARE:.0%}"
        for (_, kind), one in healthy.items() if one.share < ONE_COPY_SHARE
    ]  # fmt: skip
