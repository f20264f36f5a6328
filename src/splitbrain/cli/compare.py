"""`splitbrain compare`: two runs, campaigns or baselines side by side. 0 if chance explains how they differ, else 1."""

import json
from pathlib import Path

import click

from splitbrain.campaigns.compare import plain
from splitbrain.campaigns.sides import Sides
from splitbrain.cli.exits import INVALID, VALID
from splitbrain.cli.output import out
from splitbrain.results import format

SIDE = click.Path(path_type=Path)


@click.command("compare")
@click.argument("first", type=SIDE, metavar="A")
@click.argument("second", type=SIDE, metavar="B")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def command(first: Path, second: Path, as_json: bool) -> int:
    """Compare A and B: folders of runs, folders of campaigns, or files of baselines."""
    sides = Sides.of(first, second)
    if as_json:
        told = plain(sides.comparison)
        tables = {name: {what: [a, b] for what, a, b in sides.rows(name)} for name in sides.comparison.tests}
        word = "different" if sides.differ else "same"
        out(json.dumps({"compare": word, "first": str(first), "second": str(second), **told, "sides": tables}))
    else:
        out("\n".join(lines(sides, str(first), str(second))))
    return INVALID if sides.differ else VALID


def lines(sides: Sides, first: str, second: str) -> list[str]:
    """The answer, then what differs and both sides of each test."""
    answer = "different beyond chance" if sides.differ else "no difference beyond chance"
    told = [format.plain(f"{answer}: {first} and {second}")]
    for name, compared in sides.comparison.tests.items():
        told += ["", format.plain(name)]
        told += [format.plain(f"  worse in the second: {words}") for words in compared.worse]
        told += [format.plain(f"  better in the second: {words}") for words in compared.better]
        told += [format.plain(f"  {words}") for words in compared.notes]
        told += format.table([("", "first", "second"), *(tuple(map(format.plain, row)) for row in sides.rows(name))])
    for name in (*sides.comparison.missing, *sides.comparison.unknown):
        side = "first" if name in sides.comparison.missing else "second"
        told += ["", format.plain(f"{name}: of the {side} side alone, compared with nothing")]
    return told
