"""Secondary index of sharded: the keys of the rows that have a value, and where that is known.

- `local`   each slot has the index of its own rows, changed by the entry that changes the row. It moves with the slot.
            A find asks every group, and is answered when every slot has answered.
- `global`  the rows that have a value are an entry of the index, in the slot of that value. A row's slot notes what its
            index has to hear of in an outbox, which is part of its state, and the leader of its group sends it on until
            it has arrived. Meanwhile the row is there without its entry, or the entry without its row.

Elhemali et al., "Amazon DynamoDB", ATC 2022, and its documentation: global indexes are eventually consistent, local
ones need not be. Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 6.

Pitfall: what is sent to a global index may come twice, late and out of order. So an entry knows the revision of the row
that it is about, also where the row has left it, and what is older changes nothing.
"""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import msgspec

from splitbrain.targets.stores.machine import Machine, State, same, wire_name
from splitbrain.targets.stores.messages import Account, Request, Response
from splitbrain.targets.stores.sharded.messages import FIND

Name = str | bytes
"""A key, or a value, as `wire_name` has it."""


class IndexEntry(msgspec.Struct, frozen=True, array_like=True):
    """The place of a row in an index. revision: of the row, when it took or left the place. present: whether it took
    it."""

    key: Any
    revision: int
    present: bool


class Outgoing(msgspec.Struct, frozen=True, array_like=True):
    """A change of a row that the global index has to hear of. left, taken: the values, which differ; None for none."""

    key: Any
    revision: int
    left: Any
    taken: Any

    def entries(self) -> list[tuple[Any, IndexEntry]]:
        """Values with what their index has to know."""
        left = [] if self.left is None else [(self.left, IndexEntry(self.key, self.revision, False))]
        taken = [] if self.taken is None else [(self.taken, IndexEntry(self.key, self.revision, True))]
        return [*left, *taken]


class IndexedState(State, array_like=True):
    """All that a slot with an index is, as it stands in a snapshot. index: value, and its entries."""

    index: list[tuple[Any, list[IndexEntry]]] = msgspec.field(default_factory=list)
    outbox: list[Outgoing] = msgspec.field(default_factory=list)


_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decode = msgspec.msgpack.Decoder(IndexedState).decode


class IndexedPart(Machine, ABC):
    """The machine of one slot, with an index. The entries of a value are kept in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self._index: dict[Name, dict[Name, IndexEntry]] = {}
        self.outbox: dict[tuple[Name, int], Outgoing] = {}

    def dump(self) -> bytes:
        """All of it, for `restore`."""
        plain = msgspec.structs.asdict(msgspec.msgpack.decode(super().dump(), type=State))
        index = [(value, list(entries.values())) for value, entries in self._index.items()]
        return _encode(IndexedState(**plain, index=index, outbox=list(self.outbox.values())))

    def restore(self, state: bytes) -> None:
        """Become what another was when it was dumped."""
        super().restore(state)
        found = _decode(state)
        self._index = {value: {wire_name(one.key): one for one in entries} for value, entries in found.index}
        self.outbox = {(wire_name(one.key), one.revision): one for one in found.outbox}

    def account(self, applied: int) -> Account:
        """The account, the index among the contents."""
        account = super().account(applied)
        index = sorted((str(value), sorted(map(repr, entries.values()))) for value, entries in self._index.items())
        contents = zlib.crc32(repr((account.contents, index, sorted(map(repr, self.outbox.values())))).encode())
        return msgspec.structs.replace(account, contents=contents)

    def find(self, value: Any) -> list[Any]:
        """The keys of the rows that have a value, as far as this slot's index knows."""
        return [entry.key for entry in self._index.get(wire_name(value), {}).values() if entry.present]

    def enter(self, value: Any, entry: IndexEntry) -> None:
        """Take in what a global index has to know, unless something later is known."""
        entries = self._index.setdefault(wire_name(value), {})
        known = entries.get(wire_name(entry.key))
        if known is None or self._is_news(entry, known):
            entries[wire_name(entry.key)] = entry

    def _is_news(self, entry: IndexEntry, known: IndexEntry) -> bool:
        """Whether an entry tells of a later change of its row than the one that is known."""
        return entry.revision > known.revision

    def entered(self, value: Any, entry: IndexEntry) -> bool:
        """Whether the index knows that much of a row, or more."""
        known = self._index.get(wire_name(value), {}).get(wire_name(entry.key))
        return known is not None and known.revision >= entry.revision

    def _change(self, request: Request) -> Response:
        if request.f == FIND:
            return Response(self.find(request.value))
        name = wire_name(request.key)
        before = self._values.get(name, (None, 0))
        response = super()._change(request)
        after = self._values.get(name, (None, 0))
        if after is not before and after[1] != before[1]:
            self._reindex(request.key, before[0], *after)
        return response

    @abstractmethod
    def _reindex(self, key: Any, before: Any, now: Any, revision: int) -> None:
        """Note that a row has another value."""


class LocalPart(IndexedPart):
    """A slot that has the index of its rows."""

    def _reindex(self, key: Any, before: Any, now: Any, revision: int) -> None:
        if before is not None:
            self._leave(before, key)
        if now is not None:
            self._index.setdefault(wire_name(now), {})[wire_name(key)] = IndexEntry(key, revision, True)

    def _leave(self, value: Any, key: Any) -> None:
        """Take a row out of the place that it had."""
        entries = self._index[wire_name(value)]
        del entries[wire_name(key)]
        if not entries:
            del self._index[wire_name(value)]


class GlobalPart(IndexedPart):
    """A slot whose rows are indexed where their values are."""

    def _reindex(self, key: Any, before: Any, now: Any, revision: int) -> None:
        if not same(before, now):
            self.outbox[wire_name(key), revision] = Outgoing(key, revision, self._left(before), now)

    def _left(self, before: Any) -> Any:
        """The value whose entry a row leaves."""
        return before


INDEXES: Mapping[str, type[Machine]] = {"none": Machine, "local": LocalPart, "global": GlobalPart}
