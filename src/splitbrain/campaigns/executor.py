"""WorkerPool: futures over processes of our own, with limits of time and memory for each task.

A worker carries out one task after the other, as starting Python costs more than a short run. It is replaced when a
task has to be ended or ends it, which no other task notices, and after each run of a class of the user's own, which may
keep something from one run to the next.
"""

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from splitbrain import registry
from splitbrain.campaigns.tasks import RunLine, Task, lost
from splitbrain.results.folder import discard
from splitbrain.results.result import RunStatus

GIB = 1 << 30
WORKER = ("-P", "-m", "splitbrain.campaigns.worker")
HEAL_SECONDS = 30.0
"""The time that a run that is interrupted may take to heal and close before it is killed."""
CLOSE_SECONDS = 3.0
"""The same for a run that has no folder: a simulated one, or one that has hardly begun."""
LOOK_SECONDS = 0.2
"""The pause between two looks of a waiting thread whether it is to stop."""


class TaskInterrupted(Exception):
    """A task that was interrupted: it left nothing, and may be carried out again."""


@dataclass(frozen=True)
class TaskLimits:
    """The limits of one task. seconds: wall time of everything, given the task. bytes: memory of its process."""

    seconds: Callable[[Task], float]
    bytes: int = 2 * GIB


class TaskExecutor(Protocol):
    """An executor of a campaign's tasks, in the shape of `concurrent.futures.Executor`."""

    def submit(self, task: Task) -> "Future[RunLine]":
        """A future of the task's line, which comes whatever becomes of its process; TaskInterrupted after
        `interrupt`."""

    def interrupt(self) -> None:
        """Interrupt what is under way, healed and closed; what waits is not begun."""

    def shutdown(self, wait: bool = True) -> None:
        """End after what was submitted."""


class WorkerPool:
    """An executor with `jobs` processes of this machine; see TaskExecutor."""

    def __init__(self, jobs: int, limits: TaskLimits) -> None:
        self._limits = limits
        self._waiting: queue.SimpleQueue[tuple[Task, Future[RunLine]] | None] = queue.SimpleQueue()
        self._interrupted = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(jobs)]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Task) -> "Future[RunLine]":
        """Carry out a task as soon as a worker is free."""
        future: Future[RunLine] = Future()
        self._waiting.put((task, future))
        return future

    def interrupt(self) -> None:
        """Interrupt what is under way; what waits is not begun."""
        self._interrupted.set()

    def shutdown(self, wait: bool = True) -> None:
        """End all workers after what was submitted."""
        for _ in self._threads:
            self._waiting.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _serve(self) -> None:
        worker: _Worker | None = None
        while (found := self._waiting.get()) is not None:
            task, future = found
            if not future.set_running_or_notify_cancel():
                continue
            if self._interrupted.is_set():
                future.set_exception(TaskInterrupted())
                continue
            try:
                if worker is None or not worker.alive:
                    worker = _Worker(self._limits.bytes)
                future.set_result(worker.carry_out(task, self._limits.seconds(task), self._interrupted.is_set))
                if not _well_known(task):
                    worker.end()
                    worker = None
            except BaseException as error:  # noqa: BLE001 - handed to the waiter for the task
                future.set_exception(error)
        if worker is not None:
            worker.end()


def _well_known(task: Task) -> bool:
    """Whether its target is an installed one."""
    return task.spec.target.partition(":")[0] in registry.TARGETS


