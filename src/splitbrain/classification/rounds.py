"""Rounds: campaigns of the scenarios of all targets, until each class is settled or the seeds are used up."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from splitbrain import registry
from splitbrain.campaigns.calls import CampaignInterrupted, campaign
from splitbrain.campaigns.execute import CampaignProgress
from splitbrain.campaigns.record import CampaignFolder
from splitbrain.campaigns.tasks import RunLine
from splitbrain.classification.card import Card, CardSubject
from splitbrain.classification.evidence import RunEvidence
from splitbrain.classification.record import ClassificationFolder
from splitbrain.classification.rule import CapClass
from splitbrain.classification.scenarios import (
    SEEDS_BLOCK,
    Scenario,
    ScenarioPlan,
    WindowTimes,
    nothing_to_split,
    scenario_plan,
    seeds_of,
)
from splitbrain.classification.words import failover
from splitbrain.harness.announce import Say
from splitbrain.harness.errors import InfrastructureError, SplitbrainError
from splitbrain.harness.target import OneCopy
from splitbrain.results.folder import RunFolder
from splitbrain.results.result import RunStatus
from splitbrain.runner.plan import SIM
from splitbrain.runner.spec import RunSpec
from splitbrain.textbook.designs import OperationCost

BEGIN_NODES = 5
KEEP_BYTES = 1 << 50


@dataclass
class Classification:
    """One target under way. subject, plan: what it is, and what is done to it. runs: their evidence so far, by scenario
    and seed. used: rounds. failed: why runs could not be carried out."""

    subject: CardSubject
    plan: ScenarioPlan
    runs: dict[tuple[str, int], RunEvidence] = field(default_factory=dict)
    used: int = 0
    failed: list[str] = field(default_factory=list)

    @staticmethod
    def of(base: RunSpec) -> "Classification":
        """Begin with a target. UsageError if it does not exist, or if not even a run without faults fits it."""
        target = registry.target(base.target)
        made = scenario_plan(base)
        env = base.env or target.deployments[0].environment
        about = CardSubject(
            base.target, tuple(target.claims), env, base.nodes, nothing_to_split(target, base.nodes), made.not_run,
            registry.round_trip_ms(base.world) if env == SIM else None, summary=target.summary,
        )  # fmt: skip
        return Classification(about, made)

    @property
    def card(self) -> Card:
        """The card so far."""
        order = [scenario.name for scenario in self.plan.scenarios]
        runs = [self.runs[key] for key in sorted(self.runs, key=lambda key: (order.index(key[0]), key[1]))]
        return Card.of(replace(self.subject, failed=tuple(self.failed)), runs)

    def find_times(self, say: Say) -> None:
        """Let the length of windows follow from the failover and the latency that were measured."""
        card = self.card
        self.plan = replace(self.plan, times=WindowTimes.of(card.failover_ns, card.deadline_ns))
        if self.plan.times != WindowTimes():
            say(f"{self.subject.target}: windows of {self.plan.times.lasts:g} s: {failover(card)}; deadline "
                f"{card.deadline_ns / 1e9:.1f} s")  # fmt: skip

    @property
    def settled(self) -> bool:
        """Whether more runs would change nothing: the classes and claims are found, or what failed would fail again."""
        card = self.card
        finding = card.finding
        if finding.alarm or (self.failed and not self.runs):
            return True
        if any(standing.open and standing.more for standing in card.claim_standings.values()):
            return False
        return CapClass.UNDETERMINED not in (finding.cap, finding.reads, finding.writes)


def base_spec(target: str, nodes: int | None = None, **fields: object) -> RunSpec:
    """The run of a target, with everything but faults, workload, model and length; one node where that holds everything
    and no number was asked for."""
    found = registry.target(target)
    count = nodes or (1 if isinstance(found, OneCopy) and found.one_copy else BEGIN_NODES)
    return RunSpec(target, nodes=count, **fields)  # type: ignore[arg-type]


def carry_out(
    found: Sequence[Classification],
    folder: ClassificationFolder,
    *,
    seed: int,
    seeds: int,
    jobs: int | None,
    resume: bool,
    progress: Callable[[int, int], CampaignProgress],
    say: Say,
) -> None:
    """Run rounds until all are settled or have used their seeds. resume: take the runs that an earlier attempt left.
    progress: makes that of a round, from its number and how many targets it is about."""
    tests = {_test_of(one, scenario): (one, scenario.name) for one in found for scenario in one.plan.scenarios}
    if resume:
        _take_interrupted(found, tests, folder)
    else:
        for one in found:
            shutil.rmtree(folder.of(one.subject.target) / "runs", ignore_errors=True)
    shutil.rmtree(folder.campaigns, ignore_errors=True)
    for one in found:
        one.subject = replace(one.subject, costs=_costs(one, seed, say))
    folder.write([one.subject for one in found])
    for number in count():
        if number == 1:
            for one in found:
                one.find_times(say)
        # By the runs of the rounds before: with those that are kept a round may seem to be of no use.
        waiting = [one for one in found if number == 0 or not one.settled]
        if resume and number <= 1:
            _take_kept(found, number, folder, range((seed - 1) * SEEDS_BLOCK + 1, seed * SEEDS_BLOCK + 1))
        tables, left = _tests_of(waiting, number, seed, seeds)
        if not left:
            break
        if not tables:
            continue
        try:
            result = campaign(
                {"test": tables}, out=folder.campaigns, jobs=jobs, keep="all", keep_bytes=KEEP_BYTES, say=say,
                progress=progress(number, len(waiting)),
            )  # fmt: skip
        except CampaignInterrupted:
            again = f"the same command with --resume and --out {folder.path} goes on"
            raise KeyboardInterrupt(f"interrupted; {again}") from None
        _take_all(CampaignFolder.open(Path(result.folder)), tests, folder)
    folder.write([one.card.subject for one in found])
    shutil.rmtree(folder.campaigns, ignore_errors=True)


def _tests_of(
    waiting: Sequence[Classification], number: int, seed: int, seeds: int
) -> tuple[list[dict[str, Any]], bool]:
    """The campaign's tests of a round, without runs that are there, and whether any scenario has seeds left."""
    tables, left = list[dict[str, Any]](), False
    for one in waiting:
        for scenario in one.plan.of_round(number):
            drawn = seeds_of(scenario, max(0, number - 1), seed, seeds)
            left = left or bool(drawn)
            chosen = [number for number in drawn if (scenario.name, number) not in one.runs]
            if chosen:
                tables.append(one.plan.table(_test_of(one, scenario), scenario, chosen))
    return tables, left


