"""Consumers of a log that crash and go on: what is counted never, once and twice, by when an offset is committed.

A message has an effect outside: it is counted in a sink. Between any two steps the consumer can crash; it then goes on
from what it had committed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from splitbrain.harness.operation import Value
from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.simulated import SimulatedRun

BATCH = 10


class CommitOrder(Enum):
    """The moment at which the offset of a batch is committed."""

    BEFORE = "before the effects"
    AFTER = "after the effects"
    WITH = "in one transaction with the effects"


def consumed(messages: int, order: CommitOrder, crashes: float, stream: RandomStream) -> Counter[int]:
    """Count how often each message was counted. crashes: the chance of a crash at each step."""
    counted: Counter[int] = Counter()
    offset = 0
    while offset < messages:
        batch = range(offset, min(offset + BATCH, messages))
        if order is CommitOrder.BEFORE:
            if stream.chance(crashes):
                continue
            offset = batch.stop
        done = []
        for message in batch:
            if stream.chance(crashes):
                break
            done.append(message)
        if order is not CommitOrder.WITH:
            counted.update(done)
        if order is CommitOrder.BEFORE or len(done) < len(batch) or stream.chance(crashes):
            continue
        if order is CommitOrder.WITH:
            counted.update(done)
        offset = batch.stop
    return counted


@dataclass(frozen=True)
class Effects:
    """Messages of a log: how many have no effect, how many have several, and how many there are."""

    lost: int
    doubled: int
    all: int

    @classmethod
    def of(cls, counts: Sequence[int]) -> "Effects":
        """Effects of messages, by how many each has."""
        return cls(sum(times == 0 for times in counts), sum(times > 1 for times in counts), len(counts))


def stored_effects(run: SimulatedRun) -> Effects:
    """Effects of the messages that a broker acknowledged, but for those at the end that were not consumed yet: without
    an effect, and with none sent after them that has one."""
    counts: Counter[tuple[Value, Value]] = Counter()
    for sink in {one.key: one for one in run.operations("effects") if one.ok}.values():
        counts.update((sink.key, message) for _, message in sink.value)
    sends = [one for one in run.operations("send") if one.ok]
    begun: dict[Value, int] = {}
    for one in sends:
        if counts[one.key, one.value]:
            begun[one.key] = max(one.at, begun.get(one.key, 0))
    judged = [
        one for one in sends
        if counts[one.key, one.value] or (one.ended is not None and one.ended < begun.get(one.key, 0))
    ]  # fmt: skip
    return Effects.of([counts[one.key, one.value] for one in judged])


class CheckpointedSum:
    """A stream processor that sums numbers, tells each sum to a sink, and saves its sum with its offset at every
    `BATCH` messages. transactional: whether the sink shows what it was told with the next checkpoint and forgets it
    after a crash, in the place of showing it at once. total: its state in the end. shown: how often each sum was."""

    def __init__(self, messages: int, transactional: bool, crashes: float, stream: RandomStream) -> None:
        self.shown: Counter[int] = Counter()
        offset = self.total = 0
        while offset < messages:
            told = []
            total = self.total
            for message in range(offset, min(offset + BATCH, messages)):
                if stream.chance(crashes):
                    break
                total += message
                told.append(total)
                if not transactional:
                    self.shown[total] += 1
            else:
                if transactional:
                    self.shown.update(told)
                self.total = total
                offset += len(told)


def redelivered(messages: int, share: float, late: int, stream: RandomStream) -> Iterator[tuple[int, int]]:
    """Messages in order, of which a share comes once more, up to so many messages later: each with how many came since
    its first time; 0 is the first."""
    due: dict[int, list[int]] = {}
    for message in range(messages):
        yield message, 0
        if stream.chance(share):
            due.setdefault(message + 1 + stream.below(late), []).append(message)
        for copy in due.pop(message, ()):
            yield copy, message - copy
