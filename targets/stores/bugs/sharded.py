"""Bugs of sharded: routes, what moves with a slot, when, who serves it meanwhile, and what an index is told."""

from collections.abc import Iterator
from typing import Any

import msgspec

from splitbrain.targets.stores.bugs.shared import NoDeduplication
from splitbrain.targets.stores.machine import Machine, State, wire_name
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.sharded.finding import Finder, OpenFind
from splitbrain.targets.stores.sharded.index import GlobalPart, IndexEntry, LocalPart, Outgoing
from splitbrain.targets.stores.sharded.machine import ShardMachine
from splitbrain.targets.stores.sharded.messages import DROP, FREEZE, INSTALL, PUBLISH, SENT
from splitbrain.targets.stores.sharded.rebalancing import Command, Rebalancer
from splitbrain.targets.stores.sharded.router import Router
from splitbrain.targets.stores.sharded.sending import IndexSender, enter
from splitbrain.targets.stores.sharded.table import SlotMove


class FirstRouteKept(Router):
    """Keep the first route that was used for a slot."""

    _used: frozenset[int] = frozenset()

    def next(self, handle: int) -> tuple[str, Request] | None:
        """Note that the route is in use."""
        if handle in self._open:
            self._used |= {self._open[handle].slot}
        return super().next(handle)

    def learn(self, slot: int, epoch: int, group: str) -> None:
        """Take in a route that is not in use."""
        if slot not in self._used:
            super().learn(slot, epoch, group)


class ServesWhatItHad(ShardMachine):
    """Keep what was given away, and serve it to those who ask."""

    def __init__(self) -> None:
        super().__init__()
        self._left: dict[int, Machine] = {}

    def _drop(self, slot: int, epoch: int) -> None:
        part = self._parts.get(slot)
        super()._drop(slot, epoch)
        if part is not None and slot not in self._parts:
            self._left[slot] = part

    def _serves(self, slot: int) -> bool:
        return slot in self._parts or slot in self._left

    def _part(self, slot: int) -> Machine:
        return self._parts[slot] if slot in self._parts else self._left[slot]


class ServesUntilDropped(ShardMachine):
    """Serve a slot for as long as its state is here."""

    def _serves(self, slot: int) -> bool:
        return slot in self._parts


class InstallsAnyEpoch(ShardMachine):
    """Install the state of a slot whenever it comes."""

    def _install(self, slot: int, epoch: int, state: bytes) -> None:
        self._where[slot] = epoch, self.group
        self._parts[slot] = self._restored(state)
        self._begun("owner", slot)


class SlotsWithoutDeduplication(ShardMachine):
    """Carry out every request that comes for a slot, also one that its session has had."""

    part = NoDeduplication


class CopiesBeforeFreezing(Rebalancer):
    """Move the state that a slot had when its source was told to stop serving it."""

    _copied: tuple[int, bytes] = (0, b"")

    def _command(self, kind: str, move: SlotMove) -> Command:
        if kind == FREEZE and self._copied[0] != move.epoch:
            self._copied = move.epoch, super()._state(move)
        return super()._command(kind, move)

    def _state(self, move: SlotMove) -> bytes:
        epoch, state = self._copied
        return state if epoch == move.epoch else super()._state(move)


class SessionsNotMoved(Rebalancer):
    """Move the values of a slot, and not the answers to its sessions."""

    def _state(self, move: SlotMove) -> bytes:
        state = msgspec.msgpack.decode(super()._state(move), type=State)
        state.sessions = []
        return msgspec.msgpack.encode(state)


class FreezesLast(Rebalancer):
    """Let the destination serve a slot before the source stops."""

    def _step(self, move: SlotMove) -> str:
        source, to = self._groups[move.source].shard, self._groups[move.to].shard
        if not to.installed(move.slot, move.epoch):
            return INSTALL
        if source.owns(move.slot):
            return FREEZE
        return DROP if source.frozen(move.slot, move.epoch) else PUBLISH


class _StaysInPlace(LocalPart):
    def _leave(self, value: Any, key: Any) -> None:
        pass


class EntryNotRemoved(ShardMachine):
    """Leave the entry of the value that a row had."""

    part = _StaysInPlace


class _IndexOfArrivals(LocalPart):
    def dump(self) -> bytes:
        """The rows alone."""
        return msgspec.msgpack.encode(msgspec.msgpack.decode(super().dump(), type=State))

    def _leave(self, value: Any, key: Any) -> None:
        if wire_name(value) in self._index:
            super()._leave(value, key)


class IndexNotMoved(ShardMachine):
    """Move the rows of a slot, and not its index."""

    part = _IndexOfArrivals


class FindsWhatItCan(Finder):
    """Answer when every group has, though a slot on the move was in no answer."""

    def _whole(self, find: OpenFind) -> bool:
        return True


class SentIsArrived(IndexSender):
    """Take a change out of the outbox once it was sent."""

    def _commands(self, group: str, out: Outgoing) -> Iterator[Command]:
        for value, entry in out.entries():
            yield self._owner(value), enter(value, entry)
        yield group, Request(SENT, out.key, out.revision, f"sent {wire_name(out.key)!r}", out.revision)


class _NothingLeft(GlobalPart):
    def _left(self, before: Any) -> Any:
        return None


class OldEntryNotRemoved(ShardMachine):
    """Tell a global index of the value that a row gets, and not of the one that it had."""

    part = _NothingLeft


class _TakesAll(GlobalPart):
    def _is_news(self, entry: IndexEntry, known: IndexEntry) -> bool:
        return True


class LateEntryTaken(ShardMachine):
    """Take what comes to a global index as it comes, old or new."""

    part = _TakesAll
