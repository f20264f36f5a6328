"""The zoo: hunts for planted bugs, one by one, with the command that a user would type first.

A hunt runs a target that has a bug with one seed after the other, until a run is refuted or its CPU seconds are used
up. A check that refutes the correct store with the same options, faults and seeds as well tells nothing of the bug, and
the hunt goes on for another one. The correct store is hunted beside them with the same means, too: whatever refutes it
is a false alarm, unless it claims nothing with these options. Independent starts go over different seeds, and the
median counts.
"""

import importlib
import json
import shutil
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from splitbrain import registry
from splitbrain.checkers.claims import checker_of, models_claimed, properties_claimed
from splitbrain.checkers.lattice import implies
from splitbrain.harness.errors import UsageError
from splitbrain.harness.planted_bug import PartlyCovered, Planted, PlantedBug, by_name
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.results.result import Result, RunStatus
from splitbrain.runner.calls import run
from splitbrain.runner.checking import levels_claimed
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import RunPlan
from splitbrain.runner.plan import plan as planned
from splitbrain.runner.spec import CLAIM, RunSpec
from splitbrain.targets import STORES

HUNTED = tuple(reversed(STORES))
"""Hunted when nobody is named."""
SEEDS_A_START = 10_000
"""Seeds between two starts: the k-th start begins with seed k times this, and one."""
SECONDS_A_RUN = 15.0
"""Virtual seconds of a run: what is found at all is found early, and more seeds are more worlds."""
CONTROLS = 10
"""Runs of the correct store, at least, before a check tells a bug from it: with the first seeds of the hunt."""
BESIDE_MODEL = ("invariants", "audit", "liveness", "logs")
"""Checks that go by their own name; any other is the model's."""


@dataclass(frozen=True)
class HuntPlan:
    """The hunt for one bug. target: as for `splitbrain run`. bug: what is planted; None for a correct store. fields: of
    the run's specification, where they are not the defaults. correct: the target without the bug. claims: whether it
    claims anything. A refutation by a model or a property counts only if the target claims it. Where its default
    workload judges another model than it claims, runs are judged by the claim."""

    target: str
    store: str
    bug: PlantedBug | None = None
    fields: Mapping[str, Any] = field(default_factory=lambda: {"nemesis": "all"})
    correct: str = ""
    claims: bool = True


@dataclass(frozen=True)
class HuntResult:
    """The result of one hunt. by: the check that refuted the run. seeds: how many runs. run: the folder of the refuted
    run, command: what repeats it. unknown: how many runs ended so, and the last reason. common: checks that refuted a
    run, and the correct store, too."""

    found: bool
    seeds: int
    cpu_seconds: float
    by: str | None = None
    seed: int | None = None
    run: str | None = None
    command: str | None = None
    unknown: int = 0
    why_unknown: str = ""
    common: tuple[str, ...] = ()


@dataclass(frozen=True)
class BugResult:
    """All hunts for one plan, one a start."""

    plan: HuntPlan
    hunts: Sequence[HuntResult]

    @property
    def found(self) -> bool:
        """Whether most starts found it."""
        return 2 * sum(hunt.found for hunt in self.hunts) > len(self.hunts)

    @property
    def alarms(self) -> int:
        """The number of starts that were refuted, of a store that claims something."""
        return sum(hunt.found for hunt in self.hunts) if self.plan.claims else 0

    @property
    def common(self) -> list[str]:
        """The checks that refuted the correct store, too, and so told nothing."""
        return sorted({check for hunt in self.hunts for check in hunt.common})

    @property
    def first(self) -> HuntResult | None:
        """The first start that found it."""
        return next((hunt for hunt in self.hunts if hunt.found), None)

    @property
    def cpu_seconds(self) -> float:
        """The median over the starts; what was not found counts as long as it was hunted."""
        return statistics.median(hunt.cpu_seconds for hunt in self.hunts)

    def to_json(self) -> dict[str, Any]:
        """The line of `--json`."""
        first = self.first
        return {
            "bug": self.plan.target,
            "store": self.plan.store,
            "found": self.found,
            "by": first.by if first else None,
            "seed": first.seed if first else None,
            "seeds": statistics.median_low([hunt.seeds for hunt in self.hunts]),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "run": first.run if first else None,
            "command": first.command if first else None,
            "starts": len(self.hunts),
            "starts_found": sum(hunt.found for hunt in self.hunts),
            "common": self.common,
            "unknown": sum(hunt.unknown for hunt in self.hunts),
        }


