"""What is a ready model? A name, a summary and options as data; and how a Model is made of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.porcupine.model import Model
from splitbrain.harness.options import Option, Setting


@dataclass(frozen=True)
class Entry:
    """One ready model, as `--model` and `list models` know it.

    make: settings (every option's value, see `options.settle`; missing ones take their default) → the model.
    """

    name: str
    summary: str
    options: Sequence[Option]
    build: Callable[[Mapping[str, Setting]], Model]

    def make(self, settings: Mapping[str, Setting] | None = None) -> Model:
        """The model with these settings."""
        return self.build({option.name: option.default for option in self.options} | dict(settings or {}))
