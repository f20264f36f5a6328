"""Consumption of a log: the effects that its messages had, against what was sent.

    send m → offset      consume → [[offset, m] …]      effects → [[offset, m] …], all in the order in which they came

Each key is a partition of its own; each message is sent once. Consumers of one group poll messages and leave effects in
a sink that clients read. Delivery semantics as in Kafka's documentation, section 4.6; what is lost or aborted as in
Jepsen's workload for Kafka (jepsen-io/jepsen, `tests/kafka.clj`), with an effect in the place of a poll:

- `lost`: an acknowledged message has no effect, and one with a higher offset, or that was sent after it was
  acknowledged, has.
- `doubled`: a message has two effects.
- `aborted`: an effect of a message whose send has certainly failed, or that nobody had tried to send.
- `out-of-order`: a message has its effect after one with a higher offset.

At-least-once forbids the first, at-most-once the second, exactly-once all of them; none allows what was aborted.

An acknowledged message is neither consumed nor lost as long as nothing behind it is consumed: where that forbids
losses, it is `unknown`. What a consumer was told is not judged, only what it left in the sink.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, in_all, some
from splitbrain.checkers.common.per_key import Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.domain.log_traffic import POLL, SEND, offsets_and_messages
from splitbrain.checkers.domain.logs import LogAnomaly
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown

CONSUME, EFFECTS = "consume", "effects"
LOST, DOUBLED, ABORTED, ORDER = "lost", "doubled", "aborted", "out-of-order"


@dataclass(frozen=True)
class Sink:
    """A read of all effects: its row, and offsets with messages, as value ids, in the order in which they came."""

    row: int
    found: list[tuple[int, int]]


class Deliveries:
    """Messages that went into one partition, as value ids with the row of their send, and what was read of effects."""

    def __init__(self, history: History, rows: Rows) -> None:
        self.history = history
        operations, values = history.operations(), history.pool.values
        self.sends = {operations.argument[row]: row for row in rows if values[operations.f[row]] == SEND}
        self.acknowledged = {
            message: row for message, row in self.sends.items() if operations.ended[row] == EventType.OK
        }
        self.sinks = [
            Sink(row, offsets_and_messages(history, operations.result[row], "a read of effects"))
            for row in rows
            if values[operations.f[row]] == EFFECTS and operations.ended[row] == EventType.OK
        ]

    def anomalies(self) -> Iterator[LogAnomaly]:
        """All anomalies, of each read of the effects."""
        for sink in self.sinks:
            yield from self._lost(sink)
            yield from self._doubled(sink)
            yield from self._aborted(sink)
            yield from self._out_of_order(sink)

    def open(self) -> int:
        """The number of acknowledged messages without an effect in any read."""
        having = {message for sink in self.sinks for _, message in sink.found}
        return sum(message not in having for message in self.acknowledged)

    def _word(self, message: int) -> str:
        return shown(self.history.pool.values[message])

    def _lost(self, sink: Sink) -> Iterator[LogAnomaly]:
        operations = self.history.operations()
        having = {message for _, message in sink.found}
        highest = max((offset for offset, _ in sink.found), default=ABSENT)
        latest = max((operations.invoke[self.sends[one]] for one in having if one in self.sends), default=ABSENT)
        for message, row in self.acknowledged.items():
            offset = operations.revision[row]
            behind = offset <= highest if offset != ABSENT else operations.complete[row] < latest
            if message not in having and behind:
                words = (
                    f"message {self._word(message)} was acknowledged{_at(offset)}, and has no effect: later ones have"
                )
                yield LogAnomaly(LOST, words, (row, sink.row))

    def _doubled(self, sink: Sink) -> Iterator[LogAnomaly]:
        for message, times in Counter(message for _, message in sink.found).items():
            if times > 1:
                rows = (self.sends[message], sink.row) if message in self.sends else (sink.row,)
                offsets = sorted({offset for offset, other in sink.found if other == message})
                where = f"offset{'s' * (len(offsets) > 1)} {some(offsets)}"
                words = f"message {self._word(message)} has {times:,} effects, at {where}"
                yield LogAnomaly(DOUBLED, words, rows)

    def _aborted(self, sink: Sink) -> Iterator[LogAnomaly]:
        operations = self.history.operations()
        for _, message in sink.found:
            row = self.sends.get(message)
            if row is None or operations.invoke[row] > operations.complete[sink.row]:
                words = f"message {self._word(message)} has an effect, and nobody had tried to send it"
                yield LogAnomaly(ABORTED, words, (sink.row,))
            elif operations.ended[row] == EventType.FAIL:
                words = f"message {self._word(message)} has an effect, and its send has failed"
                yield LogAnomaly(ABORTED, words, (row, sink.row))

    def _out_of_order(self, sink: Sink) -> Iterator[LogAnomaly]:
        highest, seen = ABSENT, set[int]()
        for offset, message in sink.found:
            if offset < highest and message not in seen:
                words = f"message {self._word(message)}, of offset {offset}, has its effect after that of {highest}"
                yield LogAnomaly(ORDER, words, (self.sends.get(message, sink.row), sink.row))
            highest = max(highest, offset)
            seen.add(message)


@dataclass(frozen=True)
class ConsumedCheck:
    """A delivery semantics, partition by partition. kinds: the anomalies that it forbids, the worst first."""

    name: str
    kinds: tuple[str, ...]

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for operations it does not know."""
        hold_to(history, self.name, (SEND, POLL, CONSUME, EFFECTS))
        return of_each_key(self.name, history, budget.start(), self._judge, "partition")

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        if limit := spending.exhausted():
            return over_budget(self.name, limit, 0, len(rows), "operations")
        deliveries = Deliveries(history, rows)
        if not deliveries.sinks or not deliveries.sends:
            return unobserved(self.name, "no effects were read: nothing could have refuted the model")
        found = list(deliveries.anomalies())
        counts = Counter(anomaly.kind for anomaly in found)
        open_ = deliveries.open()
        details: dict[str, Value] = {
            "acknowledged": len(deliveries.acknowledged),
            "effects": max(len(sink.found) for sink in deliveries.sinks),
            "without_effect": open_,
            "anomalies": dict(sorted(counts.items())),
        }
        forbidden = [anomaly for anomaly in found if anomaly.kind in self.kinds]
        if forbidden:
            worst = min(forbidden, key=lambda anomaly: self.kinds.index(anomaly.kind))
            witness = _witness(history, worst, counts)
            return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)
        acknowledged = f"{len(deliveries.acknowledged):,} acknowledged messages"
        if open_ and LOST in self.kinds:
            reason = f"undecided: {open_:,} of {acknowledged} were not consumed, nor was anything behind them"
            return unknown(self.name, reason, self.name, **details)
        if not any(sink.found for sink in deliveries.sinks):
            return unobserved(self.name, "no message had an effect: nothing could have refuted the model")
        allowed = ", ".join(f"{kind}: {count:,}" for kind, count in sorted(counts.items())) or "none lost or doubled"
        return Verdict(
            Validity.VALID, f"the effects of {acknowledged}; {allowed}", self.name, self.name, details=details
        )


