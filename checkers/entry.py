"""What is a check that can be asked for by name? A name, a summary and options as data; and how a checker is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.checker import Checker
from splitbrain.harness.options import Option, Setting


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue.

    summary: one line for `list models`. build: every option's value → the checker.
    """

    name: str
    summary: str
    options: Sequence[Option]
    build: Callable[[Mapping[str, Setting]], Checker]

    def make(self, settings: Mapping[str, Setting] | None = None) -> Checker:
        """The checker with these settings (see `options.settle`); missing ones take their default."""
        return self.build({option.name: option.default for option in self.options} | dict(settings or {}))
