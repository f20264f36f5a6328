"""Options of targets, models, workloads and faults as data; parsing, `list` and error messages derive from it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.errors import UsageError
from splitbrain.harness.suggestion import did_you_mean

Setting = str | int | float | bool | None


@dataclass(frozen=True)
class Option:
    """One named option.

    default: its value when not set; its type is the option's type. choices: the only words allowed, if not empty.
    meaning: one line for people. units belong in the name ("ttl_seconds") or in the meaning. least, most: bounds of a
    number, included; None: there is none. drawn: the value that a draw in [0, 1) gives, where a seed draws it; None if
    only a user sets it.
    """

    name: str
    default: Setting
    meaning: str
    choices: tuple[str, ...] = ()
    least: float | None = 0
    most: float | None = None
    drawn: Callable[[float], Setting] | None = None

    def parse(self, text: str, owner: str) -> Setting:
        """The value of a word from the command line; UsageError says what was expected."""
        if self.choices:
            if text not in self.choices:
                raise UsageError(f"{owner}: option {self.name} is {self.expected}, not {text!r}")
            return text
        try:
            if isinstance(self.default, bool):
                return {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}[text]
            if isinstance(self.default, int | float):
                return self._number(text)
        except (KeyError, ValueError, OverflowError):
            raise UsageError(f"{owner}: option {self.name} is {self.expected}, not {text!r}") from None
        return text

    @property
    def expected(self) -> str:
        """The kind of value that is expected, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if isinstance(self.default, bool):
            return "on or off"
        if not isinstance(self.default, int | float):
            return "a text"
        number = "a whole number" if isinstance(self.default, int) else "a number"
        if self.least is None:
            return number
        return (
            f"{number} of at least {self.least:g}"
            if self.most is None
            else (f"{number} from {self.least:g} to {self.most:g}")
        )

    def _number(self, text: str) -> int | float:
        number: int | float = int(text) if isinstance(self.default, int) else float(text)
        too_small = self.least is not None and number < self.least
        if too_small or (self.most is not None and number > self.most) or not math.isfinite(number):
            raise ValueError
        return number

    def shown(self, value: Setting = None) -> str:
        """A value, or the default, as a user would type it."""
        value = self.default if value is None else value
        if isinstance(value, bool):
            return "on" if value else "off"
        return "" if value is None else str(value)


def settle(options: Sequence[Option], given: Mapping[str, str], owner: str) -> dict[str, Setting]:
    """The value of every option: the given one, else the default. UsageError for an unknown option."""
    known = {option.name: option for option in options}
    for name in given:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise UsageError(f"{owner} has no option {name!r}{did_you_mean(name, known, has)}")
    return {
        name: option.parse(given[name], owner) if name in given else option.default for name, option in known.items()
    }
