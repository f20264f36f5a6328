"""The terminal: runs on pseudo-terminals of any width, interrupted at any moment.

Whatever the width, what is drawn fits into it, nothing is left of the progress, and an interrupt is one sentence. Short
here; the long form has as many as the soaks.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from random import Random

import pytest

LENGTHS = (
    pytest.param(2, id="short"),
    pytest.param(60, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
)
WIDTHS = (1, 2, 10, 20, 37, 60, 80, 200)
KEYS = (b"q", b"\x1b[A", b"\n", b"\x00", b"\xff", b"y\n", b"\x1b[200~x\x1b[201~")
"""Bytes that somebody may type meanwhile; Ctrl-C is a signal of its own, Ctrl-S and Ctrl-Z stop a terminal."""
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")
END_SECONDS = 120.0


def on_a_terminal(
    words: list[str], width: int, place: Path, random: Random | None = None, *, interrupt: bool = False
) -> tuple[int, bytes]:
    """The exit code of a command and all that its terminal got. random: what keys are pressed and how the window is
    resized meanwhile; None: nobody touches it."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    run = subprocess.Popen(
        [sys.executable, "-m", "splitbrain", *words], stdin=inner, stdout=inner, stderr=inner, cwd=place,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "", "LINES": ""},
    )  # fmt: skip
    os.close(inner)
    got, deadline = b"", time.monotonic() + END_SECONDS
    presses = random.randrange(1, 6) if random is not None else 0
    try:
        while True:
            assert time.monotonic() < deadline, got
            if not select.select([outer], [], [], 0.05)[0]:
                continue
            try:
                more = os.read(outer, 65536)
            except OSError:  # Linux says so when nobody has the other side open any more
                break
            if not more:
                break
            got += more
            if random is not None and presses and b"main " in got:
                presses -= 1
                os.write(outer, random.choice(KEYS))
                fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, random.choice(WIDTHS), 0, 0))
            elif interrupt and b"main " in got:
                interrupt = False
                os.write(outer, b"\x03")
        return run.wait(END_SECONDS), got
    finally:
        run.kill()
        run.wait()
        os.close(outer)


@pytest.mark.parametrize("length", LENGTHS)
def test_runs_on_terminals_of_any_width(tmp_path: Path, length: int) -> None:
    for seed in range(length):
        random = Random(f"terminal {seed}")
        width, interrupt = random.choice(WIDTHS), random.random() < 0.5
        seconds = "100000" if interrupt else "15"
        words = ["run", "raft", "--nemesis", "all", "--seed", str(seed), "--time-limit", seconds, "--out", "o"]
        # A progress so narrow that it never shows the phase cannot be waited for.
        interrupt = interrupt and width >= 60
        if not interrupt:
            words[words.index("--time-limit") + 1] = "15"
        code, got = on_a_terminal(words, width, tmp_path, random, interrupt=interrupt)
        told = ESCAPES.sub(b"", got).decode(errors="replace")
        note = (seed, width, told[-2000:])
        assert "Traceback" not in told and "internal error" not in told, note
        assert code == (130 if interrupt else 0) or (not interrupt and code == 2), (code, *note)
        assert got.count(b"\x1b[?25l") == got.count(b"\x1b[?25h"), note
        if interrupt:
            assert told.count("interrupted; everything was healed") == 1, note


@pytest.mark.parametrize("width", [20, 60])
def test_the_progress_is_one_line_that_fits(tmp_path: Path, width: int) -> None:
    _, got = on_a_terminal(["run", "raft", "--seed", "1", "--time-limit", "20", "--out", "o"], width, tmp_path)
    # What is drawn last is erased, and the verdict, which may be longer, stands in its place.
    lines = [line.decode(errors="replace") for line in re.findall(rb"\x1b\[2K([^\x1b\r\n]+)", got)]
    drawn = [line for line in lines if line.startswith("raft")]
    assert drawn and max(map(len, drawn)) <= width, drawn


def test_a_second_interrupt_ends_it_too(tmp_path: Path) -> None:
    outer, inner = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "splitbrain", "run", "raft", "--time-limit", "100000", "--out", "o"],
        stdin=inner, stdout=inner, stderr=inner, cwd=tmp_path, start_new_session=True,
    )  # fmt: skip
    os.close(inner)
    got = b""
    try:
        while b"ok, " not in got:
            got += os.read(outer, 65536)
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGINT)
        deadline = time.monotonic() + END_SECONDS
        while run.poll() is None:
            assert time.monotonic() < deadline, got
            if select.select([outer], [], [], 0.05)[0]:
                try:
                    got += os.read(outer, 65536)
                except OSError:
                    break
        assert run.wait(END_SECONDS) == 130 and b"Traceback" not in got
    finally:
        run.kill()
        run.wait()
        os.close(outer)
