"""Options of the command line that are derived from the fields of a specification."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from splitbrain import registry
from splitbrain.harness.errors import UsageError
from splitbrain.runner.fields import SECONDS, SET, SpecField
from splitbrain.runner.spec import RunSpec

Command = TypeVar("Command", bound=Callable[..., Any])


class FieldType(click.ParamType[Any]):
    """A type of option values: reads the value of a field as the field itself does."""

    def __init__(self, declared: SpecField) -> None:
        self.declared = declared
        self.name = declared.about.unit or declared.kind.__name__

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value; UsageError, in the field's own words, if it makes no sense, or if an empty one was typed."""
        if value == "" and _typed(param, ctx):
            raise UsageError(f"{self.declared.word} is given without a value: name one, or leave it out")
        return self.declared.value(value)


def _typed(param: click.Parameter | None, ctx: click.Context | None) -> bool:
    """Whether the value of an option stood on the command line."""
    if param is None or param.name is None or ctx is None or isinstance(param, click.Argument):
        return False
    return ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE


BUDGET = FieldType(RunSpec.field("budget"))
"""Type that reads a budget, as `run` and `check` have it."""


def spec_options(command: Command) -> Command:
    """Give a command the options of `RunSpec`, and its target as an argument; `spec_of` makes a spec of them."""
    for declared in reversed(RunSpec.fields()):
        decorate = _argument(declared) if declared.required else _option(declared)
        command = decorate(command)
    return command


def spec_of(given: Mapping[str, Any]) -> RunSpec:
    """The specification of the values that click has read."""
    values = dict(given)
    if "" in values["settings"]:
        raise UsageError(f"{SET} is given without a value: write {SET} KEY=VALUE, or leave it out")
    values["settings"] = registry.assignments(",".join(values["settings"]), SET)
    return RunSpec(**values)


def _argument(declared: SpecField) -> Callable[[Command], Command]:
    return click.argument(declared.name, shell_complete=_completed(declared))


def _option(declared: SpecField) -> Callable[[Command], Command]:
    about = declared.about
    words = [word for word in (declared.word, about.short) if word]
    if declared.kind is bool:
        return click.option(*words, declared.name, is_flag=True, default=declared.default, help=about.help)
    if declared.kind is dict:
        return click.option(SET, declared.name, multiple=True, metavar=about.metavar, help=about.help)
    default = () if about.repeated else declared.default
    shown = "" if default in (None, "", ()) else declared.shown(default) + "s" * (about.unit == SECONDS)
    return click.option(
        *words,
        declared.name,
        type=FieldType(declared),
        shell_complete=_completed(declared),
        default=default,
        multiple=about.repeated,
        show_default=shown or False,
        metavar=about.metavar,
        help=about.help,
    )


def _completed(declared: SpecField) -> Callable[[click.Context, click.Parameter, str], list[Any]] | None:
    """The completion of the words of a field, imported when a shell asks."""
    if declared.kind is not str:
        return None

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        from splitbrain.cli.completion import OF_FIELD

        return OF_FIELD[declared.name](context, parameter, incomplete) if declared.name in OF_FIELD else []

    return complete
