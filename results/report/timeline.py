"""Data of the timeline: operations as columns, lanes, fault bands and the witness.

Lanes belong to nodes. Pitfall: a process ends with its first `info`, and its thread goes on as another process. Where
the number of threads is known a lane is a thread. Else it is a process; but where these are many, those of one node
that never overlap share a lane.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from splitbrain.harness.history import ABSENT, History, Operations
from splitbrain.harness.operation import EventType
from splitbrain.harness.verdict import Verdict
from splitbrain.results import format
from splitbrain.results.faults import Window
from splitbrain.results.report.sample import Sample
from splitbrain.results.summary import origin, timed

_TEXT_LENGTH = 200
_PROCESSES_MAX = 60
"""Processes that may have a lane each."""


def timeline(
    history: History,
    sample: Sample,
    windows: Sequence[Window],
    *,
    witness: Sequence[int],
    offending: int | None,
    concurrency: int | None,
    verdict: Verdict | None = None,
) -> dict[str, Any]:
    """Everything the viewer needs, as JSON values. witness, offending: rows of `history.operations()`. verdict: the
    breaches of invariants that it tells of get a strip like that of a fault."""
    operations = history.operations()
    lane_of, lanes = _lanes(history, concurrency)
    texts = _Texts(history)
    clock = _Clock(history)
    columns: dict[str, list[int]] = {name: [] for name in _COLUMNS}
    for row in sample.rows:
        for name, value in zip(_COLUMNS, _row(history, operations, row, texts, clock), strict=True):
            columns[name].append(value)
        columns["lane"][-1] = lane_of[operations.process[row]]
    place = {row: number for number, row in enumerate(sample.rows)}
    return {
        "timed": clock.timed,
        "start": clock.at(0) if len(history) else 0,
        "end": clock.at(len(history) - 1) if len(history) else 1,
        "lanes": lanes,
        "operations": columns,
        "faults": [
            {
                "name": format.plain(window.fault),
                "start": clock.at(window.start),
                "stop": clock.at(window.stop),
                "value": format.told(window.value, _TEXT_LENGTH),
                "bite": format.bite(window.bite, window.told) if window.healed else "not healed",
            }
            for window in windows
        ]
        + list(breaches(verdict)),
        "witness": [place[row] for row in witness if row in place],
        "offending": place.get(offending, -1) if offending is not None else -1,
        "texts": texts.values,
    }


def embed(data: dict[str, Any]) -> str:
    """JSON that is safe inside a `<script>` element whatever it holds, and holds nothing that looks like an address."""
    text = json.dumps(data, separators=(",", ":"))
    for character in "<>&@/":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


_COLUMNS = (
    "lane", "index", "process", "start", "stop", "ended", "label", "f", "key", "argument", "result", "node", "error",
)  # fmt: skip


def breaches(verdict: Verdict | None) -> Iterator[dict[str, Any]]:
    """Breaches of invariants, by a tree's own times."""
    if verdict is None:
        return
    for child in verdict.children:
        yield from breaches(child)
    found = verdict.details.get("breaches")
    for breach in found if isinstance(found, list) else ():
        if isinstance(breach, Mapping) and isinstance(breach.get("time"), int):
            yield {
                "name": "breach",
                "start": breach["time"],
                "stop": breach["time"],
                "value": format.told(breach.get("words"), _TEXT_LENGTH),
                "bite": format.told(breach.get("invariant"), _TEXT_LENGTH),
                "bad": True,
            }


class _Clock:
    """The place of an event on the axis: at its time, or, in a history without times, at its position."""

    def __init__(self, history: History) -> None:
        self.timed = timed(history)
        self._time = history.time
        self._origin = origin(history)

    def at(self, position: int) -> int:
        return self._time[position] - self._origin if self.timed else position


class _Texts:
    """The texts that are shown, each once. The viewer gets their numbers."""

    def __init__(self, history: History) -> None:
        self.values: list[str] = []
        self._pool = history.pool.values
        self._numbers: dict[str, int] = {}
        self._of_id: dict[int, int] = {ABSENT: ABSENT}

    def number(self, text: str) -> int:
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.values)
            self.values.append(text)
        return found

    def of(self, value_id: int) -> int:
        """The number of an interned value's text; strings, which name things, without quotes."""
        found = self._of_id.get(value_id)
        if found is None:
            found = self._of_id[value_id] = self.number(format.name(self._pool[value_id], _TEXT_LENGTH))
        return found


def _row(history: History, operations: Operations, row: int, texts: _Texts, clock: _Clock) -> tuple[int, ...]:
    values = history.pool.values
    invoke, complete = operations.invoke[row], operations.complete[row]
    ended = EventType(operations.ended[row])
    argument = values[operations.argument[row]]
    result_id = operations.result[row] if ended == EventType.OK else ABSENT
    result = None if result_id == ABSENT else values[result_id]
    label = format.operation(str(values[operations.f[row]]), argument, result, ended, 24)
    error = ABSENT if complete == ABSENT else history.error[complete]
    return (
        0,
        invoke,
        operations.process[row],
        clock.at(invoke),
        ABSENT if complete == ABSENT else clock.at(complete),
        int(ended),
        texts.number(format.plain(label)),
        texts.of(operations.f[row]),
        texts.of(operations.key[row]),
        ABSENT if argument is None else texts.number(format.value(argument, _TEXT_LENGTH)),
        ABSENT if result_id == ABSENT else texts.number(format.value(result, _TEXT_LENGTH)),
        texts.of(history.node[invoke]),
        ABSENT if error == ABSENT else texts.number(format.error(values[error], _TEXT_LENGTH)),
    )


def _lanes(history: History, concurrency: int | None) -> tuple[dict[int, int], list[dict[str, str]]]:
    """The lane of each process, and the lanes in the order in which they are drawn."""
    members: dict[tuple[Any, ...], list[int]] = {}
    for node, process, thread in _threads(history, concurrency):
        members.setdefault((format.natural(node), node, thread), []).append(process)
    lane_of: dict[int, int] = {}
    lanes: list[dict[str, str]] = []
    for (_, node, _), processes in sorted(members.items()):
        for process in processes:
            lane_of[process] = len(lanes)
        more = " …" if len(processes) > 1 else ""
        lanes.append({"node": node, "label": f"{processes[0]}{more}"})
    return lane_of, lanes


def _threads(history: History, concurrency: int | None) -> list[tuple[str, int, int]]:
    """Node, process and number of the thread within its node, per process, in order of first invocation."""
    operations = history.operations()
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for process, invoke, complete in zip(operations.process, operations.invoke, operations.complete, strict=True):
        first.setdefault(process, invoke)
        last[process] = len(history) if complete == ABSENT else complete
    found: list[tuple[str, int, int]] = []
    free_after: dict[str, list[int]] = {}
    for process, start in first.items():
        node_id = history.node[start]
        node = "" if node_id == ABSENT else format.name(history.pool.values[node_id])
        if concurrency or len(first) <= _PROCESSES_MAX:
            found.append((node, process, process % concurrency if concurrency else process))
            continue
        ends = free_after.setdefault(node, [])
        thread = next((number for number, end in enumerate(ends) if end < start), len(ends))
        ends[thread : thread + 1] = [last[process]]
        found.append((node, process, thread))
    return found
