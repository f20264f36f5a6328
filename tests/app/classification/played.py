"""Histories of stores that exist only as rules: who answers what, at which side of a split, without any simulation."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import Any

from splitbrain.checkers.spectrum import SpectrumCheck
from splitbrain.classification.evidence import HEALTHY, RunEvidence, evidence
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Verdict

SECOND = 1_000_000_000
MS = 1_000_000
PACE = 4
"""Reads, and writes, a second at each node."""
HEALTHY_RUNS = 8
IN_TURN = 14
"""Clients of each kind that a node has: an operation takes three seconds at most."""
NODES = ("n1", "n2", "n3", "n4", "n5")
MINORITY, MAJORITY = NODES[:2], NODES[2:]
ONCE = 10
"""Writes of a node of which one goes to a key of its own."""
WINDOWS = ((2.0, 9.0), (12.0, 19.0), (22.0, 29.0))
SPLIT = "split, leader in the minority"


@dataclass
class PlayedCopies:
    """The values of keys, one copy a side while there is a split: value and when it was written."""

    whole: dict[str, tuple[int, Value]] = field(default_factory=dict)
    sides: tuple[dict[str, tuple[int, Value]], ...] = ()

    def split(self) -> None:
        """Split the store: each side goes on with a copy of its own."""
        self.sides = (dict(self.whole), dict(self.whole))

    def heal(self) -> None:
        """Let what was written last win."""
        for side in self.sides:
            for key, entry in side.items():
                if key not in self.whole or entry[0] > self.whole[key][0]:
                    self.whole[key] = entry
        self.sides = ()

    def of(self, node: str) -> dict[str, tuple[int, Value]]:
        """The copy that a node sees."""
        return self.sides[node in MAJORITY] if self.sides else self.whole


@dataclass(frozen=True)
class PlayedAnswer:
    """The answer of a node: latency, type, error; a read returns `value` if `said`, else what its copy holds."""

    latency_ms: float = 2
    type: str = "ok"
    error: tuple[str, str] | None = None
    said: bool = False
    value: Value = None
    done: bool = True


Store = Callable[[str, str, bool], PlayedAnswer]
"""(node, kind, whether there is a split) → the answer."""


def refusing(node: str, kind: str, split: bool) -> PlayedAnswer:
    """Answer of a store whose minority refuses everything at once."""
    return PlayedAnswer(1, "fail", ("no-leader", "no leader")) if split and node in MINORITY else PlayedAnswer()


def serving(node: str, kind: str, split: bool) -> PlayedAnswer:
    """Answer of a store whose every node serves from the copy of its side."""
    return PlayedAnswer()


def history(
    store: Store,
    *,
    windows: tuple[tuple[float, float], ...] = WINDOWS,
    end: float = 32.0,
    dropped: int = 9,
    pace: int = PACE,
) -> History:
    """A run against a store: each node is asked for a read and for a write so many times a second, and at the end for
    every key."""
    copies, numbers, retired = PlayedCopies(), count(), Counter[int]()
    events: list[tuple[int, int, dict[str, object]]] = []
    order, keys = count(), set[str]()

    def at(time: float, **event: object) -> None:
        events.append((round(time), next(order), event))

    moments: list[tuple[float, int, str, int]] = []
    for start, stop in windows:
        moments += [(start, -1, "split", 0), (stop, -1, "heal", 0)]
    for tick in range(round(end * pace)):
        for number, _ in enumerate(NODES):
            moments.append((tick / pace + number / 100 + 0.001, number, "ask", tick))
    for start, number, what, tick in sorted(moments):
        now = start * SECOND
        if what == "split":
            copies.split()
            said = {"topology": "leader-in-minority", "groups": [list(MINORITY), list(MAJORITY)], "leader": "n1"}
            at(now, process="nemesis", type="info", f="start-partition", value=said)
            continue
        if what == "heal":
            copies.heal()
            at(now, process="nemesis", type="info", f="stop-partition", value={"bite": {"messages_dropped": dropped}})
            continue
        node = NODES[number]
        for offset, kind in ((0, "write"), (0.004, "read")):
            key = f"k{(tick + number + (kind == 'read')) % 3}"
            if kind == "write" and tick % ONCE == number:
                key = f"w{tick}-{number}"
            keys.add(key)
            answer = store(node, kind, bool(copies.sides))
            client = (number * IN_TURN + tick % IN_TURN) * 2 + (kind == "read")
            process = client + 1000 * retired[client]
            retired[client] += answer.type == "info"
            begun = now + offset * SECOND
            value = written = next(numbers) if kind == "write" else None
            at(begun, process=process, type="invoke", f=kind, key=key, value=value, node=node)
            if kind == "write" and answer.done and answer.type == "ok":
                copies.of(node)[key] = (round(begun), written)
            if kind == "read" and answer.type == "ok":
                value = answer.value if answer.said else copies.of(node).get(key, (0, None))[1]
            more = {} if answer.error is None else {"error": answer.error}
            at(begun + answer.latency_ms * MS, process=process, type=answer.type, f=kind, key=key, value=value,
               node=node, **more)  # fmt: skip
    for position, key in enumerate(sorted(keys)):
        for number, node in enumerate(NODES):
            begun, process = (end + 4 + position / 10 + number / 100) * SECOND, 900 + number
            at(begun, process=process, type="invoke", f="read", key=key, value=None, node=node)
            value = copies.whole.get(key, (0, None))[1]
            at(begun + MS, process=process, type="ok", f="read", key=key, value=value, node=node)
    ordered = sorted(events, key=lambda event: event[:2])
    return History.of(
        Event(index=index, time=time, **event)  # type: ignore[arg-type]
        for index, (time, _, event) in enumerate(ordered)
    )


def judged(recorded: History) -> Verdict:
    """The spectrum of models, at a small cost."""
    return SpectrumCheck().check(recorded, Budget(configurations=20_000))


def played(store: Store, scenario: str, seed: int = 0, **more: object) -> RunEvidence:
    """The evidence of a run."""
    recorded = history(store, **more)  # type: ignore[arg-type]
    return evidence(recorded, judged(recorded), scenario, seed)


@cache
def _both(store: Store) -> tuple[RunEvidence, RunEvidence]:
    return played(store, HEALTHY, windows=(), end=4.0), played(store, SPLIT)


def runs_of(store: Store, splits: int = 8) -> list[RunEvidence]:
    """Healthy runs, and runs with splits; those of a kind are the same, for a store that is a rule has no luck."""
    healthy, split = _both(store)
    return [*[healthy] * HEALTHY_RUNS, *[split] * splits]


def runs_of_chance(made: Callable[[int], Store], splits: int = 8) -> list[RunEvidence]:
    """Runs of a store that draws lots, another one each: healthy ones, and with splits. One of a kind is judged, for
    all of them answer in the same way."""
    models = {scenario: played(made(0), scenario, **more).models for scenario, more in _OF_CHANCE.items()}
    drawn = [(HEALTHY, seed) for seed in range(HEALTHY_RUNS)] + [(SPLIT, seed) for seed in range(splits)]
    found = []
    for scenario, seed in drawn:
        recorded = history(made(seed), pace=CHANCE_PACE, **_OF_CHANCE[scenario])
        found.append(replace(evidence(recorded, None, scenario, seed), models=models[scenario]))
    return found


CHANCE_PACE = 6
_OF_CHANCE: dict[str, dict[str, Any]] = {HEALTHY: {"windows": (), "end": 10.0}, SPLIT: {}}
