"""Grid: the tests that the tables of a file multiply to, and the tasks that tests and seeds multiply to.

Everything is planned here, so that what does not exist or does not fit is told before anything starts.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from splitbrain import registry
from splitbrain.campaigns.file import GUIDE, GUIDES, NAME, OPTIONS, SEEDS, SET, CampaignFile, TestTable, known_kind
from splitbrain.harness.errors import UsageError
from splitbrain.runner.plan import SIM, RunPlan, plan
from splitbrain.runner.spec import RunSpec

IN_NAME = ("target", "workload", "nemesis")
NO_FAULTS = "no faults"


@dataclass(frozen=True)
class CampaignTest:
    """One test of a campaign: a run with every one of some seeds.

    name: unique in the campaign. spec: without a seed. seeds: at least one. expect: "valid": on every seed; "invalid":
    on at least one. known: why a refutation is accepted. plan: with the first seed. kept: seeds that failed at some
    time and were kept, which are tried before all others; also some that are in `seeds`. guided: whether what its runs
    reach leads to the next.
    """

    name: str
    spec: RunSpec
    seeds: tuple[int, ...]
    expect: str
    known: str | None
    plan: RunPlan
    kept: tuple[int, ...] = ()
    guided: bool = False

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seeds, and those that were kept, each once."""
        return tuple(dict.fromkeys((*self.kept, *self.seeds)))

    @property
    def workload(self) -> str:
        """The workload, also where the file leaves it to the target."""
        return self.plan.spec.workload or ""


def grid(file: CampaignFile) -> tuple[CampaignTest, ...]:
    """The tests of a campaign, in the order of the file. UsageError, with the line, for a name that does not exist, a
    pair that does not fit, or a name of a test that stands twice."""
    found: dict[str, tuple[int, CampaignTest]] = {}
    for table in file.tables:
        for test in _tests(file, table):
            if test.name in found:
                twice = f"a test called {test.name!r} stands here and in table {found[test.name][0] + 1}"
                raise file.wrong(table.index, NAME if table.name else None, f"{twice}: give one another name")
            found[test.name] = table.index, test
    return tuple(test for _, test in found.values())


def breadth_first(
    tests: Sequence[CampaignTest], first: Iterable[tuple[str, int]] = ()
) -> Iterator[tuple[CampaignTest, int]]:
    """Every test with every one of its seeds: those that were kept, then those in `first`, by name, before the others,
    which go through the first seed of every test, then the second, so that a campaign that is cut short has looked
    everywhere."""
    by_name = {test.name: test for test in tests}
    kept = [(test.name, seed) for test in tests for seed in test.kept]
    again = [(name, seed) for name, seed in first if name in by_name and seed in by_name[name].seeds]
    urgent = dict.fromkeys([*kept, *again])
    yield from ((by_name[name], seed) for name, seed in urgent)
    for nth in range(max((len(test.seeds) for test in tests), default=0)):
        for test in tests:
            if nth < len(test.seeds) and (test.name, test.seeds[nth]) not in urgent:
                yield test, test.seeds[nth]


def _tests(file: CampaignFile, table: TestTable) -> Iterator[CampaignTest]:
    """The tests that one table multiplies to."""
    several = [key for key, values in table.options.items() if len(values) > 1]
    for values in itertools.product(*table.options.values()):
        chosen = dict(zip(table.options, values, strict=True))
        with _located(file, table, "target"):
            registry.target(chosen["target"])
        if "workload" in chosen:
            with _located(file, table, "workload"):
                registry.workload(chosen["workload"])
        with _located(file, table, "nemesis"):
            registry.parse_faults(chosen.get("nemesis", ""))
        with _located(file, table, None):
            given = {OPTIONS[key].name: value for key, value in chosen.items()}
            spec = RunSpec(**given, known=known_kind(table.known))
            planned = plan(replace(spec, seed=table.seeds[0]))
        guided = table.guide != GUIDES[0]
        if guided and planned.spec.env != SIM:
            wrong = (
                f"guide = {table.guide!r} needs the simulator, where nodes are heard, not env = {planned.spec.env!r}"
            )
            raise file.wrong(table.index, GUIDE, wrong)
        name = _name(table, chosen, planned, several)
        yield CampaignTest(name, spec, table.seeds, table.expect, table.known, planned, guided=guided)


@contextmanager
def _located(file: CampaignFile, table: TestTable, key: str | None) -> Iterator[None]:
    """Give a UsageError the line of a key of the table, or of the table."""
    try:
        yield
    except UsageError as error:
        raise file.wrong(table.index, key, str(error)) from None


def _name(table: TestTable, chosen: dict[str, Any], planned: RunPlan, several: Sequence[str]) -> str:
    """The name that was given, with what multiplies; else target, workload, faults, and what else the table says."""
    if table.name:
        parts = [table.name, *(_shown(key, chosen[key]) for key in several)]
    else:
        workload = planned.asked.workload or planned.spec.workload or ""
        parts = [str(chosen["target"]), workload, str(chosen.get("nemesis") or NO_FAULTS)]
        said = (key for key in OPTIONS if key not in IN_NAME and (key in table.own or key in several))
        parts += [_shown(key, chosen[key]) for key in said if key != SEEDS]
    return " · ".join(parts)


def _shown(key: str, value: Any) -> str:
    if key in IN_NAME:
        return str(value) or NO_FAULTS
    declared = OPTIONS[key]
    if key == SET:
        return ",".join(f"{name}={text}" for name, text in declared.value(value).items())
    return f"{key}={declared.shown(declared.value(value))}"
