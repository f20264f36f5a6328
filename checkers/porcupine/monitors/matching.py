"""Bipartite matching: to each seat one of those able to take it, nobody twice (augmenting paths: Kuhn 1955)."""

from collections.abc import Callable, Sequence

from splitbrain.harness.history import ABSENT


def matched(able: Sequence[Sequence[int]], stop: Callable[[], bool]) -> tuple[list[int], int] | None:
    """The one in each seat, given those able to take it; and the first seat that stays empty with all before it taken,
    ABSENT if there is none. None once `stop`, which is asked at each seat, says so: of n that are able to take any of n
    seats it may take n³ steps."""
    taken: dict[int, int] = {}
    seated = [ABSENT] * len(able)
    for seat in range(len(able)):
        if stop():
            return None
        if not _seat(seat, able, taken, seated):
            return seated, seat
    return seated, ABSENT


def _seat(first: int, able: Sequence[Sequence[int]], taken: dict[int, int], seated: list[int]) -> bool:
    """Fill a seat, moving others along the shortest path; whether it could be."""
    came_from: dict[int, int] = {}
    todo = [first]
    for seat in todo:
        for one in able[seat]:
            if one in came_from:
                continue
            came_from[one] = seat
            if one not in taken:
                _move(one, first, came_from, taken, seated)
                return True
            todo.append(taken[one])
    return False


def _move(one: int, first: int, came_from: dict[int, int], taken: dict[int, int], seated: list[int]) -> None:
    """Let everyone on a path take the seat from which they were found, up to the first."""
    seat = came_from[one]
    while True:
        before = seated[seat]
        taken[one], seated[seat] = seat, one
        if seat == first:
            return
        one, seat = before, came_from[before]
