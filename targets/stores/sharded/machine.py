"""Machine of a data group: the slots that it has, each with values, sessions and history of its own.

A slot is a machine of a plain store, so what moves with it is all that a plain store would put into a snapshot, the
answers to sessions among it. A group serves a slot if by its own log it is the owner. It remembers of every slot the
highest epoch that it has heard of, and who is the owner since then, also of those that it has not.

Which requests were carried out is told by `served` alone, and `executed` stays empty: a request may come to a group
twice, and be carried out the second time, when the slot is back.

| mark | values | when |
|---|---|---|
| `served` | (session, sequence), (group, place in its order), slot, epoch | a request was carried out |
| `frozen` | slot, epoch, group, digest of the state | the group stopped serving a slot |
| `owner` | slot, epoch, group, digest of the state | the group began to serve a slot |
| `rerouted` | slot | a request came for a slot that the group does not serve |
"""

import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from splitbrain.harness.program import Effect, Mark
from splitbrain.targets.stores.machine import Machine, refusal, wire_name
from splitbrain.targets.stores.messages import NEVER_EXPIRED, UNSUPPORTED, Account, Request, Response
from splitbrain.targets.stores.sharded import messages
from splitbrain.targets.stores.sharded.index import INDEXES, IndexedPart, IndexEntry, Outgoing
from splitbrain.targets.stores.sharded.messages import MOVED
from splitbrain.targets.stores.sharded.partitioning import Partitioning


class GroupState(msgspec.Struct, array_like=True):
    """All that the machine of a group is, as it stands in a snapshot. where: epoch and owner of each slot. parts: slot
    and state of those that are here."""

    where: list[tuple[int, str]]
    parts: list[tuple[int, bytes]]
    count: int
    digest: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(GroupState).decode


