"""Names of the command line: targets, workloads, faults, models and environments, ours and those of other packages.

Ours are named here as text, or in the catalogues of their rooms; a package of somebody else's adds to them by Python
entry points, in the groups `splitbrain.targets`, `.workloads`, `.nemeses`, `.models` and `.environments`. Modules are
imported, and entry points read, only when they are asked for. A name of ours is never another's.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbrain.checkers import SUMMARIES
from splitbrain.harness.environments import ENVIRONMENTS as OWN_ENVIRONMENTS
from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import settle
from splitbrain.harness.plugins import load_plugin, plugins
from splitbrain.harness.steps import RecordedSteps
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.targets import TARGETS as OWN_TARGETS
from splitbrain.workloads import WORKLOADS as OWN_WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.metadata import EntryPoint

    from splitbrain.harness.environment import Environment
    from splitbrain.harness.fault import Fault
    from splitbrain.harness.target import Target
    from splitbrain.workloads.workload import Workload


class Registry(Mapping[str, str]):
    """Things of one kind by name → where they are, as `module:attribute`. Ours come first, in their order."""

    def __init__(self, kind: str, group: str, ours: Mapping[str, str]) -> None:
        self.kind, self._group, self._ours = kind, group, ours

    def __getitem__(self, name: str) -> str:
        return self._ours[name] if name in self._ours else self._others[name].value

    def __iter__(self) -> Iterator[str]:
        yield from self._ours
        yield from (name for name in self._others if name not in self._ours)

    def __len__(self) -> int:
        return len(set(self._ours) | set(self._others))

    def find(self, name: str, more: str = "") -> Any:
        """The thing of a name; UsageError, which says what there is, and `more`."""
        if name not in self:
            hint = did_you_mean(name, self, f"there are {', '.join(self)}{more}")
            raise UsageError(f"there is no {self.kind} {name!r}{hint}")
        return load(self._ours[name]) if name in self._ours else load_plugin(self._others[name])

    @functools.cached_property
    def _others(self) -> Mapping[str, EntryPoint]:
        return plugins(self._group)


TARGETS = Registry("target", "targets", {name: where for name, (where, _) in OWN_TARGETS.items()})

WORKLOADS = Registry("workload", "workloads", {name: where for name, (where, _) in OWN_WORKLOADS.items()})

FORMER_WORKLOADS: Mapping[str, str] = {"append-list": "list"}
"""Names of earlier releases, still understood."""

MAELSTROM_WORKLOADS: Mapping[str, str] = {
    "lin-kv": "register",
    "txn-list-append": "list-append",
    "txn-rw-register": "rw-register",
    "kafka": "log",
}
"""Maelstrom's names of workloads that have another name here, understood too."""

SYNONYMS: Mapping[str, str] = {"search": "set", "blob": "register"}
"""Names of workloads by what they are to a kind of system: documents that a search has to find, and conditional puts of
objects."""

OTHER_NAMES: Mapping[str, str] = {**FORMER_WORKLOADS, **MAELSTROM_WORKLOADS, **SYNONYMS}
"""All names of workloads that are not the one they have here."""

ENVIRONMENTS = Registry("environment", "environments", {name: where for name, (where, _) in OWN_ENVIRONMENTS.items()})


def target(spec: str) -> Target:
    """The target of a `TARGET` word: `raft`, `raft:reads=local`, or `module:Class` of a user's own."""
    name, colon, rest = spec.partition(":")
    kind = target_class(spec) if rest or name in TARGETS else None
    if colon and not rest:
        raise UsageError(f"{spec!r}: after the colon {_due(name, getattr(kind, 'positional', None))}")
    kind = kind or target_class(spec)
    found: Target
    if name in TARGETS:
        first = rest.partition(",")[0]
        if first and "=" not in first and hasattr(kind, "positional"):
            rest = f"{kind.positional}={rest}"
        found = kind(settle(kind.options, assignments(rest, spec), name))
        if rest and hasattr(kind, "positional"):
            load("splitbrain.own_shape:check_claims")(found, spec)
    else:
        from splitbrain.own_targets import made

        found = made(kind, settle(kind.options, assignments(rest.partition(":")[2], spec), name), spec)
    return found


def _due(name: str, positional: str | None) -> str:
    """The thing that is due after the colon of a `TARGET` word, in words."""
    if positional is not None:
        return f"comes the {positional}, as in {name}:{positional.upper()}"
    if name in TARGETS:
        return f"come options, as in {name}:OPTION=VALUE"
    return f"comes the name of a class in it, as in {name}:MyStore"


def target_summary(name: str) -> str:
    """One line about a target; ours are not imported for it. UsageError for one of another package that cannot be
    loaded."""
    return OWN_TARGETS[name][1] if name in OWN_TARGETS else str(target_class(name).summary)


