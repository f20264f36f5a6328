"""RunPlan: a specification whose names are resolved and whose parts fit each other.

Planning starts, fetches and builds nothing; UsageError says what does not exist or does not fit.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from splitbrain import registry
from splitbrain.harness.deployment import Deployment, External, Host, Served
from splitbrain.harness.environment import Environment
from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault, applicable, narrowed
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import Schedule, schedule
from splitbrain.harness.generator.storm import SIMULATED, USUAL_RECOVERY_S, real_pace
from splitbrain.harness.injection import Injection
from splitbrain.harness.options import Setting, settle
from splitbrain.harness.target import Demanding, Expecting, OneServer, Preferring, Target
from splitbrain.nemeses.one_server import ServerFault, on_server
from splitbrain.runner.checking import Judge
from splitbrain.runner.record import RunRecord
from splitbrain.runner.script import Script, text_of
from splitbrain.runner.spec import RunSpec
from splitbrain.runner.swarm import Swarm, drawn_by_seed, rate_of
from splitbrain.runner.token import token_of
from splitbrain.workloads.workload import Workload

SIM, STDIO = "sim", "stdio"
SEEDS = 1 << 31
"""Number below which a seed that is not given is drawn."""


@dataclass(frozen=True)
class RunPlan:
    """A run, ready to be carried out.

    asked: the specification as given, with its seed. spec: the same with every default filled in. settings: the
    options of the workload, parsed. script: faults and operations as data, if they were given so. drawn: the options
    that the seed drew, as typed.
    """

    asked: RunSpec
    spec: RunSpec
    target: Target
    workload: Workload
    settings: Mapping[str, Setting]
    deployment: Deployment
    environment: Environment
    faults: tuple[Fault, ...]
    schedule: Schedule
    script: Script | None = None
    drawn: str = ""

    @cached_property
    def judge(self) -> Judge:
        """The judge of the run; UsageError if it cannot judge it."""
        return Judge.of_run(self.workload, self.settings, self.spec.model, self.target.claims)

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes' names."""
        return _names(self.spec.nodes)

    @property
    def seed(self) -> int:
        """The seed, drawn if none was given."""
        return self.spec.seed or 0

    def record(self) -> RunRecord:
        """The record to keep of it."""
        faults = tuple(fault.name for fault in self.faults)
        token = token_of(self.asked, self.spec.schedule)
        return RunRecord(self.spec, self.asked.command(), faults, self.target.settings, token=token, drawn=self.drawn)

    def check_supported(self) -> None:
        """UsageError for a fault that the environment cannot do to these nodes, as far as it knows by now."""
        for fault in (*self.faults, *(slot.fault for slot in self.schedule.slots)):
            for kind in fault.needs:
                missing = self.environment.unsupported(kind, self.deployment)
                if missing is not None:
                    raise UsageError(
                        f"--nemesis {fault.name} cannot be done with --env {self.environment.name}: {missing.reason}"
                    )


def plan(asked: RunSpec, script: Script | None = None) -> RunPlan:
    """Resolve and check a specification. script: taken instead of that of `asked.schedule`."""
    if asked.seed is None:
        asked = replace(asked, seed=secrets.randbelow(SEEDS))
    target = registry.target(asked.target)
    name, workload = _workload(asked, target)
    if isinstance(target, Expecting):
        target.expect(workload.operations)
    settle(workload.options, asked.settings, f"workload {name}")
    deployment = _deployment(target, asked)
    nodes = len(deployment.endpoints) if isinstance(deployment, External) else asked.nodes
    swarm = _swarm(replace(asked, workload=name, env=deployment.environment, nodes=nodes), workload)
    settings = settle(workload.options, swarm.spec.settings, f"workload {name}")
    spec = replace(
        swarm.spec,
        rate=rate_of(swarm.spec),
        settings={option.name: option.shown(settings[option.name]) for option in workload.options},
    )
    _check_nodes(target, deployment, spec.nodes)
    _check_timeout(workload, settings, spec.timeout)
    environment = _environment(deployment, spec)
    names = _names(spec.nodes)

    def done(kind: type[Injection]) -> bool:
        """Whether it can be done to these nodes."""
        return environment.unsupported(kind, deployment) is None

    def fitted(fault: Fault) -> Fault:
        """The fault as it hits this target."""
        one_server = isinstance(target, OneServer) and target.one_server
        return on_server(fault, names[0]) if one_server and len(names) > 1 else fault

    def possible(fault: Fault) -> bool:
        """Whether it can be done to these nodes, or some variants of it."""
        return applicable(fitted(fault), names) and all(map(done, narrowed(fault, done).needs))

    if script is None and asked.schedule is not None:
        script = Script.read(asked.schedule)
    faults: Sequence[Fault]
    if script is not None:
        spec, faults, slots = _scripted(spec, script, fitted)
    else:
        asked_for, spelled = registry.parse_faults(asked.nemesis, possible)
        faults = [fitted(narrowed(fault, done)) for fault in asked_for]
        spec = replace(spec, nemesis=spelled)
        slots = _schedule(faults, spec, deployment)
    parts = (target, workload, settings, deployment, environment, tuple(faults), slots, script, swarm.drawn)
    made = RunPlan(asked, spec, *parts)
    made.check_supported()
    if made.spec.model is not None:
        made.judge.must_know(workload)
    return made


