"""Scenarios: what is done to a cluster so that it can be classified, each as one test of a campaign.

Splits come with the leader on the smaller and on the larger side, or in one kind where no node leads; what else can go
wrong comes in windows of its own, a scenario a kind. Every run reads and writes the same keys through every node
(workload `availability`), and is judged by the whole spectrum of models.

How long windows are follows from how long a failover takes: that is measured first, in one long split of each kind
(`PROBES`), on which no figure of a card rests.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain import registry
from splitbrain.classification.availability import USEFUL_NS
from splitbrain.classification.evidence import FAILOVERS, HEALTHY, LEADERLESS_SPLIT, SPLITS
from splitbrain.harness.errors import UsageError
from splitbrain.harness.target import Leaderless, OneCopy, SharedStorage, Target
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

WORKLOAD, MODEL = "availability", "spectrum"
CLIENTS = 4
"""Clients a node."""
RATE, OTHER_RATE = 100.0, 60.0
"""Operations a second where the network splits, and under other faults, on which no class rests."""
HEALTHY_RATE = 400.0
"""Operations a second without faults: so many that copies which lag by a millisecond are seen to."""
TIMEOUT_S, LASTS_S, PAUSE_S = 3.0, 7.0, 4.0
"""The least patience of clients, length of windows, and time between two."""
SKEWED = "skewed clocks"
FIRST_S = 2.0
"""The time at which the first window begins."""
PROBE_S = 60.0
"""The length of the split in which the failover is measured: a node that is silent for longer does not serve."""
LATE_S = 1.0
"""The time for which a client waits on after the deadline, so that late answers are seen to be late."""
MARGIN = 2.0
"""The factor by which a failover may take longer than the one that was measured: timeouts of elections are drawn from
one to two times of a length (Ongaro and Ousterhout, In Search of an Understandable Consensus Algorithm, 2014)."""
HEALTHY_S = 5.0
CONFIGURATIONS = 20_000
"""The states that a search for an order may visit: many times what it takes for any model that was ever found to hold
of such a run. Without a bound a search for a sequential order of a history that has none takes minutes."""


@dataclass(frozen=True)
class WindowTimes:
    """Times of windows, in seconds. lasts: the length of one. pause: from one to the next. timeout: the patience of
    clients."""

    lasts: float = LASTS_S
    pause: float = PAUSE_S
    timeout: float = TIMEOUT_S

    @staticmethod
    def of(failover_ns: int, deadline_ns: int) -> "WindowTimes":
        """Windows in which, after a failover and once clients that waited for an answer in vain ask again, operations
        count for USEFUL_NS before the last deadline; in whole seconds."""
        deadline, useful = deadline_ns / 1e9, USEFUL_NS / 1e9
        timeout, failover = max(TIMEOUT_S, deadline + LATE_S), MARGIN * failover_ns / 1e9
        lasts = math.ceil(max(LASTS_S, max(failover, timeout) + deadline + useful))
        return WindowTimes(float(lasts), max(PAUSE_S, float(math.ceil(failover_ns / 1e9))), timeout)


@dataclass(frozen=True)
class Scenario:
    """One thing that is done, `windows` times in a run. fault: as `--nemesis` takes it; "" for nothing. nodes: the
    fewest for which it makes sense. split: whether the network splits. first, more: how many seeds it has in the first
    round, and in each later one. times: of its windows. probe: whether it measures how long these have to be. leader:
    whether it is for targets whose nodes have a leader, or for others; None for all."""

    name: str
    fault: str = ""
    windows: int = 0
    nodes: int = 1
    split: bool = False
    first: int = 2
    more: int = 0
    times: WindowTimes = WindowTimes()
    probe: bool = False
    leader: bool | None = None

    @property
    def slug(self) -> str:
        """The name as part of the name of a folder."""
        return self.name.replace(", ", "-").replace(" ", "-")

    @property
    def seconds(self) -> float:
        """The length of the main phase."""
        return FIRST_S + self.windows * (self.times.lasts + self.times.pause) if self.windows else HEALTHY_S

    @property
    def schedule(self) -> str:
        """The faults, as a schedule file."""
        lasts, pause = self.times.lasts, self.times.pause
        starts = [FIRST_S + number * (lasts + pause) for number in range(self.windows)]
        blocks = [f'[[fault]]\nfault = "{self.fault}"\nstart = {start}\nduration = {lasts}\n' for start in starts]
        return "format = 1\n" + "".join(blocks)


SCENARIOS: Sequence[Scenario] = (
    Scenario(HEALTHY, first=8),
    Scenario(SPLITS[0], "partition:topology=leader-in-minority,mode=lose", 3, 3, True, 4, 2, leader=True),
    Scenario(SPLITS[1], "partition:topology=leader-in-majority,mode=lose", 3, 3, True, 4, 2, leader=True),
    Scenario(LEADERLESS_SPLIT, "partition:topology=majority-minority,mode=lose", 3, 3, True, 4, 2, leader=False),
    Scenario("crash of one node", "kill:size=one,aim=anyone", 2, first=4),
    Scenario("crash of a minority", "kill:size=minority,aim=anyone", 2, 3),
    Scenario("crash of a majority", "kill:size=majority,aim=anyone", 2, 3),
    Scenario("crash of the leader", "kill:size=one,aim=leader", 2, 2, leader=True),
    Scenario("pause of the leader", "pause:size=one,aim=leader", 2, leader=True),
    Scenario("pause of one node", "pause:size=one,aim=anyone", 2, leader=False),
    Scenario(SKEWED, "clock:kind=offset", 2),
)
PROBES: Sequence[Scenario] = tuple(
    replace(split, name=name, windows=1, first=1, more=0, probe=True, times=WindowTimes(lasts=PROBE_S))
    for name, split in zip(FAILOVERS, (one for one in SCENARIOS if one.split), strict=True)
)  # fmt: skip


@dataclass(frozen=True)
class ScenarioPlan:
    """The scenarios of one target, with probes. base: the run without faults. not_run: name → why it cannot be done
    here. times: of the windows of all that are no probes."""

    base: RunSpec
    scenarios: Sequence[Scenario]
    not_run: dict[str, str]
    times: WindowTimes = WindowTimes()

    def of_round(self, number: int) -> Sequence[Scenario]:
        """The scenarios of a round: in the first those by which the length of windows is found, then all others."""
        return [one for one in self.scenarios if (number == 0) == (one.probe or not one.windows)]

    def spec(self, scenario: Scenario) -> RunSpec:
        """The run of a scenario, without a seed."""
        if not scenario.windows:
            return replace(self.base, rate=HEALTHY_RATE)
        made = scenario if scenario.probe else replace(scenario, times=self.times)
        judge, rate = self.base.model, self.base.rate
        if scenario.probe:
            judge, rate = None, OTHER_RATE
        elif not scenario.split:
            rate = OTHER_RATE
        return replace(
            self.base, schedule=made.schedule, time_limit=made.seconds, rate=rate, model=judge,
            timeout=made.times.timeout,
        )  # fmt: skip

    def command(self, scenario: str, seed: int) -> str | None:
        """The command that repeats one run; None for a scenario that is not done."""
        found = next((one for one in self.scenarios if one.name == scenario), None)
        return None if found is None else replace(self.spec(found), seed=seed).command()

    def table(self, name: str, scenario: Scenario, seeds: Sequence[int]) -> dict[str, Any]:
        """The `[[test]]` table of a scenario in a campaign's file."""
        plain = self.spec(scenario).to_plain()
        options = {key.replace("_", "-"): value for key, value in plain.items() if key != "settings" and value != ""}
        return {**options, "name": name, "seeds": list(seeds)}


