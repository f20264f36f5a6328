"""Ordered log: nothing acknowledged is lost, nothing stands twice, and every consumer sees one order.

    send m → offset      poll → [[offset, m] …]      poll start → all from the first message to the last
    send-batch [m …] → [[offset, m] …]      send-aborted [m …], a transaction that its client aborts

Logs from which messages may be gone are judged by `compacted_logs`.

Each key is a partition of its own; each message is sent once. The definitions are those of Jepsen's workload for Kafka
(jepsen-io/jepsen, `tests/kafka.clj`, sections 1 to 3 and 5 of its analysis), for single operations in place of
transactions:

- `lost`: an acknowledged message that nobody polled, though somebody polled its offset or a later one. Beyond Jepsen,
  for acknowledgements without an offset too: a whole poll has no trace of a message that was acknowledged, or polled by
  somebody, before another one that it has was sent; or, if it was polled, that has a lower offset.
- `aborted-read`: a message was polled whose send has certainly failed, or that nobody had tried to send.
- `inconsistent-offset`: two messages were seen at one offset. `duplicate`: one message was seen at two offsets.
- `poll-skip`, `nonmonotonic-poll`: a poll, or the next one of the same process, leaves out messages that are there, or
  goes back.
- `nonmonotonic-send`: a message has a lower offset than one that was acknowledged before it was sent, or that stands
  before it in the same batch, if the whole batch was acknowledged.

Offsets need not follow each other without gaps. Nobody knows whether an acknowledged message is lost of which, and of
all behind it, nothing was polled: that is `unknown`.

Pitfall: after an operation that did not succeed a process may have another client, so its next poll may begin anywhere;
so may a whole poll.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, in_all
from splitbrain.checkers.common.operation_format import SHOWN_ITEMS
from splitbrain.checkers.common.per_key import Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.domain.log_traffic import (
    ABORTED,
    BATCH,
    POLL,
    SEND,
    LogTraffic,
    Poll,
    offsets_and_messages,
)
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown

KINDS = (
    "lost",
    "aborted-read",
    "inconsistent-offset",
    "duplicate",
    "poll-skip",
    "nonmonotonic-poll",
    "nonmonotonic-send",
)
"""The anomalies, the worst first."""


@dataclass(frozen=True)
class LogAnomaly:
    """An anomaly: its words, and the rows that show it."""

    kind: str
    words: str
    rows: tuple[int, ...]


class Gaps:
    """Messages that may be gone from a log: none."""

    def in_passing(self, message: int, row: int) -> bool:
        """Whether a message may have been gone when a poll ended that came past it."""
        return False

    def in_whole(self, message: int, poll: Poll) -> bool:
        """Whether a whole poll may lack a message, by what else it has."""
        return False

    def for_good(self, message: int) -> bool:
        """Whether it is explained that nobody polled a message."""
        return False

    def reaches(self, message: int, poll: Poll) -> bool:
        """Whether a whole poll came to the offset of a message, whatever else is known of it."""
        return False


@dataclass(frozen=True)
class LogCheck:
    """The ordered log, partition by partition."""

    name: str = "log"
    sends: tuple[str, ...] = (SEND, BATCH, ABORTED)

    def gaps(self, history: History, traffic: LogTraffic) -> Gaps:
        """The messages that may be gone from a partition."""
        return Gaps()

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for operations it does not know."""
        hold_to(history, self.name, (*self.sends, POLL))
        judge = partial(self._judge, _failures(history))
        return of_each_key(self.name, history, budget.start(), judge, "partition")

    def _judge(
        self, failures: Mapping[int, Sequence[int]], history: History, rows: Rows, spending: BudgetMeter
    ) -> Verdict:
        if limit := spending.exhausted():
            return over_budget(self.name, limit, 0, len(rows), "operations")
        traffic = LogTraffic.of_rows(history, rows, failures)
        if not traffic.polled and not traffic.acknowledged:
            return unobserved(self.name, "no message was polled: nothing could have refuted the model")
        gaps = self.gaps(history, traffic)
        found = list(anomalies(history, traffic, gaps))
        counts = Counter(anomaly.kind for anomaly in found)
        unseen = sum(not (message in traffic.polled or gaps.for_good(message)) for message in traffic.acknowledged)
        details: dict[str, Value] = {
            "sent": len(traffic.sends),
            "acknowledged": len(traffic.acknowledged),
            "polled": len(traffic.polled),
            "unseen": unseen,
            "anomalies": {kind: counts[kind] for kind in KINDS if counts[kind]},
        }
        if not found and unseen:
            reason = (
                f"undecided: {unseen:,} of {len(traffic.acknowledged):,} acknowledged messages were never polled, "
                "nor was anything behind them"
            )
            return unknown(self.name, reason, self.name, **details)
        if not found:
            reason = (
                f"{len(traffic.acknowledged):,} acknowledged messages in one order, {len(traffic.polled):,} were polled"
            )
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        worst = min(found, key=lambda anomaly: KINDS.index(anomaly.kind))
        witness = _witness(history, worst, counts)
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


