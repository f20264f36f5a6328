"""Fields of a specification: how an option is described, read from text, checked and shown.

A field is declared with `option(default, help, …)` in a frozen dataclass; `fields_of` reads the declarations.
"""

import functools
import math
import numbers
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Union, get_args, get_origin, get_type_hints

from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Setting
from splitbrain.runner.quantities import parse_budget, parse_duration, shown_budget

SET = "--set"
"""The name on the command line of a field of KEY=VALUE pairs, one pair at a time."""
SECONDS = "seconds"
"""The unit of durations: read as `60s`, `2m`, `0.5`."""

_ABOUT = "about"
_SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


@dataclass(frozen=True)
class About:
    """Facts about a field beside its type and default.

    help: one line for people. unit: of its number. least, most: bounds, included. above: a bound, excluded. metavar:
    how its value is called in the help. short: a one-letter option. repeated: whether the command line may give a text
    several times, which is the same as once with commas.
    """

    help: str
    unit: str = ""
    least: float | None = None
    above: float | None = None
    most: float | None = None
    metavar: str | None = None
    short: str | None = None
    repeated: bool = False


def option(default: Any, help: str, **about: Any) -> Any:
    """Declare a field of a specification; see `About`. A default of `dict` means an empty mapping of its own,
    MISSING that the field has to be given."""
    metadata = {_ABOUT: About(help, **about)}
    if default is MISSING:
        return field(metadata=metadata)
    if default is dict:
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class SpecField:
    """One field of a specification. kind: str, int, float, bool, dict or Budget; optional: whether None is one of its
    values. default: MISSING if it has to be given."""

    name: str
    kind: type
    optional: bool
    default: Any
    about: About

    @property
    def word(self) -> str:
        """The name on the command line: `--time-limit`, `TARGET`."""
        if self.required:
            return self.name.upper()
        return SET if self.kind is dict else f"--{self.name.replace('_', '-')}"

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is MISSING

    def value(self, given: Any) -> Any:
        """The value that was given, of the right type and within its bounds; text is read. UsageError if it is not."""
        if given is None and self.optional:
            return None
        converted = self._converted(given)
        if self.kind in (int, float) and not self._within(converted):
            raise self._wrong(given)
        return converted

    def shown(self, value: Any) -> str:
        """A value as a user would type it."""
        if isinstance(value, Budget):
            return shown_budget(value)
        if isinstance(value, float):
            return str(value).removesuffix(".0")
        return _typed(value)

    def plain(self, value: Any) -> Any:
        """A value as JSON or TOML has it."""
        if not isinstance(value, Budget):
            return value
        return value.seconds if value == Budget(seconds=value.seconds) else shown_budget(value)

    @property
    def expected(self) -> str:
        """The kind of value that is expected, in words: `a number from 1 to 100`."""
        about = self.about
        if self.kind is bool:
            return "on or off"
        if self.kind is Budget:
            return "a duration, bytes and configurations, or some of them, as in 60s,2GiB,20M"
        if self.kind is dict:
            return "KEY=VALUE pairs"
        if self.kind is str:
            return "a text"
        number = "a whole number" if self.kind is int else "a number"
        if about.unit == SECONDS:
            number = "a duration, such as 60s, 2m or 0.5,"
        elif about.unit:
            number += f" of {about.unit}"
        if about.least is not None and about.most is not None:
            least, most = (bound if isinstance(bound, int) else f"{bound:.15g}" for bound in (about.least, about.most))
            return f"{number} from {least} to {most}"
        low = f" above {about.above:.15g}" if about.above is not None else ""
        low = f" of at least {about.least:.15g}" if about.least is not None else low
        high = f" and at most {about.most:.15g}" if about.most is not None else ""
        return number + low + high + (" seconds" if about.unit == SECONDS and high else "")

    def _converted(self, given: Any) -> Any:
        try:
            if self.kind is Budget:
                return parse_budget(given)
            if self.kind is dict:
                return {str(key): _typed(value) for key, value in dict(given).items()}
            if self.kind is str:
                return _joined(given)
            if self.kind is bool:
                return _SWITCH[given] if isinstance(given, str) else _exactly(given, bool)
            if isinstance(given, str):
                return parse_duration(given) if self.about.unit == SECONDS else self.kind(given)
            _exactly(given, numbers.Real)
            if self.kind is int and given != int(given):
                raise ValueError
            return self.kind(given)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._wrong(given) from None

    def _within(self, number: float) -> bool:
        about = self.about
        return (
            math.isfinite(number)
            and (about.least is None or number >= about.least)
            and (about.above is None or number > about.above)
            and (about.most is None or number <= about.most)
        )

    def _wrong(self, given: Any) -> UsageError:
        shown = repr(given) if isinstance(given, str) else str(given)
        return UsageError(f"{self.word} is {self.expected}, not {shown}")


@functools.cache
def fields_of(spec: type) -> tuple[SpecField, ...]:
    """The fields of a specification, in the order of their declaration."""
    hints = get_type_hints(spec)
    found = []
    for declared in fields(spec):
        kind, optional = _kind(hints[declared.name])
        default = declared.default
        if default is MISSING and declared.default_factory is not MISSING:
            default = declared.default_factory()
        found.append(SpecField(declared.name, kind, optional, default, declared.metadata[_ABOUT]))
    return tuple(found)


def _kind(hint: Any) -> tuple[type, bool]:
    optional = get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)
    if optional:
        hint = next(part for part in get_args(hint) if part is not type(None))
    return (dict if get_origin(hint) in (dict, Mapping) else hint), optional


def _exactly(given: Any, kind: type) -> Any:
    if not isinstance(given, kind) or (kind is not bool and isinstance(given, bool)):
        raise TypeError
    return given


def _joined(given: Any) -> str:
    """A text, or several as one with commas."""
    if isinstance(given, list | tuple):
        return ",".join(_exactly(part, str) for part in given)
    text: str = _exactly(given, str)
    return text


def _typed(value: Setting) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else str(value)
