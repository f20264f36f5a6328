"""Topologies of a broadcast: which nodes are neighbours, as the `topology` message tells them."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, sqrt

Neighbours = Mapping[str, Sequence[str]]


def line(names: Sequence[str]) -> Neighbours:
    """A chain."""
    return {name: [*names[max(0, i - 1) : i], *names[i + 1 : i + 2]] for i, name in enumerate(names)}


def grid(names: Sequence[str]) -> Neighbours:
    """Rows and columns, as near to a square as can be; the last row may be shorter."""
    width = ceil(sqrt(len(names)))

    def around(place: int) -> list[str]:
        row, column = divmod(place, width)
        near = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
        places = [r * width + c for r, c in near if r >= 0 and 0 <= c < width]
        return [names[other] for other in places if other < len(names)]

    return {name: around(place) for place, name in enumerate(names)}


def total(names: Sequence[str]) -> Neighbours:
    """Everybody is everybody's neighbour."""
    return {name: [other for other in names if other != name] for name in names}


def tree(names: Sequence[str], children: int) -> Neighbours:
    """A tree, each of whose nodes has so many children."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for place, name in enumerate(names[1:], 1):
        parent = names[(place - 1) // children]
        found[name].append(parent)
        found[parent].append(name)
    return found


TOPOLOGIES: Mapping[str, Callable[[Sequence[str]], Neighbours]] = {
    "grid": grid,
    "line": line,
    "total": total,
    "tree2": lambda names: tree(names, 2),
    "tree3": lambda names: tree(names, 3),
    "tree4": lambda names: tree(names, 4),
}
"""By name; the first is the default, as in Maelstrom."""
