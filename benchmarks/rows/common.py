"""Common parts of all rows: how a check is called, and how many cases become one figure."""

from collections.abc import Callable, Sequence

from logs import NamedHistory
from measuring import Goal, Line, geometric

from splitbrain.checkers import porcupine
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History

MIB = 1 << 20


def budget(seconds: float) -> Budget:
    """The budget: limited by time and memory alone."""
    return Budget(seconds=seconds, configurations=1 << 60)


def value(model: porcupine.Model, history: History, limits: Budget) -> str:
    """The verdict in a word, by one call of the public function."""
    return porcupine.check(model, history, limits, explain=False).value.value


def check(model: porcupine.Model, history: History, seconds: float) -> Callable[[], str]:
    """A check, ready to be made."""
    limits = budget(seconds)
    return lambda: value(model, history, limits)


def values_of(model: porcupine.Model, histories: Sequence[History], seconds: float) -> list[str]:
    """One call for many histories, which gives what Porcupine gives: the value of each, without proof."""
    return [value.value for value in porcupine.values_of(model, histories, budget(seconds))]


def named(found: Sequence[NamedHistory]) -> str:
    """The name of a set of logs in a table."""
    return f"all {len(found)} logs, {'recorded' if found[0].recorded else 'generated'}"


def ratios(lines: Sequence[Line]) -> list[float]:
    """The ratios that are known, bounds included."""
    return [line.ratio for line in lines if line.ratio is not None]


def least(name: str, lines: Sequence[Line], goal: float) -> Goal:
    """The goal that every ratio is at least so much. Of a case that the peer did not finish only a bound is known; it
    says nothing against the goal."""
    finished = min(ratios([line for line in lines if line.bound != ">"]), default=None)
    if finished is not None and finished < goal:
        return Goal(name, finished, "≥", goal)
    lowest = min(ratios(lines), default=None)
    return Goal(name, lowest, "≥", goal, at_least=lowest != finished)


def mean(lines: Sequence[Line], goal: float) -> Goal:
    """The goal that the geometric mean of the ratios is at least so much."""
    at_least = any(line.bound == ">" for line in lines)
    return Goal("geometric mean", geometric(ratios(lines)), "≥", goal, at_least)


def summed(work: str, lines: Sequence[Line], seconds: float | None = None) -> Line:
    """Several cases as one: the sums of both sides. seconds: in place of our sum."""
    counts = {word: sum(line.verdict == word for line in lines) for word in ("invalid", "unknown", "valid")}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    if counts["unknown"]:
        return Line(work, None, told)
    ours = seconds if seconds is not None else sum(line.seconds or 0 for line in lines)
    if any(line.peer_seconds is None for line in lines):
        return Line(work, ours, told)
    theirs = sum(line.peer_seconds or 0 for line in lines)
    return Line(work, ours, told, theirs, told, theirs / ours)


def undecided(lines: Sequence[Line]) -> Goal:
    """The goal that every case got its verdict."""
    return Goal("undecided", sum(line.seconds is None for line in lines), "≤", 0)


def slowest(lines: Sequence[Line]) -> float | None:
    """The most seconds that a case took; unknown if one did not finish."""
    seconds = [line.seconds for line in lines]
    return None if not seconds or None in seconds else max(second for second in seconds if second is not None)


def memory(lines: Sequence[Line], mib: int) -> Goal:
    """The goal that no process of these had more memory."""
    return Goal("MiB", max(((line.peak_bytes or 0) / MIB for line in lines), default=None), "≤", mib)
