"""Figures of a history: counts, availability per node, latency, faults. Pure, over the columns.

An operation is *answered* if it ended `ok`, or with the error kind `precondition` (the system
looked and said no). Refusals, `info` and operations still open at the end are not answers.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import ErrorKind, EventType
from splitbrain.harness.value_column import differences
from splitbrain.results.faults import FaultRecord, Overlap, Window, records, windows
from splitbrain.results.format import name, natural, operation, seconds
from splitbrain.results.intervals import wilson
from splitbrain.results.sides import SideService, sides

_LONGEST_RUN_NS = 30 * 24 * 3600 * 1_000_000_000


@dataclass(frozen=True)
class Counts:
    """The ends of the operations of one kind; one still open at the end counts as `info`."""

    ok: int = 0
    fail: int = 0
    info: int = 0

    @property
    def total(self) -> int:
        """All invocations."""
        return self.ok + self.fail + self.info


@dataclass(frozen=True)
class LatencySummary:
    """LatencySummary of the operations of one kind that ended `ok`, in milliseconds; quantiles by nearest rank."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class Quantiles:
    """Latency of all operations that ended `ok`, in milliseconds; quantiles by nearest rank."""

    p50_ms: float
    p99_ms: float
    p999_ms: float


@dataclass(frozen=True)
class Service:
    """The service of a recorded run, over all kinds of operations.

    throughput: operations that were answered, a second from the first invocation to the last event. from_begin,
    from_due: latency from when an operation began, and from when it was due, which is earlier where its thread was
    still waiting for the one before.
    """

    throughput: float
    from_begin: Quantiles
    from_due: Quantiles


@dataclass(frozen=True)
class Availability:
    """The operations sent to one node that were answered: over the whole run, and those that met a fault.

    low, high: Wilson's 95 % interval of the share answered; low_in_faults, high_in_faults: the same of those that met a
    fault. p50_ms, p99_ms: latency of those that ended ok; None where none did, or where the history has no times.
    """

    operations: int
    answered: int
    operations_in_faults: int
    answered_in_faults: int
    low: float
    high: float
    low_in_faults: float
    high_in_faults: float
    p50_ms: float | None = None
    p99_ms: float | None = None

    @staticmethod
    def of(counts: tuple[int, int, int, int], spans: Sequence[int]) -> "Availability":
        """The figures of one node. counts: as the first four fields. spans: nanoseconds that each operation took which
        ended ok, where there are times."""
        operations, answered, in_faults, answered_in_faults = counts
        whole, faulty = wilson(answered, operations), wilson(answered_in_faults, in_faults)
        ordered = sorted(spans)
        p50, p99 = (quantile(ordered, percent) / 1e6 if ordered else None for percent in (50, 99))
        return Availability(
            operations,
            answered,
            in_faults,
            answered_in_faults,
            whole.low,
            whole.high,
            faulty.low,
            faulty.high,
            p50,
            p99,
        )


@dataclass(frozen=True)
class Summary:
    """The figures of one history.

    operations: invocations. span_ns: time from first to last event. counts, latency: per `f`, by name; latency is
    left out where nothing ended `ok` or where the history carries no times. first_failure: of a history in which
    nothing ended `ok`, what is said of the first operation that failed. service: None where nothing ended `ok`, or
    where the history carries no times. nodes: availability per node, in natural order; empty if the history names no
    nodes. errors: how often each error kind was seen. faults: those asked for and those seen. windows: every time a
    fault was on. sides: service by side of a split, and of the nodes that other faults hit.
    """

    operations: int
    span_ns: int
    counts: Mapping[str, Counts]
    latency: Mapping[str, LatencySummary]
    nodes: Mapping[str, Availability]
    errors: Mapping[str, int]
    faults: Mapping[str, FaultRecord]
    windows: tuple[Window, ...]
    first_failure: str = ""
    service: Service | None = None
    sides: Sequence[SideService] = ()

    @property
    def total(self) -> Counts:
        """Counts over all kinds of operations."""
        every = self.counts.values()
        return Counts(sum(c.ok for c in every), sum(c.fail for c in every), sum(c.info for c in every))

    @property
    def never_bit(self) -> tuple[str, ...]:
        """Faults that were asked for, or started, and did nothing: they tested nothing."""
        return tuple(name for name, record in self.faults.items() if not record.bit)