class ShardMachine(Machine):
    """The slots of one group. `begin` comes before anything else."""

    part: type[Machine] = Machine
    """The machine of one slot."""

    def __init__(self) -> None:
        super().__init__()
        self.group = ""
        self.marks: list[Effect] = []
        """The marks of what was applied since somebody emptied this."""
        self.load: dict[int, int] = {}
        """Requests for each slot that were applied here since somebody emptied this: known to this copy alone."""
        self._where: list[tuple[int, str]] = []
        self._parts: dict[int, Machine] = {}

    def begin(self, group: str, partitioning: Partitioning, index: str = "none") -> None:
        """Be the machine of a group, with the slots that it has at first. index: one of `INDEXES`."""
        self.group = group
        if self.part is Machine:
            self.part = INDEXES[index]
        self._partitioning = partitioning
        self._where = [(0, owner) for owner in partitioning.owners]
        self._parts = {slot: self.part() for slot, owner in enumerate(partitioning.owners) if owner == group}

    @property
    def size(self) -> int:
        """The number of keys, sessions and slots."""
        return len(self._where) + sum(part.size for part in self._parts.values())

    def dump(self) -> bytes:
        """All of it, for `restore`."""
        parts = [(slot, part.dump()) for slot, part in self._parts.items()]
        return _encode(GroupState(self._where, parts, self._count, self.digest))

    def restore(self, state: bytes) -> None:
        """Become what another was when it was dumped."""
        found = _decode(state)
        self._where = found.where
        self._parts = {slot: self._restored(part) for slot, part in found.parts}
        self._count, self.digest = found.count, found.digest
        self.executed, self.marks = [], []

    def _restored(self, state: bytes) -> Machine:
        part = self.part()
        part.restore(state)
        return part

    def account(self, applied: int) -> Account:
        """The account of all slots together."""
        accounts = {slot: part.account(0) for slot, part in sorted(self._parts.items())}
        contents = [(slot, account.digest, account.contents) for slot, account in accounts.items()]
        sessions: dict[str, int] = {}
        for account in accounts.values():
            add_sessions(sessions, account.sessions)
        expired = max((account.expired for account in accounts.values()), default=NEVER_EXPIRED)
        return Account(applied, self.digest, zlib.crc32(_encode((self._where, contents))), sessions, expired)

    def refusal(self, request: Request) -> Response | None:
        """See `Machine`. A transaction may be of several slots, and so there are none."""
        if request.f == messages.FIND and issubclass(self.part, IndexedPart):
            return Response(error=UNSUPPORTED, text="nil is not indexed") if request.value is None else None
        if request.f == "txn":
            return Response(error=UNSUPPORTED, text="no such operation: txn")
        return refusal(request)

    def read(self, key: Any) -> Response:
        """The value and revision of a key, or where it is."""
        slot = self._partitioning.slot(key)
        return self._part(slot).read(key) if self._serves(slot) else self._moved(slot)

    def apply(self, request: Request) -> Response | None:
        """Carry out an entry of a move, or a client's request if the group serves its slot."""
        self._count += 1
        match request.f:
            case messages.FREEZE:
                self._freeze(request.key, *request.value)
            case messages.INSTALL:
                self._install(request.key, *request.value)
            case messages.DROP:
                self._drop(request.key, *request.value)
            case messages.ENTER:
                self._enter(request.key, IndexEntry(*request.value))
            case messages.SENT:
                self._sent(request.key, request.value)
            case messages.FIND if request.key is None:
                return Response(self._found(request.value))
            case _:
                return self._answer(request)
        return Response()

    def _answer(self, request: Request) -> Response | None:
        slot = self._partitioning.slot(request.key)
        self.load[slot] = self.load.get(slot, 0) + 1
        if not self._serves(slot):
            self.marks.append(Mark("rerouted", slot))
            return self._moved(slot)
        part = self._part(slot)
        answer = part.apply(request)
        if part.executed:
            place = (self.group, self._count)
            self.marks.append(Mark("served", (request.session, request.sequence), place, slot, self._where[slot][0]))
        self.deduplicated += part.deduplicated
        self.refused += part.refused
        part.executed, part.deduplicated, part.refused = [], 0, 0
        self._digest(f"{slot} {part.digest}")
        return answer

    def _part(self, slot: int) -> Machine:
        """The machine of a slot that is served."""
        return self._parts[slot]

    def _serves(self, slot: int) -> bool:
        """Whether requests for a slot are carried out."""
        return self.owns(slot)

    def owns(self, slot: int) -> bool:
        """Whether the group is the owner of a slot, by its own log."""
        return self._where[slot][1] == self.group

    def _moved(self, slot: int) -> Response:
        """The answer to a request for a slot that is elsewhere."""
        return Response([slot, *self._where[slot]], error=MOVED, text=f"{self.group} does not serve slot {slot}")

    def _freeze(self, slot: int, epoch: int, to: str) -> None:
        """Stop serving a slot; its state stays until it is dropped."""
        if self.owns(slot) and self._is_news(slot, epoch):
            self._where[slot] = epoch, to
            self._begun("frozen", slot)

    def _install(self, slot: int, epoch: int, state: bytes) -> None:
        """Begin to serve a slot."""
        if self._is_news(slot, epoch):
            self._where[slot] = epoch, self.group
            self._parts[slot] = self._restored(state)
            self._begun("owner", slot)

    def _drop(self, slot: int, epoch: int) -> None:
        """Forget the state of a slot that another group serves."""
        if self.frozen(slot, epoch):
            del self._parts[slot]
            self._digest(f"drop {slot} {epoch}")

    def _is_news(self, slot: int, epoch: int) -> bool:
        """Whether an epoch is later than all that the group has heard of about a slot."""
        return epoch > self._where[slot][0]

    def _begun(self, mark: str, slot: int) -> None:
        """Mark that the group began, or stopped, to serve a slot, and with which state."""
        epoch, state = self._where[slot][0], zlib.crc32(self._parts[slot].dump())
        self.marks.append(Mark(mark, slot, epoch, self.group, state))
        self._digest(f"{mark} {slot} {epoch} {state}")

    def _digest(self, what: str) -> None:
        self.digest = zlib.crc32(what.encode(), self.digest)

    def installed(self, slot: int, epoch: int) -> bool:
        """Whether the group has begun to serve a slot in an epoch, or has heard of a later one."""
        return self._where[slot][0] >= epoch and (self.owns(slot) or self._where[slot][0] > epoch)

    def frozen(self, slot: int, epoch: int) -> bool:
        """Whether a slot was frozen in an epoch, and its state is still here."""
        return not self.owns(slot) and self._where[slot][0] == epoch and slot in self._parts

    def state(self, slot: int) -> bytes:
        """The state of a slot that is here."""
        return self._parts[slot].dump()

    def where(self, slot: int) -> tuple[int, str]:
        """The epoch since which a group has a slot, and the group, as far as this one knows."""
        return self._where[slot]

    def _indexed(self) -> Iterator[tuple[int, IndexedPart]]:
        """The slots that are served, each with its machine, which has an index."""
        for slot, part in self._parts.items():
            if self._serves(slot) and isinstance(part, IndexedPart):
                yield slot, part

    def _found(self, value: Any) -> list[list[Any]]:
        """The slots that are served, since when, and the keys of the rows that have a value."""
        return [[slot, self._where[slot][0], part.find(value)] for slot, part in self._indexed()]

    def outgoing(self) -> Iterator[Outgoing]:
        """The changes of rows that a global index has to hear of, from the slots that are served."""
        for _, part in self._indexed():
            yield from part.outbox.values()

    def entered(self, value: Any, entry: IndexEntry) -> bool:
        """Whether an index entry is in the slot of its value, which is served."""
        slot = self._partitioning.slot(messages.index_key(value))
        return any(part.entered(value, entry) for served, part in self._indexed() if served == slot)

    def _enter(self, key: Any, entry: IndexEntry) -> None:
        slot = self._partitioning.slot(key)
        for served, part in self._indexed():
            if served == slot:
                part.enter(key[1], entry)
                self._digest(f"enter {key} {entry}")

    def _sent(self, key: Any, revision: int) -> None:
        """Take out of the outbox what has arrived."""
        slot = self._partitioning.slot(key)
        for served, part in self._indexed():
            if served == slot and part.outbox.pop((wire_name(key), revision), None) is not None:
                self._digest(f"sent {key} {revision}")


def add_sessions(known: dict[str, int], more: dict[str, int]) -> None:
    """Add sessions, each with its highest number."""
    for session, sequence in more.items():
        known[session] = max(known.get(session, 0), sequence)
