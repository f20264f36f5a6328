"""Compacted log: superseded messages may be gone, the last message of each key is there, and offsets never change.

    send-keyed [key, value] → offset      poll → [[offset, [key, value]] …]      poll start → all that are left

The promises are those of Kafka's documentation, section 4.8 (Log Compaction). What `logs` says of a message holds here
as well, unless the message may be gone:

- A message may be gone as soon as another one of its key stands behind it. A poll of everything that lacks it has a
  later one of its key.
- A message without a value, `[key, null, number]`, deletes its key. So it may be gone itself, and so may be what it
  superseded, but not before `retention` has passed: who polls until then sees that the key is gone.

A poll of everything goes on until nothing more is found. Other polls show a part of the log, and what superseded a
message may be behind that: there a message is missed only if nothing that was sent until then can have superseded it.

Pitfall: a message whose offset is not known may stand before another one, or behind it, unless one had been
acknowledged before the other was sent.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.domain.log_traffic import KEYED, LogTraffic, Poll
from splitbrain.checkers.domain.logs import Gaps, LogCheck
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType
from splitbrain.harness.options import Option

RETENTION = Option("retention", 1.0, "for how long a deletion stays, at least, seconds", least=0)


@dataclass(frozen=True)
class KeyedMessage:
    """A message as a value id, with the row of its send. deletes: whether it deletes its key."""

    message: int
    row: int
    key: Any
    deletes: bool


class CompactedGaps(Gaps):
    """Messages that may be gone from a compacted partition. retention: nanoseconds."""

    def __init__(self, history: History, traffic: LogTraffic, retention: int) -> None:
        self._history = history
        self._operations = history.operations()
        self._traffic = traffic
        self._retention = retention
        self._sent: dict[int, KeyedMessage] = {}
        self._of_key: dict[Any, list[KeyedMessage]] = defaultdict(list)
        """The messages of each key that may be in the log, in the order in which they were sent."""
        for message, row in traffic.sends.items():
            one = keyed(history, message, row)
            self._sent[message] = one
            if self._operations.ended[row] != EventType.FAIL:
                self._of_key[one.key].append(one)
        self._last_of_keys: dict[int, dict[Any, int]] = {}

    def in_passing(self, message: int, row: int) -> bool:
        """Whether a message may have been gone when a poll ended that came past it."""
        one = self._sent.get(message)
        if one is None:
            return False
        end = self._operations.complete[row]
        if one.deletes and self._is_old(one, row):
            return True
        others = reversed(self._of_key[one.key])
        return any(self._operations.invoke[other.row] < end and self._may_supersede(other, one) for other in others)

    def in_whole(self, message: int, poll: Poll) -> bool:
        """Whether a whole poll may lack a message, by what else it has."""
        one = self._sent[message]
        at = self._offset(one)
        last = self._last_in(poll).get(one.key)
        if last is not None and (last > at if at is not None else self._may_be_before(one, poll)):
            return True
        return any(
            other.deletes and self._is_old(other, poll.row) and (other is one or self._may_supersede(other, one))
            for other in self._of_key[one.key]
        )

    def for_good(self, message: int) -> bool:
        """Whether it is explained that nobody polled a message: somebody polled a later one of its key, or it may be
        gone from a whole poll."""
        one = self._sent[message]
        at = self._offset(one)
        if at is not None and self._highest_polled.get(one.key, 0) > at:
            return True
        whole = (poll for poll in reversed(self._traffic.polls) if poll.whole and poll.found)
        return any(self.in_whole(message, poll) for poll in whole)

    def reaches(self, message: int, poll: Poll) -> bool:
        """Whether a whole poll came to the offset of a message."""
        at = self._offset(self._sent[message])
        return at is not None and at <= poll.found[-1][0]

    def _offset(self, one: KeyedMessage) -> int | None:
        return min(self._traffic.of[one.message], default=None) if one.message in self._traffic.of else None

    def _is_old(self, one: KeyedMessage, row: int) -> bool:
        """Whether a deletion need not stay any more when a poll ends."""
        times = self._history.time
        sent, ended = self._operations.invoke[one.row], self._operations.complete[row]
        return times[ended] - times[sent] >= self._retention

    def _may_supersede(self, other: KeyedMessage, one: KeyedMessage) -> bool:
        """Whether a message of the same key may stand behind another one."""
        if other is one:
            return False
        at, behind = self._offset(one), self._offset(other)
        if at is not None and behind is not None:
            return behind > at
        ended = self._operations.ended[other.row] == EventType.OK
        return not (ended and self._operations.complete[other.row] < self._operations.invoke[one.row])

    def _may_be_before(self, one: KeyedMessage, poll: Poll) -> bool:
        """Whether a message of unknown offset may stand before one of its key that a poll has."""
        sent = (self._sent.get(message) for _, message in poll.found)
        return any(other is not None and other.key == one.key and self._may_supersede(other, one) for other in sent)

    def _last_in(self, poll: Poll) -> dict[Any, int]:
        """The last offset at which a poll has each key."""
        if poll.row not in self._last_of_keys:
            found = ((self._sent.get(message), offset) for offset, message in poll.found)
            self._last_of_keys[poll.row] = {one.key: offset for one, offset in found if one is not None}
        return self._last_of_keys[poll.row]

    @cached_property
    def _highest_polled(self) -> dict[Any, int]:
        """The highest offset at which somebody polled each key."""
        highest: dict[Any, int] = {}
        for poll in self._traffic.polls:
            for key, offset in self._last_in(poll).items():
                highest[key] = max(offset, highest.get(key, 0))
        return highest


def keyed(history: History, message: int, row: int) -> KeyedMessage:
    """A message with its key; UsageError for a value that is no such message."""
    value = history.pool.values[message]
    if not isinstance(value, list | tuple) or len(value) not in (2, 3) or (len(value) == 3) != (value[1] is None):
        raise UsageError(f"a message is [key, value], or [key, null, number], not {shown(value)}")
    return KeyedMessage(message, row, value[0], value[1] is None)


@dataclass(frozen=True)
class CompactedLogCheck(LogCheck):
    """The compacted log, partition by partition. retention: seconds for which deletions stay."""

    name: str = "compacted-log"
    sends: tuple[str, ...] = (KEYED,)
    retention: float = 1.0

    def gaps(self, history: History, traffic: LogTraffic) -> Gaps:
        """Superseded messages, and deletions that were there for long."""
        return CompactedGaps(history, traffic, round(self.retention * 1e9))


COMPACTED = CatalogueEntry(
    "compacted-log", "a compacted log: the last message of each key is there, offsets stay (Kafka)", (RETENTION,),
    lambda settings: CompactedLogCheck(retention=float(settings["retention"] or 0)),
)  # fmt: skip
