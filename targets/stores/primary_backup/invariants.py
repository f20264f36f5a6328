"""Invariants of failover with leases and with STONITH, watched while a simulated run goes on; `lease` and `stonith` say
what each mark tells.

Gray and Cheriton, SOSP 1989, section 2: whoever gave a lease keeps it until its term is over, and its holder takes it
to be over no later than that.

Pitfall: times are compared as true ones, so the invariants hold where monotonic clocks run at the true rate.
"""

from splitbrain.harness.invariants import Invariant, Watch
from splitbrain.harness.marks import START, MarkEvent


def leases_are_kept() -> Invariant:
    """A node that is bound to a primary follows no other, and a primary counts its lease only as long as a majority,
    itself included, is bound to it."""

    def watch() -> Watch:
        bound: dict[str, tuple[str, int]] = {}
        nodes: dict[str, None] = {}

        def see(event: MarkEvent) -> str | None:
            node, time = event.node, event.time
            if event.name == START:
                nodes[node] = None
                return None
            if event.name == "leased":
                end = time + event.values[0]
                having = [name for name, (primary, until) in bound.items() if primary == node and until >= end]
                if len(having) >= len(nodes) // 2:
                    return None
                others = ", ".join(having) or "nobody"
                return f"{node} counts on its lease for {_ms(event.values[0])} ms, and {others} is bound to it so long"
            primary, ago, lasts = event.values
            before, until = bound.get(node, (primary, 0))
            since = time - ago
            if before != primary and since < until:
                return f"{node} follows {primary}, and is bound to {before} for {_ms(until - since)} ms more"
            bound[node] = primary, max(since + lasts, until if before == primary else 0)
            return None

        return see

    return Invariant("leases are kept", (START, "bound", "leased"), watch)


def one_serves() -> Invariant:
    """One node at most serves as primary: another is off, has started again or has stepped down."""

    def watch() -> Watch:
        serving: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            node = event.node
            if event.name == "off":
                serving.pop(event.values[0], None)
            elif event.name != "serves":
                serving.pop(node, None)
            else:
                others = [other for other in serving if other != node]
                serving[node] = event.values[0]
                if others:
                    return f"{node} serves in view {event.values[0]}, and {others[0]} does in view {serving[others[0]]}"
            return None

        return see

    return Invariant("one node serves", (START, "serves", "serves-no-more", "off"), watch)


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.3f}"
