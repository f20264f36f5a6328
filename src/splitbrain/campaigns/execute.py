"""Execution of a campaign: submit tasks, collect their lines, keep them, until all is done or it has to end."""

import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field

from splitbrain.campaigns.executor import TaskExecutor, TaskInterrupted
from splitbrain.campaigns.grid import CampaignTest
from splitbrain.campaigns.keeping import Keeper
from splitbrain.campaigns.reached import Reached
from splitbrain.campaigns.record import CampaignFolder, LineWriter
from splitbrain.campaigns.tasks import RunLine, Task, lost
from splitbrain.harness.deployment import External
from splitbrain.harness.errors import InfrastructureError
from splitbrain.results.folder import discard
from splitbrain.results.result import RunStatus
from splitbrain.runner.launch import provide

AHEAD = 2
"""The number of tasks that are submitted for each job, so that no worker waits for this process."""
LOOK_SECONDS = 0.5
ONE_AT_A_TIME = ("ssh", External.environment)
"""Environments whose machines are the same ones for every run."""


@dataclass
class CampaignProgress:
    """The progress of a campaign; safe to read from any thread. total: runs, those of an earlier attempt included.
    began: when this attempt began, by `time.monotonic`. before: runs that were done then. failed: runs not as
    expected. states: that nodes marked, those of each test."""

    total: int = 0
    done: int = 0
    failed: int = 0
    states: int = 0
    before: int = 0
    began: float = field(default_factory=time.monotonic)

    def count(self, line: RunLine) -> None:
        """Count one more run that is over."""
        self.done += 1
        self.failed += not line.as_expected
        self.states += len(line.new_states)

    @property
    def rate(self) -> float:
        """The number of runs a minute."""
        return 60 * (self.done - self.before) / max(1e-9, time.monotonic() - self.began)

    @property
    def seconds_left(self) -> float | None:
        """The time it will take at this rate; None while nothing is known."""
        return 60 * (self.total - self.done) / self.rate if self.done > self.before else None


class Execution:
    """One attempt at what is left of a campaign.

    todo: tests and seeds, in order. reached: what runs of an earlier attempt reached. ends: when it is to end, by
    `time.monotonic`, or None. Each line is told to `told` once it is kept.
    """

    def __init__(
        self,
        folder: CampaignFolder,
        todo: Sequence[tuple[CampaignTest, int]],
        reached: Reached,
        keep: Keeper,
        jobs: int,
        ends: float | None,
        progress: CampaignProgress,
        told: Callable[[RunLine], None],
    ) -> None:
        self._folder, self._reached, self._keep, self._jobs, self._ends = folder, reached, keep, jobs, ends
        self._progress, self._told = progress, told
        self._waiting = deque(todo)
        self._under_way: dict[Future[RunLine], object] = {}

    def run(self, pool: TaskExecutor, writer: LineWriter, unavailable: Mapping[str, str]) -> bool:
        """Carry out what can be. Whether all of it was; not, if the deadline came. unavailable: tests whose target
        could not be provided, and why.

        KeyboardInterrupt is raised after what was under way was interrupted, and what had ended was kept.
        """
        try:
            while self._waiting or self._under_way:
                if self._ends is not None and time.monotonic() >= self._ends:
                    self._interrupt(pool, writer)
                    return False
                self._submit(pool, writer, unavailable)
                self._collect(writer)
        except BaseException:
            self._interrupt(pool, writer)
            raise
        return True

    def _submit(self, pool: TaskExecutor, writer: LineWriter, unavailable: Mapping[str, str]) -> None:
        """Submit tasks in order, passing over those whose machines are taken, and those that are not chosen yet."""
        passed: list[tuple[CampaignTest, int]] = []
        while self._waiting and len(self._under_way) < AHEAD * self._jobs:
            test, seed = self._waiting.popleft()
            place = _place(test)
            taken = place is not None and place in self._under_way.values()
            if taken or not self._reached.may_choose(test):
                passed.append((test, seed))
                continue
            spec, varied = self._reached.choose(test, seed)
            task = Task(test.name, spec, test.expect, self._folder.runs, self._keep.mode, varied)
            if test.name in unavailable:
                self._keep_line(lost(task, RunStatus.INFRASTRUCTURE, unavailable[test.name], 0.0), writer)
            else:
                self._under_way[pool.submit(task)] = place
        self._waiting.extendleft(reversed(passed))

    def _collect(self, writer: LineWriter) -> None:
        if not self._under_way:
            return
        left = LOOK_SECONDS if self._ends is None else max(0.0, min(LOOK_SECONDS, self._ends - time.monotonic()))
        done, _ = wait(self._under_way, left, FIRST_COMPLETED)
        for future in done:
            del self._under_way[future]
            self._keep_line(future.result(), writer)

    def _interrupt(self, pool: TaskExecutor, writer: LineWriter) -> None:
        """End what is under way, and keep what ended all the same."""
        pool.interrupt()
        for future in self._under_way:
            future.cancel()
        for future in list(self._under_way):
            try:
                self._keep_line(future.result(), writer)
            except (TaskInterrupted, CancelledError):
                continue
        self._under_way.clear()
        for line in self._reached.held():  # carried out again with --resume, after those that it waits for
            path = self._folder.folder_of(line)
            if path is not None:
                discard(path, self._folder.runs)

    def _keep_line(self, ended: RunLine, writer: LineWriter) -> None:
        """Keep the line of a run that is over, or all that waited for it."""
        for line in self._reached.ended(ended):
            writer.add(line)
            self._progress.count(line)
            self._keep.add(line)
            self._told(line)


def provided(tests: Sequence[CampaignTest], say: Callable[[str], None]) -> dict[str, str]:
    """Have here what the runs need from elsewhere, once for each target; the tests for which that failed, and why."""
    failures: dict[str, str] = {}
    seen: dict[object, str | None] = {}
    for test in tests:
        wanted = (test.spec.target, test.plan.spec.env)
        if wanted not in seen:
            try:
                provide(test.plan, say)
                seen[wanted] = None
            except InfrastructureError as error:
                seen[wanted] = str(error)
        reason = seen[wanted]
        if reason is not None:
            failures[test.name] = reason
    return failures


def remove_leftovers(folder: CampaignFolder, lines: Sequence[RunLine]) -> None:
    """Remove run folders that no line names: of runs that were cut short, and will be carried out again."""
    named = {found.resolve() for line in lines if (found := folder.folder_of(line)) is not None}
    for path in folder.run_folders():
        if path.resolve() not in named:
            shutil.rmtree(path, ignore_errors=True)


def _place(test: CampaignTest) -> object:
    """The machines that a run needs for itself; None if each run has its own."""
    env = test.plan.spec.env
    return (env, test.spec.hosts, test.spec.target) if env in ONE_AT_A_TIME else None
