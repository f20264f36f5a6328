"""Logs of Jepsen against etcd: sixty to ninety operations each, up to nineteen crashed.

Pitfall: a few hard logs make up most of the sum, many easy ones most of the mean, so both are printed."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import logs
from measuring import MORE, Goal, Line, Measurement, Report, in_a_row, once

from rows import common
from rows.written import CAS_REGISTER
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.history import History

COPIES = 20
"""The number of times that a log stands in a batch when it is timed by itself."""


def batch(bench: Measurement) -> Report:
    """etcd logs, from columns, one call for all, values alone"""
    found, model = logs.etcd(), MODELS["cas-register"].make()

    def copies(history: History) -> str:
        return common.values_of(model, [history] * COPIES, bench.seconds_max)[0]

    lines = [_scaled(line) for line in _each(bench, found, copies)]
    histories = [log.history for log in found]

    def whole_batch() -> str:
        return " ".join(common.values_of(model, histories, bench.seconds_max))

    times = in_a_row(once(whole_batch)[0])
    turns = [once(whole_batch, times) for _ in range(MORE * bench.rounds)]
    whole = common.summed(common.named(found), lines, statistics.median(seconds for seconds, _ in turns))
    return _reported("etcd-batch", batch.__doc__, lines, whole, (300, 20, 1))


def calls(bench: Measurement) -> Report:
    """etcd logs, from columns, a call each"""
    found, model, limits = logs.etcd(), MODELS["cas-register"].make(), common.budget(bench.seconds_max)
    lines = _each(bench, found, lambda history: common.value(model, history, limits))
    return _reported("etcd-calls", calls.__doc__, lines, common.summed(common.named(found), lines), (100, 4))


def python(bench: Measurement) -> Report:
    """etcd logs, a model written in Python, from operations"""
    found, limits = logs.etcd(), common.budget(bench.seconds_max)
    events = {id(log.history): list(log.history) for log in found}

    def from_events(history: History) -> str:
        made = History()
        made.extend(events[id(history)])
        return common.value(CAS_REGISTER, made, limits)

    lines = _each(bench, found, from_events)
    return _reported("etcd-python", python.__doc__, lines, common.summed(common.named(found), lines), (20, 1))


def command(bench: Measurement) -> Report:
    """etcd logs, the whole command: start, reading, checking"""
    found = logs.etcd()
    folder = bench.folder / "etcd"
    folder.mkdir(exist_ok=True)
    logs.write_logs(found, folder)
    words = [sys.executable, "-m", "splitbrain", "check", str(folder), "--model", "cas-register", "--json"]
    seconds = []
    for _ in range(bench.rounds):
        began = time.perf_counter()
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
        seconds.append(time.perf_counter() - began)
        if ended.stdout.count("\n") != len(found):
            raise RuntimeError(ended.stderr)
    line = Line(common.named(found), statistics.median(seconds), "invalid")
    return Report("etcd-command", command.__doc__ or "", [line], [Goal("seconds", line.seconds, "≤", 1)])


def _each(bench: Measurement, found: Sequence[logs.NamedHistory], run: Callable[[History], str]) -> list[Line]:
    return [bench.against(log.name, "register", log.history, lambda h=log.history: run(h)) for log in found]  # type: ignore[misc]


def _scaled(line: Line) -> Line:
    """One of COPIES."""
    seconds, ratio = line.seconds, line.ratio
    return replace(
        line, seconds=None if seconds is None else seconds / COPIES, ratio=None if ratio is None else ratio * COPIES
    )


def _reported(row: str, title: str | None, lines: Sequence[Line], whole: Line, goals: tuple[float, ...]) -> Report:
    """The sum, and the three logs that did worst. goals: ratio of sums, geometric mean, least ratio."""
    reached = [Goal("ratio of sums", whole.ratio, "≥", goals[0]), common.mean(lines, goals[1])]
    reached += [common.least("least ratio", lines, goal) for goal in goals[2:]]
    worst = sorted(lines, key=lambda line: line.ratio or 0)[:3]
    return Report(row, title or "", [whole, *worst], [*reached, common.undecided(lines)])
