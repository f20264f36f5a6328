"""Tables of measurements in the documentation, between two marks of a page, written over row by row.

Pitfall: between the marks nothing is kept that somebody typed.
"""

from collections.abc import Sequence
from pathlib import Path

from measuring import Goal, Report

MARK = "figures"
COMMAND = "python benchmarks/linearizability.py"
HEAD = 4
"""Lines of a table before its first row."""


def write(path: Path, machine: str, reports: Sequence[Report], order: Sequence[str]) -> None:
    """Put the table into the page: new rows beside those that it has, in an order of their names; ValueError if it has
    no marks, or if rows that stay were not measured in the same way."""
    lines = markdown(machine, reports)
    measured = [report.row for report in reports]
    kept = {name: line for line in current(path, MARK) for name in order if line.endswith(f"| `--only {name}` |")}
    kept = {name: line for name, line in kept.items() if name not in measured}
    if kept and lines[0] not in current(path, MARK):
        raise ValueError(f"{', '.join(kept)} were not measured like this: {lines[0]} Measure them too")
    rows = kept | dict(zip(measured, lines[HEAD:], strict=True))
    replace(path, MARK, [*lines[:HEAD], *(rows[name] for name in order if name in rows)])


def current(path: Path, mark: str) -> list[str]:
    """The lines between the marks, none if they are not there."""
    return path.read_text().partition(f"<!-- {mark}: begin -->")[2].partition(f"<!-- {mark}: end -->")[0].splitlines()


def replace(path: Path, mark: str, lines: Sequence[str]) -> None:
    """Put lines between `<!-- MARK: begin -->` and `<!-- MARK: end -->`; ValueError if these are not there."""
    opening, closing = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, begin, rest = path.read_text().partition(opening)
    _, end, after = rest.partition(closing)
    if not begin or not end:
        raise ValueError(f"{path} has no {opening} … {closing}")
    table = "\n".join(lines)
    path.write_text(f"{before}{opening}\n{table}\n{closing}{after}")


def replace_rows(path: Path, lines: Sequence[str]) -> None:
    """Put lines of tables in place of those of a page that begin with the same name; ValueError if there is not one."""
    new = {line.partition(" | ")[0]: line for line in lines if line.startswith("| `")}
    old = path.read_text().splitlines(keepends=True)
    for name in new:
        found = sum(line.partition(" | ")[0] == name for line in old)
        if found != 1:
            raise ValueError(f"{path} has {found} lines that begin with {name}")
    kept = ((line, line.partition(" | ")[0]) for line in old)
    path.write_text("".join(f"{new[name]}\n" if name in new else line for line, name in kept))


def markdown(machine: str, reports: Sequence[Report]) -> list[str]:
    """The machine, and a line a row."""
    lines = [f"Measured on: {machine}.", "", f"| work | measured (goal) | `{COMMAND}` |", "|---|---|---|"]
    for report in reports:
        figures = "; ".join(figure(goal) for goal in report.goals)
        lines.append(f"| {report.title} | {figures} | `--only {report.row}` |")
    return lines


def figure(goal: Goal) -> str:
    """One figure, with what it should be."""
    bound = f"{goal.sign} {goal.bound:,g}"
    if goal.value is None:
        return f"{goal.name}: – ({bound})"
    missed = " **missed**" if goal.met is False else ""
    return f"{goal.name}: {'>' if goal.at_least else ''}{shown(goal.value)} ({bound}){missed}"


def shown(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
