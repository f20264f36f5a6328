"""Sizes as users write them: `2GiB`, `500MB`, bytes where no unit is written."""

import click

from splitbrain.runner.quantities import parse_size


class ByteSize(click.ParamType[int]):
    """A positive number of bytes."""

    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The size in bytes; a usage error for anything else."""
        try:
            return parse_size(str(value))
        except ValueError:
            self.fail(f"expected a size such as 2GiB or 500MB, not {str(value)!r}", param, ctx)


SIZE = ByteSize()