def hunt_plans(words: Sequence[str], *, aimed: bool, time_limit: float = SECONDS_A_RUN) -> list[HuntPlan]:
    """The hunts that the words of a command mean: every bug of a store, one bug of it, or those of a target of a user's
    own; and the correct stores beside them. time_limit: of each run. UsageError for what has no catalogue."""
    found: list[HuntPlan] = []
    correct: dict[tuple[str, str], HuntPlan] = {}
    for word in words or HUNTED:
        name, given = _split(word)
        kind = registry.target_class(word)
        if not isinstance(kind, Planted) or not kind.bugs:
            raise UsageError(f"{name} has no catalogue of planted bugs: its class names one as `bugs = 'module:NAME'`")
        module, _, attribute = kind.bugs.partition(":")
        catalogue = by_name(getattr(importlib.import_module(module), attribute))
        wanted, at, place = given.pop("bug", "").partition("@")
        if wanted and wanted not in catalogue:
            hint = did_you_mean(wanted, catalogue, f"there are {', '.join(catalogue)}")
            raise UsageError(f"{name}: there is no bug {wanted!r}{hint}")
        for bug in catalogue.values():
            if wanted not in ("", bug.name) or any(bug.needs.get(key, value) != value for key, value in given.items()):
                continue
            options = {**given, **bug.needs}
            beside = _spelled(name, options)
            try:
                store = registry.target(beside)
            except UsageError:
                if wanted or not bug.needs:
                    raise
                continue  # what the bug needs does not go with what is given
            faults = bug.faults or (store.covered if isinstance(store, PartlyCovered) else "all")
            plain: dict[str, Any] = {"nemesis": faults, "time_limit": time_limit}
            claims = bool(store.claims)
            plan = HuntPlan(beside, name, fields={**plain, **judged_by(beside, plain)}, claims=claims)
            correct.setdefault((beside, faults), plan)
            fields = {**plain, **_aimed(bug)} if aimed else plain
            fields = {**fields, **judged_by(beside, fields)}
            target = _spelled(name, {**options, "bug": f"{bug.name}{at}{place}"})
            found.append(HuntPlan(target, name, bug, fields, beside, claims))
    return [*found, *correct.values()]


def hunt_all(
    plans: Sequence[HuntPlan], out: Path, *, starts: int = 1, cpu_limit: float = 60.0, jobs: int = 1
) -> Iterator[BugResult]:
    """HuntResult each, in order; out: where the folders of refuted runs go."""
    with ProcessPoolExecutor(jobs, initializer=_leave_nothing) as pool:
        under_way = [[pool.submit(hunt, one, start, cpu_limit, out) for start in range(starts)] for one in plans]
        try:
            for one, futures in zip(plans, under_way, strict=True):
                yield BugResult(one, [future.result() for future in futures])
        finally:
            pool.shutdown(cancel_futures=True)


def _leave_nothing() -> None:
    """Have a process of the pool remove its scratch folder in the end: a fork calls nothing of `atexit`."""
    Finalize(None, registry.end_scratch, exitpriority=1)


def hunt(plan: HuntPlan, start: int, cpu_limit: float, out: Path) -> HuntResult:
    """Run one seed after the other, at least one, until a check tells the bug or the CPU seconds are used up; runs of
    the correct store are not counted among them."""
    seeds, spent, unknown, why = 0, 0.0, 0, ""
    common: set[str] = set()
    while not seeds or spent < cpu_limit:
        seeds += 1
        seed = start * SEEDS_A_START + seeds
        began = time.process_time()
        with registry.scratch() as folder:
            result, checks, left = _attempt(RunSpec(plan.target, seed=seed, **plan.fields), folder)
            spent += time.process_time() - began
            if plan.correct:
                common |= _refuting_correct(plan, {*checks} - common, start, max(seeds, CONTROLS))
            by = next((check for check in checks if check not in common), None)
            if by is not None and left is not None:
                kept = _moved(left, out / f"{_word(plan.target)}-seed{seed}")
                command = result.record.command if result.record else None
                told = tuple(sorted(common))
                return HuntResult(True, seeds, spent, by, seed, str(kept), command, unknown, why, told)
        if result.status not in (RunStatus.VALID, RunStatus.INVALID):
            unknown, why = unknown + 1, result.sentence
    return HuntResult(False, seeds, spent, unknown=unknown, why_unknown=why, common=tuple(sorted(common)))


