"""Death with the parent: a child that nobody could end is ended when its parent is killed."""

import os
import signal
import subprocess
import sys
import time

from splitbrain.harness.environments.linux import processes

SECONDS = 60.0
PARENT = """
import subprocess, sys, time
from splitbrain.harness.environments.linux.parent import die_with_parent
options = {"preexec_fn": die_with_parent} if sys.argv[1] == "with" else {}
print(subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, **options).pid, flush=True)
time.sleep(600)
"""


def orphan(how: str) -> int:
    """The process that a parent has left behind that was killed."""
    with subprocess.Popen([sys.executable, "-c", PARENT, how], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    return child


def test_a_child_dies_with_its_parent_and_another_one_does_not() -> None:
    child, other = orphan("with"), orphan("without")
    deadline = time.monotonic() + SECONDS
    while processes.alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert processes.alive(other)
    os.kill(other, signal.SIGKILL)
