"""Durations of the command line: `60s`, `2m`, `0.5`; seconds unless a unit is written."""

import math

import click

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType[float]):
    """A positive number of seconds."""

    name = "seconds"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The duration in seconds; a usage error for anything else."""
        text = str(value).strip()
        unit = next((unit for unit in _UNITS if text.endswith(unit)), "")
        try:
            seconds = float(text.removesuffix(unit)) * _UNITS.get(unit, 1.0)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            self.fail(f"expected a duration above 0 such as 60s, 2m or 0.5, not {text!r}", param, ctx)
        return seconds


DURATION = Duration()
