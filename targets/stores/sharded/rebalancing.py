"""Rebalancing: the leader of `map` plans moves of slots, and brings each to its end, entry by entry.

It moves the slot that was asked for most, as far as its own copy knows, or one drawn by lot, to the group that was
asked for least. What has to come next for the move under way is read from the copies of this node alone: what they have
applied is so, and stays so. An entry that is lost comes again after `PATIENCE`.

Pitfall: a leader of `map` that is none any more goes on for a while. So nothing of a move may rest on who drives it.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.program import Now
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.sharded import messages
from splitbrain.targets.stores.sharded.member import GroupMember
from splitbrain.targets.stores.sharded.messages import DROP, FREEZE, INSTALL, MAP, PLAN, PUBLISH
from splitbrain.targets.stores.sharded.table import SlotMove

PATIENCE = 50_000_000
"""Nanoseconds after which an entry comes again."""
HOTTEST = 0.5
"""Share of the moves that are of the slot that was asked for most."""

Command = tuple[str, Request]
"""An entry of a move, and the group in whose log it belongs."""


class Rebalancer:
    """The planner and driver of moves on one node. every: nanoseconds between the end of a move and the plan of the
    next, on average; 0: no moves."""

    def __init__(self, members: Mapping[str, GroupMember], random: RandomStream, every: int) -> None:
        self._map = members[MAP]
        self._groups = {name: member for name, member in members.items() if name != MAP}
        self._random = random
        self._every = every
        self._due: int | None = None
        """The time of the next plan, while this node leads `map` and no move is under way."""
        self._sent: tuple[str, int] = ("", 0)
        """The kind of the last entry, and when it was sent."""

    @property
    def moves(self) -> bool:
        """Whether slots move at all."""
        return self._every > 0 and len(self._groups) > 1

    def next(self, now: Now) -> Command | None:
        """The entry that is due now, if this node leads `map`."""
        if not self.moves or not self._map.leads:
            self._due = None
            return None
        move = self._map.table.move
        if move is None:
            return self._planned(now)
        self._due = None
        kind = self._step(move)
        last, at = self._sent
        if last == kind and now.monotonic - at < PATIENCE:
            return None
        self._sent = kind, now.monotonic
        return self._command(kind, move)

    def _planned(self, now: Now) -> Command | None:
        """The plan of the next move, when its time has come."""
        if self._due is None:
            self._due = now.monotonic + round(self._every * self._random.between(0.5, 1.5))
        if now.monotonic < self._due:
            return None
        self._due = None
        table, load = self._map.table, self._load()
        slot = self._random.below(len(table.owners))
        if any(load) and self._random.chance(HOTTEST):
            slot = load.index(max(load))
        source = table.owners[slot]
        to = self._least_asked(load, table.owners, source)
        return MAP, entry(PLAN, slot, table.epoch + 1, source, to)

    def _load(self) -> list[int]:
        """The requests for each slot since this was asked last."""
        load = [0] * len(self._map.table.owners)
        for member in self._groups.values():
            counted, member.shard.load = member.shard.load, {}
            for slot, number in counted.items():
                load[slot] += number
        return load

    def _least_asked(self, load: Sequence[int], owners: Sequence[str], source: str) -> str:
        """The group, other than this one, whose slots were asked for least."""
        asked = dict.fromkeys((name for name in self._groups if name != source), 0)
        for slot, owner in enumerate(owners):
            if owner in asked:
                asked[owner] += load[slot]
        return min(asked, key=lambda name: asked[name])

    def _step(self, move: SlotMove) -> str:
        """The kind of the entry that has to come next for a move."""
        source, to = self._groups[move.source].shard, self._groups[move.to].shard
        if to.installed(move.slot, move.epoch):
            return DROP if source.frozen(move.slot, move.epoch) else PUBLISH
        return INSTALL if source.frozen(move.slot, move.epoch) else FREEZE

    def _command(self, kind: str, move: SlotMove) -> Command:
        """The entry of this kind for a move, and where it belongs."""
        match kind:
            case messages.FREEZE:
                return move.source, entry(kind, move.slot, move.epoch, move.to)
            case messages.INSTALL:
                return move.to, entry(kind, move.slot, move.epoch, self._state(move))
            case messages.DROP:
                return move.source, entry(kind, move.slot, move.epoch)
            case _:
                return MAP, entry(kind, move.slot, move.epoch)

    def _state(self, move: SlotMove) -> bytes:
        """The state with which a slot moves."""
        return self._groups[move.source].shard.state(move.slot)


def entry(kind: str, slot: int, epoch: int, *more: object) -> Request:
    """An entry of a move. Its name is its kind, its slot and its epoch: while it waits in a log, a second one waits
    with it."""
    return Request(kind, slot, [epoch, *more], f"{kind} {slot}", epoch)
