"""Sizes as users write them: `2GiB`, `500MB`, bytes where no unit is written."""

import click

_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 10**3, "MB": 10**6, "GB": 10**9}


class ByteSize(click.ParamType[int]):
    """A positive number of bytes."""

    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The size in bytes; a usage error for anything else."""
        text = str(value).strip()
        unit = next((unit for unit in _UNITS if text.lower().endswith(unit.lower())), "")
        try:
            amount = float(text[: len(text) - len(unit)]) * _UNITS.get(unit, 1)
        except ValueError:
            amount = 0
        if not 1 <= amount < 1 << 60:
            self.fail(f"expected a size such as 2GiB or 500MB, not {text!r}", param, ctx)
        return int(amount)


SIZE = ByteSize()
