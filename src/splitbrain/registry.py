"""Which names does the command line know? One line per target, workload and environment; faults and models keep their
own registries in their rooms.

The trap: importing everything to list one name. Modules are named here as text and imported when asked for.
"""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from splitbrain.harness.environment import Environment
    from splitbrain.harness.fault import Fault
    from splitbrain.harness.target import Target
    from splitbrain.workloads.workload import Workload

TARGETS: Mapping[str, str] = {
    "single": "splitbrain.targets.stores:Single",
    "primary-backup": "splitbrain.targets.stores:PrimaryBackup",
    "raft": "splitbrain.targets.stores:Raft",
    "etcd": "splitbrain.targets.etcd:Etcd",
    "cassandra": "splitbrain.targets.cassandra:Cassandra",
    "redis": "splitbrain.targets.redis:Redis",
    "zookeeper": "splitbrain.targets.zookeeper:ZooKeeper",
}

WORKLOADS: Mapping[str, str] = {
    "register": "splitbrain.workloads.register:REGISTER",
    "unique-register": "splitbrain.workloads.unique_register:UNIQUE_REGISTER",
    "set": "splitbrain.workloads.set:SET",
    "deletes": "splitbrain.workloads.deletes:DELETES",
    "list": "splitbrain.workloads.list:LIST",
    "counter": "splitbrain.workloads.counter:COUNTER",
    "lock": "splitbrain.workloads.lock:LOCK",
    "watch": "splitbrain.workloads.watch:WATCH_KEYS",
}

FORMER_WORKLOADS: Mapping[str, str] = {"append-list": "list", "rw-register": "unique-register"}
"""Names of earlier releases, still understood."""

ENVIRONMENTS: Mapping[str, str] = {
    "sim": "splitbrain.harness.environments.sim:Sim",
    "local": "splitbrain.harness.environments.local:Local",
    "docker": "splitbrain.harness.environments.docker:Docker",
    "ssh": "splitbrain.harness.environments.ssh:Ssh",
    "external": "splitbrain.harness.environments.external:Existing",
}


def target(spec: str) -> Target:
    """The target of a `TARGET` word: `raft`, `raft:reads=local`, or `module:Class` of a user's own."""
    name, _, rest = spec.partition(":")
    kind = target_class(spec)
    settings = rest if name in TARGETS else rest.partition(":")[2]
    made: Target = kind(settle(kind.options, assignments(settings, spec), name))
    return made


def target_class(spec: str) -> Any:
    """The class of a `TARGET` word; its options are not looked at."""
    name, _, rest = spec.partition(":")
    if name in TARGETS:
        return load(TARGETS[name])
    attribute = rest.partition(":")[0]
    if attribute and "=" not in attribute:
        return _users_own(name, attribute)
    raise UsageError(
        f"there is no target {name!r}; there are {', '.join(TARGETS)}, and module:Class for one of your own"
    )


def workload(name: str) -> Workload:
    """The workload of a name, or of one that it had in an earlier release."""
    name = FORMER_WORKLOADS.get(name, name)
    if name not in WORKLOADS:
        raise UsageError(f"there is no workload {name!r}; there are {', '.join(WORKLOADS)}")
    found: Workload = load(WORKLOADS[name])
    return found


def renamed(name: str | None) -> tuple[str, ...]:
    """A sentence for a name of an earlier release, none for any other."""
    now = FORMER_WORKLOADS.get(name or "")
    return () if now is None else (f"workload {name} is called {now} now",)


def missing(story: Workload, system: Target) -> list[str]:
    """The operations that a workload needs and a target lacks; empty if they fit."""
    return [f for f in story.operations if f not in system.operations]


def fitting(system: Target) -> Iterator[str]:
    """The names of the workloads whose operations a target has, in the order of `WORKLOADS`, each loaded when asked."""
    return (name for name in WORKLOADS if not missing(workload(name), system))


def faults() -> Mapping[str, Fault]:
    """All faults by name."""
    found: Mapping[str, Fault] = load("splitbrain.nemeses:FAULTS")
    return found


def parse_faults(words: str) -> Sequence[Fault]:
    """The faults of `--nemesis A,B`; none for an empty one. UsageError for an unknown name."""
    parse: Callable[[str], Sequence[Fault]] = load("splitbrain.nemeses:parse")
    return parse(words) if words else ()


def spell_faults(words: str) -> str:
    """The same faults, `all` spelled out."""
    spell: Callable[[str], str] = load("splitbrain.nemeses:spell_out")
    return spell(words) if words else ""


def models() -> Mapping[str, Any]:
    """All models of `check --model` by name, those of other packages among them."""
    found: Mapping[str, Any] = load("splitbrain.checkers.catalogue:catalogue")()
    return found


def model(name: str) -> Any:
    """The model of `check --model` of a name, or of one that it had in an earlier release."""
    return load("splitbrain.checkers.catalogue:entry")(name)


def renamed_model(name: str) -> tuple[str, ...]:
    """A sentence for a model's name of an earlier release, none for any other."""
    now = load("splitbrain.checkers.catalogue:FORMER_NAMES").get(name)
    return () if now is None else (f"model {name} is called {now} now",)


def environment(name: str) -> Callable[[int], Environment]:
    """Makes the environment of a name from a seed."""
    if name not in ENVIRONMENTS:
        raise UsageError(f"there is no environment {name!r}; there are {', '.join(ENVIRONMENTS)}")
    made: Callable[[int], Environment] = load(ENVIRONMENTS[name])
    return made


def on_hosts(file: str, nodes: int) -> Callable[[int], Environment]:
    """Makes the environment of the first hosts of a file, from a seed."""
    machines = load("splitbrain.harness.environments.ssh.hosts:read")(file, nodes)
    return functools.partial(load(ENVIRONMENTS["ssh"]), hosts=machines)


def assignments(words: str, where: str) -> dict[str, str]:
    """`a=1,b=2` as a mapping; UsageError for a part that is no `key=value`."""
    given: dict[str, str] = {}
    for part in filter(None, words.split(",")):
        key, sign, value = part.partition("=")
        if not sign or not key:
            raise UsageError(f"expected key=value in {where!r}, not {part!r}")
        given[key.strip()] = value.strip()
    return given


def load(where: str) -> Any:
    """The object named `module:attribute`."""
    module, _, attribute = where.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _users_own(module: str, attribute: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return load(f"{module}:{attribute}")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"target {module}:{attribute}: {error}; modules are looked for here and on PYTHONPATH"
        ) from None
    except AttributeError:
        raise UsageError(f"target {module}:{attribute}: module {module!r} has no {attribute!r}") from None
    except Exception as error:
        raise UsageError(
            f"target {module}:{attribute}: importing it failed: {type(error).__name__}: {error}"
        ) from error
