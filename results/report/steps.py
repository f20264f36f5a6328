"""The page of a run's steps: nodes as lines, time downwards, messages as arrows, faults as bands; each event with the
state of every node before and after it.

Events stand one below the other in their order, evenly spaced, because a burst of messages and a pause are both to be
read; times stand beside. Where there are too many, events that changed nothing are left out first.
"""

import base64
import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType
from splitbrain.harness.steps import SENT_ONLY, NodeStep, RecordedSteps
from splitbrain.results import format
from splitbrain.results.faults import Window
from splitbrain.results.report import witness
from splitbrain.results.report.page import asset, template
from splitbrain.results.report.timeline import breaches, embed
from splitbrain.results.result import Result
from splitbrain.results.text import witnesses

ROWS_MAX = 600
"""Events on a page; beyond it, those that changed nothing are left out, then the earliest."""

_Row = tuple[int, int, dict[str, Any], NodeStep | None]
"""Time, rank among those of the same time, what the page shows, and the step if it is one."""


@dataclass(frozen=True)
class StepsPage:
    """The data of a page. left_out: events that changed nothing. earlier: events before the first one shown."""

    data: dict[str, Any]
    left_out: int
    earlier: int


def render_steps(history: History, result: Result, steps: RecordedSteps, *, cut: bool = False) -> str:
    """The page. cut: whether the anomaly began before these steps."""
    style, script = asset("report.css") + asset("steps.css"), asset("steps.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = lay_out(history, result, steps)
    return template(__package__, "steps.html").render(
        style=style, script=script, digest=digest, result=result, record=result.record,
        begin=format.seconds(steps.begin), end=format.seconds(steps.end), rows=len(page.data["rows"]),
        left_out=page.left_out, earlier=page.earlier, cut=cut, data=embed(page.data),
    )  # fmt: skip


def lay_out(history: History, result: Result, steps: RecordedSteps) -> StepsPage:
    """Rows of events, and flights, operations and faults by the rows that they lie between."""
    found = next((pair for pair in witnesses(result.verdict) if pair[1].events), None)
    of_witness = witness.rows_of(history, found[1]) if found else []
    offending = witness.offending_row(history, found[1], of_witness) if found else None
    operations, shown = _operations(history, steps, of_witness, offending)
    everything = sorted([*_step_rows(steps), *operations, *_breach_rows(result, steps)], key=lambda row: row[:2])
    kept = everything
    if len(kept) > ROWS_MAX:
        kept = [row for row in everything if row[3] is None or not row[3].quiet]
    earlier = max(0, len(kept) - ROWS_MAX)
    left_out = len(everything) - len(kept)
    kept = kept[earlier:]
    times = [row[0] for row in kept]
    places = {(row[2]["operation"], row[2]["what"]): place for place, row in enumerate(kept) if "operation" in row[2]}
    data = {
        "nodes": steps.nodes,
        "rows": [row[2] for row in kept],
        "flights": list(_flights(steps, kept, whole=left_out == 0)),
        "operations": [
            one | {"from": places.get((number, "invoked"), -1), "to": places.get((number, "completed"), len(kept))}
            for number, one in enumerate(shown)
        ],
        "faults": [_fault(window, steps.nodes, times) for window in _overlapping(result.summary.windows, steps)],
        "states": _first_states(everything, earlier),
    }
    return StepsPage(data, left_out, earlier)


def _step_rows(steps: RecordedSteps) -> Iterable[_Row]:
    for step in steps.steps:
        row: dict[str, Any] = {"t": step.time, "node": step.node, "what": step.what, "about": format.plain(step.about)}
        if step.sender:
            row["sender"] = step.sender
        if step.effects:
            row["effects"] = [format.plain(words) for words in step.effects]
        if step.changes:
            row["changes"] = {path: None if text is None else format.plain(text) for path, text in step.changes.items()}
        if step.state is not None:
            row["state"] = {path: format.plain(text) for path, text in step.state.items()}
        yield step.time, 1, row, step


def _breach_rows(result: Result, steps: RecordedSteps) -> Iterable[_Row]:
    for breach in breaches(result.verdict):
        if steps.begin <= breach["start"] <= steps.end:
            row = {"t": breach["start"], "what": "breach", "about": breach["value"], "invariant": breach["bite"]}
            yield breach["start"], 3, row, None


def _operations(
    history: History, steps: RecordedSteps, of_witness: Sequence[int], offending: int | None
) -> tuple[list[_Row], list[dict[str, Any]]]:
    """Rows of the clients' calls and returns, and their operations."""
    operations, values = history.operations(), history.pool.values
    rows: list[_Row] = []
    shown: list[dict[str, Any]] = []
    chosen = set(of_witness)
    for row, (invoke, complete) in enumerate(zip(operations.invoke, operations.complete, strict=True)):
        ended = EventType(operations.ended[row])
        stop = steps.end if complete == ABSENT else history.time[complete]
        if history.time[invoke] > steps.end or stop < steps.begin:
            continue
        f = str(values[operations.f[row]])
        if operations.key[row] != ABSENT:
            f += f" {format.name(values[operations.key[row]])}"
        result = values[operations.result[row]] if ended == EventType.OK and operations.result[row] != ABSENT else None
        text = format.plain(format.operation(f, values[operations.argument[row]], result, ended))
        node = history.node[invoke]
        one = {
            "process": operations.process[row],
            "node": "" if node == ABSENT else format.name(values[node]),
            "text": text,
            "ended": "never ended" if complete == ABSENT else ended.word,
            "witness": row in chosen,
            "offending": row == offending,
        }
        for what, position, rank in (("invoked", invoke, 0), ("completed", complete, 2)):
            if position != ABSENT and steps.begin <= history.time[position] <= steps.end:
                line = {"t": history.time[position], "what": what, "operation": len(shown), "about": text}
                rows.append((history.time[position], rank, line, None))
        shown.append(one)
    return rows, shown


def _flights(steps: RecordedSteps, kept: Sequence[_Row], *, whole: bool) -> Iterable[dict[str, Any]]:
    """Messages between the rows of their ends; between two rows where an end has no event, or its event is left out.
    whole: whether no event is left out, so that what a node sent later than it decided belongs to its last event."""
    times = [row[0] for row in kept]
    sent_at: dict[int, int] = {}
    got_at: dict[int, int] = {}
    by_node: dict[str, tuple[list[int], list[int]]] = {node: ([], []) for node in steps.nodes}
    for place, (time, _, _, step) in enumerate(kept):
        if step is not None:
            sent_at |= dict.fromkeys(step.sent, place)
            got_at |= {step.flight: place}
            by_node[step.node][0].append(time)
            by_node[step.node][1].append(place)
    for number, flight in steps.flights.items():
        begin: float = sent_at.get(number, ABSENT)
        if begin == ABSENT and flight.sent >= steps.begin:
            when, where = by_node[flight.sender]
            last = bisect_right(when, flight.sent) - 1
            begin = where[last] if whole and last >= 0 else bisect_right(times, flight.sent) - 0.5
        end: float = got_at.get(number, ABSENT)
        if end == ABSENT and flight.arrived != SENT_ONLY:
            end = bisect_left(times, flight.arrived) - 0.5 if flight.arrived <= steps.end else len(times)
        if number in sent_at or number in got_at or whole:
            yield {
                "from": flight.sender, "to": flight.to, "text": format.plain(flight.text), "fate": flight.fate,
                "sent": flight.sent, "arrived": flight.arrived, "begin": begin, "end": end, "again": flight.again,
            }  # fmt: skip


def _overlapping(windows: Sequence[Window], steps: RecordedSteps) -> list[Window]:
    return [window for window in windows if window.start_ns <= steps.end and window.stop_ns >= steps.begin]


def _fault(window: Window, nodes: Sequence[str], times: Sequence[int]) -> dict[str, Any]:
    """A band. nodes: those that the fault names, all where it names all or none."""
    value = format.told(window.value, 200)
    named = {node for node in nodes if node in value.replace("|", " ").replace("→", " ").split()}
    return {
        "name": format.plain(window.fault), "value": value,
        "nodes": [node for node in nodes if node in named or not named],
        "begin": bisect_left(times, window.start_ns), "end": bisect_right(times, window.stop_ns),
    }  # fmt: skip


def _first_states(everything: Sequence[_Row], earlier: int) -> Mapping[str, Mapping[str, str]]:
    """The state of each node before the first row that is shown, where earlier rows are left out."""
    states: dict[str, dict[str, str]] = {}
    for _, _, row, step in everything[:earlier]:
        if step is None:
            continue
        state = states.setdefault(step.node, {})
        if "state" in row:
            state.clear()
            state.update(row["state"])
        for path, text in row.get("changes", {}).items():
            if text is None:
                state.pop(path, None)
            else:
                state[path] = text
    return states
