"""A check of a history: what its seconds hold."""

import subprocess
import sys

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
