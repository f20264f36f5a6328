"""Figures that agree with a naive count over events, and quick summaries of large histories."""

import math
import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.harness.history import Event, History
from splitbrain.results import format
from splitbrain.results.faults import Overlap, Window, windows
from splitbrain.results.intervals import wilson
from splitbrain.results.series import nice, series
from splitbrain.results.summary import Availability, Counts, Quantiles, summarize

from .samples import event, stale

ENDS = (("ok", None), ("fail", "precondition"), ("fail", "no-leader"), ("info", "timeout"), (None, None))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Well-formed histories: any operations on two nodes, some open, some faults."""
    moments: list[tuple[int, dict[str, object]]] = []
    for process in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, 1000))
        kind, error = draw(st.sampled_from(ENDS))
        common = {"process": process, "f": draw(st.sampled_from(["read", "write"])), "node": f"n{process % 2}"}
        moments.append((start, common | {"type": "invoke"}))
        if kind:
            more = {"error": (error, "because")} if error else {}
            moments.append((start + draw(st.integers(1, 500)), common | more | {"type": kind}))
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, 1000))
        moments.append((start, {"process": "nemesis", "type": "info", "f": "start-kill"}))
        moments.append(
            (start + 100, {"process": "nemesis", "type": "info", "f": "stop-kill", "value": {"bite": {"x": 1}}})
        )
    ordered = sorted(moments, key=lambda moment: moment[0])
    return History.of(Event(index=i, time=ms * 1_000_000, **fields) for i, (ms, fields) in enumerate(ordered))  # type: ignore[arg-type]


Pairs = list[tuple[Event, Event | None]]


def pairs(history: History) -> Pairs:
    """Invocations with their completions, the slow way; each process has one operation."""
    events = [e for e in history if e.process != "nemesis"]
    return [
        (e, next((c for c in events if c.process == e.process and c.type != "invoke"), None))
        for e in events
        if e.type == "invoke"
    ]


def answered(end: Event | None) -> bool:
    return end is not None and (end.type == "ok" or (end.type == "fail" and end.error[0] == "precondition"))


@settings(max_examples=150)
@given(histories())
def test_agrees_with_a_naive_count(history: History) -> None:
    summary, naive = summarize(history), pairs(history)
    ends = Counter((start.f, end.type if end else "info") for start, end in naive)
    for f in {start.f for start, _ in naive}:
        assert summary.counts[f] == Counts(ends[f, "ok"], ends[f, "fail"], ends[f, "info"])
    assert summary.total.total == summary.operations == len(naive)
    bands = [(w.start_ns, w.stop_ns) for w in summary.windows]
    close = history.time[-1] if len(history) else 0
    for node, seen in summary.nodes.items():
        here = [(start, end) for start, end in naive if start.node == node]
        met = [
            (start, end)
            for start, end in here
            if any(a <= (end.time if end else close) and b >= start.time for a, b in bands)
        ]
        counted = (len(here), sum(answered(e) for _, e in here), len(met), sum(answered(e) for _, e in met))
        took = [e.time - s.time for s, e in here if e and e.type == "ok"] if summary.span_ns else []
        assert seen == Availability.of(counted, took)
        share = wilson(seen.answered, seen.operations)
        assert (seen.low, seen.high) == (share.low, share.high)
    for f, latency in summary.latency.items():
        spans = sorted((e.time - s.time) / 1e6 for s, e in naive if e and e.type == "ok" and s.f == f)
        for percent, told in ((50, latency.p50_ms), (95, latency.p95_ms), (99, latency.p99_ms), (100, latency.max_ms)):
            assert told == spans[math.ceil(percent * len(spans) / 100) - 1]


@settings(max_examples=100)
@given(histories())
def test_series_lose_nothing(history: History) -> None:
    found, naive = series(history), pairs(history)
    if found is None:
        return
    for kind, counts in found.ended.items():
        assert sum(counts) == sum((end.type if end else "info") == kind for _, end in naive)
    for node, cells in found.nodes.items():
        assert sum(asked for _, asked in cells) == sum(start.node == node for start, _ in naive)
        assert sum(done for done, _ in cells) == sum(start.node == node and answered(end) for start, end in naive)
    assert found.buckets <= 122


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=6), st.integers(0, 80), st.integers(0, 20))
def test_overlap_agrees_with_a_scan(spans: list[tuple[int, int]], start: int, length: int) -> None:
    bands = [Window("x", a, a + n, 0, 0, None, {}, True) for a, n in spans]
    naive = any(w.start_ns <= start + length and w.stop_ns >= start for w in bands)
    assert Overlap(bands).touches(start, start + length) == naive


def test_a_known_history() -> None:
    summary = summarize(stale(), ("partition", "kill"))
    assert summary.counts == {"cas": Counts(0, 1, 0), "read": Counts(1, 1, 0), "write": Counts(2, 0, 1)}
    assert list(summary.nodes) == ["n1", "n2", "n10"]
    n2 = summary.nodes["n2"]
    assert (n2.operations, n2.answered, n2.operations_in_faults, n2.answered_in_faults) == (3, 2, 2, 2)
    assert (round(n2.low, 3), round(n2.high, 3), n2.high_in_faults) == (0.208, 0.939, 1.0)
    assert summary.errors == {"no-leader": 1, "precondition": 1, "timeout": 1}
    assert summary.faults["partition"].bite == {"messages_dropped": 12}
    assert summary.never_bit == ("kill",)
    assert summary.latency["read"].max_ms == 1.0


def test_windows_that_repeat_overlap_or_never_end() -> None:
    names = ["start-a", "start-a", "start-b", "stop-a", "stop-a", "start-a"]
    history = History.of(event(i, i, "nemesis", "info", name) for i, name in enumerate(names))
    told = [(w.fault, w.start, w.stop, w.healed) for w in windows(history)]
    assert told == [("a", 0, 3, True), ("b", 2, 5, False), ("a", 5, 5, False)]


def test_peaks_are_not_summed() -> None:
    bites = [{"skew_ms": 500, "x": 1}, {"skew_ms": 200, "x": 1}]
    history = History.of(
        event(
            2 * i + end, i, "nemesis", "info", ("stop" if end else "start") + "-clock", {"bite": bite} if end else None
        )
        for i, bite in enumerate(bites)
        for end in (0, 1)
    )
    assert summarize(history).faults["clock"].bite == {"skew_ms": 500, "x": 2}


def test_a_history_without_times_has_no_latency() -> None:
    history = stale()
    history.timed = False
    summary = summarize(history)
    assert not summary.latency
    assert summary.span_ns == 0
    assert series(history) is None


def test_an_empty_history() -> None:
    summary = summarize(History())
    assert (summary.operations, summary.counts, summary.nodes) == (0, {}, {})


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(0, 0, "–"), (0, 9, "0 %"), (1, 5000, "< 0.1 %"), (9999, 10000, "99.9 %"), (3, 3, "100 %")],
)
def test_shares_never_flatter(part: int, whole: int, told: str) -> None:
    assert format.share(part, whole) == told


@given(st.floats(0.001, 1e18))
def test_nice_steps(least: float) -> None:
    step = nice(least)
    assert step >= least
    assert str(step)[0] in "125"
    assert step == 1 or step <= 2.5 * least + 1


def test_natural_order() -> None:
    names = sorted(["n10", "n2", "n1", "10", "2", "n"], key=format.natural)
    assert names == ["2", "10", "n", "n1", "n2", "n10"]
    assert all(format.natural(a) < format.natural(b) for a, b in pairwise(names))


def test_a_hundred_thousand_operations_take_a_moment() -> None:
    history = History.of(
        event(2 * i + end, i + end / 2, i % 50, "ok" if end else "invoke", "read", 1 if end else None, node=f"n{i % 5}")
        for i in range(100_000)
        for end in (0, 1)
    )
    begun = time.process_time()
    summarize(history)
    series(history)
    assert time.process_time() - begun < 4


def test_latency_from_when_an_operation_was_due() -> None:
    history = History.of(
        event(i, time, process, kind, "read", node="n1")
        for i, (time, process, kind) in enumerate([(10, 0, "invoke"), (12, 0, "ok"), (20, 0, "invoke"), (23, 0, "ok")])
    )
    history.late[2] = 8_000_000
    service = summarize(history).service
    assert service is not None
    assert service.from_begin == Quantiles(2.0, 3.0, 3.0)
    assert service.from_due == Quantiles(2.0, 11.0, 11.0)
    assert service.throughput == pytest.approx(2 / 0.013)
