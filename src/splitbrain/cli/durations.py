"""Durations of the command line: `60s`, `2m`, `0.5`; seconds unless a unit is written."""

import math

import click

from splitbrain.runner.quantities import parse_duration


class Duration(click.ParamType[float]):
    """A positive number of seconds."""

    name = "seconds"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The duration in seconds; a usage error for anything else."""
        text = str(value).strip()
        try:
            seconds = parse_duration(text)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            self.fail(f"expected a duration above 0 such as 60s, 2m or 0.5, not {text!r}", param, ctx)
        return seconds


DURATION = Duration()
