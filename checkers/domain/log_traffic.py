"""Traffic of a log: what went into one partition by sends, one by one or in batches, and what came out by polls."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType

from splitbrain.checkers.common.per_key import Rows
from splitbrain.checkers.common.values import shown
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType

SEND, KEYED, BATCH, ABORTED, POLL, START = "send", "send-keyed", "send-batch", "send-aborted", "poll", "start"
SENDS = (SEND, KEYED, BATCH, ABORTED)


@dataclass(frozen=True)
class Poll:
    """A poll that succeeded: its row, and offsets with messages in the order in which they came. whole: from the first
    message on. fresh: nothing is known of where its process was."""

    row: int
    found: list[tuple[int, int]]
    whole: bool
    fresh: bool


@dataclass
class LogTraffic:
    """Messages that went into one partition, and that came out, as value ids.

    sends: the row of each message's send. at, of: of each offset the messages seen there, and of each message the
    offsets, with the first row that showed it.
    """

    sends: dict[int, int] = field(default_factory=dict)
    at: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    of: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    polled: dict[int, int] = field(default_factory=dict)
    """The messages that were polled, each with the row of the poll that ended first."""
    polls: list[Poll] = field(default_factory=list)
    acknowledged: dict[int, int] = field(default_factory=dict)
    """The messages that were acknowledged, in the order in which they were sent, each with its offset or ABSENT."""

    @staticmethod
    def of_rows(history: History, rows: Rows, failures: Mapping[int, Sequence[int]]) -> "LogTraffic":
        """The traffic of these rows; UsageError for a message that is sent twice, and for a poll that is no list.
        failures: of each process, at which positions an operation that did not succeed began."""
        out, operations, values = LogTraffic(), history.operations(), history.pool.values
        last: dict[int, int] = {}
        """The position at which the last poll of each process ended."""
        for row in rows:
            f, process = values[operations.f[row]], operations.process[row]
            succeeded = operations.ended[row] == EventType.OK
            if f in SENDS:
                out._sent(history, row, f, succeeded=succeeded)
            elif succeeded:
                whole = operations.argument[row] != ABSENT and values[operations.argument[row]] == START
                found = offsets_and_messages(history, operations.result[row])
                begin, failed = operations.invoke[row], failures.get(process, ())
                known = process in last and bisect_left(failed, last[process]) == bisect_left(failed, begin)
                out.polls.append(Poll(row, found, whole, whole or not known))
                last[process] = operations.complete[row]
        for poll in sorted(out.polls, key=lambda poll: operations.complete[poll.row]):
            for offset, message in poll.found:
                out._seen(offset, message, poll.row)
                out.polled.setdefault(message, poll.row)
        return out

    def _sent(self, history: History, row: int, f: str, *, succeeded: bool) -> None:
        operations = history.operations()
        messages = [operations.argument[row]]
        offsets = [operations.revision[row]]
        if f in (BATCH, ABORTED):
            messages = messages_of(history, operations.argument[row])
            offsets = offsets_of(history, operations.result[row], messages) if succeeded else []
        for message in messages:
            if message in self.sends:
                raise UsageError(f"message {shown(history.pool.values[message])} is sent twice; messages are unique")
            self.sends[message] = row
        if succeeded:
            for message, offset in zip(messages, offsets, strict=True):
                self.acknowledged[message] = offset
                if offset != ABSENT:
                    self._seen(offset, message, row)

    def _seen(self, offset: int, message: int, row: int) -> None:
        self.at[offset].setdefault(message, row)
        self.of[message].setdefault(offset, row)


def messages_of(history: History, argument: int) -> list[int]:
    """Value ids of the messages of a batch; UsageError if it is no list."""
    batch = history.pool.values[argument] if argument != ABSENT else None
    if not isinstance(batch, tuple | list):
        raise UsageError(f"a batch is a list of messages, not {shown(batch)}")
    return list(history.pool.ids(batch))


def offsets_of(history: History, result: int, messages: Sequence[int]) -> list[int]:
    """The offset of each message of a batch, as it was acknowledged, or ABSENT; UsageError if it is no such list."""
    told = history.pool.values[result] if result != ABSENT else None
    pairs = told if isinstance(told, tuple | list) else ()
    values = [history.pool.values[message] for message in messages]
    fits = all(isinstance(pair, tuple | list) and len(pair) == 2 and type(pair[0]) in (int, NoneType) for pair in pairs)
    if not fits or [pair[1] for pair in pairs] != values:
        raise UsageError(f"a batch is acknowledged by a list of its [offset, message], not {shown(told)}")
    return [ABSENT if pair[0] is None else pair[0] for pair in pairs]


def offsets_and_messages(history: History, result: int, what: str = "a poll") -> list[tuple[int, int]]:
    """Offsets and value ids of messages, as an operation returned them; UsageError if it is no such list. what: the
    operation, in words."""
    value = history.pool.values[result] if result != ABSENT else None
    pairs = [] if value is None else value
    if not isinstance(pairs, tuple | list) or not all(
        isinstance(pair, tuple | list) and len(pair) == 2 and type(pair[0]) is int for pair in pairs
    ):
        raise UsageError(f"{what} returns a list of [offset, message], not {shown(value)}")
    return list(zip((pair[0] for pair in pairs), history.pool.ids([pair[1] for pair in pairs]), strict=True))
