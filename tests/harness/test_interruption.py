"""A signal ends a run, whichever process sent it, and the handlers are restored afterwards."""

import signal
import subprocess
import sys

import pytest

STORY = """
import asyncio, os, signal, sys
from splitbrain.harness.signals import interruptible
before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]

async def main():
    try:
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
        await asyncio.sleep(2)
        print("slept", end="")
    finally:
        print("healed", end="")

try:
    with interruptible():
        asyncio.run(main())
except KeyboardInterrupt:
    print(" interrupted", end="")
assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
"""


@pytest.mark.parametrize(
    ("ignored", "blocked", "sent", "printed"),
    [
        ((), (), "SIGINT", "healed interrupted"),
        ((), (), "SIGTERM", "healed interrupted"),
        ((), (), "SIGHUP", "healed interrupted"),
        ((signal.SIGINT,), (), "SIGTERM", "healed interrupted"),
        ((signal.SIGHUP,), (), "SIGHUP", "slepthealed"),
        ((), (signal.SIGINT, signal.SIGTERM), "SIGINT", "healed interrupted"),
        ((), (signal.SIGINT, signal.SIGTERM), "SIGTERM", "healed interrupted"),
    ],
    ids=[
        "ctrl-c",
        "term",
        "hang-up",
        "term in the background of a script",
        "hang-up under nohup",
        "ctrl-c below one that blocks it",
        "term below one that blocks it",
    ],
)
def test_signals_interrupt(
    ignored: tuple[signal.Signals, ...], blocked: tuple[signal.Signals, ...], sent: str, printed: str
) -> None:
    def begin() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_BLOCK, blocked)

    command = [sys.executable, "-c", STORY, sent]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, preexec_fn=begin)
    assert (done.stdout, done.stderr) == (printed, "")
