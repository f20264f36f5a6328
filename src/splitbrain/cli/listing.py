"""`splitbrain list`: what there is. With a name, everything about it: options, claims, what fits."""

import contextlib
import gc
import json
import shutil
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from splitbrain import registry
from splitbrain.cli.completing import completing
from splitbrain.cli.output import out
from splitbrain.harness.environment import Environment
from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault, narrowed
from splitbrain.harness.options import Option, Setting, settle
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.harness.target import Sourced, Target
from splitbrain.nemeses.catalogue import WORDS
from splitbrain.textbook.known_bugs import answers_of
from splitbrain.textbook.systems import claims_about

if TYPE_CHECKING:
    from splitbrain.workloads.workload import Workload

Entry = dict[str, Any]
SECTIONS = ("targets", "workloads", "nemeses", "models", "environments")
SYNONYMS = {
    "target": "targets", "workload": "workloads", "nemesis": "nemeses", "fault": "nemeses", "faults": "nemeses",
    "model": "models", "environment": "environments",
}  # fmt: skip
"""Other words for a section."""
WIDTH_MIN = 60
APART = ("name", "summary", "options", "not", "answers")
"""Entries of a description that are told below the others, each in a way of its own."""
MORE = "`splitbrain list NAME` shows everything about one of them: its options, and what fits it."


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection: imports make many objects and no garbage, and looking for some is a tenth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@click.command("list")
@click.argument(
    "what",
    required=False,
    metavar="[targets|workloads|nemeses|models|environments|NAME]",
    shell_complete=completing("anything"),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@uncollected()
def listing(what: str | None, as_json: bool) -> None:
    """List what there is: targets, workloads, nemeses, models, environments; or everything about one NAME of these,
    with options if it has any: raft:reads=local, partition:topology=bridge."""
    what = SYNONYMS.get(what, what) if what is not None else None
    if what is not None and what not in SECTIONS:
        found = list(about(what))
        for number, (kind, entry) in enumerate(found):
            if as_json:
                out(json.dumps({"kind": kind, **entry}))
            else:
                out("\n".join([*([""] if number else []), *told(kind, entry)]))
        return
    for section in SECTIONS if what is None else (what,):
        if as_json:
            for entry in entries_of(section):
                out(json.dumps({"kind": section, **entry}))
            continue
        if what is None:
            out(f"{section}:")
        out("\n".join(table(summaries(section))))
        if what is None:
            out("")
    if not as_json and what is None:
        out("\n".join(_wrapped(MORE, "", "")))


def summaries(section: str) -> Iterator[tuple[str, str]]:
    """Name and summary of everything in a section, with as few imports as that takes."""
    if section in ("targets", "workloads"):
        names, summary = {
            "targets": (registry.TARGETS, registry.target_summary),
            "workloads": (registry.WORKLOADS, registry.workload_summary),
        }[section]
        yield from ((name, _told(name, summary)) for name in names)
    elif section == "models":
        yield from registry.model_summaries()
    else:
        yield from ((entry["name"], entry["summary"]) for entry in entries_of(section))


def entries_of(section: str) -> list[Entry]:
    """Name, summary and options of everything in a section."""
    if section == "targets":
        return [_found(name, registry.target_class) for name in registry.TARGETS]
    if section == "workloads":
        return [_found(name, registry.workload) for name in registry.WORKLOADS]
    if section == "nemeses":
        return [_described(name, fault) for name, fault in registry.faults().items()]
    if section == "models":
        return [_described(name, model) for name, model in registry.models().items()]
    return [{"name": name, "summary": registry.environment_summary(name)} for name in registry.ENVIRONMENTS]


def about(word: str) -> Iterator[tuple[str, Entry]]:
    """Kind and description of everything that a word names, with its options as given: those of a target, if there is
    one of that name. UsageError if nothing."""
    name, _, rest = word.partition(":")
    name = registry.workload_name(name)
    if name in registry.TARGETS or (rest and "=" not in rest.partition(":")[0]):
        yield "target", _target(word, registry.target(word))
        if rest:
            return
    kinds: dict[str, tuple[Collection[str], Callable[[], Entry]]] = {
        "workload": (registry.WORKLOADS, lambda: _workload(name, _given(word, registry.workload(name).options))),
        "nemesis": (registry.fault_factories(), lambda: _fault(word)),
        "word for faults": (WORDS, lambda: {"name": name, "summary": WORDS[name], "options": []}),
        "model": (registry.models(), lambda: _model(name, _given(word, registry.model(name).options))),
        "environment": (registry.ENVIRONMENTS, lambda: _environment(name)),
    }
    hits = [(kind, describe) for kind, (names, describe) in kinds.items() if name in names]
    if not hits and name not in registry.TARGETS:
        every = [*registry.TARGETS, *SECTIONS, *(one for names, _ in kinds.values() for one in names)]
        hint = did_you_mean(
            name,
            every,
            f"name one of {', '.join(SECTIONS)} to see what there is, or a target: {', '.join(registry.TARGETS)}, "
            "or module:Class for one of your own",
        )
        raise UsageError(f"there is nothing called {name!r}{hint}")
    for kind, describe in hits:
        yield kind, describe()


def told(kind: str, entry: Entry) -> list[str]:
    """A description in lines: name and summary, what is said of it, options with their values."""
    lines = _wrapped(f"{entry['name']}: {entry['summary']}", "", "  ")
    facts = {name: value for name, value in entry.items() if name not in APART}
    width = max(map(len, ("kind", *facts))) + 2
    for name, value in {"kind": kind, **facts}.items():
        text = ", ".join(value) if isinstance(value, list) else str(value)
        lines += _wrapped(text or "none", f"{name + ':':<{width}}", " " * width)
    for name, reason in entry.get("not", {}).items():
        lines += _wrapped(f"not {name}: {reason}", " " * width, " " * (width + 2))
    if entry.get("answers"):
        lines.append("known answers:")
        lines += table((one["expected"], f"{one['shows']}: {one['command']}") for one in entry["answers"])
    if entry["options"]:
        lines.append("options:")
        lines += table(
            (f"{one['name']}={one['value']}", one["meaning"] + f" ({', '.join(one['choices'])})" * bool(one["choices"]))
            for one in entry["options"]
        )
    return lines


def table(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Names and what they mean in two columns, no line longer than the terminal is wide."""
    shown = list(rows)
    width = max((len(name) for name, _ in shown), default=0)
    width = min(width, 28)
    lines = []
    for name, meaning in shown:
        head = f"  {name:<{width}}  "
        if len(head) > width + 4:
            lines.append(head.rstrip())
            head = " " * (width + 4)
        lines += _wrapped(meaning, head, " " * (width + 4))
    return lines


def reason_not(fault: Fault, target: Target, environment: Environment) -> str | None:
    """The reason that a fault cannot hit a target in its default environment, or None."""
    deployment = target.deployments[0]
    for kind in narrowed(fault, lambda kind: environment.unsupported(kind, deployment) is None).needs:
        missing = environment.unsupported(kind, deployment)
        if missing is not None:
            return missing.reason
    return None


def _told(name: str, summary: Callable[[str], str]) -> str:
    """A summary; of what another package adds and cannot be loaded, why."""
    try:
        return summary(name)
    except UsageError as error:
        return str(error)


def _found(name: str, find: Callable[[str], Any]) -> Entry:
    """One line of a list; of what another package adds and cannot be loaded, why."""
    try:
        return _described(name, find(name))
    except UsageError as error:
        return {"name": name, "summary": str(error), "options": []}


def _described(name: str, thing: Any, values: dict[str, Setting] | None = None) -> Entry:
    """One line of a list, as data. values: those that are set, where they are not the defaults."""
    return {"name": name, "summary": thing.summary, "options": _options(thing.options, values or {})}


def _options(options: Sequence[Option], values: dict[str, Setting]) -> list[Entry]:
    return [
        {
            "name": one.name,
            "default": one.default,
            "value": one.shown(values.get(one.name, one.default)),
            "choices": list(one.choices),
            "meaning": one.meaning,
        }
        for one in options
    ]


def _given(word: str, options: Sequence[Option]) -> dict[str, Setting]:
    return settle(options, registry.assignments(word.partition(":")[2], word), word.partition(":")[0])


def _target(word: str, target: Target) -> Entry:
    try:
        workloads = list(registry.fitting(target))
    except UsageError as error:  # more has to be given before anything can be said
        return {**_described(word, target, dict(target.settings)), "needs": str(error)}
    default = target.deployments[0].environment
    environment = registry.environment(default)(0)
    faults = {name: reason_not(fault, target, environment) for name, fault in registry.faults().items()}
    kind = type(target)
    return {
        **_described(word, target, dict(target.settings)),
        "class": f"{kind.__module__}:{kind.__qualname__}",
        "claims": list(target.claims),
        **({"source": target.claims_source} if isinstance(target, Sourced) else {}),
        **({"textbook": said} if (said := claims_about(word, default)) else {}),
        "environments": [deployment.environment for deployment in target.deployments],
        "workloads": workloads,
        "operations": list(target.operations),
        "nemeses": [name for name, reason in faults.items() if reason is None],
        "not": {name: reason for name, reason in faults.items() if reason is not None},
        "answers": [
            {"name": one.name, "expected": one.expected, "shows": one.shows, "command": one.command}
            for one in answers_of(word.partition(":")[0])
        ],
    }


def _workload(name: str, values: dict[str, Setting]) -> Entry:
    workload = registry.workload(name)
    return {
        **_described(name, workload, values),
        "other names": [other for other in registry.OTHER_NAMES if registry.workload_name(other) == name],
        "operations": list(workload.operations),
        "checks": [checker.name for checker in workload.checkers(values)],
        "targets": [target for target in registry.TARGETS if _fits(workload, target)],
    }


def _fits(workload: "Workload", target: str) -> bool:
    """Whether a target can do what a workload asks; False also if that is not known without more options."""
    try:
        return not registry.missing(workload, registry.target(target))
    except UsageError:
        return False


def _fault(word: str) -> Entry:
    (fault,), _ = registry.parse_faults(word)
    values = {
        key: option.parse(text, fault.name)
        for key, text in registry.assignments(word.partition(":")[2], word).items()
        for option in fault.options
        if option.name == key
    }
    return {
        **_described(word, fault, values),
        "variants": list(fault.variants),
        "in all": "yes" if fault.default else "no: by name, or as one of every",
        "needs": [kind.__name__ for kind in fault.needs],
    }


def _model(name: str, values: dict[str, Setting]) -> Entry:
    return _described(name, registry.model(name), values)


def _environment(name: str) -> Entry:
    made = registry.environment(name)
    targets = [
        target
        for target in registry.TARGETS
        if any(deployment.environment == name for deployment in registry.target(target).deployments)
    ]
    return {
        "name": name,
        "summary": registry.environment_summary(name),
        "options": [],
        "class": registry.ENVIRONMENTS[name],
        "deterministic": "yes, the seed fixes every byte" if getattr(made, "deterministic", False) else "no",
        "targets": targets,
    }


def _wrapped(text: str, head: str, indent: str) -> list[str]:
    width = max(shutil.get_terminal_size((120, 24)).columns, WIDTH_MIN)
    return textwrap.wrap(
        text, width, initial_indent=head, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [head.rstrip()]
