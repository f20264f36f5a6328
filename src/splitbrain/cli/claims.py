"""`splitbrain claims`: claims of textbooks, measured."""

import json
from pathlib import Path

import click

from splitbrain.cli.exits import INVALID, UNKNOWN, VALID, worst
from splitbrain.cli.output import out
from splitbrain.harness.errors import UsageError
from splitbrain.results import format
from splitbrain.textbook.claim import ClaimFinding
from splitbrain.textbook.measure import SEEDS, MeasuredClaim, chosen, measure


@click.command("claims")
@click.argument("names", nargs=-1, metavar="[NAME|TOPIC]...")
@click.option("--seeds", type=click.IntRange(1, 1000), default=len(SEEDS), show_default=True, help="Seeds a claim.")
@click.option("--jobs", "-j", type=click.IntRange(1, 1000), help="Processes at once; by default the cores there are.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a claim.")
@click.option("--markdown", is_flag=True, help="All as a page of Markdown.")
@click.option(
    "--pictures", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="Draw those with curves."
)
@click.option("--systems", is_flag=True, help="What tables say of systems, as Markdown; nothing is measured.")
def command(
    names: tuple[str, ...],
    seeds: int,
    jobs: int | None,
    as_json: bool,
    markdown: bool,
    pictures: Path | None,
    systems: bool,
) -> int:
    """Measure claims of textbooks: each is confirmed, or refuted, or it depends.

    Exit codes: 0 every finding is the one on record; 1 one is another; 2 one is unsettled.
    """
    if as_json and markdown:
        raise UsageError("--json and --markdown are two forms of one output: choose one of them")
    if systems:
        if names or as_json or markdown or pictures is not None:
            raise UsageError("--systems measures no claim: it takes no name and no other form of output")
        from splitbrain.textbook.page import systems as page_of_systems

        out(page_of_systems().rstrip("\n"))
        return VALID

    def told(one: MeasuredClaim) -> None:
        if as_json:
            out(json.dumps(one.to_json(), ensure_ascii=False))
        elif not markdown:
            out("\n".join(lines(one)))

    asked = chosen(names)
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    found = measure(asked, range(1, seeds + 1), jobs, told)
    if pictures is not None:
        from splitbrain.textbook.pictures import draw

        draw(found, pictures)
    if markdown:
        from splitbrain.textbook.page import page

        out(page(found).rstrip("\n"))
    return worst([code(one) for one in found])


def lines(one: MeasuredClaim) -> list[str]:
    """One claim, for a terminal."""
    told = [f"{one.finding.value}: {one.claim.name}: {one.claim.claim}"]
    if one.finding is not one.claim.finding:
        told.append(f"  on record: {one.claim.finding.value}")
    told += [f"  {format.plain(name)}: {figure.shown()}" for name, figure in one.figures.items()]
    told += [f"  {line}" for line in one.claim.run.splitlines()]
    return told


def code(one: MeasuredClaim) -> int:
    """The exit code of one claim."""
    if one.finding is ClaimFinding.UNSETTLED:
        return UNKNOWN
    return VALID if one.finding is one.claim.finding else INVALID