def target_class(spec: str) -> Any:
    """The class of a `TARGET` word; its options are not looked at."""
    name, _, rest = spec.partition(":")
    attribute = rest.partition(":")[0]
    if name.endswith(".py") and not attribute:
        raise UsageError(f"target {spec}: after the file comes the name of a class in it, as in {name}:MyStore")
    if name not in TARGETS and attribute and "=" not in attribute:
        from splitbrain.own_targets import own_class

        return own_class(name, attribute)
    return TARGETS.find(name, ", and module:Class for one of your own")


def workload(name: str) -> Workload:
    """The workload of a name, of one that it had in an earlier release, or of Maelstrom's."""
    known, _, options = name.partition(":")
    if "=" in options and known in WORKLOADS:
        raise UsageError(
            f"workload {name!r}: options of a workload are given apart, as --workload {known} --set {options}"
        )
    found: Workload = WORKLOADS.find(workload_name(name))
    return found


def workload_name(name: str) -> str:
    """The name of a workload, by that or another name of it."""
    return OTHER_NAMES.get(name, name)


def workload_summary(name: str) -> str:
    """One line about a workload; ours are not imported for it."""
    return OWN_WORKLOADS[name][1] if name in OWN_WORKLOADS else workload(name).summary


def renamed(name: str | None) -> tuple[str, ...]:
    """A sentence for a name of an earlier release, for one of Maelstrom's, and for a synonym; none for any other."""
    if now := FORMER_WORKLOADS.get(name or ""):
        return (f"workload {name} is called {now} now",)
    if ours := MAELSTROM_WORKLOADS.get(name or ""):
        return (f"workload {name} of Maelstrom is workload {ours} here",)
    if ours := SYNONYMS.get(name or ""):
        return (f"workload {name} is workload {ours} here",)
    return ()


def missing(workload: Workload, target: Target) -> list[str]:
    """The operations that a workload needs and a target lacks; empty if they fit."""
    return [f for f in workload.operations if f not in target.operations]


def fitting(target: Target) -> Iterator[str]:
    """The names of the workloads whose operations a target has, in the order of `WORKLOADS`, each loaded when asked."""
    return (name for name in WORKLOADS if not missing(workload(name), target))


def fault_factories() -> Mapping[str, Callable[[Mapping[str, str]], Fault]]:
    """Factories that make the fault of a name from its options, as words."""
    ours: Mapping[str, Callable[[Mapping[str, str]], Fault]] = load("splitbrain.nemeses.catalogue:FACTORIES")
    return {**ours, **{name: load_plugin(point) for name, point in plugins("nemeses").items() if name not in ours}}


def faults() -> Mapping[str, Fault]:
    """All faults by name, with their default options."""
    return {name: factory({}) for name, factory in fault_factories().items()}


def parse_faults(words: str, possible: Callable[[Fault], bool] = lambda fault: True) -> tuple[Sequence[Fault], str]:
    """The faults of `--nemesis A,B`, and the argument with each spelled out. possible: which of them `every` means.
    UsageError for an unknown name."""
    if not words:
        return (), ""
    from splitbrain.nemeses.catalogue import FACTORIES, NONE, STORM, named, spelled, storms_only

    factories = FACTORIES
    if any(part.partition(":")[0] not in FACTORIES for part in words.split(",")) and words != NONE:
        factories = fault_factories()
    found = named(words, possible, factories)
    spelled_out = f"{STORM}," * storms_only(words) + spelled(found)
    return [factories[name](options) for name, options in found.items()], spelled_out


def each_fault(words: str) -> tuple[str, ...]:
    """The faults of `--nemesis A,B`, each with its options as an argument of its own, without `storm`."""
    from splitbrain.nemeses.catalogue import named, spelled

    found = named(words, factories=fault_factories()) if words else {}
    return tuple(spelled({name: options}) for name, options in found.items())


def storms_only(words: str) -> bool:
    """Whether `--nemesis` asks for storms from the beginning on."""
    asks: Callable[[str], bool] = load("splitbrain.nemeses.catalogue:storms_only")
    return bool(words) and asks(words)


def models() -> Mapping[str, Any]:
    """All models of `check --model` by name, those of other packages among them."""
    found: Mapping[str, Any] = load("splitbrain.checkers.catalogue:catalogue")()
    return found


def model_summaries() -> Iterator[tuple[str, str]]:
    """Name and one line about every model; ours are not imported for it."""
    yield from SUMMARIES.items()
    if plugins("models"):
        yield from ((name, found.summary) for name, found in models().items() if name not in SUMMARIES)


def model(name: str) -> Any:
    """The model of `check --model` of a name, or of one that it had in an earlier release, or `module:NAME` of a
    user's own."""
    known, _, options = name.partition(":")
    if "=" in options and known in models():
        raise UsageError(f"model {name!r}: options of a model are given apart, as --model {known} --set {options}")
    if ":" in name:
        return load("splitbrain.own_models:own_model")(name)
    if name.endswith(".py"):
        raise UsageError(f"model {name}: after the file comes the name of a model in it, as in {name}:MODEL")
    return load("splitbrain.checkers.catalogue:entry")(name)


