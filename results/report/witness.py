"""A witness on the page: its words, then its operations as a table and as a picture with one lane a process.

Operations of a witness may lie far apart in time, or be over in microseconds. The picture spaces events
evenly in their order, because only the order makes the contradiction, and says so; times stand beneath.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.event_format import UNSUCCESSFUL, carried
from splitbrain.checkers.common.values import same
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Verdict, Witness
from splitbrain.results import format
from splitbrain.results.summary import origin, timed

EDGES: Mapping[str, str] = {
    "ww": "the next one wrote a later version",
    "wr": "the next one read what it wrote",
    "rw": "the next one overwrote what it read",
    "session": "the next one came later in its session",
    "real time": "the next one began after it had ended",
}
"""The kinds of edges between transactions, with which a link of a cycle may begin, and what they mean."""
PICTURE_MAX = 14
"""Operations that a picture can hold before it is harder to read than the table."""
TABLE_MAX = 60
TEXT_LENGTH = 240
"""Characters of a value in the table."""


@dataclass(frozen=True)
class Bar:
    """One operation of a witness. first, last: its columns in the picture, from 1; an open one reaches to the end."""

    row: int
    index: int
    lane: int
    process: str
    node: str
    text: str
    ended: str
    invoked: str
    completed: str
    error: str
    first: int
    last: int
    offending: bool


@dataclass(frozen=True)
class CycleStep:
    """One operation of a cycle, who did it, and what leads to the next one. name, kind: of a transaction the name that
    sentences have for it, and the kind of the edge."""

    text: str
    who: str
    link: str
    name: str = ""
    kind: str = ""


def legend(cycle: Sequence[CycleStep]) -> list[tuple[str, str]]:
    """The kinds of edges of a cycle, with what they mean."""
    return [(kind, meaning) for kind, meaning in EDGES.items() if any(step.kind == kind for step in cycle)]


@dataclass(frozen=True)
class Shown:
    """A witness made ready for the page.

    about: which model is refuted, and on which key. words: what the table does not say. lanes: node and process of
    each, from the top. times: one per column of the picture, without their unit. hidden: operations left out of the
    table. picture: whether there are few enough to draw. cycle: the operations that come before each other, if it is
    about a cycle.
    """

    about: str
    words: tuple[str, ...]
    bars: tuple[Bar, ...]
    lanes: tuple[tuple[str, str], ...]
    times: tuple[str, ...]
    unit: str
    hidden: int
    picture: bool
    cycle: tuple[CycleStep, ...] = ()


def rows_of(history: History, witness: Witness) -> list[int]:
    """Rows of `history.operations()` that have an event in the witness."""
    operations, events = history.operations(), frozenset(witness.events)
    pairs = zip(operations.invoke, operations.complete, strict=True)
    return [row for row, (invoke, complete) in enumerate(pairs) if invoke in events or complete in events]


def offending_row(history: History, witness: Witness, rows: Sequence[int]) -> int | None:
    """The row of the operation that cannot be placed, if the witness names one."""
    if witness.offending is None:
        return None
    invoke = history.operations().invoke
    return next((row for row in rows if invoke[row] == witness.offending), None)


def by_witness(found: Iterable[tuple[Verdict, Witness]]) -> list[tuple[list[Verdict], Witness]]:
    """Each witness once, with the verdicts that it belongs to."""
    groups: dict[tuple[tuple[int, ...], tuple[str, ...]], tuple[list[Verdict], Witness]] = {}
    for verdict, witness in found:
        groups.setdefault((witness.events, witness.words), ([], witness))[0].append(verdict)
    return list(groups.values())


def shown(history: History, verdicts: Sequence[Verdict], witness: Witness) -> Shown:
    """A witness of this history, made ready. verdicts: those that it belongs to."""
    rows = rows_of(history, witness)
    operations = history.operations()
    kept = rows[:TABLE_MAX]
    spots = sorted({p for row in kept for p in (operations.invoke[row], operations.complete[row]) if p != ABSENT})
    column = {position: number for number, position in enumerate(spots, 1)}
    lanes = sorted({operations.process[row] for row in kept}, key=lambda process: _home(history, kept, process))
    worst = offending_row(history, witness, rows)
    about = [verdict.key for verdict in verdicts]
    times = dict(zip(spots, _times(history, spots), strict=True))
    bars = tuple(_bar(history, row, column, lanes, times, row == worst, about) for row in kept)
    cycle = _cycle(history, witness, bars)
    return Shown(
        about="; ".join(map(_about, verdicts)),
        words=tuple(words for words in witness.words if not _is_row(words, bars) and not _is_drawn(words, cycle)),
        bars=bars,
        lanes=tuple(_label(history, kept, process) for process in lanes),
        times=tuple(words.removesuffix(" s").removeprefix("event ") for words in times.values()),
        unit="seconds" if timed(history) else "event",
        hidden=len(rows) - len(kept),
        picture=0 < len(rows) <= PICTURE_MAX,
        cycle=cycle,
    )


def _cycle(history: History, witness: Witness, bars: Sequence[Bar]) -> tuple[CycleStep, ...]:
    """The steps of a cycle; none where it has more operations than the table."""
    by_index = {bar.index: bar for bar in bars}
    if not all(index in by_index for index, _ in witness.cycle):
        return ()
    steps = []
    for index, link in witness.cycle:
        bar = by_index[index]
        process = f"process {bar.process}"
        kind, _, words = link.partition(": ")
        edge = {"link": words, "name": f"T{index}", "kind": kind} if kind in EDGES else {"link": link}
        steps.append(CycleStep(bar.text, f"{bar.node}, {process}" if bar.node else process, **edge))
    return tuple(steps)


def _is_drawn(sentence: str, cycle: Sequence[CycleStep]) -> bool:
    """Whether a sentence says what a step between transactions says, or who a transaction of it is."""
    return any(step.name and (sentence == step.link or sentence.startswith(f"{step.name}, ")) for step in cycle)


def _is_row(sentence: str, bars: Sequence[Bar]) -> bool:
    """Whether a sentence says what a row of the table does: `0.656 s to 0.661 s: n3 (process 2) write 52`, or `event 2
    to ?: process 2 write 52 (unknown end)`."""
    span, _, told = sentence.partition(": ")
    for word in UNSUCCESSFUL.values():
        told = told.removesuffix(word)
    head, cut, _ = told.partition(" … and ")
    return any(
        span.startswith(f"{bar.invoked} to ") and (_told(bar).startswith(head) if cut else _told(bar) == told)
        for bar in bars
    )


def _told(bar: Bar) -> str:
    """An operation as a sentence of a witness has it."""
    return f"{bar.node} (process {bar.process}) {bar.text}" if bar.node else f"process {bar.process} {bar.text}"


def _bar(
    history: History,
    row: int,
    column: dict[int, int],
    lanes: Sequence[int],
    times: Mapping[int, str],
    offending: bool,
    about: Sequence[Value],
) -> Bar:
    operations, values = history.operations(), history.pool.values
    invoke, complete = operations.invoke[row], operations.complete[row]
    ended = EventType(operations.ended[row])
    result = values[operations.result[row]] if operations.result[row] != ABSENT else None
    error = ABSENT if complete == ABSENT else history.error[complete]
    name = str(values[operations.f[row]])
    key = None if operations.key[row] == ABSENT else values[operations.key[row]]
    if key is not None and not all(same(key, one) for one in about):
        name += f" {format.value(key)}"
    return Bar(
        row=row,
        index=invoke,
        lane=lanes.index(operations.process[row]) + 1,
        process=str(history.process_names.get(operations.process[row], operations.process[row])),
        node=_node(history, row),
        text=format.operation(name, values[operations.argument[row]], result, ended, TEXT_LENGTH)
        + carried(history, row),
        ended="never ended" if complete == ABSENT else ended.word,
        invoked=times[invoke],
        completed="–" if complete == ABSENT else times[complete],
        error="" if error == ABSENT else format.error(values[error]),
        first=column[invoke],
        last=len(column) if ended == EventType.INFO else column[complete],
        offending=offending,
    )


def _about(verdict: Verdict) -> str:
    other = verdict.model and verdict.model != verdict.checker
    model = f"{verdict.model} (by {verdict.checker})" if other else verdict.checker
    return model if verdict.key is None else f"{model}, key {format.name(verdict.key)}"


def _home(history: History, rows: Sequence[int], process: int) -> tuple[object, int]:
    return format.natural(_node(history, _first(history, rows, process))), process


def _label(history: History, rows: Sequence[int], process: int) -> tuple[str, str]:
    return _node(history, _first(history, rows, process)), f"process {history.process_names.get(process, process)}"


def _first(history: History, rows: Sequence[int], process: int) -> int:
    return next(row for row in rows if history.operations().process[row] == process)


def _node(history: History, row: int) -> str:
    found = history.node[history.operations().invoke[row]]
    return "" if found == ABSENT else format.name(history.pool.values[found])


def _times(history: History, positions: Sequence[int]) -> list[str]:
    """The times of events in words, with as many digits as tell them apart."""
    if not timed(history):
        return [f"event {position}" for position in positions]
    began = origin(history)
    moments = [history.time[position] - began for position in positions]
    for digits in (3, 6, 9):
        told = [format.seconds(moment, digits) for moment in moments]
        if len(set(told)) == len(set(moments)):
            break
    return told
