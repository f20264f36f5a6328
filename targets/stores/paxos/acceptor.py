"""Acceptor: of each key, the highest ballot promised, and the state accepted last with its ballot; all in one journal.

Whatever it says rests on what is on its disk, so each answer comes with the number of the record to wait for.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from splitbrain.harness.program import Effect
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.paxos.messages import (
    NOTHING,
    Accept,
    AcceptReply,
    Ballot,
    KeyName,
    Outbid,
    Prepare,
    Promise,
    Query,
    QueryReply,
)
from splitbrain.targets.stores.paxos.register import EMPTY, Register

REWRITE_AFTER = 200
"""Records since the last rewriting of the journal, and four times as many as there are keys, before the next."""


class Slot(Struct):
    """The state of an acceptor for a key."""

    promised: Ballot = NOTHING
    accepted: Ballot = NOTHING
    register: Register = EMPTY


class LifeRecord(Struct, frozen=True, array_like=True, tag="l"):
    """A record: how often the node has started."""

    life: int


class PromiseRecord(Struct, frozen=True, array_like=True, tag="p"):
    """A record: this ballot was promised."""

    key: KeyName
    ballot: Ballot


class AcceptRecord(Struct, frozen=True, array_like=True, tag="a"):
    """A record: this state was accepted in this ballot."""

    key: KeyName
    ballot: Ballot
    register: Register


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(LifeRecord | PromiseRecord | AcceptRecord).decode


class Acceptor:
    """The acceptor of one node."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.slots: dict[KeyName, Slot] = {}
        self.life = 0
        """The number of starts of the node."""
        self.life_record = 0
        """The number of the record that says so."""
        self._rewritten = 0

    def recover(self, disk: Mapping[str, bytes]) -> list[Effect]:
        """Replay what survived, and begin another life; the effects cut a torn tail."""
        payloads, effects = self.journal.recover(disk)
        for payload in payloads:
            record = _decode(payload)
            if isinstance(record, LifeRecord):
                self.life = record.life
                continue
            slot = self.slots.setdefault(record.key, Slot())
            slot.promised = max(slot.promised, record.ballot)
            if isinstance(record, AcceptRecord):
                slot.accepted, slot.register = record.ballot, record.register
        self.life += 1
        self._begin_life()
        return effects

    def slot(self, key: KeyName) -> Slot:
        """The state for a key."""
        return self.slots.get(key) or Slot()

    def prepare(self, message: Prepare) -> tuple[Promise | Outbid, int]:
        """The answer to phase 1, and the record that it rests on."""
        slot = self.slots.setdefault(message.key, Slot())
        if message.ballot < slot.promised:
            return Outbid(message.key, message.ballot, slot.promised), 0
        if message.ballot > slot.promised:
            slot.promised = message.ballot
            self._note_promise(PromiseRecord(message.key, message.ballot))
        return Promise(message.key, message.ballot, slot.accepted, slot.register), self.journal.written

    def accept(self, message: Accept) -> tuple[AcceptReply | Outbid, int]:
        """The answer to phase 2, and the record that it rests on."""
        slot = self.slots.setdefault(message.key, Slot())
        if self._outbid(slot, message.ballot):
            return Outbid(message.key, message.ballot, slot.promised), 0
        if message.ballot != slot.accepted:
            slot.promised = slot.accepted = message.ballot
            slot.register = message.register
            self._write(AcceptRecord(message.key, message.ballot, message.register))
        return AcceptReply(message.key, message.ballot), self.journal.written

    def query(self, message: Query) -> tuple[QueryReply, int]:
        """The answer to a reader, and the record that it rests on."""
        slot = self.slot(message.key)
        return QueryReply(message.number, slot.accepted, slot.register), self.journal.written

    def tidy(self) -> None:
        """Write what is held anew once the journal is long."""
        if self.journal.written - self._rewritten < REWRITE_AFTER + 4 * len(self.slots):
            return
        records: list[LifeRecord | PromiseRecord | AcceptRecord] = [LifeRecord(self.life)]
        for key, slot in self.slots.items():
            if slot.accepted != NOTHING:
                records.append(AcceptRecord(key, slot.accepted, slot.register))
            if slot.promised != slot.accepted:
                records.append(PromiseRecord(key, slot.promised))
        self._rewritten = self.journal.rewrite([_encode(record) for record in records])

    def _outbid(self, slot: Slot, ballot: Ballot) -> bool:
        """Whether a higher ballot was promised."""
        return ballot < slot.promised

    def _begin_life(self) -> None:
        self._write(LifeRecord(self.life))
        self.life_record = self.journal.written

    def _note_promise(self, record: PromiseRecord) -> None:
        self._write(record)

    def _write(self, record: LifeRecord | PromiseRecord | AcceptRecord) -> None:
        self.journal.write(_encode(record))