def renamed_model(name: str) -> tuple[str, ...]:
    """A sentence for a model's name of an earlier release, none for any other."""
    now = load("splitbrain.checkers.catalogue:FORMER_NAMES").get(name)
    return () if now is None else (f"model {name} is called {now} now",)


def environment(name: str) -> Callable[[int], Environment]:
    """A maker of the environment of a name, from a seed."""
    made: Callable[[int], Environment] = ENVIRONMENTS.find(name)
    return made


def simulator(seed: int, knobs: str, heard: Callable[[str, str, int], object] | None = None) -> Environment:
    """The simulator of a seed, in the world of these knobs. heard: called with sender, receiver and bytes of each
    message that a node gets."""
    from splitbrain.harness.environments.sim import Sim
    from splitbrain.harness.environments.sim.world import read_world, world_options

    return Sim(seed, world_options(read_world(knobs)), heard)


def recording_simulator(seed: int, knobs: str, begin: int, end: int) -> tuple[Environment, Callable[[], RecordedSteps]]:
    """A simulator that records the steps of nodes between two times (nanoseconds), and the function that gives them
    when it has run."""
    from splitbrain.harness.environments.sim import Sim
    from splitbrain.harness.environments.sim.steps import StepRecorder
    from splitbrain.harness.environments.sim.world import read_world, world_options

    recorder = StepRecorder(begin, end)
    return Sim(seed, world_options(read_world(knobs)), recorder=recorder), recorder.steps


def piped(seed: int, knobs: str) -> Environment:
    """The environment `stdio` of a seed, with the network of these knobs."""
    from splitbrain.harness.environments.sim.world import read_world, world_options
    from splitbrain.harness.environments.stdio import Stdio

    return Stdio(seed, world_options(read_world(knobs)).network)


def network_only(words: str) -> str:
    """The knobs of `--world`, spelled out. UsageError for one of something else than the network, and for a wrong
    word."""
    from splitbrain.harness.environments.sim.world import read_world, spelled_world

    knobs = read_world(words)
    for name in knobs:
        if not name.startswith("net."):
            raise UsageError(f"--world {name}: with --env stdio only the network is simulated: its knobs are net.…")
    return spelled_world(knobs)


def world(words: str, seed: int, *, drawn: bool) -> str:
    """The knobs of `--world`, spelled out; drawn: with those that the seed draws. UsageError for a wrong word."""
    from splitbrain.harness.environments.sim.world import drawn_world, read_world, spelled_world

    given = read_world(words)
    return spelled_world(drawn_world(seed, given) if drawn else given)


def whole_world(words: str) -> str:
    """The words of `--world` with every knob that they leave as usual written out, so that no seed draws one."""
    from splitbrain.harness.environments.sim.world import KNOBS, read_world, spelled_world

    return spelled_world({**{name: knob.default for name, knob in KNOBS.items()}, **read_world(words)})


def round_trip_ms(knobs: str) -> float:
    """The mean time of a message and its answer between nodes of the simulator, in the world of these knobs."""
    from splitbrain.harness.environments.sim.world import read_world, world_options

    network = world_options(read_world(knobs)).network
    return network.latency_ms_min + network.latency_ms_max + 2 * network.latency_ms_tail_mean


def scratch() -> AbstractContextManager[Path]:
    """A folder for files alone, which goes away; see `scratch.files`."""
    from splitbrain.harness.environments.linux.scratch import files

    return files()


def end_scratch() -> None:
    """Remove what this process has for `scratch`, before it ends by `os._exit`."""
    made = sys.modules.get("splitbrain.harness.environments.linux.scratch")
    if made is not None:  # nothing is loaded for it: there may be no memory left
        made.end()


def environment_summary(name: str) -> str:
    """One line about an environment; ours are not imported for it."""
    if name in OWN_ENVIRONMENTS:
        return OWN_ENVIRONMENTS[name][1]
    return (environment(name).__doc__ or "").partition("\n")[0]


def on_hosts(file: str, nodes: int) -> Callable[[int], Environment]:
    """A maker of the environment of the first hosts of a file, from a seed."""
    machines = load("splitbrain.harness.environments.ssh.hosts:read")(file, nodes)
    return functools.partial(ENVIRONMENTS.find("ssh"), hosts=machines)


def assignments(words: str, where: str) -> dict[str, str]:
    """`a=1,b=2` as a mapping; UsageError for a part that is no `key=value`, and for a key that comes again with another
    value."""
    given: dict[str, str] = {}
    for part in filter(None, words.split(",")):
        key, sign, value = part.partition("=")
        if not sign or not key:
            raise UsageError(f"expected key=value in {where!r}, not {part!r}")
        key, value = key.strip(), value.strip()
        if given.setdefault(key, value) != value:
            raise UsageError(f"{where}: {key} is given twice, as {given[key]!r} and as {value!r}")
    return given


def load(where: str) -> Any:
    """The object named `module:attribute`."""
    module, _, attribute = where.partition(":")
    return getattr(importlib.import_module(module), attribute)