def _costs(one: Classification, seed: int, say: Say) -> tuple[OperationCost, ...]:
    """The costs of operations without faults; none outside of the simulator, or of a cluster that does not come up."""
    if one.subject.env != SIM:
        return ()
    from splitbrain.textbook.costs import operation_costs

    try:
        return operation_costs(one.subject.target, one.subject.nodes, one.plan.base.world, seed)
    except InfrastructureError as error:
        say(f"what an operation costs was not measured: {error}")
        return ()


def _test_of(one: Classification, scenario: Scenario) -> str:
    """The name of the campaign's test that is a scenario of a target."""
    return f"{one.subject.target} · {scenario.name}"


def _take_interrupted(
    found: Sequence[Classification], tests: Mapping[str, tuple[Classification, str]], folder: ClassificationFolder
) -> None:
    """Move the runs of campaigns that were interrupted to their place."""
    for path in sorted({file.parent.resolve() for file in folder.campaigns.glob("*/campaign.toml")}):
        _take_all(CampaignFolder.open(path), tests, folder)
    for one in found:
        one.failed.clear()
        one.runs.clear()


def _take_kept(found: Sequence[Classification], number: int, folder: ClassificationFolder, seeds: range) -> None:
    """Take the runs that an earlier attempt with the same seed has left, of the scenarios of the first round or of all
    others. One that was another test than would be done now, or that would not be done, is removed."""
    for one in found:
        first = {scenario.name for scenario in one.plan.of_round(0)}
        for scenario, seed, path in list(folder.runs(one.subject.target)):
            if (scenario in first) is not (number == 0):
                continue
            if _command(path) == one.plan.command(scenario, seed) and seed in seeds:
                one.runs[scenario, seed] = folder.evidence_of(path, scenario, seed, again=False)
            else:
                shutil.rmtree(path)


def _command(path: Path) -> str | None:
    """The command that repeats a kept run; None if its folder is damaged."""
    try:
        return RunFolder(path).record().command
    except SplitbrainError:
        return None


def _take_all(
    made: CampaignFolder, tests: Mapping[str, tuple[Classification, str]], folder: ClassificationFolder
) -> None:
    for line in made.lines():
        if line.test in tests:
            one, name = tests[line.test]
            _take(one, name, line, made, folder)


def _take(
    one: Classification, scenario: str, line: RunLine, made: CampaignFolder, folder: ClassificationFolder
) -> None:
    """Move the folder of a run to its place, and read its evidence."""
    path, seed = made.folder_of(line), line.key[1]
    if line.status is RunStatus.INFRASTRUCTURE or path is None:
        reason = f"{scenario}: a run could not be carried out: {line.reason}"
        if reason not in one.failed:
            one.failed.append(reason)
        return
    place = folder.run_path(one.subject.target, scenario, seed)
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, place)
    one.runs[scenario, seed] = folder.evidence_of(place, scenario, seed, again=False)