def _witness(history: History, worst: LogAnomaly, counts: Counter[str]) -> Witness:
    """The witness of an anomaly: the send, the read of effects, and how many anomalies of each kind there are."""
    operations = history.operations()
    rows = sorted(set(worst.rows), key=lambda row: operations.invoke[row])
    events = sorted({event for row in rows for event in (operations.invoke[row], operations.complete[row])} - {ABSENT})
    tell = EventFormat(history, events)
    words = [worst.words, *(tell.line(row, key=False) for row in rows), in_all(sorted(counts.items()))]
    return Witness(tuple(events), tuple(words), operations.invoke[worst.rows[-1]])


def _at(offset: int) -> str:
    return "" if offset == ABSENT else f" at offset {offset}"


AT_LEAST_ONCE = ConsumedCheck("consumed-at-least-once", (LOST, ABORTED))
AT_MOST_ONCE = ConsumedCheck("consumed-at-most-once", (DOUBLED, ABORTED))
EXACTLY_ONCE = ConsumedCheck("consumed-exactly-once", (LOST, DOUBLED, ABORTED, ORDER))

CONSUMED = (
    CatalogueEntry(
        AT_LEAST_ONCE.name, "consumers of a log: each acknowledged message has an effect", (),
        lambda settings: AT_LEAST_ONCE,
    ),
    CatalogueEntry(
        AT_MOST_ONCE.name, "consumers of a log: no message has two effects", (),
        lambda settings: AT_MOST_ONCE,
    ),
    CatalogueEntry(
        EXACTLY_ONCE.name, "consumers of a log: each acknowledged message has one effect, in order", (),
        lambda settings: EXACTLY_ONCE,
    ),
)  # fmt: skip