def summarize(history: History, asked: Sequence[str] = ()) -> Summary:
    """The figures of a well-formed history. asked: names of the faults that were to come."""
    found = windows(history)
    time, answered = history.time, answers(history)
    spans = _spans(history) if timed(history) else array("q")
    ordered = sorted(spans)
    return Summary(
        operations=len(history.operations()),
        span_ns=time[-1] - time[0] if timed(history) else 0,
        counts=_counts(history),
        latency=_latency(history, spans, ordered),
        nodes=_availability(history, answered, Overlap(found)),
        errors=_errors(history),
        faults=records(found, asked),
        windows=found,
        first_failure=_first_failure(history),
        service=_service(history, answered, spans, ordered),
        sides=sides(history, found, answered, timed=timed(history)),
    )


def timed(history: History) -> bool:
    """Whether the history carries times that mean something; a foreign one may have none, or let them run backwards."""
    return history.timed and len(history) > 1 and history.time[-1] > history.time[0]


def origin(history: History) -> int:
    """Nanoseconds to subtract before a time is shown. Foreign histories may count from 1970, and mean their start."""
    return history.time[0] if len(history) and abs(history.time[0]) > _LONGEST_RUN_NS else 0


_ONLY_OK = bytes(kind == EventType.OK for kind in range(256))


def answers(history: History) -> bytearray:
    """Per operation, in the order of `history.operations()`: 1 if it was answered, else 0."""
    operations = history.operations()
    error, ok, fail = history.error, int(EventType.OK), int(EventType.FAIL)
    said_no = {
        found for found in set(error) if found != ABSENT and error_kind(history, found) == ErrorKind.PRECONDITION.value
    }
    if not said_no:
        return bytearray(bytes(operations.ended).translate(_ONLY_OK))
    return bytearray(
        ended == ok or (ended == fail and error[complete] in said_no)
        for ended, complete in zip(operations.ended, operations.complete, strict=True)
    )


def error_kind(history: History, error: int) -> str:
    """The kind of an interned error: its first word if it is `[kind, text]`, else `other`."""
    value = history.pool.values[error]
    return str(value[0]) if isinstance(value, list | tuple) and value else ErrorKind.OTHER.value


def quantile(ordered: Sequence[float], percent: int) -> float:
    """The nearest-rank quantile of values in order: the smallest that at least so many percent do not exceed."""
    return permille(ordered, 10 * percent)


