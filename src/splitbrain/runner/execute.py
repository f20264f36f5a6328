"""Execution of a plan in this process: run the test, judge its history, keep the result.

Whatever goes wrong after the start leaves a folder that tells what happened until then, unless it is wrong use and
nothing had happened.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from splitbrain import registry
from splitbrain.checkers.domain.service import LivenessCheck, ServiceCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.controller import Test, run_test
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.generator import Generator, then
from splitbrain.harness.generator.scripted import scripted
from splitbrain.harness.histories import Recorder, read
from splitbrain.harness.history import History
from splitbrain.harness.logs import CRASHES, examine
from splitbrain.harness.nemesis import NemesisRunner
from splitbrain.harness.operation import Value
from splitbrain.harness.progress import Progress
from splitbrain.harness.target import Logged, Provided
from splitbrain.harness.verdict import Verdict
from splitbrain.own_targets import answers_at
from splitbrain.results import text
from splitbrain.results.crash_logs import write_crash_log
from splitbrain.results.folder import RUNS, RunFolder, discard, latest_run
from splitbrain.results.result import Cost, Result, RunStatus
from splitbrain.runner.checking import check_safely, merge
from splitbrain.runner.happened import HappenedFaults
from splitbrain.runner.plan import RunPlan
from splitbrain.runner.record import RunRecord
from splitbrain.runner.script import FILE
from splitbrain.runner.swarm import rate_of
from splitbrain.runner.wrong_answer import wrong_answer
from splitbrain.workloads.final import read_settled_copies
from splitbrain.workloads.workload import Size


@dataclass(frozen=True)
class FinishedRun:
    """A run that was carried out: its result, and the folder that keeps it."""

    result: Result
    folder: RunFolder

    @property
    def status(self) -> RunStatus:
        """valid, invalid, unknown, or infrastructure."""
        return self.result.status

    @property
    def reason(self) -> str:
        """The reason, in a sentence."""
        return self.result.reason

    @property
    def command(self) -> str:
        """The command line that repeats the run."""
        return self.result.record.command if self.result.record else ""

    def told(self) -> str:
        """The result as `splitbrain run` prints it."""
        return "\n".join(text.lines(self.result))

    def history(self) -> History:
        """The history, read from the folder."""
        return read(self.folder.recorded())


def execute(
    plan: RunPlan,
    out: Path = RUNS,
    progress: Progress | None = None,
    claimed: Callable[[RunFolder], None] = lambda folder: None,
) -> FinishedRun:
    """Run, judge, keep. The result may be `infrastructure`; the folder is there in any case, and `claimed` is told of
    it when it begins. It goes away again if UsageError comes before the first event.

    KeyboardInterrupt passes through, after everything was healed and closed and the history was kept.
    """
    before = latest_run(out)
    folder = RunFolder.create(plan.record(), out)
    claimed(folder)
    recorder = Recorder(folder.history_path, plan.environment.now)
    try:
        result = _carried_out(plan, recorder, folder, progress)
    except UsageError:
        if not len(recorder.history):
            discard(folder.path, out, before)
        raise
    finally:
        recorder.close(compress=False)
    folder.finish(recorder.history, result)
    return FinishedRun(result, folder)


@dataclass(frozen=True)
class RunInMemory:
    """A simulated run that was carried out and judged. scratch: a folder for its nodes' logs alone."""

    result: Result
    recorder: Recorder
    scratch: RunFolder

    def keep(self, record: RunRecord, out: Path) -> RunFolder:
        """Write the folder that `execute` would have written."""
        folder = RunFolder.create(record, out)
        self.recorder.save(folder.history_path)
        shutil.copytree(self.scratch.path, folder.path, dirs_exist_ok=True)
        folder.finish(self.recorder.history, self.result)
        return folder


@contextmanager
def execute_in_memory(plan: RunPlan, progress: Progress | None = None) -> Iterator[RunInMemory]:
    """Run and judge a plan of a deterministic environment, without a folder: what a crash loses, its seed repeats."""
    recorder = Recorder(None, plan.environment.now, hold=True)
    with registry.scratch() as place:
        scratch = RunFolder(place)
        scratch.logs.mkdir()
        yield RunInMemory(_carried_out(plan, recorder, scratch, progress), recorder, scratch)


def _carried_out(plan: RunPlan, recorder: Recorder, folder: RunFolder, progress: Progress | None) -> Result:
    """The result of running and judging; `infrastructure` if the run could not be carried out to its end."""
    with HappenedFaults(folder.path) as happened:
        return _with_faults(plan, recorder, folder, progress, happened)


