"""Whether the system lived, so that a verdict about its answers means something.

A cluster that is dead after the first fault, or that refuses every operation of a kind, gives no wrong answer: what
other checks call valid is then vacuous. `ServiceCheck` says `unknown` for it, with the reason. `LivenessCheck` goes
further, where the user asked for it: service must return within a stated time after each heal, else `invalid`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from splitbrain.harness.budget import Budget
from splitbrain.harness.history import ABSENT, NEMESIS_PROCESS, History
from splitbrain.harness.operation import ErrorKind, EventType
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown

SECOND = 1_000_000_000
ATTEMPTS_MIN = 10
"""An operation kind that was tried less often than this is not missed."""


@dataclass(frozen=True)
class ServiceCheck:
    """Whether every kind of operation was ever answered, something was after the last heal, and each final operation.

    final_from: nanoseconds since the start of the run from which on operations are the final ones, tried until they
    succeed; None where there are none.
    """

    final_from: int | None = None
    name: str = "service"

    def check(self, history: History, budget: Budget) -> Verdict:
        """`valid`, or `unknown` with everything that is missing."""
        answered = [_answered(history, row) for row in range(len(history.operations()))]
        missing = [
            *_kinds_never_answered(history, answered),
            *_silence_after_heal(history, answered),
            *(_final_unanswered(history, answered, self.final_from) if self.final_from is not None else ()),
        ]
        if missing:
            return unknown(self.name, "; ".join(missing), self.name)
        share = sum(answered) / len(answered) if answered else 0.0
        return Verdict(Validity.VALID, f"{share:.0%} of the operations were answered", self.name, self.name)


@dataclass(frozen=True)
class LivenessCheck:
    """Whether an operation that began after a heal is answered within `seconds` of it, whenever no fault is on for so
    long."""

    seconds: float
    name: str = "liveness"

    def check(self, history: History, budget: Budget) -> Verdict:
        """`invalid` with the first silence, `unknown` if no fault-free time was long enough to tell."""
        limit = round(self.seconds * SECOND)
        operations = history.operations()
        judged = 0
        for heal, quiet_until in quiet_times(history):
            if quiet_until - heal < limit:
                continue
            begun = [row for row, invoke in enumerate(operations.invoke) if heal <= history.time[invoke]]
            if not begun or history.time[operations.invoke[begun[0]]] - heal > limit // 2:
                continue  # Nobody asked in time.
            judged += 1
            ends = [history.time[operations.complete[row]] for row in begun if _answered(history, row)]
            first = min(ends, default=None)
            if first is None or first - heal > limit:
                return self._silent(history, heal, first, begun)
        if judged == 0:
            reason = f"no time of {self.seconds:g} s without faults and with operations followed a heal"
            return unknown(self.name, reason, self.name)
        reason = f"service was back within {self.seconds:g} s after each of {judged} heals"
        return Verdict(Validity.VALID, reason, self.name, self.name)

    def _silent(self, history: History, heal: int, first: int | None, begun: Sequence[int]) -> Verdict:
        back = "was never" if first is None else f"was after {(first - heal) / SECOND:.1f} s"
        reason = f"service should be back within {self.seconds:g} s after the heal at {heal / SECOND:.3f} s; it {back}"
        operations = history.operations()
        waiting = tuple(operations.invoke[row] for row in begun[:8])
        return Verdict(
            Validity.INVALID, reason, self.name, self.name, witness=Witness(waiting, (reason,), waiting[0])
        )  # fmt: skip


def quiet_times(history: History) -> Iterator[tuple[int, int]]:
    """(time of the heal, time of the next fault or of the last event), of each time after a heal without any fault."""
    on = 0
    healed: int | None = None
    values = history.pool.values
    last = history.time[-1] if len(history) else 0
    for position, process in enumerate(history.process):
        if process != NEMESIS_PROCESS:
            continue
        name = str(values[history.f[position]])
        if name.startswith("start-"):
            if on == 0 and healed is not None:
                yield healed, history.time[position]
            on, healed = on + 1, None
        elif name.startswith("stop-"):
            on -= 1
            healed = history.time[position] if on == 0 else None
    if healed is not None:
        yield healed, last


def _answered(history: History, row: int) -> bool:
    """Whether an operation got an answer: `ok`, or a precondition that was looked at."""
    operations = history.operations()
    ended = operations.ended[row]
    if ended == EventType.OK:
        return True
    if ended != EventType.FAIL:
        return False
    error = history.error[operations.complete[row]]
    value = None if error == ABSENT else history.pool.values[error]
    return isinstance(value, tuple) and len(value) > 0 and value[0] == ErrorKind.PRECONDITION


def _first_error(history: History, rows: Sequence[int]) -> str:
    operations, values = history.operations(), history.pool.values
    for row in rows:
        complete = operations.complete[row]
        if complete != ABSENT and history.error[complete] != ABSENT:
            error = values[history.error[complete]]
            words = ": ".join(map(str, error)) if isinstance(error, tuple) else str(error)
            return f" (first error: {words})"
    return ""


def _kinds_never_answered(history: History, answered: Sequence[bool]) -> Iterator[str]:
    rows: dict[int, list[int]] = {}
    for row, f in enumerate(history.operations().f):
        rows.setdefault(f, []).append(row)
    for f, tried in rows.items():
        if len(tried) >= ATTEMPTS_MIN and not any(answered[row] for row in tried):
            name = history.pool.values[f]
            yield f"none of {len(tried):,} operations `{name}` succeeded{_first_error(history, tried)}"


def _silence_after_heal(history: History, answered: Sequence[bool]) -> Iterator[str]:
    heals = list(quiet_times(history))
    if not heals:
        return
    heal = heals[-1][0]
    operations = history.operations()
    begun = [row for row, invoke in enumerate(operations.invoke) if history.time[invoke] >= heal]
    if begun and not any(answered[row] for row in begun):
        yield (
            f"none of {len(begun):,} operations begun after the last heal, at {heal / SECOND:.3f} s, was answered"
            f"{_first_error(history, begun)}"
        )


def _final_unanswered(history: History, answered: Sequence[bool], final_from: int) -> Iterator[str]:
    operations = history.operations()
    tried: dict[tuple[int, int], list[int]] = {}
    for row, invoke in enumerate(operations.invoke):
        if history.time[invoke] >= final_from:
            tried.setdefault((operations.f[row], operations.key[row]), []).append(row)
    dumb = {name: rows for name, rows in tried.items() if not any(answered[row] for row in rows)}
    if dumb:
        rows = next(iter(dumb.values()))
        yield f"{len(dumb):,} of {len(tried):,} final operations never succeeded{_first_error(history, rows)}"
