"""Card: what the runs of one target come to, as one record.

Every figure is computed from the evidence of runs, and so from their histories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import median
from typing import Any

from splitbrain.checkers.claims import LINEARIZABLE
from splitbrain.classification.claims import ClaimStanding, claim_standings
from splitbrain.classification.evidence import FAILOVERS, HEALTHY, LEADERLESS_SPLIT, SPLITS, RunEvidence
from splitbrain.classification.figures import (
    MeasuredScenario,
    SideFigures,
    class_facts,
    deadline_of,
    healthy_latency,
    healthy_service,
    measured,
    side_failover,
    side_figures,
)
from splitbrain.classification.final_state import LostWrite
from splitbrain.classification.healthy import HealthyShares
from splitbrain.classification.models import ModelStanding, model_standings, strongest
from splitbrain.classification.rule import RUNS_MIN, ClassFacts, ClassFinding, find_class
from splitbrain.classification.timeline import SideTimeline, timelines
from splitbrain.classification.windows import KINDS, READ, WRITE
from splitbrain.results.intervals import Interval, clustered
from splitbrain.results.summary import permille
from splitbrain.textbook.designs import OperationCost

ALONE = 1.5
"""Round trips below which an answer waited for no other node: one is the client's own."""


@dataclass(frozen=True)
class CardSubject:
    """The target of a card, and where it ran.

    target: as typed. claims: what it promises. env, nodes: where it ran. nothing_to_split: whether one node holds
    everything. not_run: scenario → why it could not be done. round_trip_ms: mean time of a message and its answer; None
    outside of the simulator. failed: runs that could not be carried out, and why. costs: of operations without faults,
    measured in runs of their own in the simulator; elsewhere none. summary: what the target is, in one line.
    """

    target: str
    claims: Sequence[str]
    env: str
    nodes: int
    nothing_to_split: bool = False
    not_run: Mapping[str, str] = field(default_factory=dict)
    round_trip_ms: float | None = None
    failed: Sequence[str] = ()
    costs: Sequence[OperationCost] = ()
    summary: str = ""


