"""Signals that interrupt wherever they come, and of which nothing stays."""

import contextlib
import signal
import subprocess
import sys
import threading
import weakref

import pytest

from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.signals import interruptible, interrupts


class Gone:
    """Something to wait for the end of."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_where_exceptions_are_ignored_is_not_lost(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    handlers, hook = signal.getsignal(number), sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), interruptible():
        gone = Gone()
        told = weakref.ref(gone, lambda _: signal.raise_signal(number))
        del gone
        assert told() is None
        threading.Event().wait(60)
    assert "ignored" not in capfd.readouterr().err
    assert (signal.getsignal(number), sys.unraisablehook) == (handlers, hook)


def test_other_errors_that_are_ignored_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = []
    monkeypatch.setattr(sys, "unraisablehook", errors.append)
    with interruptible():
        gone = Gone()
        told = weakref.ref(gone, lambda _: 1 / 0)
        del gone
    assert told() is None and [error.exc_type for error in errors] == [ZeroDivisionError]


def became(error: Exception) -> None:
    """Raise what C code makes of an interrupt: another error, without a word of the first."""
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    raise error


def test_an_interrupt_that_became_another_error_is_one_again() -> None:
    with interruptible():
        with pytest.raises(KeyboardInterrupt) as found, interrupts.kept():
            became(SyntaxError("unknown Unicode character name"))
        assert isinstance(found.value.__cause__, SyntaxError)
        assert interrupts.requested()
    assert not interrupts.requested()


def test_an_inner_block_notes_the_same_signals() -> None:
    with interruptible():
        with interruptible(), contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert interrupts.requested()


def test_without_an_interrupt_errors_are_what_they_are() -> None:
    with pytest.raises(SyntaxError), interruptible(), interrupts.kept():
        raise SyntaxError
    with pytest.raises(InfrastructureError), interruptible(), interrupts.kept():
        became(InfrastructureError("a process is left"))


SCRIPT = """
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

    command = [sys.executable, "-c", SCRIPT, sent]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, preexec_fn=begin)
    assert (done.stdout, done.stderr) == (printed, "")
