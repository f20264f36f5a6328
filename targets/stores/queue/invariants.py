"""Invariants of a message queue, watched while a simulated run goes on."""

from collections.abc import Sequence

from splitbrain.harness.invariants import Invariant, Watch
from splitbrain.harness.marks import MarkEvent
from splitbrain.targets.stores.lease_invariants import in_order, leases_last


def one_delivery_at_a_time() -> Invariant:
    """At most one consumer at a time that has a message, and none after it was acknowledged."""

    def watch() -> Watch:
        out: dict[str, int] = {}
        acknowledged: dict[str, None] = {}

        def see(event: MarkEvent) -> str | None:
            _, name, delivery = event.values
            if event.name == "lapsed":
                out.pop(name, None)
                return None
            if event.name == "consumed":
                acknowledged[name] = None
                return None
            if name in acknowledged:
                return f"{event.node} delivers {name} again, which was acknowledged"
            before = out.get(name)
            out[name] = delivery
            return None if before is None else f"{event.node} delivers {name} twice at a time: {before} and {delivery}"

        return in_order(see)

    return Invariant("one delivery at a time", ("delivered", "consumed", "lapsed"), watch)


def leaves_when_acknowledged() -> Invariant:
    """Messages that leave the queue when they are acknowledged, and for no other reason."""

    def watch() -> Watch:
        acknowledged: dict[str, None] = {}

        def see(event: MarkEvent) -> str | None:
            _, name, _ = event.values
            if event.name == "consumed":
                acknowledged[name] = None
                return None
            return None if name in acknowledged else f"{event.node} drops {name}, which nobody has acknowledged"

        return in_order(see)

    return Invariant("a message leaves when it is acknowledged", ("consumed", "removed"), watch)


def invariants(visibility: int) -> Sequence[Invariant]:
    """The invariants of a queue. visibility: for how long a message is hidden, nanoseconds."""
    return leases_last(visibility, ("delivered",)), one_delivery_at_a_time(), leaves_when_acknowledged()
