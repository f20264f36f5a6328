"""How does a wish become a result? Names are resolved and checked first, then one test is run, judged and kept.

The trap: everything that can be wrong with a wish must be said before anything starts, and everything that goes wrong
later must leave a folder that tells what happened until then.
"""

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from splitbrain import registry
from splitbrain.harness.budget import Budget
from splitbrain.harness.controller import Test, run_test
from splitbrain.harness.deployment import Deployment, External, Host, Served
from splitbrain.harness.environment import Environment, Providing
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.fault import applicable
from splitbrain.harness.generator.schedule import Schedule, schedule
from splitbrain.harness.histories import Recorder
from splitbrain.harness.history import History
from splitbrain.harness.logs import CRASHES, examine
from splitbrain.harness.nemesis import NemesisRunner
from splitbrain.harness.options import Setting, settle
from splitbrain.harness.progress import Progress
from splitbrain.harness.target import Logged, Provided, Target
from splitbrain.harness.verdict import Verdict
from splitbrain.judging import Judge, combined
from splitbrain.results.crash_logs import write_crash_log
from splitbrain.results.folder import RUNS, RunFolder
from splitbrain.results.recipe import Recipe
from splitbrain.results.result import Cost, Result
from splitbrain.workloads.workload import Size, Workload

DEFAULT_WORKLOAD = "register"


SHOWN = (
    "workload", "nemesis", "nemesis_interval", "nemesis_duration", "env", "nodes", "concurrency", "rate", "time_limit",
    "timeout", "respawn", "hosts",
)  # fmt: skip
"""What of a wish stands in the command that repeats it, in this order, where it is not the default."""


@dataclass(frozen=True)
class Wish:
    """What a user asked for. Times in seconds; rate in operations a second over all clients, 0 for no limit.

    workload: "" for the first that fits the target. env: None for the first that the target offers. settings: options
    of the workload, as typed. nemesis_interval: from one fault to the next; nemesis_duration: how long each lasts; None
    for what suits the time limit. respawn: whether nodes that end by themselves are started again at once; simulated
    ones always are. hosts: the file that names the machines of `--env ssh`.
    """

    target: str
    seed: int
    workload: str = DEFAULT_WORKLOAD
    nemesis: str = ""
    env: str | None = None
    nodes: int = 5
    concurrency: int = 10
    rate: float = 100.0
    time_limit: float = 60.0
    timeout: float = 5.0
    settings: Mapping[str, str] = field(default_factory=dict)
    nemesis_interval: float | None = None
    nemesis_duration: float | None = None
    respawn: bool = False
    hosts: str | None = None

    def command(self) -> str:
        """The command line that repeats this run: what differs from the defaults, and the seed."""
        words = ["splitbrain", "run", self.target]
        plain = Wish(self.target, self.seed)
        for name in SHOWN:
            value = getattr(self, name)
            if value != getattr(plain, name):
                words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value).removesuffix(".0")])]
        for key, text in self.settings.items():
            words += ["--set", f"{key}={text}"]
        return shlex.join([*words, "--seed", str(self.seed)])


@dataclass(frozen=True)
class Prepared:
    """A wish whose names are resolved and whose parts fit each other."""

    wish: Wish
    target: Target
    workload: Workload
    settings: Mapping[str, Setting]
    deployment: Deployment
    environment: Environment
    schedule: Schedule
    recipe: Recipe

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes' names."""
        return tuple(f"n{i + 1}" for i in range(self.wish.nodes))


def prepare(wish: Wish) -> Prepared:
    """Resolve and check everything. UsageError says what does not exist or does not fit; nothing was started."""
    _within(wish)
    target = registry.target(wish.target)
    if not wish.workload:
        wish = replace(wish, workload=next(registry.fitting(target), DEFAULT_WORKLOAD))
    workload = registry.workload(wish.workload)
    missing = registry.missing(workload, target)
    if missing:
        raise UsageError(
            f"workload {wish.workload} needs {', '.join(missing)}, which {wish.target} does not have; "
            f"workloads that fit: {', '.join(registry.fitting(target)) or 'none'}"
        )
    settings = settle(workload.options, wish.settings, f"workload {wish.workload}")
    deployment = _deployment(target, wish)
    if wish.respawn:
        deployment = _respawning(deployment)
    if isinstance(deployment, External):
        wish = replace(wish, nodes=len(deployment.endpoints))
    environment = _environment(deployment, wish)
    faults = registry.parse_faults(wish.nemesis)
    for fault in faults:
        for kind in fault.needs:
            inability = environment.unsupported(kind, deployment)
            if inability is not None:
                raise UsageError(
                    f"--nemesis {fault.name} cannot be done with --env {environment.name}: {inability.reason}"
                )
    names = tuple(f"n{i + 1}" for i in range(wish.nodes))
    for fault in faults:
        if not applicable(fault, names):
            raise UsageError(
                f"--nemesis {fault.name} ({', '.join(fault.variants)}) needs more than {wish.nodes} --nodes: "
                "name faults without it, or take more"
            )
    recipe = Recipe(
        command=wish.command(),
        target=wish.target,
        workload=wish.workload,
        env=environment.name,
        nodes=wish.nodes,
        concurrency=wish.concurrency,
        rate=wish.rate,
        time_limit=wish.time_limit,
        timeout=wish.timeout,
        seed=wish.seed,
        nemesis=tuple(fault.name for fault in faults),
        nemesis_interval=wish.nemesis_interval,
        nemesis_duration=wish.nemesis_duration,
        respawn=wish.respawn,
        options=target.settings,
        settings=settings,
    )
    plan = schedule(
        faults,
        names,
        wish.time_limit,
        wish.seed,
        interval_s=wish.nemesis_interval,
        duration_s=wish.nemesis_duration,
    )
    if isinstance(target, Provided):
        target.provide(deployment)
    if isinstance(environment, Providing):
        environment.provide(deployment)
    return Prepared(wish, target, workload, settings, deployment, environment, plan, recipe)