def _failures(history: History) -> Mapping[int, Sequence[int]]:
    """The positions at which operations of each process began that did not succeed."""
    operations = history.operations()
    found: dict[int, list[int]] = defaultdict(list)
    for row, ended in enumerate(operations.ended):
        if ended != EventType.OK:
            found[operations.process[row]].append(operations.invoke[row])
    return found


def anomalies(history: History, traffic: LogTraffic, gaps: Gaps) -> Iterator[LogAnomaly]:
    """All anomalies of a partition."""
    yield from _lost(history, traffic, gaps)
    yield from _aborted(history, traffic)
    yield from _inconsistent(history, traffic)
    yield from _out_of_order_polls(history, traffic, gaps)
    yield from _out_of_order_sends(history, traffic)


def _lost(history: History, traffic: LogTraffic, gaps: Gaps) -> Iterator[LogAnomaly]:
    values = history.pool.values
    if not traffic.polled:
        return
    highest, reader = max((offset, poll.row) for poll in traffic.polls for offset, _ in poll.found)
    told: dict[int, None] = {}
    for message, offset in traffic.acknowledged.items():
        behind = offset != ABSENT and offset <= highest
        if message not in traffic.polled and behind and not gaps.in_passing(message, reader):
            told[message] = None
            words = f"message {shown(values[message])} was acknowledged at offset {offset} and is lost"
            yield LogAnomaly(
                "lost", f"{words}: polls reached offset {highest}, and none has it", (traffic.sends[message], reader)
            )
    for poll in traffic.polls:
        if poll.whole and poll.found:
            yield from _missing(history, traffic, poll, gaps, told)


def _missing(
    history: History, traffic: LogTraffic, poll: Poll, gaps: Gaps, told: dict[int, None]
) -> Iterator[LogAnomaly]:
    """Messages that a whole poll should have and has not. told: those that were told already; more are added."""
    operations, values = history.operations(), history.pool.values
    having = {message for _, message in poll.found}
    sent = [operations.invoke[traffic.sends[message]] for message in having if message in traffic.sends]
    latest, last = max(sent, default=-1), poll.found[-1][0]
    for message, row in traffic.sends.items():
        if message in having or message in told:
            continue
        acknowledged = operations.ended[row] == EventType.OK and operations.complete[row] < latest
        seen = traffic.polled.get(message)
        vanished = seen is not None and operations.complete[seen] < operations.invoke[poll.row]
        vanished = vanished and min(traffic.of[message]) < last
        if (acknowledged or vanished or gaps.reaches(message, poll)) and not gaps.in_whole(message, poll):
            told[message] = None
            how = "was polled" if seen is not None and not acknowledged else "was acknowledged"
            words = f"message {shown(values[message])} {how}, and is lost: later ones were polled without it"
            yield LogAnomaly("lost", words, (row, *((seen,) if seen is not None else ()), poll.row))


def _aborted(history: History, traffic: LogTraffic) -> Iterator[LogAnomaly]:
    operations, values = history.operations(), history.pool.values
    for message, poll in traffic.polled.items():
        row = traffic.sends.get(message)
        if row is None or operations.invoke[row] > operations.complete[poll]:
            words = f"message {shown(values[message])} was polled, and nobody had tried to send it"
            yield LogAnomaly("aborted-read", words, (poll,) if row is None else (poll, row))
        elif operations.ended[row] == EventType.FAIL:
            yield LogAnomaly(
                "aborted-read", f"message {shown(values[message])} was polled, and its send has failed", (row, poll)
            )


def _inconsistent(history: History, traffic: LogTraffic) -> Iterator[LogAnomaly]:
    values = history.pool.values
    for offset, messages in traffic.at.items():
        if len(messages) > 1:
            words = " and ".join(shown(values[message]) for message in messages)
            yield LogAnomaly("inconsistent-offset", f"offset {offset} has messages {words}", tuple(messages.values()))
    for message, offsets in traffic.of.items():
        if len(offsets) > 1:
            words = " and ".join(map(str, sorted(offsets)))
            yield LogAnomaly(
                "duplicate", f"message {shown(values[message])} stands at offsets {words}", tuple(offsets.values())
            )