def scenario_plan(base: RunSpec) -> ScenarioPlan:
    """The scenarios that can be done to a target where it runs. base: its run, with everything but faults, workload,
    model and length. UsageError if even the healthy run cannot be planned."""
    clients = CLIENTS * base.nodes
    base = replace(
        base, workload=WORKLOAD, model=MODEL, rate=RATE, timeout=TIMEOUT_S, time_limit=HEALTHY_S, concurrency=clients,
        budget=replace(base.budget, configurations=CONFIGURATIONS),
    )  # fmt: skip
    target = registry.target(base.target)
    lacks = registry.missing(registry.workload(WORKLOAD), target)
    if lacks:
        raise UsageError(
            f"{base.target} cannot be classified: a class is about reads and writes of single keys, and it has no "
            f"{' and no '.join(lacks)}; workloads that fit: {', '.join(registry.fitting(target)) or 'none'}"
        )
    plan(replace(base, seed=1))
    led = not (isinstance(target, Leaderless) and target.leaderless)
    whole = nothing_to_split(target, base.nodes)
    possible, not_run = [SCENARIOS[0]], dict[str, str]()
    for scenario in SCENARIOS[1:]:
        if (scenario.leader is not None and scenario.leader is not led) or (whole and scenario.split):
            continue
        if base.nodes < scenario.nodes:
            not_run[scenario.name] = f"it takes {scenario.nodes} nodes at least, and there is {base.nodes}"
            continue
        try:
            plan(replace(ScenarioPlan(base, (), {}).spec(scenario), seed=1))
        except UsageError as error:
            not_run[scenario.name] = str(error)
        else:
            possible.append(scenario)
    faults = {scenario.fault for scenario in possible}
    return ScenarioPlan(base, [*possible, *(probe for probe in PROBES if probe.fault in faults)], not_run)


def nothing_to_split(target: Target, nodes: int) -> bool:
    """Whether there is one copy of everything, which no split separates from any of so many nodes."""
    if isinstance(target, SharedStorage) and target.shared_storage:
        return True
    return isinstance(target, OneCopy) and target.one_copy and nodes == 1


def seeds_of(scenario: Scenario, number: int, seed: int, most: int) -> range:
    """The seeds of a scenario in its rounds, counted from 0; none once `most` of them were used. seed: which block of
    seeds it draws from: different ones have none in common."""
    start = 0 if number == 0 else scenario.first + (number - 1) * scenario.more
    stop = min(most, scenario.first + number * scenario.more)
    origin = (seed - 1) * SEEDS_BLOCK + 1
    return range(origin + start, origin + max(start, stop))


SEEDS_BLOCK = 1000
"""The most seeds that a scenario may have."""
