"""Invariants of a log broker, watched while a simulated run goes on."""

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.invariants import Invariant, Latest, Watch
from splitbrain.harness.marks import MarkEvent


def one_leader_an_epoch() -> Invariant:
    """At most one node that leads a partition in one epoch."""

    def watch() -> Watch:
        leaders: dict[str, Latest[str]] = {}

        def see(event: MarkEvent) -> str | None:
            epoch, partition, _ = event.values
            first = leaders.setdefault(partition, Latest()).setdefault(epoch, event.node)
            if first in (None, event.node):
                return None
            return f"{event.node} leads {partition} in epoch {epoch}, in which {first} led"

        return see

    return Invariant("one leader an epoch", ("leads",), watch)


def one_message_an_offset() -> Invariant:
    """One message committed at one offset, the same on all nodes and each time."""

    def watch() -> Watch:
        found: dict[str, Latest[tuple[str, Any]]] = {}

        def see(event: MarkEvent) -> str | None:
            index, message, partition = event.values
            first = found.setdefault(partition, Latest(50_000)).setdefault(index, (event.node, message))
            if first is None or first[1] == message:
                return None
            there = f"where {first[0]} has {first[1]!r}"
            return f"{event.node} has {message!r} committed at offset {index} of {partition}, {there}"

        return see

    return Invariant("one message an offset", ("committed",), watch)


def leader_has_all_committed() -> Invariant:
    """A log that begins to lead is as long as what any node knows to be committed.

    Pitfall: a node may hear late that it was chosen, when the leader of a later epoch has committed more.
    """

    def watch() -> Watch:
        committed: dict[str, int] = {}
        latest: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == "committed":
                index, _, partition = event.values
                committed[partition] = max(index, committed.get(partition, 0))
                return None
            epoch, partition, last = event.values
            known = committed.get(partition, 0)
            latest[partition] = max(epoch, latest.get(partition, 0))
            if last >= known or epoch < latest[partition]:
                return None
            return f"{event.node} leads {partition} in epoch {epoch} with {last} messages, and {known} are committed"

        return see

    return Invariant("a leader has all that is committed", ("committed", "leads"), watch)


def invariants(*, clean: bool) -> Sequence[Invariant]:
    """The invariants of a broker. clean: whether only replicas in sync may lead."""
    return (one_leader_an_epoch(), *((one_message_an_offset(), leader_has_all_committed()) if clean else ()))
