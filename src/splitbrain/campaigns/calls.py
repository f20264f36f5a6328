"""`splitbrain.campaign`: a campaign as a call."""

import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from splitbrain import registry
from splitbrain.campaigns import on_ray
from splitbrain.campaigns.against import Against
from splitbrain.campaigns.baseline import Baseline
from splitbrain.campaigns.execute import CampaignProgress, Execution, provided, remove_leftovers
from splitbrain.campaigns.executor import GIB, TaskExecutor, TaskLimits, WorkerPool
from splitbrain.campaigns.failed import keep_failed, with_kept
from splitbrain.campaigns.file import CampaignFile, parse, read_file
from splitbrain.campaigns.grid import CampaignTest, breadth_first, grid
from splitbrain.campaigns.keeping import BYTES_DEFAULT, Keeper
from splitbrain.campaigns.outcome import CampaignResult, outcomes
from splitbrain.campaigns.reached import Reached
from splitbrain.campaigns.record import CAMPAIGNS, CampaignFolder, last_time
from splitbrain.campaigns.reports import write_reports
from splitbrain.campaigns.tasks import KEEPS, RunLine, Task
from splitbrain.harness.announce import Say, silently
from splitbrain.harness.deployment import Served
from splitbrain.harness.errors import UsageError
from splitbrain.results.result import RunStatus
from splitbrain.runner.spec import RunSpec

GRACE_SECONDS = 120.0
"""The time that a run may take beyond its main phase and the budget of its checkers."""
LOCAL = "local"
DEADLINE = "the deadline came"
INTERRUPTED = "it was interrupted"


class CampaignInterrupted(KeyboardInterrupt):
    """A campaign that was interrupted: what was under way is healed and closed, what had ended is kept in `result`."""

    def __init__(self, result: CampaignResult) -> None:
        super().__init__(f"interrupted; go on with --resume {result.folder}")
        self.result = result


def campaign(
    file: Path | str | Mapping[str, Any] | None = None,
    *,
    resume: Path | str | None = None,
    out: Path | str = CAMPAIGNS,
    jobs: int | None = None,
    on: str = LOCAL,
    deadline: float | None = None,
    keep: str = KEEPS[0],
    keep_bytes: int = BYTES_DEFAULT,
    memory: int = 2 * GIB,
    task_limit: float | None = None,
    baseline: Baseline | Path | str | None = None,
    write_baseline: Path | str | None = None,
    regressions: Path | str | None = None,
    strict: bool = False,
    progress: CampaignProgress | None = None,
    told: Callable[[RunLine], None] = lambda line: None,
    begun: Callable[[Path, tuple[CampaignTest, ...]], None] = lambda folder, tests: None,
    say: Say = silently,
) -> CampaignResult:
    """Carry out a campaign: `campaign("nightly.toml", jobs=4)`.

    file: a path, or the content as data. resume: the folder of an earlier attempt, to go on with; `file` may then be
    left out. out: where the campaign's folder goes. jobs: how many runs at once; by default the cores that this process
    may use. on: `local` for processes of this machine, `ray` for a Ray on it, `ray://HOST:PORT` for a cluster.
    deadline: seconds after which no more is run. keep: the run folders that stay, of `KEEPS`; keep_bytes: the room that
    they may take. memory: bytes that one run may take, checks included; task_limit: seconds that it may take, by
    default its time limit, its budget, what real nodes may take to start, and GRACE_SECONDS. baseline: what the
    campaign is compared with, a file or one that was read: it fails on what is new alone. write_baseline: the file that
    gets the campaign's own, once all of it was carried out. regressions: a folder of failing seeds, as of the pytest
    plugin: they are tried first, and those that fail where `valid` is expected are added. strict: unknown is a failure
    in `junit.xml`. progress: kept up to date. told: of every run. begun: told of the folder and the tests before the
    first run. say: as for `run`.

    UsageError for a file that makes no sense, before anything starts. CampaignInterrupted after Ctrl-C.
    """
    began = time.monotonic()
    if keep not in KEEPS:
        raise UsageError(f"keep is one of {', '.join(KEEPS)}, not {keep!r}")
    if on not in (LOCAL, "ray") and not re.fullmatch(r"ray://\S+:\d+", on):
        raise UsageError(f"a campaign runs on local, ray or ray://HOST:PORT, not on {on!r}")
    if on != LOCAL:
        on_ray.imported()
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is at least 1, not {jobs}")
    found, folder = _what(file, None if resume is None else Path(resume))
    tests = grid(found)
    if regressions is not None:
        tests = with_kept(tests, Path(regressions))
    against = Against.given(baseline, None if write_baseline is None else Path(write_baseline), tests)
    before = () if folder is not None else last_time(found.name, Path(out))
    if folder is None:
        folder = CampaignFolder.create(found.name, found.text, Path(out))
    progress = progress or CampaignProgress()
    with folder.appending() as writer:
        lines = folder.lines()
        done = {line.key for line in lines}
        keeper = Keeper(folder, keep, keep_bytes)
        remove_leftovers(folder, lines)
        for line in lines:
            keeper.add(line)
            progress.count(line)
        progress.total, progress.before = sum(len(test.all_seeds) for test in tests), len(lines)
        begun(folder.path, tests)
        surprises = [line.key for line in before if _surprise(line)]
        todo = [(test, seed) for test, seed in breadth_first(tests, surprises) if (test.name, seed) not in done]
        unavailable = provided(tests, say) if todo else {}
        ends = None if deadline is None else began + deadline
        pool, width = _executor(on, TaskLimits(_limit(task_limit), memory), jobs, len(todo))
        reached = Reached(tests, surprises, lines)
        execution = Execution(folder, todo, reached, keeper, width, ends, progress, told)
        try:
            complete = execution.run(pool, writer, unavailable)
        except KeyboardInterrupt:
            result = _finished(found, folder, tests, INTERRUPTED, against, strict)
            keep_failed(result, regressions)
            raise CampaignInterrupted(result) from None
        finally:
            pool.shutdown()
        result = _finished(found, folder, tests, None if complete else DEADLINE, against, strict)
        keep_failed(result, regressions)
        return result


