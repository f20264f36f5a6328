"""The process that carries out a run in a world of its own: `python -P -m splitbrain.runner.inner`.

One request comes on standard input, lines of JSON go out on standard output: `folder` when the run's folder is there,
`progress` now and then, and one of `result`, `usage`, `infrastructure`, `interrupted`, `internal` at the end. Whatever
else writes to standard output goes to standard error.

Pitfall: an interrupt while modules are loaded. So what takes long to load is loaded where one is told as such.
"""

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbrain.harness.errors import InfrastructureError, SplitbrainError
from splitbrain.harness.signals import interruptible, interrupts

if TYPE_CHECKING:
    from splitbrain.harness.progress import Progress

PROGRESS_SECONDS = 0.2


class InnerReply:
    """The way back: a line of JSON at a time, from any thread."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "wb", buffering=0)
        self._lock = threading.Lock()
        os.dup2(2, 1)

    def __call__(self, kind: str, value: Any = None) -> None:
        import msgspec

        line = msgspec.json.encode({"kind": kind, "value": value}) + b"\n"
        with self._lock:
            while line:
                line = line[self._file.write(line) :]


def main() -> None:
    """Carry out the run that is asked for on standard input."""
    reply = InnerReply()
    try:
        with interruptible(), interrupts.kept():
            _carry_out(json.loads(sys.stdin.buffer.read()), reply)
    except KeyboardInterrupt:
        reply("interrupted")
    except InfrastructureError as error:
        reply("infrastructure", str(error))
    except SplitbrainError as error:
        reply("usage", str(error))
    except Exception as error:  # noqa: BLE001 - handed over, and told outside
        from splitbrain.own_targets import own_failure

        if own := own_failure(error):
            reply("usage", own)
            return
        frame = traceback.extract_tb(error.__traceback__)[-1]
        reply("internal", f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})")


def _carry_out(request: dict[str, Any], reply: InnerReply) -> None:
    import msgspec

    from splitbrain.harness.progress import Progress
    from splitbrain.runner.execute import execute
    from splitbrain.runner.plan import plan
    from splitbrain.runner.spec import RunSpec

    made = plan(RunSpec.from_plain(request["spec"]))
    if made.environment.enter() is not None:
        raise InfrastructureError("the private world of the run was not reached")
    made.check_supported()
    progress, over = Progress(), threading.Event()
    reporting = threading.Thread(target=_report, args=(progress, over, reply), daemon=True)
    reporting.start()
    try:
        run = execute(made, Path(request["out"]), progress, lambda folder: reply("folder", str(folder.path)))
    finally:
        over.set()
        reporting.join()
    reply("result", msgspec.to_builtins(run.result))


def _report(progress: "Progress", over: threading.Event, reply: InnerReply) -> None:
    while not over.wait(PROGRESS_SECONDS):
        reply("progress", progress.plain())


if __name__ == "__main__":
    main()