def _scripted(
    spec: RunSpec, script: Script, fitted: Callable[[Fault], Fault]
) -> tuple[RunSpec, tuple[Fault, ...], Schedule]:
    """The specification with the script's text in it, so that it stands by itself; the faults; when they come."""
    if spec.nemesis:
        raise UsageError("--schedule says what goes wrong and when: leave --nemesis out")
    for word, value in (("interval", spec.nemesis_interval), ("duration", spec.nemesis_duration)):
        if value is not None:
            raise UsageError(f"--schedule says when faults come: leave --nemesis-{word} out")
    text, where = text_of(spec.schedule) if spec.schedule is not None else (script.to_toml(), "schedule")
    late = next((fault for fault in script.faults if fault.start >= spec.time_limit * SECOND), None)
    if late is not None:
        raise UsageError(
            f"{where}: line {late.line}: {late.fault} starts at {late.start / SECOND:g} s, after the main phase is "
            f"over: take more than {spec.time_limit:g} s of --time-limit"
        )
    for entry in script.operations or ():
        if entry.thread >= spec.concurrency:
            raise UsageError(f"{where}: there is no thread {entry.thread}: --concurrency is {spec.concurrency}")
    laid_out = script.schedule(_names(spec.nodes), where, fitted)
    by_name = {slot.fault.name: slot.fault for slot in laid_out.slots}
    return replace(spec, schedule=text), tuple(by_name.values()), laid_out


def _workload(asked: RunSpec, target: Target) -> tuple[str, Workload]:
    name = asked.workload
    if not name:
        name = target.default_workload if isinstance(target, Preferring) else next(registry.fitting(target), None)
        if name is None:
            raise UsageError(f"no workload fits {asked.target}: it has the operations {', '.join(target.operations)}")
    workload = registry.workload(name)
    missing = registry.missing(workload, target)
    if missing:
        raise UsageError(
            f"workload {name} needs {', '.join(missing)}, which {asked.target} does not have; "
            f"workloads that fit: {', '.join(registry.fitting(target)) or 'none'}"
        )
    return registry.workload_name(name), workload


def _deployment(target: Target, asked: RunSpec) -> Deployment:
    offered = {deployment.environment: deployment for deployment in target.deployments}
    if asked.env is None:
        found = target.deployments[0]
    else:
        registry.environment(asked.env)
        if asked.env not in offered:
            raise UsageError(f"{asked.target} does not run with --env {asked.env}; it does with {', '.join(offered)}")
        found = offered[asked.env]
    if not asked.respawn:
        return found
    if isinstance(found, External):
        raise UsageError("--respawn is for nodes that are started here, and those of endpoints=… are not")
    return replace(found, respawn=True) if isinstance(found, Served) else found


def _check_nodes(target: Target, deployment: Deployment, nodes: int) -> None:
    """UsageError if an option of the target cannot be had with so few nodes."""
    if not isinstance(target, Demanding) or isinstance(deployment, External):
        return
    for option, least in target.least_nodes.items():
        if nodes < least:
            raise UsageError(
                f"{target.name}: {option} needs at least {least} --nodes, not {nodes}: take more, or set "
                f"{option.partition('=')[0]} to what {nodes} can do"
            )


def _check_timeout(workload: Workload, settings: Mapping[str, Setting], timeout: float) -> None:
    """UsageError if an operation of the workload lasts as long as its deadline, or longer."""
    lasting = workload.lasting
    seconds = float(settings[lasting] or 0) if lasting is not None else 0
    if seconds >= timeout:
        raise UsageError(
            f"workload {workload.name}: with {lasting}={seconds:g} one operation lasts {seconds:g} s, and its deadline "
            f"is {timeout:g} s: raise it with --timeout"
        )


def _environment(deployment: Deployment, spec: RunSpec) -> Environment:
    made = registry.environment(deployment.environment)
    if isinstance(deployment, Host):
        if spec.hosts is None:
            raise UsageError("--env ssh needs --hosts FILE.toml, which names the machines")
        made = registry.on_hosts(spec.hosts, spec.nodes)
    elif spec.hosts is not None:
        raise UsageError(f"--hosts is for --env ssh, not --env {deployment.environment}")
    if deployment.environment == SIM:
        return registry.simulator(spec.seed or 0, spec.world)
    if deployment.environment == STDIO:
        return registry.piped(spec.seed or 0, spec.world)
    return made(spec.seed or 0)


def _swarm(spec: RunSpec, workload: Workload) -> Swarm:
    """The specification, in a simulated run with storms with what the seed draws of what the user left open."""
    if spec.env == SIM:
        return drawn_by_seed(spec, workload.options)
    if spec.env == STDIO:
        return Swarm(replace(spec, world=registry.network_only(spec.world)))
    if spec.world:
        raise UsageError(f"--world is for --env {SIM} and {STDIO}, not --env {spec.env}")
    return Swarm(spec)


def _schedule(faults: Sequence[Fault], spec: RunSpec, deployment: Deployment) -> Schedule:
    names = _names(spec.nodes)
    recovery_s = deployment.recovery_seconds if isinstance(deployment, Served) else USUAL_RECOVERY_S
    for fault in faults:
        if not applicable(fault, names):
            if isinstance(fault, ServerFault):
                raise UsageError(
                    f"--nemesis {fault.name} ({', '.join(fault.variants)}) hits no one here: of these nodes "
                    f"{fault.server} alone is a server, and the others pass connections on to it: name another "
                    "variant, or another fault"
                )
            raise UsageError(
                f"--nemesis {fault.name} ({', '.join(fault.variants)}) needs more than {spec.nodes} --nodes: "
                "name faults without it, or take more"
            )
    return schedule(
        faults,
        names,
        spec.time_limit,
        spec.seed or 0,
        interval_s=spec.nemesis_interval,
        duration_s=spec.nemesis_duration,
        with_cycle=not registry.storms_only(spec.nemesis),
        pace=SIMULATED if spec.env == SIM else real_pace(recovery_s),
    )


def _names(nodes: int) -> tuple[str, ...]:
    return tuple(f"n{i + 1}" for i in range(nodes))
