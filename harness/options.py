"""Options of targets, models, workloads and faults as data; parsing, `list` and error messages derive from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.errors import UsageError

Setting = str | int | float | bool | None


@dataclass(frozen=True)
class Option:
    """One named option.

    default: its value when not set; its type is the option's type. choices: the only words allowed, if not empty.
    meaning: one line for people. units belong in the name ("ttl_seconds") or in the meaning.
    """

    name: str
    default: Setting
    meaning: str
    choices: tuple[str, ...] = ()

    def parse(self, text: str, owner: str) -> Setting:
        """The value of a word from the command line; UsageError says what was expected."""
        if self.choices:
            if text not in self.choices:
                raise UsageError(f"{owner}: option {self.name} is one of {', '.join(self.choices)}, not {text!r}")
            return text
        try:
            if isinstance(self.default, bool):
                return {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}[text]
            if isinstance(self.default, int):
                return int(text)
            if isinstance(self.default, float):
                return float(text)
        except (KeyError, ValueError):
            kind = "on or off" if isinstance(self.default, bool) else "a number"
            raise UsageError(f"{owner}: option {self.name} is {kind}, not {text!r}") from None
        return text

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
            raise UsageError(f"{owner} has no option {name!r}; {has}")
    return {
        name: option.parse(given[name], owner) if name in given else option.default for name, option in known.items()
    }