def _out_of_order_polls(history: History, traffic: LogTraffic, gaps: Gaps) -> Iterator[LogAnomaly]:
    operations = history.operations()

    def left_out(row: int, before: int, offset: int) -> int | None:
        """The first offset between two others that a poll should not have left out."""
        between = known[bisect_right(known, before) : bisect_left(known, offset)]
        return next((at for at in between if not any(gaps.in_passing(m, row) for m in traffic.at[at])), None)

    known = sorted({offset for poll in traffic.polls for offset, _ in poll.found})
    positions: dict[int, tuple[int, int]] = {}
    for poll in traffic.polls:
        process = operations.process[poll.row]
        before, earlier = positions.get(process, (None, ABSENT)) if not poll.fresh else (None, ABSENT)
        for offset, _ in poll.found:
            rows = (poll.row,) if earlier in (ABSENT, poll.row) else (earlier, poll.row)
            if before is not None and offset <= before:
                yield LogAnomaly("nonmonotonic-poll", f"offset {offset} was polled after offset {before}", rows)
            elif before is not None and (skipped := left_out(poll.row, before, offset)) is not None:
                words = f"offset {offset} was polled after offset {before}, and offset {skipped} was left out"
                yield LogAnomaly("poll-skip", words, rows)
            before, earlier = offset, poll.row
        if before is not None:
            positions[process] = before, poll.row
        elif poll.fresh:
            positions.pop(process, None)


def _out_of_order_sends(history: History, traffic: LogTraffic) -> Iterator[LogAnomaly]:
    operations, sends = history.operations(), traffic.sends
    told = [(offset, sends[message], message) for message, offset in traffic.acknowledged.items() if offset != ABSENT]
    ended = sorted(told, key=lambda one: operations.complete[one[1]])
    done, highest = 0, None
    for offset, row, _ in told:
        while operations.complete[ended[done][1]] < operations.invoke[row]:
            if highest is None or ended[done][0] > highest[0]:
                highest = ended[done]
            done += 1
        if highest is not None and offset < highest[0]:
            words = f"a message was acknowledged at offset {highest[0]}, and one that was sent later at {offset}"
            yield LogAnomaly("nonmonotonic-send", words, (highest[1], row))
    for (before, row, first), (offset, other, second) in pairwise(told):
        if row == other and offset < before:
            both = f"{shown(history.pool.values[first])} at offset {before}, {shown(history.pool.values[second])} at"
            words = f"messages of one batch were acknowledged in another order than they were sent: {both} {offset}"
            yield LogAnomaly("nonmonotonic-send", words, (row,))


def _polled(history: History, row: int) -> str:
    """The messages that a long poll brought, in words."""
    offsets = [offset for offset, _ in offsets_and_messages(history, history.operations().result[row])]
    return f"polled {len(offsets):,} messages, at offsets {min(offsets)} to {max(offsets)}"


def _witness(history: History, worst: LogAnomaly, counts: Counter[str]) -> Witness:
    """The witness of an anomaly, with the number of others."""
    operations, values = history.operations(), history.pool.values
    rows = sorted(set(worst.rows), key=lambda row: operations.invoke[row])
    events = sorted({event for row in rows for event in (operations.invoke[row], operations.complete[row])} - {ABSENT})
    tell = EventFormat(history, events)
    words = [worst.words]
    for row in rows:
        begin, end = operations.invoke[row], operations.complete[row]
        brought = values[operations.result[row]] if operations.ended[row] == EventType.OK else None
        if values[operations.f[row]] == POLL and isinstance(brought, tuple | list) and len(brought) > SHOWN_ITEMS:
            words.append(f"{tell.span(begin, end)}: {tell.who(begin)} {_polled(history, row)}")
        else:
            words.append(tell.line(row, key=False))
    words.append(in_all((kind, counts[kind]) for kind in KINDS))
    return Witness(tuple(events), tuple(words), operations.invoke[worst.rows[-1]])


LOG = CatalogueEntry(
    "log", "an ordered log: nothing acknowledged is lost, nothing stands twice, one order (Jepsen's kafka)", (),
    lambda settings: LogCheck(),
)  # fmt: skip
