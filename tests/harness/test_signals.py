"""Signals interrupt wherever they come, and nothing of them stays."""

import signal
import sys
import threading
import weakref

import pytest

from splitbrain.harness.signals import interruptible


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
