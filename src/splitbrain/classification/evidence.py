"""Evidence: what one run says about its target, read from its history and the spectrum of models of it.

Everything of a card is made of these records, and each is made of one history.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.claims import LINEARIZABLE
from splitbrain.checkers.common.registers import registers
from splitbrain.checkers.staleness.reads import stale_reads
from splitbrain.classification.final_state import FinalState, final_state
from splitbrain.classification.healthy import CalmRequest, calm_requests
from splitbrain.classification.windows import KINDS, READ, WRITE, FaultWindow, fault_windows
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Verdict

HEALTHY = "healthy"
"""The scenario without faults."""
BEFORE = "before any fault"
"""The place in time before the first fault of a run, and in all of one without."""
SPLITS = "split, leader on the smaller side", "split, leader on the larger side"
LEADERLESS_SPLIT = "split"
"""The split of a target none of whose nodes leads."""
FAILOVERS = tuple(name.replace("split", "failover", 1) for name in (*SPLITS, LEADERLESS_SPLIT))
"""The runs in which it is measured how long a failover takes; no figure rests on them."""


@dataclass(frozen=True)
class ModelsFound:
    """Standings of the models after one history. refuted: with why, and the witness in words. allowed: decided, and not
    refuted. undecided: with why."""

    refuted: Mapping[str, Mapping[str, Value]]
    allowed: Sequence[str]
    undecided: Mapping[str, str]

    @property
    def linearizable(self) -> bool | None:
        """Whether the strongest model holds; None where it was not decided."""
        if LINEARIZABLE in self.refuted:
            return False
        return True if LINEARIZABLE in self.allowed else None

    @staticmethod
    def of(verdict: Verdict | None) -> "ModelsFound":
        """Models of a verdict of `spectrum`, also if it is one part of a larger verdict. What else refuted the run,
        such as nodes that contradict each other, is no matter of models."""
        found = _spectrum(verdict)
        if found is None:
            reason = "no spectrum of models was made" if verdict is None else verdict.reason
            return ModelsFound({}, (), {LINEARIZABLE: reason})
        details = found.details
        if "allowed" not in details:
            return ModelsFound({}, (), {LINEARIZABLE: found.reason})
        undecided = dict(details["undecided"]) | dict.fromkeys(
            details["not_judged"], "nothing in the history could have refuted it"
        )
        return ModelsFound(details["refuted"], details["allowed"], undecided)


@dataclass(frozen=True)
class RefutedOperation:
    """The operation that cannot be placed in any order that linearizability allows, so that its run refutes it.

    kind: READ or WRITE. node, at: where and when it was invoked, in nanoseconds since the run began. place: of that
    moment, see `RunEvidence.refuted_in`. side: where its node was in a fault window; "" outside of all.
    """

    kind: str
    key: Value
    value: Value
    node: str
    at: int
    place: str
    side: str


@dataclass(frozen=True)
class RunEvidence:
    """One run.

    scenario: the name of what was done to the cluster. seed, run: which one it was, and its folder or "". operations:
    how many. latency_ns: of healthy runs, by kind, of each operation that ended ok. refuted_in: by place in time
    (`before any fault`, `during FAULT`, `after FAULT`), how many reads returned what had been overwritten. offending:
    the operation that refutes linearizability; None where nothing does, or where no single one stands out.
    round_trip_ms: between clients and nodes, where the run measured it.
    """

    scenario: str
    seed: int
    run: str
    operations: int
    models: ModelsFound
    windows: Sequence[FaultWindow]
    latency_ns: Mapping[str, Sequence[int]]
    calm: Sequence[CalmRequest]
    """Requests while no fault held, in healthy runs and in those with splits."""
    final: FinalState
    refuted_in: Mapping[str, int]
    stale: Mapping[str, Value]
    offending: RefutedOperation | None = None
    round_trip_ms: float | None = None


def evidence(history: History, verdict: Verdict | None, scenario: str, seed: int = 0, run: str = "") -> RunEvidence:
    """Evidence of the history of one run. verdict: of `spectrum`, or a larger one that holds it."""
    found = fault_windows(history)
    of = registers(history, "availability", None)
    spectrum = _spectrum(verdict)
    stale = {} if spectrum is None else spectrum.details.get("staleness") or {}
    times = [history.time[of.start[read.read]] for read in stale_reads(of)]
    return RunEvidence(
        scenario, seed, run, len(history.operations()), ModelsFound.of(verdict), found, _latency(history),
        _calm(history, scenario, found), final_state(history), dict(Counter(_place(at, found) for at in times)), stale,
        _offending(history, spectrum, found),
    )  # fmt: skip


def _spectrum(verdict: Verdict | None) -> Verdict | None:
    """The part of a verdict that is about all models."""
    if verdict is None or verdict.model == "spectrum":
        return verdict
    return next((found for child in verdict.children if (found := _spectrum(child)) is not None), None)


def _offending(history: History, spectrum: Verdict | None, found: Sequence[FaultWindow]) -> RefutedOperation | None:
    """The operation that the check of linearizability could not place."""
    linear = (child for child in spectrum.children if child.checker == LINEARIZABLE) if spectrum is not None else ()
    witness = next((child.witness for child in linear if child.witness is not None), None)
    row = None if witness is None else _row_of(history, witness.offending)
    if row is None:
        return None
    operations, values = history.operations(), history.pool.values
    invoke, complete = operations.invoke[row], operations.complete[row]
    kind = _of_kind(history).get(operations.f[row])
    if kind is None:
        return None
    at = history.time[invoke]
    node = "" if history.node[invoke] == ABSENT else str(values[history.node[invoke]])
    inside = _inside(at, found)
    side = None if inside is None else inside.side_of(node)
    value = values[history.value[invoke if complete == ABSENT else complete]]
    key = None if operations.key[row] == ABSENT else values[operations.key[row]]
    return RefutedOperation(kind, key, value, node, at, _place(at, found), side or "")


def _row_of(history: History, invocation: int | None) -> int | None:
    invoke = history.operations().invoke
    row = len(invoke) if invocation is None else bisect_left(invoke, invocation)
    return row if row < len(invoke) and invoke[row] == invocation else None


def _inside(at: int, found: Sequence[FaultWindow]) -> FaultWindow | None:
    return next((window for window in found if window.started <= at <= window.stopped), None)


def _place(at: int, found: Sequence[FaultWindow]) -> str:
    """The place of a moment: within a window, after the last one that was over, or before all."""
    inside = _inside(at, found)
    over = [window for window in found if window.stopped < at]
    after = f"after {over[-1].fault}" if over else BEFORE
    return f"during {inside.fault}" if inside is not None else after


def _of_kind(history: History) -> Mapping[int, str]:
    """The id of a function's name → the kind of operation that it is."""
    values = history.pool.values
    names = {"read": READ, "get": READ, "write": WRITE, "put": WRITE}
    return {f: names[str(values[f])] for f in set(history.operations().f) if str(values[f]) in names}


def _latency(history: History) -> Mapping[str, Sequence[int]]:
    """The latency of each operation that ended ok, by kind."""
    operations, kinds = history.operations(), _of_kind(history)
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for f, invoke, complete, ended in zip(
        operations.f, operations.invoke, operations.complete, operations.ended, strict=True
    ):
        if ended == EventType.OK and f in kinds:
            found[kinds[f]].append(history.time[complete] - history.time[invoke])
    return found


def _calm(history: History, scenario: str, found: Sequence[FaultWindow]) -> Sequence[CalmRequest]:
    """Requests while no fault held. Of runs with other faults nothing: they ask at another pace."""
    return calm_requests(history) if scenario == HEALTHY or any(window.split for window in found) else ()


def linearizable_runs(runs: Sequence[RunEvidence]) -> tuple[int, int, int]:
    """Numbers of runs that refuted the strongest model, that confirmed it, and that did not decide it."""
    found = [run.models.linearizable for run in runs]
    return found.count(False), found.count(True), found.count(None)
