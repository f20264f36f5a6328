"""Clocks of single processes: every way to read them, every thread, and never a step back that was not asked for."""

import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import vdso
from splitbrain.harness.environments.linux.vdso import STUB, TRUE, ClockLine, ProcessClock

pytestmark = pytest.mark.skipif(vdso.unsupported() is not None, reason=vdso.unsupported() or "")

SECOND = 10**9
COARSE = SECOND // 50
"""By how much a coarse clock may lag: a tick or two."""
SPINNER = """
import sys, threading, time
steps = 0
def spin():
    global steps
    last = 0
    while True:
        now = time.monotonic_ns()
        time.time()
        steps += now < last
        last = now
for _ in range(2):
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
for _ in sys.stdin:
    print(time.time_ns(), int(time.time() * 1e9), time.clock_gettime_ns(5), time.monotonic_ns(), steps, flush=True)
"""
C_PROGRAM = r"""
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
int main(void) {
    char line[16];
    puts("ready"); fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        struct timeval tv; struct timezone tz; struct timespec ts;
        gettimeofday(&tv, &tz); clock_gettime(CLOCK_REALTIME, &ts);
        time_t stored, plain = time(&stored);
        printf("%ld %ld %ld %ld\n", tv.tv_sec, ts.tv_sec, plain, stored); fflush(stdout);
    }
}
"""


class Spinner:
    def __init__(self, argv: list[str]) -> None:
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def off(self) -> list[tuple[int, int]]:
        """The nanoseconds by which the wall clock, read in three ways, and the monotonic one are off: at least, and at
        most, as some time goes by between question and answer."""
        before = [time.time_ns()] * 3 + [time.monotonic_ns()]
        told = self.ask()[:4]
        after = [time.time_ns()] * 3 + [time.monotonic_ns()]
        return [(each - late, each - early) for each, early, late in zip(told, before, after, strict=True)]

    def ask(self) -> list[int]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]


@pytest.fixture
def spinner() -> Iterator[Spinner]:
    made = Spinner([sys.executable, "-c", SPINNER])
    yield made
    made.process.kill()
    made.process.communicate()


def test_offset_drift_and_freeze_of_a_busy_process(spinner: Spinner) -> None:
    clock = ProcessClock(spinner.process.pid)
    for seconds in (3600, -86400, 0):
        clock.set(ClockLine(seconds * SECOND))
        *walls, monotonic = spinner.off()
        assert all(least - COARSE <= seconds * SECOND <= most + COARSE for least, most in walls)
        assert monotonic[0] <= 0 <= monotonic[1]
    clock.set(ClockLine(0, time.time_ns(), 1.0))
    time.sleep(0.4)
    assert spinner.off()[0][1] > 0.3 * SECOND
    clock.set(ClockLine(0, time.time_ns(), -1.0))
    first = spinner.ask()[0]
    time.sleep(0.1)
    assert spinner.ask()[0] == first
    assert spinner.ask()[4] == 0, "the monotonic clock never went back"
    clock.close()


def test_the_monotonic_clock_runs_slow_and_never_steps_back(spinner: Spinner) -> None:
    clock = ProcessClock(spinner.process.pid)
    clock.set(TRUE, TRUE)
    # In the near future, as it takes a while to be set, if only a short one now that all is in place.
    began = time.monotonic_ns() + 2 * SECOND
    clock.set(TRUE, ClockLine(0, began, -0.5))
    while time.monotonic_ns() < began + SECOND // 4:
        time.sleep(0.05)
    left = ClockLine(0, began, -0.5).at(time.monotonic_ns())
    assert spinner.ask()[3] < time.monotonic_ns() + left // 2
    for _ in range(20):
        clock.set(TRUE, ClockLine(0, began, -0.5))
    clock.set(TRUE, ClockLine(left, 0, 0.0))
    time.sleep(0.1)
    assert spinner.ask()[4] == 0
    clock.close()


def test_what_is_set_is_read_back_and_others_are_not_touched(spinner: Spinner) -> None:
    other = Spinner([sys.executable, "-c", SPINNER])
    clock = ProcessClock(spinner.process.pid)
    assert clock.lines() == (TRUE, TRUE)
    lines = (ClockLine(5, 6, 0.25), ClockLine(-7, 8, -0.5))
    clock.set(*lines)
    again = ProcessClock(spinner.process.pid)
    assert again.installed and again.lines() == lines
    least, most = other.off()[0]
    assert least <= 0 <= most
    other.process.kill()
    other.process.communicate()


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_a_process_that_ends_is_not_found_rather_than_misread(spinner: Spinner) -> None:
    clock = ProcessClock(spinner.process.pid)
    clock.set(ClockLine(10**9))
    spinner.process.kill()
    spinner.process.wait()
    with pytest.raises(ProcessLookupError, match="has ended"):
        clock.lines()
    clock.close()
    with pytest.raises(OSError):
        ProcessClock(spinner.process.pid)


def test_every_call_of_c(tmp_path: Path) -> None:
    (tmp_path / "clock.c").write_text(C_PROGRAM)
    subprocess.run(["cc", "-o", tmp_path / "clock", tmp_path / "clock.c"], check=True)
    program = Spinner([str(tmp_path / "clock")])
    clock = ProcessClock(program.process.pid)
    clock.set(ClockLine(1000 * SECOND))
    before = time.time()
    told = program.ask()
    assert all(before - 1 <= each - 1000 <= time.time() for each in told)
    program.process.kill()
    program.process.communicate()


@pytest.mark.skipif(shutil.which("cc") is None or shutil.which("objcopy") is None, reason="no assembler")
def test_the_bytes_are_those_of_the_source(tmp_path: Path) -> None:
    source = Path(vdso.__file__).with_name("vdso_stub.S")
    subprocess.run(["cc", "-c", source, "-o", tmp_path / "stub.o"], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", tmp_path / "stub.o", tmp_path / "stub"], check=True)
    assert (tmp_path / "stub").read_bytes() == STUB


def test_lines() -> None:
    line = ClockLine(100, 1000, 0.5)
    assert line.at(1000) == 100 and line.at(1010) == 105 and line.at(990) == 95
    assert struct.calcsize("<q") * 6 == vdso.LINES.size == STUB.index(vdso.MAGIC)