class _Worker:
    """A process that carries out tasks, seen from the thread that it serves."""

    def __init__(self, memory: int) -> None:
        # A session of its own: Ctrl-C at a terminal reaches this process alone, which interrupts workers in order.
        self._process = subprocess.Popen(
            [sys.executable, *WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._memory = memory
        self._buffer = b""
        self._send({"bytes": memory})

    @property
    def alive(self) -> bool:
        """Whether it takes another task."""
        return self._process.poll() is None

    def carry_out(self, task: Task, seconds: float, interrupted: Callable[[], bool]) -> RunLine:
        """The line of a task. TaskInterrupted as soon as that was asked for."""
        attempt = _Attempt(task, time.monotonic(), seconds)
        try:
            self._send(task.to_plain())
            while True:
                said = self._receive(attempt.seconds_left())
                if said is None and interrupted():
                    self._stop(attempt.grace)
                    attempt.discard()
                    raise TaskInterrupted
                if said is None and attempt.seconds_left() <= 0:
                    self._stop(attempt.grace)
                    return attempt.over_time()
                line = None if said is None else attempt.heard(said)
                if line is not None:
                    return line
        except (BrokenPipeError, EOFError):
            code = self._process.wait()
            if attempt.out_of_memory or code == 0:
                return attempt.over_memory(self._memory)
            return attempt.died(code)

    def end(self) -> None:
        """End the process; it is idle."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _send(self, plain: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(plain).encode() + b"\n")
        self._process.stdin.flush()

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        """The next message, or None if none comes soon. EOFError if none will ever come."""
        assert self._process.stdout is not None
        line, found, rest = self._buffer.partition(b"\n")
        if found:
            self._buffer = rest
            said: dict[str, Any] = json.loads(line)
            return said
        ready, _, _ = select.select([self._process.stdout], [], [], min(LOOK_SECONDS, max(0.0, seconds)))
        if ready:
            more = os.read(self._process.stdout.fileno(), 1 << 20)
            if not more:
                raise EOFError
            self._buffer += more
            return self._receive(0) if b"\n" in more else None
        return None

    def _stop(self, grace: float) -> None:
        """Interrupt the process, and kill it with all that it started unless it ends within `grace` seconds."""
        if grace:
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(grace)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@dataclass
class _Attempt:
    """One task on one worker, as far as it came. began: `time.monotonic`. begun: whether the worker has taken it up.
    folder: of a real run, once it is there."""

    task: Task
    began: float
    seconds: float
    begun: bool = False
    checking: bool = False
    out_of_memory: bool = False
    folder: Path | None = None

    @property
    def grace(self) -> float:
        """The time it may take to heal and close: a run that has not begun, a simulated one, and one whose checkers
        have begun, has nothing to heal."""
        if self.checking or not self.begun:
            return 0.0
        return HEAL_SECONDS if self.folder is not None else CLOSE_SECONDS

    def seconds_left(self) -> float:
        """The seconds until its time is over; below zero afterwards."""
        return self.began + self.seconds - time.monotonic()

    def heard(self, said: dict[str, Any]) -> RunLine | None:
        """Take a message of the worker: the task's line, if it ended."""
        kind, value = said["kind"], said["value"]
        if kind == "done":
            return RunLine(value)
        if kind == "failed":
            return self._lost(RunStatus.INFRASTRUCTURE, str(value))
        if kind == "begun":
            self.begun, self.began = True, time.monotonic()  # what starting Python took is not the task's
        elif kind == "folder":
            self.folder = Path(value)
        elif kind == "checking":
            self.checking = True
        elif kind == "memory":
            self.out_of_memory = True
        return None

    def over_time(self) -> RunLine:
        """The line of a task that took too long."""
        if self.checking:
            return self._lost(RunStatus.UNKNOWN, f"the checkers were ended: all in all {self.seconds:g} s had passed")
        return self._lost(RunStatus.INFRASTRUCTURE, f"the run was ended: it was not over after {self.seconds:g} s")

    def over_memory(self, most: int) -> RunLine:
        """The line of a task that took too much memory."""
        if self.checking:
            return self._lost(RunStatus.UNKNOWN, f"the checkers were ended: they needed more than {binary(most)}")
        return self._lost(RunStatus.INFRASTRUCTURE, f"the run was ended: it needed more than {binary(most)} of memory")

    def died(self, code: int) -> RunLine:
        """The line of a task whose process ended with this code, or of minus this signal."""
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        if self.checking:
            return self._lost(RunStatus.UNKNOWN, f"the process {how} while its history was checked")
        return self._lost(RunStatus.INFRASTRUCTURE, f"the process {how} in the middle of the run")

    def discard(self) -> None:
        """Leave nothing of a run that is to be carried out again."""
        if self.folder is not None:
            discard(self.folder, self.task.out)

    def _lost(self, status: RunStatus, reason: str) -> RunLine:
        return lost(self.task, status, reason, time.monotonic() - self.began, self.folder)


def binary(amount: int) -> str:
    """Bytes for people: `2 GiB`, `512 MiB`."""
    for unit, size in (("GiB", GIB), ("MiB", GIB >> 10), ("KiB", 1 << 10)):
        if amount >= size:
            return f"{amount / size:.3g} {unit}"
    return f"{amount} bytes"
