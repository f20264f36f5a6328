"""CatalogueEntry: one named choice of a catalogue, with options as data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from splitbrain.harness.options import Option, Setting

Made_co = TypeVar("Made_co", covariant=True)


@dataclass(frozen=True)
class CatalogueEntry(Generic[Made_co]):
    """A checker, or a sequential model, as `--model` and `list models` know it.

    summary: one line for `list models`. build: the value of every option → what the entry stands for.
    """

    name: str
    summary: str
    options: Sequence[Option]
    build: Callable[[Mapping[str, Setting]], Made_co]

    def make(self, settings: Mapping[str, Setting] | None = None) -> Made_co:
        """Make the thing that the entry stands for, with these settings (see `options.settle`); missing ones take their
        default."""
        return self.build({option.name: option.default for option in self.options} | dict(settings or {}))
