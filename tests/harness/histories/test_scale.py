"""Large histories within time and memory, and recordings that are killed: each in a process of its own."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from splitbrain.harness.histories import read

READ = """
import resource, sys, time
from splitbrain.harness.histories import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.process_time()
history = read(sys.argv[1])
operations = len(history.operations())
seconds = time.process_time() - begin
mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
print(len(history), operations, seconds, mib)
"""

RECORD = """
import sys, time
from pathlib import Path
from splitbrain.harness.histories import Recorder
from splitbrain.harness.operation import Operation, Outcome
recorder = Recorder(Path(sys.argv[1]), time.monotonic_ns)
for value in range(10**9):
    recorder.invoke(value % 10, Operation("write", value), "n1")
    recorder.complete(value % 10, Operation("write", value), Outcome.ok(value), "n1")
"""


@pytest.mark.parametrize(
    ("events", "seconds_max", "mib_max"),
    [(100_000, 2.0, 100), pytest.param(2_000_000, 20.0, 600, marks=pytest.mark.long)],
)
def test_a_large_history_is_read_within_time_and_memory(events, seconds_max, mib_max, tmp_path):
    path = tmp_path / "history.jsonl"
    with path.open("w") as out:
        for index in range(events):
            kind, value = ("ok" if index % 20 >= 10 else "invoke"), index // 20 * 10 + index % 10
            out.write(
                f'{{"index":{index},"time":{index},"process":{index % 10},"type":"{kind}","f":"write",'
                f'"value":{value},"node":"n1"}}\n'
            )
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    found, operations, seconds, mib = done.stdout.split()
    assert (int(found), int(operations)) == (events, events // 2)
    assert float(seconds) < seconds_max
    assert int(mib) < mib_max


def test_a_recording_that_is_killed_is_readable_to_its_end(tmp_path):
    path = Path(tmp_path / "history.jsonl")
    with subprocess.Popen([sys.executable, "-c", RECORD, str(path)]) as recording:
        while recording.poll() is None and (not path.exists() or path.stat().st_size < 100_000):
            time.sleep(0.01)
        recording.send_signal(signal.SIGKILL)
    history = read(path)
    assert len(history) >= 900
    assert len(history.operations()) - len(history) / 2 in (0, 0.5)
