"""Tasks on a Ray cluster: futures as of WorkerPool, run folders come back, and a lost worker's task is run once more.

What is shipped is a task as data. A worker carries it out as this machine would, in a process of its own with limits of
time and memory, so splitbrain, of the same version, and the module of a target of one's own have to be installed there.
"""

import io
import tarfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from splitbrain import registry
from splitbrain.campaigns.executor import TaskInterrupted, TaskLimits, WorkerPool
from splitbrain.campaigns.tasks import RunLine, Task, lost
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.results.folder import claim_folder
from splitbrain.results.result import RunStatus
from splitbrain.version import __version__

ON = "ray"
PREFIX = "ray://"
ATTEMPTS = 2
"""The number of times that a task is begun whose worker is lost."""
FOLDER_PARTS = 3
"""A run's folder below `out`: TARGET/WORKLOAD/STAMP."""


class RayPool:
    """An executor on a Ray cluster; see TaskExecutor.

    where: `ray` for one on this machine, started if there is none; `ray://HOST:PORT` for another. UsageError if Ray is
    not installed, InfrastructureError if it cannot be reached.
    """

    def __init__(self, where: str, limits: TaskLimits, jobs: int | None = None) -> None:
        self._ray = ray = imported()
        self._limits = limits
        self._refs: dict[Any, None] = {}
        self._lock = threading.Lock()
        self._interrupted = False
        self._began = not ray.is_initialized()
        if self._began:
            try:
                ray.init(**_reached(where, jobs))
            except (OSError, RuntimeError, ValueError) as error:
                raise InfrastructureError(f"Ray at {where} cannot be reached: {error}") from None
        self._carry_out = ray.remote(num_cpus=1, max_retries=0)(carry_out_shipped)

    @property
    def jobs(self) -> int:
        """The number of tasks that the cluster carries out at once."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, task: Task) -> "Future[RunLine]":
        """Carry out a task somewhere."""
        future: Future[RunLine] = Future()
        self._begin(task, future, 1)
        return future

    def interrupt(self) -> None:
        """Interrupt what is under way; what waits is not begun."""
        with self._lock:
            self._interrupted = True
            refs = list(self._refs)
        for ref in refs:
            self._ray.cancel(ref, force=False)

    def shutdown(self, wait: bool = True) -> None:
        """Leave the cluster, and end it if it was started here."""
        if self._began:
            self._ray.shutdown()

    def _begin(self, task: Task, future: "Future[RunLine]", attempt: int) -> None:
        with self._lock:
            if self._interrupted:
                future.set_exception(TaskInterrupted())
                return
            ref = self._carry_out.remote(task.to_plain(), self._limits.seconds(task), self._limits.bytes, __version__)
            self._refs[ref] = None
        ref.future().add_done_callback(lambda done: self._ended(task, future, attempt, ref, done))

    def _ended(self, task: Task, future: "Future[RunLine]", attempt: int, ref: Any, done: "Future[Any]") -> None:
        """Hand over what came of one attempt, or make another one."""
        with self._lock:
            self._refs.pop(ref, None)
        try:
            error = done.exception()
            if error is None:
                future.set_result(unpacked(task, *done.result()))
            elif self._interrupted or isinstance(error, self._ray.exceptions.TaskCancelledError):
                future.set_exception(TaskInterrupted())
            elif not isinstance(error, self._ray.exceptions.RayTaskError) and attempt < ATTEMPTS:
                self._begin(task, future, attempt + 1)
            else:
                future.set_result(lost(task, RunStatus.INFRASTRUCTURE, _why(error, attempt), 0.0))
        except Exception as failed:  # noqa: BLE001 - handed to the waiter for the task
            future.set_exception(failed)


def imported() -> Any:
    """Ray; UsageError if it is not installed."""
    try:
        import ray
    except ImportError:
        raise UsageError("--on ray needs Ray, which is not installed: pip install 'splitbrain[ray]'") from None
    return ray


def carry_out_shipped(
    plain: Mapping[str, Any], seconds: float, memory: int, version: str
) -> tuple[Mapping[str, Any], bytes | None]:
    """Carry out a task on a worker of Ray: its line, and its run folder as an archive if it keeps one."""
    if version != __version__:
        raise InfrastructureError(f"the worker has splitbrain {__version__}, and the campaign is one of {version}")
    here = _here[memory] = _here.get(memory) or _Here(memory)
    here.seconds = seconds
    with registry.scratch() as out:
        task = replace(Task.from_plain(plain), out=out)
        future = here.pool.submit(task)
        try:
            line = future.result()
        except BaseException:
            del _here[memory]
            here.pool.interrupt()
            future.exception()
            here.pool.shutdown()
            raise
        return line.plain, packed(line)


def unpacked(task: Task, plain: Mapping[str, Any], archive: bytes | None) -> RunLine:
    """The line of a task that came back, its folder where the campaign has its others."""
    if archive is None:
        return RunLine(plain)
    came = Path(plain["run"])
    parent = task.out.joinpath(*came.parts[-FOLDER_PARTS:-1])
    parent.mkdir(parents=True, exist_ok=True)
    folder = claim_folder(parent, came.name)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return RunLine({**plain, "run": str(folder)})


class _Here:
    """The pool of one process on a worker of Ray. It outlives a task, as starting Python costs more than a short one.
    seconds: what the present task may take."""

    def __init__(self, memory: int) -> None:
        self.seconds = 0.0
        self.pool = WorkerPool(1, TaskLimits(lambda _: self.seconds, memory))


_here: dict[int, _Here] = {}
"""By the limit of memory."""


def packed(line: RunLine) -> bytes | None:
    """The folder of a run as a compressed archive, its own name left out."""
    if line.run is None:
        return None
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz", compresslevel=1) as archive:
        archive.add(line.run, arcname=".")
    return memory.getvalue()


def _reached(where: str, jobs: int | None) -> dict[str, Any]:
    """The arguments of `ray.init`."""
    quiet = {"log_to_driver": False, "logging_level": "error"}
    if where.startswith(PREFIX):
        return {"address": where, **quiet}
    return {"num_cpus": jobs, "include_dashboard": False, **quiet}


def _why(error: BaseException, attempt: int) -> str:
    said = str(getattr(error, "cause", None) or error).strip().partition("\n")[0]
    tried = f", {attempt} times" if attempt > 1 else ""
    return f"the worker of Ray that carried it out was lost or failed{tried}: {type(error).__name__}: {said}"
