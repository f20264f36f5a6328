"""Bugs of sharded: routes, what moves with a slot, when, and who serves it meanwhile."""

import msgspec

from splitbrain.targets.stores.bugs.shared import NoDeduplication
from splitbrain.targets.stores.machine import Machine, State
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.sharded.machine import ShardMachine
from splitbrain.targets.stores.sharded.messages import DROP, FREEZE, INSTALL, PUBLISH
from splitbrain.targets.stores.sharded.rebalancing import Command, Rebalancer
from splitbrain.targets.stores.sharded.router import Router
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
