"""Figures of a run over time: counts, answers per node and latency in buckets of equal width.

An operation belongs to the bucket in which it was invoked, however late it ended. So an outage shows when
people asked, and an operation that never ended is not lost.
"""

from collections import defaultdict
from dataclasses import dataclass

from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType
from splitbrain.results.format import natural
from splitbrain.results.summary import answers, quantile, timed

BUCKETS_MAX = 120
_ENDS = (EventType.OK, EventType.FAIL, EventType.INFO)


@dataclass(frozen=True)
class Series:
    """Figures per bucket; bucket i covers `start_ns + i × width_ns` and on.

    ended: per EventType word (`ok`, `fail`, `info`), the number of operations. nodes: per node in natural order, the
    numbers of operations answered and invoked. p50_ms, p99_ms: latency of those that ended `ok`; None where none did.
    """

    start_ns: int
    width_ns: int
    ended: dict[str, list[int]]
    nodes: dict[str, list[tuple[int, int]]]
    p50_ms: list[float | None]
    p99_ms: list[float | None]

    @property
    def buckets(self) -> int:
        """The number of buckets."""
        return len(self.p50_ms)


def series(history: History, buckets_max: int = BUCKETS_MAX) -> Series | None:
    """The series of a well-formed history; None if it carries no times."""
    if not timed(history):
        return None
    start, span = history.time[0], history.time[-1] - history.time[0]
    width = nice(span / buckets_max)
    count = span // width + 1
    operations, time, node = history.operations(), history.time, history.node
    ended: dict[int, list[int]] = {kind: [0] * count for kind in _ENDS}
    nodes: defaultdict[int, list[list[int]]] = defaultdict(lambda: [[0, 0] for _ in range(count)])
    spans: list[list[int]] = [[] for _ in range(count)]
    columns = zip(operations.invoke, operations.complete, operations.ended, answers(history), strict=True)
    for invoke, complete, how, answered in columns:
        bucket = (time[invoke] - start) // width
        ended[how][bucket] += 1
        if how == EventType.OK:
            spans[bucket].append(time[complete] - time[invoke])
        if node[invoke] != ABSENT:
            cell = nodes[node[invoke]][bucket]
            cell[0] += answered
            cell[1] += 1
    for values in spans:
        values.sort()
    by_name = {str(history.pool.values[found]): cells for found, cells in nodes.items()}
    return Series(
        start,
        width,
        {kind.word: ended[kind] for kind in _ENDS},
        {name: [(answered, asked) for answered, asked in by_name[name]] for name in sorted(by_name, key=natural)},
        [quantile(values, 50) / 1e6 if values else None for values in spans],
        [quantile(values, 99) / 1e6 if values else None for values in spans],
    )


def nice(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, … that is at least `least`: a width or a step that people can read."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step >= least:
                return step
        size *= 10
