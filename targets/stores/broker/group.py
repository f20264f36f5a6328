"""Consumer group of one partition: its offset, and the effects of what it consumed, in a log of their own.

As with Kafka's `__consumer_offsets`, what the group has committed is a partition, replicated like all others; its
messages are acknowledged when all in sync have them, and known again, whatever the options say of the others. The sink
is in the same log: an entry can commit an offset, or have effects, or do both at once. That is what a transaction of
the effects with the offset comes to where both are in one place.

The leader of that log lends the partition to one consumer at a time: who asks for the offset has it until the commit,
or for `patience`. That keeps consumers from doing the same work, and no more: one may be slow, and a new leader knows
nothing of it. So an entry that commits says from which offset on, and is refused if another consumer has moved it
since: then nothing of it counts, its effects included.

| request | value | answer |
|---|---|---|
| `offset` | none | the group's offset, that of the last message taken; nil while another has the partition |
| `consumed` | [offset before, offset after, effects]; nil and nil to leave it where it is | refused if it is another |
| `effects` | how many are known | the effects behind them, as many as come in one answer |
"""

from typing import Any

from splitbrain.targets.stores.broker.compaction import KEYED, objection_to_message
from splitbrain.targets.stores.broker.partition import POLLED_MAX, BrokerSettings, PartitionReplica
from splitbrain.targets.stores.messages import PRECONDITION, Entry, Request, Response
from splitbrain.targets.stores.replicas import word
from splitbrain.targets.stores.requests import Origin, answer

OFFSET, CONSUMED, EFFECTS = "offset", "consumed", "effects"
REQUESTS = (OFFSET, CONSUMED, EFFECTS)
PREFIX = "group "
"""Begins the name of the partition of a group; the name of the log follows."""


class ConsumerGroup:
    """The group after some entries of its log. at, term: the last of them, and its term."""

    def __init__(self) -> None:
        self.at, self.term = 0, 0
        self.offset = 0
        self.effects: list[Any] = []
        self.refused: dict[int, None] = {}
        """The indexes of entries that were refused."""

    def take(self, index: int, entry: Entry) -> None:
        """Carry out the next entry."""
        self.at, self.term = index, entry.term
        if entry.request is None or entry.request.f != CONSUMED:
            return
        before, after, effects = entry.request.value
        if before is not None and not self.may_commit(before):
            self.refused[index] = None
            return
        self.offset = self.offset if after is None else after
        self.effects += effects

    def may_commit(self, before: int) -> bool:
        """Whether a consumer that began behind an offset may move it."""
        return before == self.offset


class GroupReplica(PartitionReplica):
    """The replica of a partition that has a group's offset and its effects."""

    state = ConsumerGroup

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self._group = self.state()
        self._lent = ("", 0)
        """The session that has the partition, and until when."""

    def after(self, index: int) -> ConsumerGroup:
        """The group after the entry at an index. Entries may have been replaced since this was asked last: then the
        log is read anew."""
        if index < self._group.at or self.log.term_at(self._group.at) != self._group.term:
            self._group = self.state()
        for following in range(self._group.at + 1, index + 1):
            self._group.take(following, self.log.entry(following))
        return self._group

    def serve(self, request: Request, origin: Origin, now: int) -> None:
        """Answer with what is committed, or append what a consumer did, as leader."""
        if request.f == OFFSET:
            self.out.append(answer(origin, request, Response(self._lend(request.session, now))))
        elif request.f == EFFECTS:
            effects = self.after(self.committed).effects
            self.out.append(answer(origin, request, Response(effects[request.value : request.value + POLLED_MAX])))
        else:
            super().serve(request, origin, now)

    def _lend(self, session: str, now: int) -> int | None:
        """The offset, for a consumer that has the partition from now on; None if another one has it."""
        holder, until = self._lent
        if holder not in ("", session) and now < until:
            return None
        self._lent = session, now + self.settings.patience
        return self.after(self.committed).offset

    def _response(self, index: int) -> Response:
        request = self.log.entry(index).request
        if request is not None and request.f == CONSUMED and request.value[0] is not None:
            self._lent = ("", 0) if request.session == self._lent[0] else self._lent
        if index in self.after(index).refused:
            return Response(error=PRECONDITION, text="another consumer has moved the offset")
        return super()._response(index)


def partition_of(request: Request) -> str:
    """The name of the partition that a request is for."""
    return (PREFIX if request.f in REQUESTS else "") + word(request.key)


def objection(request: Request, settings: BrokerSettings) -> str | None:
    """An objection to a client's request, in words; None if there is none."""
    if settings.consumed and request.f in REQUESTS:
        return _objection_to_step(request)
    if request.f not in (KEYED if settings.compacted else "send", "poll"):
        return f"no such operation: {request.f}"
    if request.f == KEYED:
        return objection_to_message(request.value)
    return "a poll says from which offset on" if request.f == "poll" and type(request.value) is not int else None


def _objection_to_step(request: Request) -> str | None:
    value = request.value
    if request.f == EFFECTS and (type(value) is not int or value < 0):
        return "a read of effects says how many are known"
    if request.f != CONSUMED:
        return None
    whole = isinstance(value, list | tuple) and len(value) == 3 and isinstance(value[2], list | tuple)
    if whole and (type(value[0]), type(value[1])) in ((int, int), (type(None), type(None))):
        return None
    return "what was consumed is [offset before, offset after, effects]"
