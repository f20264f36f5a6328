"""Machine of the group `map`: which group has which slot in the present epoch, and the move that is under way.

| mark | values | when |
|---|---|---|
| `moving` | epoch, slot, source, destination | a move was planned |
| `published` | epoch, owners of all slots | a move ended |
"""

import zlib
from collections.abc import Sequence

import msgspec

from splitbrain.harness.program import Effect, Mark
from splitbrain.targets.stores.machine import Machine
from splitbrain.targets.stores.messages import Account, Request, Response
from splitbrain.targets.stores.sharded.messages import PLAN, PUBLISH


class SlotMove(msgspec.Struct, frozen=True, array_like=True):
    """A move under way: the slot goes from one group to another, in an epoch of its own."""

    slot: int
    epoch: int
    source: str
    to: str


class TableState(msgspec.Struct, array_like=True):
    """All that the table is, as it stands in a snapshot."""

    epoch: int
    owners: list[str]
    move: SlotMove | None
    count: int
    digest: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(TableState).decode


class TableMachine(Machine):
    """The table of slots. `begin` comes before anything else."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0
        """The present epoch: that of the last move that ended."""
        self.owners: list[str] = []
        """The group that has each slot in it."""
        self.move: SlotMove | None = None
        self.marks: list[Effect] = []
        """The marks of what was applied since somebody emptied this."""

    def begin(self, owners: Sequence[str]) -> None:
        """Hold the table of the first epoch."""
        self.owners = list(owners)

    @property
    def size(self) -> int:
        """The number of slots."""
        return len(self.owners)

    def dump(self) -> bytes:
        """All of it, for `restore`."""
        return _encode(TableState(self.epoch, self.owners, self.move, self._count, self.digest))

    def restore(self, state: bytes) -> None:
        """Become what another was when it was dumped."""
        found = _decode(state)
        self.epoch, self.owners, self.move = found.epoch, found.owners, found.move
        self._count, self.digest = found.count, found.digest
        self.marks = []

    def account(self, applied: int) -> Account:
        """The account of the table."""
        return Account(applied, self.digest, zlib.crc32(_encode((self.epoch, self.owners, self.move))), {})

    def apply(self, request: Request) -> Response | None:
        """Take the plan of a move, or its end."""
        self._count += 1
        if request.f == PLAN:
            epoch, source, to = request.value
            self._plan(SlotMove(request.key, epoch, source, to))
        elif request.f == PUBLISH:
            self._publish(request.value[0])
        return Response()

    def _plan(self, move: SlotMove) -> None:
        if self._may_begin(move):
            self.move = move
            self._note("moving", move.epoch, move.slot, move.source, move.to)

    def _may_begin(self, move: SlotMove) -> bool:
        """Whether no other move is under way, and this one was planned by the present table."""
        planned_by_present = move.epoch == self.epoch + 1 and self.owners[move.slot] == move.source
        return self.move is None and planned_by_present

    def _publish(self, epoch: int) -> None:
        move = self.move
        if move is not None and move.epoch == epoch:
            self.epoch, self.move = epoch, None
            self.owners[move.slot] = move.to
            self._note("published", epoch, tuple(self.owners))

    def _note(self, mark: str, *values: object) -> None:
        self.marks.append(Mark(mark, *values))
        self.digest = zlib.crc32(repr((mark, values)).encode(), self.digest)
