"""The steps around a run: provide what it needs, enter its environment, and execute it here or in another process.

The other process is handed the specification as data and hands its result back as data: lines of JSON on its standard
input and output. It is Python started without the working folder on its path.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.harness.announce import Say
from splitbrain.harness.environment import Launch, Providing
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.progress import Progress
from splitbrain.harness.target import Provided
from splitbrain.results.folder import RunFolder
from splitbrain.results.result import Result
from splitbrain.runner.execute import FinishedRun, execute
from splitbrain.runner.plan import RunPlan

INNER = ("-P", "-m", "splitbrain.runner.inner")
"""The words that start Python to carry out a run elsewhere."""


def provide(plan: RunPlan, say: Say) -> None:
    """Have here what the run needs from elsewhere: servers, images. Done after planning and before `carry_out`, as it
    may take long; `say` is told of each step that does. InfrastructureError names what is missing."""
    if isinstance(plan.target, Provided):
        plan.target.provide(plan.deployment, say)
    if isinstance(plan.environment, Providing):
        plan.environment.provide(plan.deployment, say)


def carry_out(
    plan: RunPlan, out: Path, progress: Progress | None = None, claimed: Callable[[Path], None] = lambda path: None
) -> FinishedRun:
    """Execute a plan where its environment wants it executed. claimed: told of the run's folder when it begins."""
    launch = plan.environment.enter()
    if launch is not None:
        return _Elsewhere(progress or Progress(), claimed).carried_out(plan, out, launch)
    plan.check_supported()
    return execute(plan, out, progress, lambda folder: claimed(folder.path))


class _Elsewhere:
    """A run in another process, as seen from here."""

    def __init__(self, progress: Progress, claimed: Callable[[Path], None]) -> None:
        self._progress, self._claimed = progress, claimed
        self._folder: Path | None = None
        self._result: Result | None = None
        self._error: Exception | None = None
        self._interrupted = False

    def carried_out(self, plan: RunPlan, out: Path, launch: Launch) -> FinishedRun:
        """The result that the other process hands over; its error; or InfrastructureError if it says nothing."""
        request = {"spec": plan.asked.to_plain(), "out": str(out)}
        code = launch([sys.executable, *INNER], json.dumps(request).encode(), self._receive)
        if self._interrupted:
            raise KeyboardInterrupt
        if self._error is not None:
            raise self._error
        if self._result is None or self._folder is None:
            how = f"was killed by signal {code - 128}" if code > 128 else f"ended with code {code}"
            kept = "" if self._folder is None else f"; what it recorded is in {self._folder}"
            raise InfrastructureError(f"the process that carried out the run {how} and left no verdict{kept}")
        return FinishedRun(self._result, RunFolder(self._folder))

    def _receive(self, line: bytes) -> None:
        said: dict[str, Any] = json.loads(line)
        kind, value = said["kind"], said["value"]
        if kind == "progress":
            self._progress.take(value)
        elif kind == "folder":
            self._folder = Path(value)
            self._claimed(self._folder)
        elif kind == "result":
            self._result = msgspec.convert(value, Result)
        elif kind == "usage":
            self._error = UsageError(value)
        elif kind == "infrastructure":
            self._error = InfrastructureError(value)
        elif kind == "interrupted":
            self._interrupted = True
        elif kind == "internal":
            self._error = RuntimeError(value)
