"""Invariants of sharded: those of Raft in each group, and what moves must keep.

Pitfall: a node that starts again applies its log again, and so makes old marks anew. So of each group only what is
applied for the first time counts, by its place in the group's order.
"""

from collections.abc import Sequence

from splitbrain.harness.invariants import Invariant, Latest, Watch, done_once, one_entry_an_index
from splitbrain.harness.marks import OF_SIMULATOR, MarkEvent
from splitbrain.targets.stores.raft import invariants as raft


def of_group(group: str, invariant: Invariant) -> Invariant:
    """An invariant of Raft, watched in one of several groups, whose marks bear its name."""
    plain = {name if name in OF_SIMULATOR else f"{group} {name}": name for name in invariant.marks}

    def watch() -> Watch:
        see = invariant.watch()
        return lambda event: see(MarkEvent(event.node, event.time, plain[event.name], event.values))

    return Invariant(f"{group}: {invariant.name}", tuple(plain), watch)


def one_owner_an_epoch() -> Invariant:
    """At most one group that begins to serve a slot in one epoch, and at most one that stops."""

    def watch() -> Watch:
        epochs: Latest[dict[tuple[str, int], str]] = Latest()

        def see(event: MarkEvent) -> str | None:
            slot, epoch, group, _ = event.values
            groups = epochs.setdefault(epoch, {})
            if groups is None:
                return None
            first = groups.setdefault((event.name, slot), group)
            if first == group:
                return None
            did = "serves" if event.name == "owner" else "gives away"
            return f"group {group} {did} slot {slot} in epoch {epoch}, and so does {first}"

        return see

    return Invariant("one owner an epoch", ("owner", "frozen"), watch)


def served_by_owner() -> Invariant:
    """Requests carried out by the last owner of their slot: none by a group after another has begun to serve it."""

    def watch() -> Watch:
        owners: dict[int, tuple[int, str]] = {}
        reached: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == "owner":
                slot, epoch, group, _ = event.values
                owners[slot] = max(owners.get(slot, (0, "")), (epoch, group))
                return None
            name, (group, at), slot, _ = event.values
            if at <= reached.get(group, 0):
                return None
            reached[group] = at
            epoch, owner = owners.get(slot, (0, group))
            if owner == group:
                return None
            return f"group {group} carries out request {name!r} for slot {slot}, which is {owner}'s since epoch {epoch}"

        return see

    return Invariant("served by the owner", ("owner", "served"), watch)


def moved_whole() -> Invariant:
    """Slots that arrive as they were when their source stopped serving them: values, sessions and history."""

    def watch() -> Watch:
        epochs: Latest[dict[int, tuple[str, int]]] = Latest()

        def see(event: MarkEvent) -> str | None:
            slot, epoch, group, state = event.values
            left = epochs.setdefault(epoch, {})
            if left is None:
                return None
            if event.name == "frozen":
                left.setdefault(slot, (group, state))
                return None
            if slot not in left:
                return f"group {group} begins to serve slot {slot} in epoch {epoch}, before its owner has stopped"
            source, sent = left[slot]
            if state == sent:
                return None
            return f"slot {slot} is not at {group} in epoch {epoch} what it was when {source} stopped serving it"

        return see

    return Invariant("a slot moves whole", ("frozen", "owner"), watch)


OF_RAFT = tuple(invariant for invariant in raft.INVARIANTS if "executed" not in invariant.marks)
"""Those of Raft. Which requests take effect, and that they do so once, is told over all groups."""


def invariants(groups: Sequence[str]) -> Sequence[Invariant]:
    """All of a store with these data groups."""
    return (
        *OF_RAFT,
        *(of_group(group, invariant) for group in groups for invariant in OF_RAFT),
        one_entry_an_index("published"),
        one_owner_an_epoch(),
        moved_whole(),
        served_by_owner(),
        done_once("served"),
    )
