"""Service by side: what each side of a split, and the nodes that a fault hit beside the others, still answered.

A pure function of a history: the nemesis's events carry the groups. An operation belongs to each window in which it was
invoked, and to the side of the node that it was sent to. Where faults overlap, each window counts what happened in it,
whatever was why.

Sides of a split are its majority and its minority (or halves), and a bridge that both see; in a ring each node sees a
majority. Of other faults: the nodes that were hit, and the others; all nodes where the event names none.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType
from splitbrain.results.faults import Window
from splitbrain.results.format import natural
from splitbrain.results.intervals import Interval, wilson

MAJORITY, MINORITY, HALF, BRIDGE = "majority", "minority", "half", "bridge"
RING = "each sees a majority"
SPLIT = frozenset((MAJORITY, MINORITY, HALF, BRIDGE, RING))
"""The sides of splits."""
HIT, OTHERS, ALL = "hit", "others", "all nodes"


@dataclass(frozen=True)
class SideService:
    """The service to one side during all windows of one fault.

    windows: how often there was such a side. answered: of the operations that were invoked there, with its Wilson
    interval. p50_ms, p99_ms: latency of those that ended ok; None where none did, or where the history has no times.
    recovery_ms: from a heal until each node of the side had answered an operation that was invoked after it: median
    and longest, over windows after which that happened. unrecovered: windows after which a node of the side was asked
    and never answered again.
    """

    fault: str
    side: str
    windows: int
    answered: Interval
    p50_ms: float | None
    p99_ms: float | None
    recovery_ms: tuple[float, float] | None
    unrecovered: int


@dataclass
class _Tally:
    windows: int = 0
    asked: int = 0
    answered: int = 0
    latency: list[int] = field(default_factory=list)
    recovery: list[int] = field(default_factory=list)
    unrecovered: int = 0


def sides(history: History, windows: Sequence[Window], answers: Sequence[int], *, timed: bool) -> list[SideService]:
    """The service of every side, by fault in order of appearance. answers: whether each operation was answered."""
    operations, time, node, values = history.operations(), history.time, history.node, history.pool.values
    invoked = operations.invoke
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for row, invoke in enumerate(invoked if windows else ()):
        if node[invoke] != ABSENT:
            rows_of[str(values[node[invoke]])].append(row)
    nodes = sorted(rows_of, key=natural)
    tallies: dict[tuple[str, str], _Tally] = {}
    for window in windows:
        for side, members in sides_of(window.value, nodes).items():
            tally = tallies.setdefault((window.fault, side), _Tally())
            tally.windows += 1
            for name in members:
                rows = rows_of[name]
                first = bisect_right(rows, window.start, key=invoked.__getitem__)
                past = bisect_left(rows, window.stop, key=invoked.__getitem__)
                for row in rows[first:past]:
                    tally.asked += 1
                    tally.answered += answers[row]
                    if operations.ended[row] == EventType.OK:
                        tally.latency.append(time[operations.complete[row]] - time[invoked[row]])
            if window.healed:
                _recovered(tally, [_back(history, rows_of[name], answers, window) for name in members])
    return [_service(fault, side, tally, timed) for (fault, side), tally in tallies.items()]


def sides_of(value: object, nodes: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Side → its nodes, by what a fault said of itself when it began; sides without nodes of the history are left
    out."""
    value = value if isinstance(value, Mapping) else {}
    groups, found = value.get("groups"), defaultdict[str, list[str]](list)
    if isinstance(groups, Sequence) and groups and all(isinstance(group, Sequence) for group in groups):
        largest = max(map(len, groups))
        total = len({name for group in groups for name in group}.union(nodes))
        for group in groups:
            even = len(group) == largest and sum(len(other) == largest for other in groups) > 1
            side = HALF if even else MAJORITY if 2 * len(group) > total else MINORITY
            found[side] += [name for name in nodes if name in group]
        found[BRIDGE] += [name for name in nodes if not any(name in group for group in groups)]
    elif "ring" in value:
        found[RING] += nodes
    else:
        hit = _hit(value, nodes)
        found[HIT if hit else ALL] += hit or nodes
        found[OTHERS] += [name for name in nodes if hit and name not in hit]
    return {side: names for side, names in found.items() if names}


def _hit(value: Mapping[object, object], nodes: Sequence[str]) -> list[str]:
    """The nodes that a fault names: in a list, or as the names of a table."""
    named: Iterable[object] = ()
    listed = value.get("nodes")
    if isinstance(listed, Sequence) and not isinstance(listed, str):
        named = listed
    else:
        tables = (table for table in value.values() if isinstance(table, Mapping) and table)
        named = next((table for table in tables if all(name in nodes for name in table)), ())
    found = set(named)
    return [name for name in nodes if name in found]


def _back(history: History, rows: Sequence[int], answers: Sequence[int], window: Window) -> int | None:
    """Nanoseconds from a heal until a node had answered an operation invoked after it; ABSENT if it was not asked,
    None if it never did."""
    operations = history.operations()
    first = bisect_right(rows, window.stop, key=operations.invoke.__getitem__)
    if first == len(rows):
        return ABSENT
    row = next((row for row in rows[first:] if answers[row]), None)
    return None if row is None else history.time[operations.complete[row]] - window.stop_ns


def _recovered(tally: _Tally, back: Sequence[int | None]) -> None:
    asked = [one for one in back if one != ABSENT]
    if None in asked:
        tally.unrecovered += 1
    elif asked:
        tally.recovery.append(max(one for one in asked if one is not None))


def _service(fault: str, side: str, tally: _Tally, timed: bool) -> SideService:
    latency, recovery = sorted(tally.latency) if timed else [], sorted(tally.recovery) if timed else []

    def ranked(ordered: Sequence[int], percent: int) -> float:
        return ordered[-(-percent * len(ordered) // 100) - 1] / 1e6

    return SideService(
        fault, side, tally.windows, wilson(tally.answered, tally.asked),
        ranked(latency, 50) if latency else None, ranked(latency, 99) if latency else None,
        (ranked(recovery, 50), ranked(recovery, 100)) if recovery else None, tally.unrecovered,
    )  # fmt: skip
