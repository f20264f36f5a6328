"""Scenarios: what is done to a cluster so that it can be classified, each as one test of a campaign.

Splits come with the leader on the smaller and on the larger side, in windows that are long against a failover; what
else can go wrong comes in windows of its own, a scenario a kind. Every run reads and writes the same keys through every
node (workload `availability`), and is judged by the whole spectrum of models.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.classification.evidence import HEALTHY, SPLITS
from splitbrain.harness.errors import UsageError
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

WORKLOAD, MODEL = "availability", "spectrum"
CLIENTS = 4
"""Clients a node."""
RATE, OTHER_RATE = 100.0, 60.0
"""Operations a second where the network splits, and under other faults, on which no class rests."""
HEALTHY_RATE = 400.0
"""Operations a second without faults: so many that copies which lag by a millisecond are seen to."""
TIMEOUT_S = 3.0
"""The patience of clients: longer than the deadline, so that late answers are seen to be late."""
FIRST_S, LASTS_S, PAUSE_S = 2.0, 7.0, 4.0
"""Times of the windows: when the first begins, how long each is, and the time between two."""
HEALTHY_S = 5.0
CONFIGURATIONS = 20_000
"""The states that a search for an order may visit: many times what it takes for any model that was ever found to hold
of such a run. Without a bound a search for a sequential order of a history that has none takes minutes."""


@dataclass(frozen=True)
class Scenario:
    """One thing that is done, `windows` times in a run. fault: as `--nemesis` takes it; "" for nothing. nodes: the
    fewest for which it makes sense. split: whether the network splits. first, more: how many seeds it has in the first
    round, and in each later one."""

    name: str
    fault: str = ""
    windows: int = 0
    nodes: int = 1
    split: bool = False
    first: int = 2
    more: int = 0

    @property
    def slug(self) -> str:
        """The name as part of the name of a folder."""
        return self.name.replace(", ", "-").replace(" ", "-")

    @property
    def seconds(self) -> float:
        """The length of the main phase."""
        return FIRST_S + self.windows * (LASTS_S + PAUSE_S) if self.windows else HEALTHY_S

    @property
    def schedule(self) -> str:
        """The faults, as a schedule file."""
        starts = [FIRST_S + number * (LASTS_S + PAUSE_S) for number in range(self.windows)]
        blocks = [f'[[fault]]\nfault = "{self.fault}"\nstart = {start}\nduration = {LASTS_S}\n' for start in starts]
        return "format = 1\n" + "".join(blocks)


SCENARIOS: Sequence[Scenario] = (
    Scenario(HEALTHY, first=8),
    Scenario(SPLITS[0], "partition:topology=leader-in-minority,mode=lose", 3, 3, True, 4, 2),
    Scenario(SPLITS[1], "partition:topology=leader-in-majority,mode=lose", 3, 3, True, 4, 2),
    Scenario("crash of one node", "kill:size=one,aim=anyone", 2, first=4),
    Scenario("crash of a minority", "kill:size=minority,aim=anyone", 2, 3),
    Scenario("crash of a majority", "kill:size=majority,aim=anyone", 2, 3),
    Scenario("crash of the leader", "kill:size=one,aim=leader", 2, 2),
    Scenario("pause of the leader", "pause:size=one,aim=leader", 2),
    Scenario("skewed clocks", "clock:kind=offset", 2),
)


@dataclass(frozen=True)
class ScenarioPlan:
    """The scenarios of one target. base: the run without faults. not_run: name → why it cannot be done here."""

    base: RunSpec
    scenarios: Sequence[Scenario]
    not_run: dict[str, str]

    def spec(self, scenario: Scenario) -> RunSpec:
        """The run of a scenario, without a seed."""
        if not scenario.windows:
            return replace(self.base, rate=HEALTHY_RATE)
        rate = self.base.rate if scenario.split else OTHER_RATE
        return replace(self.base, schedule=scenario.schedule, time_limit=scenario.seconds, rate=rate)

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
    plan(replace(base, seed=1))
    possible, not_run = [SCENARIOS[0]], dict[str, str]()
    for scenario in SCENARIOS[1:]:
        if base.nodes < scenario.nodes:
            not_run[scenario.name] = f"it takes {scenario.nodes} nodes at least, and there is {base.nodes}"
            continue
        try:
            plan(replace(ScenarioPlan(base, (), {}).spec(scenario), seed=1))
        except UsageError as error:
            not_run[scenario.name] = str(error)
        else:
            possible.append(scenario)
    return ScenarioPlan(base, possible, not_run)


def seeds_of(scenario: Scenario, number: int, seed: int, most: int) -> range:
    """The seeds of a scenario in a round, counted from 0; none once `most` of them were used. seed: which block of
    seeds it draws from: different ones have none in common."""
    start = 0 if number == 0 else scenario.first + (number - 1) * scenario.more
    stop = min(most, scenario.first + number * scenario.more)
    origin = (seed - 1) * SEEDS_BLOCK + 1
    return range(origin + start, origin + max(start, stop))


SEEDS_BLOCK = 1000
"""The most seeds that a scenario may have."""
