"""`splitbrain completion`: the script that completes words in a shell, and what completes the names that there are."""

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem, get_completion_class

from splitbrain import registry
from splitbrain.cli.output import out
from splitbrain.harness.options import Option
from splitbrain.runner.spec import CLAIM

SHELLS = ("bash", "zsh", "fish")
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a SHELL complete commands, options and names: for bash, add
    `eval "$(splitbrain completion bash)"` to ~/.bashrc."""
    kind = get_completion_class(shell)
    assert kind is not None
    out(kind(context.find_root().command, {}, "splitbrain", "_SPLITBRAIN_COMPLETE").source())


def targets(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Targets, and after a colon their options."""
    name, colon, rest = incomplete.partition(":")
    if not colon:
        return _items(registry.TARGETS, incomplete)
    options = registry.target_class(name).options if name in registry.TARGETS else ()
    return _settings(f"{name}:", rest, options)


def workloads(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Workloads."""
    return _items(registry.WORKLOADS, incomplete)


def environments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Environments."""
    return _items(registry.ENVIRONMENTS, incomplete)


def models(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Models."""
    return _items(registry.models(), incomplete)


def judges(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names that a run may be judged by: models, and what the target claims."""
    return _items((CLAIM, *registry.models()), incomplete)


def nemeses(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Faults, the last of several; after a colon its options."""
    before, comma, last = incomplete.rpartition(",")
    name, colon, rest = last.partition(":")
    faults = registry.faults()
    if colon and name in faults:
        return _settings(f"{before}{comma}{name}:", rest, faults[name].options)
    return [CompletionItem(f"{before}{comma}{name}") for name in ("all", "every", *faults) if name.startswith(last)]


def anything(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of everything that `list` knows."""
    sections = ("targets", "workloads", "nemeses", "models", "environments")
    names = (*registry.WORKLOADS, *registry.faults(), *registry.models(), *registry.ENVIRONMENTS)
    return targets(context, parameter, incomplete) + _items(dict.fromkeys((*sections, *names)), incomplete)


OF_FIELD: dict[str, Complete] = {
    "target": targets,
    "workload": workloads,
    "model": judges,
    "nemesis": nemeses,
    "env": environments,
}
"""The completion of each field of a specification."""


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _settings(head: str, rest: str, options: Iterable[Option]) -> list[CompletionItem]:
    """Options, the last of several, and after an equals sign their values."""
    before, comma, last = rest.rpartition(",")
    words = [f"{option.name}={choice}" for option in options for choice in (option.choices or ("",))]
    return [CompletionItem(f"{head}{before}{comma}{word}") for word in words if word.startswith(last)]