def execute(
    prepared: Prepared, budget: Budget, out: Path = RUNS, progress: Progress | None = None
) -> tuple[Result, RunFolder]:
    """Run, judge, keep. The result may be `infrastructure`; the folder is there in any case.

    KeyboardInterrupt passes through, after everything was healed and closed and the history was kept.
    """
    environment, recipe = prepared.environment, prepared.recipe
    folder = RunFolder.create(recipe, out)
    recorder = Recorder(folder.history_path, environment.now)
    began = time.perf_counter()
    test, track = _test(prepared, folder)
    notes = tuple(prepared.schedule.missing.values())
    if isinstance(prepared.target, Provided):
        notes = (*prepared.target.notices(), *notes)
    try:
        conducted = environment.run(lambda: run_test(test, recorder, track, progress))
    except InfrastructureError as error:
        result = Result.failed(recorder.history, recipe, str(error), Cost(run=time.perf_counter() - began), notes)
    else:
        running = time.perf_counter() - began
        notes += (*write_crash_log(conducted.deaths, folder), *conducted.warnings)
        beside = (*conducted.audits, *_logged(prepared, folder))
        result = judged(recorder.history, prepared, budget, running, notes, beside)
    finally:
        recorder.close(compress=False)
    history = recorder.history
    folder.finish(history, result)
    return result, folder


def judged(
    history: History,
    prepared: Prepared,
    budget: Budget,
    running: float,
    notes: tuple[str, ...],
    beside: Sequence[Verdict] = (),
) -> Result:
    """The result of a run that went to its end. running: seconds it took. notes: see Result. beside: verdicts that rest
    on something other than the history: what the nodes say of themselves, and their logs."""
    judge = Judge.of_workload(prepared.wish.workload, prepared.settings)
    history.operations()
    began = time.perf_counter()
    verdict = combined(judge.name, (judge.verdict(history, budget), *beside))
    return Result.of_run(history, prepared.recipe, verdict, Cost(time.perf_counter() - began, run=running), notes)


def _logged(prepared: Prepared, folder: RunFolder) -> Sequence[Verdict]:
    """What the logs of real nodes say. Simulated nodes are programs whose errors end the run anyway."""
    if prepared.environment.deterministic:
        return ()
    found = examine(folder.logs, prepared.target.log_patterns if isinstance(prepared.target, Logged) else CRASHES)
    return () if found is None else (found,)


def _test(prepared: Prepared, folder: RunFolder) -> tuple[Test, NemesisRunner | None]:
    wish, workload, settings = prepared.wish, prepared.workload, prepared.settings
    size = Size(wish.concurrency, wish.nodes, wish.rate)
    test = Test(
        target=prepared.target,
        deployment=prepared.deployment,
        environment=prepared.environment,
        names=prepared.names,
        concurrency=wish.concurrency,
        rate=wish.rate,
        time_limit=wish.time_limit,
        timeout=wish.timeout,
        seed=wish.seed,
        main=workload.main(size, settings),
        final=lambda history: workload.final(size, settings, history),
        folder=folder.logs,
    )
    track = (
        NemesisRunner(prepared.schedule.slots, wish.seed, prepared.recipe.nemesis) if prepared.recipe.nemesis else None
    )
    return test, track


def _deployment(target: Target, wish: Wish) -> Deployment:
    offered = {deployment.environment: deployment for deployment in target.deployments}
    if wish.env is None:
        return target.deployments[0]
    registry.environment(wish.env)
    if wish.env not in offered:
        raise UsageError(f"{wish.target} does not run with --env {wish.env}; it does with {', '.join(offered)}")
    return offered[wish.env]


def _environment(deployment: Deployment, wish: Wish) -> Environment:
    made = registry.environment(deployment.environment)
    if isinstance(deployment, Host):
        if wish.hosts is None:
            raise UsageError("--env ssh needs --hosts FILE.toml, which names the machines")
        made = registry.on_hosts(wish.hosts, wish.nodes)
    elif wish.hosts is not None:
        raise UsageError(f"--hosts is for --env ssh, not --env {deployment.environment}")
    return made(wish.seed)


def _respawning(deployment: Deployment) -> Deployment:
    if isinstance(deployment, External):
        raise UsageError("--respawn is for nodes that are started here, and those of endpoints=… are not")
    return replace(deployment, respawn=True) if isinstance(deployment, Served) else deployment


def _within(wish: Wish) -> None:
    """Numbers that make sense."""
    if not 1 <= wish.nodes <= 100:
        raise UsageError(f"--nodes is a number from 1 to 100, not {wish.nodes}")
    if not 1 <= wish.concurrency <= 10_000:
        raise UsageError(f"--concurrency is a number from 1 to 10000, not {wish.concurrency}")
    if not 0 <= wish.rate < float("inf"):
        raise UsageError(f"--rate is a number of operations a second, 0 for no limit, not {wish.rate:g}")
    for name in ("time_limit", "timeout"):
        value = getattr(wish, name)
        if not 0 < value < float("inf"):
            raise UsageError(f"--{name.replace('_', '-')} is a number of seconds above 0, not {value:g}")
