"""`splitbrain list`: what there is. With the name of a target, everything about it: options, claims, faults that can
hit it, workloads that fit.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

from splitbrain import registry
from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault
from splitbrain.harness.options import Option
from splitbrain.harness.target import Target

Entry = dict[str, Any]
SECTIONS = ("targets", "workloads", "nemeses", "models", "environments")


@click.command("list")
@click.argument("what", required=False, metavar="[targets|workloads|nemeses|models|environments|TARGET]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def listing(what: str | None, as_json: bool) -> None:
    """What there is: targets, workloads, nemeses, models, environments; or everything about one TARGET."""
    if what is not None and what not in SECTIONS:
        one_target(what, as_json)
        return
    for section in SECTIONS if what is None else (what,):
        entries = entries_of(section)
        if as_json:
            for entry in entries:
                click.echo(json.dumps({"kind": section, **entry}))
            continue
        if what is None:
            click.echo(f"{section}:")
        table(entries)
        if what is None:
            click.echo()
    if not as_json and what is None:
        click.echo("`splitbrain list TARGET` shows a target's options, claims and faults.")


def entries_of(section: str) -> list[Entry]:
    """Name, summary and options of everything in a section."""
    if section == "targets":
        kinds = [registry.target_class(name) for name in registry.TARGETS]
        return [entry(kind.name, kind.summary, kind.options) for kind in kinds]
    if section == "workloads":
        stories = [registry.workload(name) for name in registry.WORKLOADS]
        return [entry(story.name, story.summary, story.options) for story in stories]
    if section == "nemeses":
        return [entry(fault.name, fault.summary, fault.options) for fault in registry.faults().values()]
    if section == "models":
        return [entry(name, model.summary, model.options) for name, model in registry.models().items()]
    return [{"name": name, "summary": (registry.load(where).__doc__ or "").partition("\n")[0]}
            for name, where in registry.ENVIRONMENTS.items()]  # fmt: skip


def entry(name: str, summary: str, options: Sequence[Option]) -> Entry:
    """One line of a list, as data."""
    shown = [{"name": o.name, "default": o.default, "choices": list(o.choices), "meaning": o.meaning} for o in options]
    return {"name": name, "summary": summary, "options": shown}


def table(entries: Iterable[Entry]) -> None:
    """Names and summaries in two columns."""
    rows = list(entries)
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"  {row['name']:<{width}}  {row['summary']}")


def one_target(spec: str, as_json: bool) -> None:
    """Options with defaults, claims, faults that can hit it, workloads that fit."""
    try:
        target = registry.target(spec)
    except UsageError as error:
        raise UsageError(f"{error}; or one of {', '.join(SECTIONS)}") from None
    faults = {name: reason_not(fault, target) for name, fault in registry.faults().items()}
    fitting = list(registry.fitting(target))
    environments = [deployment.environment for deployment in target.deployments]
    if as_json:
        unsupported = [name for name, reason in faults.items() if reason is None]
        about = entry(spec, target.summary, target.options)
        more = {
            "claims": list(target.claims),
            "nemeses": unsupported,
            "workloads": fitting,
            "environments": environments,
        }
        click.echo(json.dumps({"kind": "target", **about, **more}))
        return
    click.echo(f"{spec}: {target.summary}")
    click.echo(f"claims:       {', '.join(target.claims) or 'nothing'}")
    click.echo(f"environments: {', '.join(environments)}")
    click.echo(f"workloads:    {', '.join(fitting)}")
    click.echo(f"nemeses:      {', '.join(name for name, reason in faults.items() if reason is None)}")
    for name, reason in faults.items():
        if reason is not None:
            click.echo(f"              not {name}: {reason}")
    click.echo("options:")
    for option in target.options:
        choices = "|".join(option.choices)
        words = f"{option.name}={option.shown(target.settings[option.name])}"
        click.echo(f"  {words:<24} {option.meaning}{f' ({choices})' if choices else ''}")


def reason_not(fault: Fault, target: Target) -> str | None:
    """Why a fault cannot hit a target in its default environment, or None."""
    deployment = target.deployments[0]
    environment = registry.environment(deployment.environment)(0)
    for kind in fault.needs:
        inability = environment.unsupported(kind, deployment)
        if inability is not None:
            return inability.reason
    return None