def _with_faults(
    plan: RunPlan, recorder: Recorder, folder: RunFolder, progress: Progress | None, happened: HappenedFaults
) -> Result:
    """The result; `happened` is told of the faults, and kept in the folder."""
    began = time.perf_counter()
    test, nemesis = prepared(plan, folder.logs)
    if nemesis is not None:
        nemesis.on_end(happened.add)
    if progress is not None and nemesis is not None:
        progress.faults = nemesis.active
    notes = (*registry.renamed(plan.asked.workload), *plan.schedule.notes())
    if isinstance(plan.target, Provided):
        notes = (*plan.target.notices(), *notes)
    try:
        conducted = plan.environment.run(lambda: run_test(test, recorder, nemesis, progress))
    except InfrastructureError as error:
        cost = Cost(run=time.perf_counter() - began)
        return Result.failed(recorder.history, plan.record(), str(error), cost, notes)
    finally:
        if plan.script is not None:
            folder.write(FILE, plan.spec.schedule or "")
        elif nemesis is not None:
            folder.write(FILE, happened.text())
    running = time.perf_counter() - began
    notes += (*write_crash_log(conducted.deaths, folder), *conducted.warnings)
    others = (*conducted.audits, *_logged(plan, folder))
    return judged(recorder.history, plan, running, notes, others, conducted.main[1], conducted.coverage)


def judged(
    history: History,
    plan: RunPlan,
    running: float,
    notes: tuple[str, ...],
    others: Sequence[Verdict] = (),
    final_from: int | None = None,
    coverage: Mapping[str, Value] | None = None,
) -> Result:
    """The result of a run that went to its end. running: seconds it took. notes: see Result. others: verdicts that rest
    on something other than the history: what the nodes say of themselves, and their logs. final_from: when the main
    phase was over, in nanoseconds since the start. coverage: what the faults met."""
    judge = plan.judge
    budget = plan.spec.budget
    history.operations()
    began = time.perf_counter()
    beside: list[Checker] = [ServiceCheck(final_from)]
    if plan.spec.liveness is not None:
        beside.append(LivenessCheck(plan.spec.liveness))
    served = [check_safely(checker, history, budget) for checker in beside]
    try:
        own = judge.verdicts(history, budget)
    except UsageError as error:
        raise wrong_answer(history, judge, plan.spec.target, answers_at(plan.target), error) from None
    verdict = merge(judge.name, (*own, *others, *served))
    cost = Cost(time.perf_counter() - began, run=running)
    result = Result.of_run(history, plan.record(), verdict, cost, notes, coverage)
    return result.holding(plan.target.claims, judge.decided(own))


def _logged(plan: RunPlan, folder: RunFolder) -> Sequence[Verdict]:
    """The verdict on the logs of real nodes. Simulated nodes are programs whose errors end the run anyway."""
    if plan.environment.deterministic:
        return ()
    found = examine(folder.logs, plan.target.log_patterns if isinstance(plan.target, Logged) else CRASHES)
    return () if found is None else (found,)


def _final(plan: RunPlan, size: Size, history: History) -> Generator | None:
    """The workload's final operations; then reads of settled copies, where the model that was chosen compares them."""
    workload, settle_s = plan.workload, plan.judge.settle_s
    final = workload.final(size, plan.settings, history)
    if settle_s is None or "read" not in workload.operations:
        return final
    settled = read_settled_copies(size, settle_s, history)
    return settled if final is None else then(final, settled)


def prepared(plan: RunPlan, logs: Path | None) -> tuple[Test, NemesisRunner | None]:
    """The test of a plan, and who carries out its faults. logs: where those of the nodes go; None for nowhere."""
    spec, workload, settings = plan.spec, plan.workload, plan.settings
    size = Size(spec.concurrency, spec.nodes, rate_of(spec))
    listed = plan.script.operations if plan.script else None
    test = Test(
        target=plan.target,
        deployment=plan.deployment,
        environment=plan.environment,
        names=plan.names,
        concurrency=spec.concurrency,
        rate=rate_of(spec) if listed is None else 0,
        time_limit=spec.time_limit,
        timeout=spec.timeout,
        seed=plan.seed,
        main=workload.main(size, settings) if listed is None else scripted(listed),
        final=lambda history: _final(plan, size, history) if listed is None else None,
        folder=logs,
    )
    names = [fault.name for fault in plan.faults]
    return test, NemesisRunner(plan.schedule.planned, plan.seed, names) if names else None
