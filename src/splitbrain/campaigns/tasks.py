"""Tasks: one run of a campaign as data, on its way to a worker, and the line that comes back.

A simulated run is recorded in memory, and its folder is written only if it is kept: most of what a short run would
cost is its folder. A real one has its folder from the start, for the logs of its nodes, and loses it at the end.
"""

import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.harness.history import History
from splitbrain.harness.marked_states import MarkedStates
from splitbrain.harness.marks import Marking
from splitbrain.harness.progress import Progress
from splitbrain.harness.verdict import unknown
from splitbrain.results.folder import RunFolder, discard
from splitbrain.results.result import Cost, Result, RunStatus
from splitbrain.results.text import witnesses
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.launch import carry_out
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

KEEPS = ("failed", "all", "none")
"""The run folders that a campaign keeps: of runs that are not valid, of all, of none."""


@dataclass(frozen=True)
class Task:
    """One run of a campaign.

    test: the name of its test. spec: with its seed. expect: of its test. out: where its folder goes. keep: of KEEPS.
    varied: how the spec differs from the test's, see `guide.Variation`; None if it does not.
    """

    test: str
    spec: RunSpec
    expect: str
    out: Path
    keep: str
    varied: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The key that tells it from all others of the campaign: test and seed."""
        return self.test, self.spec.seed or 0

    def to_plain(self) -> dict[str, Any]:
        """The task as JSON has it."""
        return {
            "test": self.test,
            "spec": self.spec.to_plain(),
            "expect": self.expect,
            "out": str(self.out),
            "keep": self.keep,
            "varied": self.varied,
        }

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "Task":
        """The inverse of `to_plain`."""
        spec = RunSpec.from_plain(plain["spec"])
        return Task(plain["test"], spec, plain["expect"], Path(plain["out"]), plain["keep"], plain["varied"])

    def keeps(self, result: Result) -> bool:
        """Whether a run with this result keeps its folder."""
        return self.keep == "all" or (self.keep == "failed" and result.status is not RunStatus.VALID)


@dataclass(frozen=True)
class RunLine:
    """A line of `runs.jsonl`: what came of one task.

    plain: the line of `run --json`, and `test`, `target`, `seed`, `expect`, `as_expected`, `run` (folder or null);
    `command` repeats the run, `witness` is in words, `figures` are those of `verdict.json`, `wall_seconds` is all that
    the run took. `varied` is that of the task; `states`, null where no marks are heard, has their `count`, and the
    words of those that are `new`.
    """

    plain: Mapping[str, Any]

    @staticmethod
    def of(
        task: Task, result: Result, folder: RunFolder | None, wall: float, states: Sequence[str] | None = None
    ) -> "RunLine":
        """The line of a task that ended with a result. states: those that its nodes marked, all of them new until
        `newly` knows others."""
        full = result.to_json()
        figures = {name: full[name] for name in ("counts", "availability", "sides", "latency", "service", "errors")}
        witness = next((witness.words for _, witness in witnesses(result.verdict)), ())
        return RunLine(
            {
                "test": task.test,
                "target": task.spec.target,
                "seed": task.key[1],
                "expect": task.expect,
                "as_expected": task.expect in (result.status.value, result.counts_as.value),
                **result.headline(),
                "run": None if folder is None else str(folder.path),
                "command": full["command"],
                "witness": list(witness),
                "notes": list(result.notes),
                "run_seconds": result.cost.run,
                "wall_seconds": wall,
                "figures": figures,
                "varied": task.varied,
                "states": None if states is None else {"count": len(states), "new": list(states)},
            }
        )

    def newly(self, known: Container[str]) -> "RunLine":
        """The line with those of its states new that are not known."""
        if self.plain.get("states") is None:
            return self
        new = [state for state in self.new_states if state not in known]
        return RunLine({**self.plain, "states": {**self.plain["states"], "new": new}})

    @property
    def new_states(self) -> Sequence[str]:
        """The states that no run of its test had reached before."""
        states = self.plain.get("states") or {}
        return [str(state) for state in states.get("new", ())]

    @property
    def varied(self) -> Mapping[str, Any] | None:
        """The way in which its specification differs from its test's, see `guide.Variation`."""
        found: Mapping[str, Any] | None = self.plain.get("varied")
        return found

    @staticmethod
    def read(text: bytes) -> "RunLine":
        """The inverse of `to_json`; KeyError, TypeError or ValueError if it is no such line."""
        plain = msgspec.json.decode(text)
        str(plain["test"]), int(plain["seed"]), RunStatus(plain["verdict"]), plain["run"], plain["as_expected"]
        return RunLine(plain)

    @property
    def key(self) -> tuple[str, int]:
        """Test and seed."""
        return self.test, int(self.plain["seed"])

    @property
    def test(self) -> str:
        """The name of its test."""
        return str(self.plain["test"])

    @property
    def status(self) -> RunStatus:
        """The end of the run."""
        return RunStatus(self.plain["verdict"])

    @property
    def counts_as(self) -> RunStatus:
        """The end of the run, but for anomalies that are known and accepted."""
        return RunStatus(self.plain.get("counts_as", self.plain["verdict"]))

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of anomalies that were found."""
        return tuple(dict.fromkeys(kind for check in self.plain.get("checks", ()) for kind in check.get("kinds", ())))

    @property
    def models(self) -> Mapping[str, str]:
        """The spectrum of a run that was held to it: model → valid, invalid or unknown, by what the lattice made of
        it."""
        fields = {"allowed": RunStatus.VALID, "refuted": RunStatus.INVALID, "undecided": RunStatus.UNKNOWN}
        return {name: word.value for field, word in fields.items() for name in self.plain.get(field, ())}

    @property
    def reason(self) -> str:
        """The reason for it, in a sentence and maybe lines of evidence."""
        return str(self.plain["reason"])

    @property
    def as_expected(self) -> bool:
        """Whether its verdict is the one that its test expects."""
        return bool(self.plain["as_expected"])

    @property
    def run(self) -> str | None:
        """The folder as it was when the line was written, None if none was kept."""
        found: str | None = self.plain["run"]
        return found

    @property
    def witness(self) -> Sequence[str]:
        """The reasons of the refutation, a sentence each."""
        return [str(sentence) for sentence in self.plain.get("witness", ())]

    @property
    def command(self) -> str:
        """The command line that repeats it."""
        return str(self.plain.get("command") or "")

    @property
    def wall_seconds(self) -> float:
        """All that the run took."""
        return float(self.plain.get("wall_seconds") or 0.0)

    def to_json(self) -> bytes:
        """The line, with its end."""
        return msgspec.json.encode(self.plain) + b"\n"


def carry_out_task(
    task: Task, progress: Progress | None = None, claimed: Callable[[Path], None] = lambda path: None
) -> RunLine:
    """Carry out a task in this process. InfrastructureError if the run could not be begun."""
    began = time.perf_counter()
    made = plan(task.spec)
    folder: RunFolder | None
    if made.environment.deterministic:
        states = MarkedStates(made.environment.marks) if isinstance(made.environment, Marking) else None
        with execute_in_memory(made, progress) as run:
            result = run.result
            folder = run.keep(made.record(), task.out) if task.keeps(result) else None
        reached = None if states is None else states.words()
    else:
        finished = carry_out(made, task.out, progress, claimed)
        result, folder = finished.result, finished.folder
        if not task.keeps(result):
            discard(folder.path, task.out)
            folder = None
        reached = None
    return RunLine.of(task, result, folder, time.perf_counter() - began, reached)


def lost(task: Task, status: RunStatus, reason: str, wall: float, left: Path | None = None) -> RunLine:
    """The line of a task whose process was ended or died: `unknown` if the checkers had begun, else `infrastructure`.

    left: the folder that the run had begun; a simulated run has none, and one that was refused has it no more: they
    are given one that says what was to be run.
    """
    made = plan(task.spec)
    cost = Cost(run=wall)
    if status is RunStatus.UNKNOWN:
        result = Result.of_run(History(), made.record(), unknown("campaign", reason), cost)
    else:
        result = Result.failed(History(), made.record(), reason, cost)
    folder = None
    if task.keeps(result):
        folder = RunFolder.create(made.record(), task.out) if left is None or not left.is_dir() else RunFolder(left)
        folder.finish(History(), result)
    elif left is not None:
        discard(left, task.out)
    return RunLine.of(task, result, folder, wall)