def _attempt(spec: RunSpec, folder: Path | None) -> tuple[Result, list[str], Path | None]:
    """One run, the checks that refuted it (see `telling`), and its folder if there are any, and it is to be kept."""
    made = planned(spec)
    if made.environment.deterministic:
        with execute_in_memory(made) as held:
            checks = telling(made, held.result)
            left = held.keep(made.record(), folder).path if checks and folder else None
            return held.result, checks, left
    with registry.scratch() as nowhere:
        done = run(spec, out=folder or nowhere)
    return done.result, telling(made, done.result), done.folder.path if folder else None


def _moved(left: Path, keep: Path) -> Path:
    """The folder of a run at the place where it is kept."""
    keep.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(keep, ignore_errors=True)
    shutil.move(left, keep)
    return keep


def _refuting_correct(plan: HuntPlan, checks: set[str], start: int, seeds: int) -> set[str]:
    """Subset of the checks: those that refute the correct store with any of the first seeds of a start."""
    fields, first = json.dumps(plan.fields, sort_keys=True), start * SEEDS_A_START + 1
    found: set[str] = set()
    for seed in range(first, first + seeds):
        if found == checks:
            break
        found |= checks.intersection(_control(plan.correct, fields, seed))
    return found


@cache
def _control(target: str, fields: str, seed: int) -> tuple[str, ...]:
    """The checks that refute one run of a correct store; kept, as all bugs of a store are compared with it."""
    return tuple(_attempt(RunSpec(target, seed=seed, **json.loads(fields)), None)[1])


def judged_by(target: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """The model of a run as a field of its specification: the target's claim, where that is another one than its
    workload judges."""
    made = planned(RunSpec(target, **fields))
    claimed, judged = models_claimed(made.target.claims), made.workload.model
    by_claim = claimed and judged is not None and not any(implies(model, judged) for model in claimed)
    by_claim = by_claim or levels_claimed(made.workload, made.target.claims)
    by_claim = by_claim or (judged is None and properties_claimed(made.target.claims))
    return {"model": CLAIM} if by_claim else {}


def telling(made: RunPlan, result: Result) -> list[str]:
    """The checks that refuted a run, the model first if it did, without what its target does not claim."""
    if result.status is not RunStatus.INVALID:
        return []
    claimed, judged = models_claimed(made.target.claims), made.workload.model
    by_model = bool(claimed) and (
        made.spec.model == CLAIM or judged is None or any(implies(model, judged) for model in claimed)
    )
    decisive = {*BESIDE_MODEL, *map(checker_of, properties_claimed(made.target.claims))}
    names = [name for name in refutations(result.verdict) if by_model or name in decisive]
    return sorted(names, key=lambda name: name in BESIDE_MODEL)


def refutations(verdict: Verdict | None) -> list[str]:
    """All checks that refuted a run: models by their names, and others by theirs."""
    if verdict is None or verdict.value is not Validity.INVALID:
        return []
    checks = [child for child in verdict.children if child.value is Validity.INVALID] or [verdict]
    return [check.checker if check.checker in BESIDE_MODEL else check.model or check.checker for check in checks]


def _aimed(bug: PlantedBug) -> dict[str, Any]:
    fields: dict[str, Any] = {"nemesis": bug.aim.nemesis, "settings": dict(bug.aim.settings)}
    return {**fields, "workload": bug.aim.workload} if bug.aim.workload else fields


def _split(word: str) -> tuple[str, dict[str, str]]:
    """The name of a target, and its options."""
    name, _, options = word.partition(":")
    if name not in registry.TARGETS:
        attribute, _, options = options.partition(":")
        name = f"{name}:{attribute}"
    return name, registry.assignments(options, word)


def _spelled(name: str, options: Mapping[str, str]) -> str:
    words = ",".join(f"{key}={value}" for key, value in options.items())
    return f"{name}:{words}" if words else name


def _word(target: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in target)
