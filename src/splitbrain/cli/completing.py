"""Completion of words for a shell, imported when a shell asks: it knows all names, and commands start without them."""

from collections.abc import Callable
from typing import Any

import click


def completing(kind: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """The completion of the names of a kind, which is the name of a function of `splitbrain.cli.completion`."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        from splitbrain.cli import completion

        found: list[Any] = getattr(completion, kind)(context, parameter, incomplete)
        return found

    return complete
