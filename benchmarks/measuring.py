"""Timing of a check against the peer's. In turns with the peer in the same run, garbage collected before each turn,
the median of the turns.

What is over in less than a millisecond is done several times in a row in each turn, by both sides, else it would be the
caches that are measured. Ours is on one core: what is told is the wall time, or the time of the processor if more. The
peer runs at its best: the faster of one core and all cores. A side that did not finish within its limit has no time,
and the ratio becomes a bound. Pitfall: a busy machine; ratios of one run mean more than seconds, and seconds more than
one turn.
"""

import gc
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from peer import PeerAnswer, PeerProcess

from splitbrain.harness.history import History

ENOUGH = 6.0
"""Seconds of measuring after which a case gets no further turn."""
A_MOMENT = 0.001
"""Seconds that a turn takes at least, on either side, if need be by checking several times in a row."""
SHORT, MORE = 0.25, 5
"""Seconds below which a case gets so many times the turns, for the scheduler's turns are longer than many a check."""


@dataclass(frozen=True)
class Line:
    """One case: seconds and verdict of both sides. ratio: the peer's time / ours. bound: ">" or "<" if a side did not
    finish, so that the ratio is a bound. Of a process that did nothing else: peak_bytes, read_seconds (file to
    columns), wall_seconds (of the check, on all cores)."""

    work: str
    seconds: float | None
    verdict: str
    peer_seconds: float | None = None
    peer_verdict: str | None = None
    ratio: float | None = None
    bound: str = ""
    peak_bytes: int | None = None
    read_seconds: float | None = None
    wall_seconds: float | None = None

    @property
    def disagreement(self) -> bool:
        """Whether both decided, and not the same."""
        decided = ("valid", "invalid")
        return self.verdict in decided and self.peer_verdict in decided and self.verdict != self.peer_verdict


@dataclass(frozen=True)
class Goal:
    """The goal of a row: a figure that is at least, or at most, a bound; None where it could not be measured. at_least:
    the figure is itself only known to be at least this, for the peer did not always finish."""

    name: str
    value: float | None
    sign: str
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it was reached; None if that is not known."""
        if self.value is None:
            return None
        reached = self.value >= self.bound if self.sign == "≥" else self.value <= self.bound
        return None if self.at_least and not reached else reached


@dataclass
class Report:
    """The result of one row."""

    row: str
    title: str
    lines: list[Line] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def to_json(self) -> str:
        """One object."""
        goals = [asdict(goal) | {"met": goal.met} for goal in self.goals]
        return json.dumps(
            {"row": self.row, "title": self.title, "lines": [asdict(x) for x in self.lines], "goals": goals}
        )


class Peers:
    """The peer on one core and on all of them; the faster one counts."""

    def __init__(self, all_cores: PeerProcess, one: PeerProcess, seconds_max: float) -> None:
        self.both, self.seconds_max = (all_cores, one), seconds_max

    def load(self, name: str, model: str, history: History) -> None:
        """Have a history ready."""
        for peer in self.both:
            peer.load(name, model, history)

    def drop(self, name: str) -> None:
        """Forget it."""
        for peer in self.both:
            peer.drop(name)

    def close(self) -> None:
        """End both."""
        for peer in self.both:
            peer.close()


@dataclass
class Measurement:
    """The means of measuring the rows. peers: None without Go. seconds_max: the budget of one of our checks."""

    peers: Peers | None
    rounds: int
    seconds_max: float
    quick: bool
    folder: Path
    """For files that a row writes."""

    def against(self, work: str, peer_model: str, history: History, check: Callable[[], str]) -> Line:
        """One case, and the peer's time for the same history if there is a peer. check: gives the verdict."""
        if self.peers is None:
            return self._timed(work, check, ())
        self.peers.load(work, peer_model, history)
        try:
            return self._timed(work, check, self.peers.both)
        finally:
            self.peers.drop(work)

    def _timed(self, work: str, check: Callable[[], str], peers: Sequence[PeerProcess]) -> Line:
        limit = self.peers.seconds_max if self.peers else 0.0
        ours: list[float] = []
        times, their_times = 1, 1
        theirs: dict[PeerProcess, list[PeerAnswer]] = {peer: [] for peer in peers}
        began = time.perf_counter()
        verdict = ""
        for turn in range(MORE * self.rounds if self.rounds > 1 else 1):
            if turn and time.perf_counter() - began > (ENOUGH if turn < self.rounds else SHORT):
                break
            for peer, answers in theirs.items():
                if not answers or answers[-1].seconds is not None:
                    answers.append(peer.check(work, limit, their_times))
                if answers[-1].seconds is None:
                    break  # on one core it would not finish either
            if verdict != "unknown":
                seconds, verdict = once(check, times)
                ours.append(seconds)
            if turn == 0:
                times = in_a_row(ours[0])
                if theirs:
                    theirs = faster(theirs)
                    their_times = in_a_row(next(iter(theirs.values()))[0].seconds)
        ours = ours[times > 1 and len(ours) > 1 :]
        theirs = {peer: answers[their_times > 1 and len(answers) > 1 :] for peer, answers in theirs.items()}
        seconds = statistics.median(ours)
        if not theirs:
            return Line(work, seconds if verdict != "unknown" else None, verdict)
        return compared(work, seconds, verdict, next(iter(theirs.values())))


def once(check: Callable[[], str], times: int = 1) -> tuple[float, str]:
    """Seconds on one core, of one of so many in a row; and the verdict."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        verdict = check()
    return max(time.perf_counter() - wall, time.process_time() - cpu) / times, verdict


def in_a_row(seconds: float | None) -> int:
    """The number of times that a check is repeated within a turn."""
    return 1 if seconds is None else max(1, math.ceil(A_MOMENT / seconds))


def faster(theirs: dict[PeerProcess, list[PeerAnswer]]) -> dict[PeerProcess, list[PeerAnswer]]:
    """The one that was faster in its first turn."""
    best = min((peer for peer in theirs if theirs[peer]), key=lambda peer: theirs[peer][0].seconds or math.inf)
    return {best: theirs[best]}


def compared(work: str, seconds: float, verdict: str, answers: Sequence[PeerAnswer]) -> Line:
    """A line with a ratio, or a bound of it where one side did not finish; none if neither did."""
    finished = [answer.seconds for answer in answers if answer.seconds is not None]
    told, at_least = answers[0].verdict, max(answer.at_least for answer in answers)
    if not finished:
        if verdict == "unknown":
            return Line(work, None, verdict, None, told)
        return Line(work, seconds, verdict, None, told, at_least / seconds, ">")
    peer_seconds = statistics.median(finished)
    ratio, bound = peer_seconds / seconds, "" if verdict != "unknown" else "<"
    return Line(work, seconds if verdict != "unknown" else None, verdict, peer_seconds, told, ratio, bound)


def alone(work: str, file: Path, model: str, seconds_max: float) -> Line:
    """Read and check a file in a process of its own."""
    script = Path(__file__).parent / "alone.py"
    words = [sys.executable, str(script), str(file), model, str(seconds_max)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    return Line(work, **json.loads(ended.stdout))


def geometric(values: Sequence[float]) -> float | None:
    """The geometric mean; None of nothing."""
    return math.exp(statistics.fmean(map(math.log, values))) if values else None
