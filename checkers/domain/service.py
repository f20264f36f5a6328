"""Whether the system lived, so that a verdict about its answers means something.

A cluster that is dead after the first fault, or that refuses every operation of a kind, gives no wrong answer: what
other checks call valid is then vacuous. `ServiceCheck` says `unknown` for it, with the reason. `LivenessCheck` goes
further, where the user asked for it: service must be there within a stated time after each heal, else `invalid`.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from splitbrain.harness.budget import Budget
from splitbrain.harness.history import ABSENT, NEMESIS_PROCESS, History
from splitbrain.harness.operation import ErrorKind, EventType
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown

SECOND = 1_000_000_000
ADVERSARY = "adversary"
"""The fault that delays messages and loses none."""
ATTEMPTS_MIN = 10
"""Attempts below which an operation kind is not missed."""


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


class QuietTime(NamedTuple):
    """A time without any fault, but for the adversary, who keeps no message for ever; nanoseconds. since: in words.

    It ends with the next fault, the adversary's coming or going, or the history.
    """

    begin: int
    end: int
    since: str


@dataclass(frozen=True)
class LivenessCheck:
    """Whether an operation is answered within `seconds` of the beginning of each quiet time that lasts for so long.

    Pitfall: clients whose operations the fault swallowed wait for them until their timeouts, and ask nothing before.
    Where the first operation begins later than half of the time, the time counts from there.
    """

    seconds: float
    name: str = "liveness"

    def check(self, history: History, budget: Budget) -> Verdict:
        """`invalid` with the first silence, `unknown` if no quiet time was long enough to tell."""
        limit = round(self.seconds * SECOND)
        operations = history.operations()
        judged = 0
        for quiet in quiet_times(history):
            row = bisect_left(operations.invoke, quiet.begin, key=history.time.__getitem__)
            asked = history.time[operations.invoke[row]] if row < len(operations) else quiet.end
            since = quiet.begin if asked - quiet.begin <= limit // 2 else asked
            if quiet.end - since < limit:
                continue
            judged += 1
            first = _first_answer(history, row)
            if first is None or first - since > limit:
                return self._silent(history, quiet, row, first)
        if judged == 0:
            reason = f"no operation began after a heal, and {self.seconds:g} s or more before the next fault or the end"
            return unknown(self.name, reason, self.name)
        reason = f"service was back within {self.seconds:g} s in each of {judged} times without faults"
        return Verdict(Validity.VALID, reason, self.name, self.name)

    def _silent(self, history: History, quiet: QuietTime, row: int, first: int | None) -> Verdict:
        operations = history.operations()
        waiting = tuple(operations.invoke[row : row + 8])
        asked = history.time[waiting[0]]
        back = "was never" if first is None else f"was after {(first - asked) / SECOND:.1f} s"
        reason = (
            f"{quiet.since} at {quiet.begin / SECOND:.3f} s; service was asked for at {asked / SECOND:.3f} s "
            f"and should be there within {self.seconds:g} s; it {back}"
        )
        witness = Witness(waiting, (reason,), waiting[0])
        return Verdict(Validity.INVALID, reason, self.name, self.name, witness=witness)


def quiet_times(history: History) -> Iterator[QuietTime]:
    """The quiet times of a history, in order; the time before the first fault is none."""
    on = 0
    since: tuple[int, str] | None = None
    values = history.pool.values
    for position, process in enumerate(history.process):
        if process != NEMESIS_PROCESS:
            continue
        change, _, fault = str(values[history.f[position]]).partition("-")
        if change not in ("start", "stop"):
            continue
        now = history.time[position]
        if since is not None:
            yield QuietTime(since[0], now, since[1])
        if fault == ADVERSARY:
            words = "the adversary came" if change == "start" else "the adversary went"
        else:
            on += 1 if change == "start" else -1
            words = "all faults were healed"
        since = (now, words) if on == 0 else None
    if since is not None:
        yield QuietTime(since[0], history.time[-1], since[1])


def _first_answer(history: History, row: int) -> int | None:
    """The time at which the first of the operations from this row on was answered; None if none was."""
    operations = history.operations()
    first: int | None = None
    for later in range(row, len(operations)):
        if first is not None and history.time[operations.invoke[later]] > first:
            break
        if _answered(history, later):
            ended = history.time[operations.complete[later]]
            first = ended if first is None else min(first, ended)
    return first


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
    heal = heals[-1].begin
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