@dataclass(frozen=True)
class Card:
    """One target, classified. runs: its evidence, in order of scenario and seed. probes: runs that measured how long a
    failover takes, by which the length of windows was chosen."""

    subject: CardSubject
    runs: Sequence[RunEvidence]
    probes: Sequence[RunEvidence] = ()

    @staticmethod
    def of(subject: CardSubject, runs: Sequence[RunEvidence]) -> "Card":
        """The card of all runs of a target, probes among them."""
        probes = [run for run in runs if run.scenario in FAILOVERS]
        return Card(subject, [run for run in runs if run.scenario not in FAILOVERS], probes)

    @cached_property
    def deadline_ns(self) -> int:
        """The deadline of an operation."""
        return deadline_of(self.runs)

    @cached_property
    def healthy_service(self) -> HealthyShares:
        """The share that each node answers in time without faults."""
        return healthy_service(self.runs, self.deadline_ns, self.failover_ns)

    @cached_property
    def failovers(self) -> Mapping[tuple[str, str], int | None]:
        """(scenario, side) → nanoseconds until all of its nodes that answered again in a long split had; None where
        none did."""
        healthy = healthy_service(self.runs, self.deadline_ns)
        return {
            (probe.scenario, side): side_failover(window, side, KINDS, healthy)
            for probe in self.probes for window in probe.windows if window.split for side in window.sides
        }  # fmt: skip

    @property
    def failover_ns(self) -> int:
        """The longest failover of any side in a long split; 0 where there was none."""
        return max((took for took in self.failovers.values() if took is not None), default=0)

    @cached_property
    def measured(self) -> Sequence[MeasuredScenario]:
        """The windows of each scenario with faults."""
        return measured(self.runs, self.deadline_ns, self.failover_ns)

    @property
    def window_ns(self) -> int:
        """The length of the longest fault window, in nanoseconds; 0 without any."""
        return max((window.length for one in self.measured for window in one.windows), default=0)

    @property
    def splits(self) -> Sequence[MeasuredScenario]:
        """The scenarios in which the network was split."""
        return [scenario for scenario in self.measured if scenario.split]

    @cached_property
    def facts(self) -> ClassFacts:
        """Facts that the rule goes by, as the runs tell them."""
        return class_facts(
            self.runs, self.measured, nothing_to_split=self.subject.nothing_to_split, settles_ns=self.failover_ns
        )  # fmt: skip

    @cached_property
    def finding(self) -> ClassFinding:
        """The class, and why."""
        facts = self.facts
        not_run = self.subject.not_run
        open_questions = [f"{name}: not run: {why}" for name, why in not_run.items()]
        unseen = (*facts.unseen, *(name for name in (*SPLITS, LEADERLESS_SPLIT) if name in not_run))
        vacuous = (*facts.vacuous, *open_questions, *self.subject.failed)
        return find_class(replace(facts, vacuous=vacuous, unseen=unseen))

    @cached_property
    def models(self) -> Mapping[str, ModelStanding]:
        """The standing of each consistency model."""
        return model_standings(self.runs)

    @cached_property
    def sides(self) -> Sequence[SideFigures]:
        """The service of each side in each scenario: reads, writes, both."""
        return [
            side_figures(scenario, side, kind)
            for scenario in self.measured for side in scenario.sides for kind in (*KINDS, "")
        ]  # fmt: skip

    @cached_property
    def timelines(self) -> Sequence[SideTimeline]:
        """Availability and staleness of each side of the splits, over time."""
        return [line for scenario in self.splits for line in timelines(scenario, self.deadline_ns)]

    @cached_property
    def availability(self) -> Mapping[str, Interval]:
        """The share of operations that were answered in time, of each side of the splits, over all of them."""
        found: dict[str, list[tuple[int, int]]] = {}
        for scenario in self.splits:
            for tally in scenario.tallies:
                for side in dict.fromkeys(side for side, _, _ in tally):
                    mine = [one for (its_side, _, _), one in tally.items() if its_side == side]
                    counts = sum(one.in_time for one in mine), sum(one.asked for one in mine)
                    found.setdefault(side, []).append(counts)
        return {side: clustered(found[side]) for side in sorted(found)}

    @property
    def healthy(self) -> Sequence[RunEvidence]:
        """The runs without faults."""
        return [run for run in self.runs if run.scenario == HEALTHY]

    @property
    def lost(self) -> Sequence[LostWrite]:
        """Acknowledged writes that are gone, over all runs."""
        return [lost for run in self.runs for lost in run.final.lost]

    @cached_property
    def latency_ms(self) -> Mapping[str, Mapping[str, float]]:
        """The healthy p50 and p99 of each kind, and the p50 in round trips where their length is known."""
        found = {}
        for kind in KINDS:
            took = healthy_latency(self.runs, kind)
            if not took:
                continue
            p50, p99 = (permille(took, share) / 1e6 for share in (500, 990))
            found[kind] = {"p50": round(p50, 3), "p99": round(p99, 3)}
            if self.round_trip_ms:
                found[kind]["round_trips"] = round(p50 / self.round_trip_ms, 1)
        return found

    @property
    def round_trip_ms(self) -> float | None:
        """The time of a message and its answer: that of the simulator, or the median of what healthy runs measured."""
        known = [run.round_trip_ms for run in self.healthy if run.round_trip_ms is not None]
        return self.subject.round_trip_ms or (round(median(known), 4) if known else None)

    @cached_property
    def pacelc(self) -> str:
        """The letters: what is given up in a partition, and else. "?" where that was not settled, "–" where there is
        nothing to split.

        A, L: linearizability was refuted, in runs with splits and in healthy ones. C: never, and so often confirmed as
        the rule asks for. L also where linearizability was refuted in any run, and reads or writes are answered in less
        than ALONE round trips: no other copy was waited for.
        """
        split = [run for run in self.runs if any(window.split for window in run.windows)]
        partition = "–" if self.subject.nothing_to_split else _letter(split, "A", RUNS_MIN)
        other = "L" if self._answers_alone else _letter(self.healthy, "L", RUNS_MIN)
        return f"P{partition}/E{other}"

    @property
    def _answers_alone(self) -> bool:
        quick = any(found.get("round_trips", ALONE) < ALONE for found in self.latency_ms.values())
        given_up = any(run.models.linearizable is False for run in self.runs)
        return quick and given_up and not self.subject.nothing_to_split

    @cached_property
    def claim_standings(self) -> Mapping[str, ClaimStanding]:
        """The target's claims, and the standing of each."""
        return claim_standings(self.subject.claims, self.finding.cap, self.runs)

    @property
    def claims(self) -> Mapping[str, bool | None]:
        """The target's claims, and whether each holds; None where that was not settled."""
        return {claim: standing.holds for claim, standing in self.claim_standings.items()}

    @property
    def open_claims(self) -> Mapping[str, str]:
        """Claims that were to be settled and were not, and why."""
        return {claim: standing.why for claim, standing in self.claim_standings.items() if standing.open}

    @property
    def claims_outside(self) -> Mapping[str, str]:
        """Claims that runs which read and write single keys cannot confirm, and why."""
        return {claim: standing.why for claim, standing in self.claim_standings.items() if standing.outside}

    def line(self) -> dict[str, Any]:
        """The headline, for a line of `--json`."""
        finding = self.finding
        return {
            "target": self.subject.target,
            "class": finding.cap.value,
            "reads": finding.reads.value,
            "writes": finding.writes.value,
            "pacelc": self.pacelc,
            "strongest": strongest(self.runs),
            "strongest_healthy": strongest(self.healthy),
            "availability": {side: bounds(share) for side, share in self.availability.items()},
            "majority_serves": finding.majority_serves,
            "lost_writes": len(self.lost),
            "claims": dict(self.claims),
            "runs": len(self.runs),
            "reason": finding.reason,
            **({"open_claims": dict(self.open_claims)} if self.open_claims else {}),
            **({"claims_outside": dict(self.claims_outside)} if self.claims_outside else {}),
            **({"missing": list(finding.missing)} if finding.missing else {}),
            **({"alarm": finding.alarm} if finding.alarm else {}),
        }

    @cached_property
    def stale_reads(self) -> Mapping[str, int]:
        """Reads that returned what had been overwritten, by scenario and the place in time."""
        found: dict[str, int] = {}
        for run in self.runs:
            for place, count in run.refuted_in.items():
                where = run.scenario if run.scenario == HEALTHY else f"{run.scenario}: {place}"
                found[where] = found.get(where, 0) + count
        return found

    @property
    def refuted_where(self) -> Mapping[str, int]:
        """Places, with the side there, of the operations that refute linearizability, one a run, in how many runs."""
        found: dict[str, int] = {}
        for one in (run.offending for run in self.runs):
            if one is not None:
                place = f"{one.place}, {one.side}" if one.side else one.place
                found[place] = found.get(place, 0) + 1
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    @cached_property
    def staleness(self) -> Mapping[str, float]:
        """Counts of all reads of all runs: how many there were, how many were stale, and by how much the worst was."""
        known = [run.stale for run in self.runs if run.stale]
        reads, stale = (sum(one[name] for one in known) for name in ("reads", "stale"))
        late = [one["milliseconds"]["max"] for one in known if "milliseconds" in one]
        versions = max((one["versions"]["max"] for one in known), default=0)
        return {"reads": reads, "stale": stale, "versions": versions, "milliseconds": round(max(late, default=0.0), 3)}

    @property
    def linearizability(self) -> ModelStanding | None:
        """The standing of the strongest model."""
        return self.models.get(LINEARIZABLE)

    def under(self, scenario: str) -> ModelStanding | None:
        """The standing of the strongest model in the runs of one scenario; None where they judged none."""
        return model_standings([run for run in self.runs if run.scenario == scenario]).get(LINEARIZABLE)

    def share(self, side: SideFigures) -> Mapping[str, float | None]:
        """The share of a side's operations that had an answer, by its three definitions."""
        tally = side.tally
        waited = tally.asked - tally.pending
        return {
            "responded": tally.responded / waited if waited else None,
            "answered": tally.answered / waited if waited else None,
            "in_time": tally.in_time / tally.asked if tally.asked else None,
        }

    def of_kind(self, scenario: str, side: str) -> Mapping[str, SideFigures]:
        """The figures of reads and of writes of a side."""
        return {
            one.kind: one for one in self.sides
            if (one.scenario, one.side) == (scenario, side) and one.kind in (READ, WRITE)
        }  # fmt: skip


def _letter(runs: Sequence[RunEvidence], given_up: str, least: int) -> str:
    found = [run.models.linearizable for run in runs]
    if False in found:
        return given_up
    return "C" if len(found) >= least and None not in found else "?"


def bounds(share: Interval) -> list[float]:
    """Lower bound, share and upper bound."""
    return [round(share.low, 4), round(share.part / share.whole, 4) if share.whole else 0.0, round(share.high, 4)]
