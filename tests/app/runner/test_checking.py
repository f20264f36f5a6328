"""A check of a history: what its seconds hold, and how it is interrupted."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from splitbrain.harness.signals import interruptible
from splitbrain.harness.verdict import Verdict, unknown
from splitbrain.runner import checking

SCRIPT = """
import sys, time
from splitbrain import check
from splitbrain.harness.history import Event, History
from splitbrain.runner import checking

class Clock:
    loaded = []
    def perf_counter(self):
        self.loaded.append(len([name for name in sys.modules if name.startswith("splitbrain.checkers")]))
        return time.perf_counter()

checking.time = Clock()
event = dict(time=0, process=0, f="read", value=None)
history = History.of([Event(index=0, type="invoke", **event), Event(index=1, type="ok", **event)])
assert check(history, "register").status.value == "valid"
print(Clock.loaded[1] - Clock.loaded[0])
"""


def test_seconds_hold_no_imports() -> None:
    told = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["0"]


def lost(after: Callable[[], Verdict]) -> Verdict:
    """A check that is interrupted where nothing becomes of it."""
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    return after()


def fails() -> Verdict:
    raise ValueError


@pytest.mark.parametrize("after", [fails, lambda: unknown("mine", "the model failed")])
def test_no_check_makes_a_verdict_of_an_interrupt(after: Callable[[], Verdict]) -> None:
    with interruptible(), pytest.raises(KeyboardInterrupt):
        checking.safely("mine", lambda: lost(after))