def permille(ordered: Sequence[float], share: int) -> float:
    """The quantile at a share in thousandths, see `quantile`."""
    return ordered[-(-share * len(ordered) // 1000) - 1]


def _counts(history: History) -> dict[str, Counts]:
    operations = history.operations()
    names, ended = {f: str(history.pool.values[f]) for f in set(operations.f)}, bytes(operations.ended)
    ok, fail, info = EventType.OK, EventType.FAIL, EventType.INFO
    seen: Counter[tuple[int, int]]
    if len(names) == 1:  # bytes are counted quickly
        seen = Counter({(f, kind): ended.count(kind) for f in names for kind in (ok, fail, info)})
    else:
        seen = Counter(zip(operations.f, operations.ended, strict=True))
    return {names[f]: Counts(seen[f, ok], seen[f, fail], seen[f, info]) for f in sorted(names, key=lambda f: names[f])}


def _latency(history: History, spans: Sequence[int], ordered: list[int]) -> dict[str, LatencySummary]:
    operations = history.operations()
    names = list(compress(operations.f, bytes(operations.ended).translate(_ONLY_OK))) if spans else []
    of_name: defaultdict[int, list[int]] = defaultdict(list)
    if len(set(names)) > 1:
        for f, span in zip(names, spans, strict=True):
            of_name[f].append(span)
    rows = {f: sorted(values) for f, values in of_name.items()} or dict.fromkeys(names[:1], ordered)
    told = {
        str(history.pool.values[f]): LatencySummary(*(quantile(values, percent) / 1e6 for percent in (50, 95, 99, 100)))
        for f, values in rows.items()
    }
    return dict(sorted(told.items()))


def _spans(history: History) -> "array[int]":
    """The nanoseconds from invocation to completion of each operation that succeeded."""
    operations = history.operations()
    complete, invoke = operations.complete, operations.invoke
    ok = bytes(operations.ended).translate(_ONLY_OK)
    if 0 in ok:
        complete, invoke = (array("q", compress(column, ok)) for column in (complete, invoke))
    return differences(history.time, complete, invoke)


def _service(history: History, answered: Sequence[int], spans: Sequence[int], ordered: Sequence[int]) -> Service | None:
    operations, time, late = history.operations(), history.time, history.late
    if not spans:
        return None
    due = ordered
    if late:
        invoked = compress(operations.invoke, bytes(operations.ended).translate(_ONLY_OK))
        due = sorted(more + late.get(invoke, 0) for more, invoke in zip(spans, invoked, strict=True))
    span = time[-1] - time[operations.invoke[0]]
    return Service(round(1e9 * sum(answered) / max(1, span), 6), _quantiles(ordered), _quantiles(due))


def _quantiles(values: Sequence[int]) -> Quantiles:
    return Quantiles(*(permille(values, share) / 1e6 for share in (500, 990, 999)))


def _availability(history: History, answered: Sequence[int], faults: Overlap) -> dict[str, Availability]:
    operations, time, node, ok = history.operations(), history.time, history.node, int(EventType.OK)
    if node.count(ABSENT) == len(node):
        return {}
    tallies: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    spans: defaultdict[int, list[int]] = defaultdict(list)
    end, told = time[-1] if len(time) else 0, timed(history)
    columns = zip(operations.invoke, operations.complete, operations.ended, answered, strict=True)
    for invoke, complete, ended, was_answered in columns:
        if node[invoke] == ABSENT:
            continue
        tally = tallies[node[invoke]]
        tally[0] += 1
        tally[1] += was_answered
        if ended == ok and told:
            spans[node[invoke]].append(time[complete] - time[invoke])
        if faults.touches(time[invoke], end if complete == ABSENT else time[complete]):
            tally[2] += 1
            tally[3] += was_answered
    by_name = {
        str(history.pool.values[found]): Availability.of((tally[0], tally[1], tally[2], tally[3]), spans[found])
        for found, tally in tallies.items()
    }
    return {name: by_name[name] for name in sorted(by_name, key=natural)}


def _first_failure(history: History) -> str:
    """The first error and its place, if nothing ended `ok`; else nothing."""
    operations = history.operations()
    if not len(operations) or int(EventType.OK) in operations.ended:
        return ""
    values = history.pool.values
    for invoke, complete in zip(operations.invoke, operations.complete, strict=True):
        if complete == ABSENT or history.error[complete] == ABSENT:
            continue
        error = values[history.error[complete]]
        said = ": ".join(map(str, error)) if isinstance(error, list | tuple) else str(error)
        told = operation(str(values[history.f[invoke]]), values[history.value[invoke]], None, EventType.INFO)
        node = f" on {name(values[history.node[invoke]])}" if history.node[invoke] != ABSENT else ""
        return f"{told}{node} at {seconds(history.time[complete] - origin(history))}: {said}"
    return ""


def _errors(history: History) -> dict[str, int]:
    """Errors of client operations by kind; the nemesis has none."""
    kinds: Counter[str] = Counter()
    if history.error.count(ABSENT) == len(history):
        return {}
    for error, times in Counter(history.error).items():
        if error != ABSENT:
            kinds[error_kind(history, error)] += times
    return dict(sorted(kinds.items()))
