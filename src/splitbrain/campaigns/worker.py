"""The process that carries out the tasks of a campaign: `python -P -m splitbrain.campaigns.worker`.

The first line on standard input holds its limits, every further one a task. On standard output go lines of JSON:
for each task `begun`, `folder` when a real run's folder is there, `checking` when the run is over, and at its end one
of `done`, `failed` (it could not be begun), `memory`, `interrupted`. Whatever else writes to standard output goes to
standard error.

When standard input closes, for which the death of the other side suffices, what is under way is interrupted: healed
and closed.
"""

import gc
import json
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from typing import Any

from splitbrain import registry
from splitbrain.campaigns.tasks import Task, carry_out_task
from splitbrain.harness.errors import SplitbrainError, out_of_memory
from splitbrain.harness.progress import Progress
from splitbrain.harness.signals import interruptible, interrupts
from splitbrain.runner.inner import InnerReply

OVER = "over"
"""The phase in which a run is done and its history is judged."""
COLLECT_AFTER = 200_000
"""The number of new objects that may form cycles after which the collector looks, those of several short runs. Python's
default is 700."""
GRACE_SECONDS = 60.0
"""The time that healing and closing may take once the other side has gone."""


class _Told(Progress):
    """A progress that tells when the run is over and the checkers begin."""

    reply: InnerReply

    def enter(self, phase: str, now: int) -> None:
        super().enter(phase, now)
        self._tell()

    def take(self, plain: Sequence[Any]) -> None:
        before = self.phase
        super().take(plain)
        if self.phase != before:
            self._tell()

    def _tell(self) -> None:
        if self.phase == OVER:
            self.reply("checking")


def main() -> None:
    """Carry out tasks until there are no more."""
    reply = InnerReply()
    limits = json.loads(sys.stdin.buffer.readline())
    _limit_memory(limits["bytes"])
    tasks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    busy = threading.Event()
    try:
        threading.Thread(target=_listen, args=(tasks, busy), daemon=True).start()
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        reply("memory")
        _leave()
    with interruptible():
        try:
            while line := tasks.get():
                busy.set()
                _carry_out(Task.from_plain(json.loads(line)), reply)
                busy.clear()
                if not gc.get_freeze_count():
                    _settle_down()
        except (KeyboardInterrupt, BrokenPipeError):
            _leave()
    _leave()


def _carry_out(task: Task, reply: InnerReply) -> None:
    progress = _Told()
    progress.reply = reply
    reply("begun")
    try:
        with interrupts.kept():
            line = carry_out_task(task, progress, lambda folder: reply("folder", str(folder)))
    except KeyboardInterrupt:
        reply("interrupted")
        raise
    except SplitbrainError as error:
        reply("failed", str(error))
    except Exception as error:  # noqa: BLE001 - handed over, and told outside
        if out_of_memory(error):
            reply("memory")
            _leave()
        frame = traceback.extract_tb(error.__traceback__)[-1]
        reply("failed", f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})")
    else:
        reply("done", dict(line.plain))


def _settle_down() -> None:
    """Let the collector of cycles leave alone what the first run has loaded, and look less often: it took a tenth of
    each short run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


def _listen(tasks: "queue.SimpleQueue[bytes | None]", busy: threading.Event) -> None:
    """Take lines from standard input until it closes; then interrupt what is under way."""
    while line := sys.stdin.buffer.readline():
        tasks.put(line)
    tasks.put(None)
    if busy.is_set():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE_SECONDS)
        os._exit(1)


def _limit_memory(most: int) -> None:
    """Let an allocation fail beyond so many bytes of data, in this process and in each that it starts."""
    resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _leave() -> None:
    """End at once: the thread that waits for standard input would be waited for."""
    try:
        registry.end_scratch()
        sys.stderr.flush()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
