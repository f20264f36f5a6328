"""Invariants of leases on a replicated log, watched while a simulated run goes on.

Every server makes the marks of each change, with its place in the order of all requests; the first to make it counts.
The marks of a lease have that place, its name, and a number that says to whom it was given.
"""

from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.invariants import Invariant, Watch
from splitbrain.harness.marks import MarkEvent


def in_order(see: Watch) -> Watch:
    """Show a watch each mark once, in the order of its first value, a place; a place may have several marks."""
    highest = 0
    there: list[tuple[str, str]] = []

    def first(event: MarkEvent) -> str | None:
        nonlocal highest, there
        place, name = event.values[:2]
        if place > highest:
            highest, there = place, []
        if place < highest or (event.name, name) in there:
            return None
        there.append((event.name, name))
        return see(event)

    return first


def leases_last(lease: int, grants: tuple[str, ...]) -> Invariant:
    """Nothing taken from its holder before its lease, in nanoseconds, is over: by true time, which monotonic clocks
    follow unless their rate is changed. grants: the marks of its beginnings; the mark of its end is `lapsed`."""

    def watch() -> Watch:
        since: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            _, name, token = event.values
            if event.name in grants:
                since[name] = event.time
                return None
            held = event.time - since.get(name, 0)
            if held >= lease:
                return None
            return f"{event.node} takes {name} from token {token} after {held / SECOND:.3f} s of {lease / SECOND:g} s"

        return in_order(see)

    return Invariant("a lease lasts", (*grants, "lapsed"), watch)