def _executor(on: str, limits: TaskLimits, jobs: int | None, tasks: int) -> tuple[TaskExecutor, int]:
    """The executor of the tasks, and the number of tasks at once. UsageError for a place that there is none of."""
    if on == LOCAL:
        width = min(jobs or cores(), max(1, tasks))
        return WorkerPool(width, limits), width
    ray = on_ray.RayPool(on, limits, jobs)
    return ray, jobs or ray.jobs


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _what(
    file: Path | str | Mapping[str, Any] | None, resume: Path | None
) -> tuple[CampaignFile, CampaignFolder | None]:
    """The campaign to carry out, and its folder if there is one already."""
    given = None
    if isinstance(file, Mapping):
        import tomli_w

        given = parse(tomli_w.dumps(file), "campaign")
    elif file is not None:
        given = read_file(Path(file))
    if resume is None:
        if given is None:
            raise UsageError("a campaign needs its file, or the folder of one to go on with: --resume DIR")
        return given, None
    folder = CampaignFolder.open(resume)
    if given is not None:
        folder.refuse_other(given.text, given.where)
        return given, folder
    return parse(folder.text(), str(folder.path / "campaign.toml")), folder


def _surprise(line: RunLine) -> bool:
    """Whether a run is to come first next time: refuted or undecided where `valid` is expected, and its test's own."""
    return line.plain["expect"] == RunStatus.VALID and not line.as_expected and line.varied is None


def _limit(given: float | None) -> Callable[[Task], float]:
    return lambda task: given or usual_limit(task.spec)


def usual_limit(spec: RunSpec) -> float:
    """The seconds that a run may take with everything where none are given."""
    offered = registry.target(spec.target).deployments
    taken = next((one for one in offered if spec.env in (None, one.environment)), None)
    starts = taken.ready_seconds if isinstance(taken, Served) else 0.0
    return spec.time_limit + spec.budget.seconds + starts + GRACE_SECONDS


def _finished(
    file: CampaignFile,
    folder: CampaignFolder,
    tests: tuple[CampaignTest, ...],
    why: str | None,
    against: Against,
    strict: bool,
) -> CampaignResult:
    name, lines = str(folder.about().get("name") or file.name), folder.lines()
    compared = against.compared(lines, tests)
    found = outcomes(tests, lines, compared)
    missing = any(test.not_run for test in found)
    if not missing:
        against.write(lines, tests)
    result = CampaignResult(name, str(folder.path), found, why if missing else None, compared)
    write_reports(folder, result, strict)
    return result
