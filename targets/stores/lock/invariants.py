"""Invariants of a lock service, watched while a simulated run goes on."""

from collections.abc import Sequence

from splitbrain.harness.invariants import Invariant, Watch
from splitbrain.harness.marks import MarkEvent
from splitbrain.targets.stores.lease_invariants import in_order, leases_last

GRANTS = ("acquired", "refreshed")
ENDS = ("released", "lapsed")


def one_holder() -> Invariant:
    """A lock that is given to a client when nobody holds it, and given back by its holder."""

    def watch() -> Watch:
        holder: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            _, name, token = event.values
            before = holder.get(name)
            if event.name == "acquired":
                holder[name] = token
                return None if before is None else f"{event.node} gives {name} to token {token}, and {before} holds it"
            if event.name in ENDS:
                holder.pop(name, None)
            return None if before == token else f"{event.node} has {name} {event.name} by token {token}, not {before}"

        return in_order(see)

    return Invariant("one holder", (*GRANTS, *ENDS), watch)


def tokens_rise(mark: str, *, strictly: bool) -> Invariant:
    """The tokens of a mark never fall; strictly: each is greater than the one before."""

    def watch() -> Watch:
        last: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            _, name, token = event.values
            before = last.get(name, -1)
            last[name] = max(token, before)
            if token > before or (token == before and not strictly):
                return None
            return f"{name} is {mark} with token {token}, after token {before}"

        return in_order(see)

    return Invariant(f"tokens rise ({mark})", (mark,), watch)


def invariants(lease: int, *, fencing: bool) -> Sequence[Invariant]:
    """The invariants of a service. fencing: whether resources check tokens."""
    found = (leases_last(lease, GRANTS), one_holder(), tokens_rise("acquired", strictly=True))
    return (*found, tokens_rise("used", strictly=False)) if fencing else found
