"""What every test may take for granted, whoever started the tests."""

import os
import secrets
import signal

import pytest

# A shell that starts something in the background has it ignore Ctrl-C, and so would all that tests start in turn.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure() -> None:
    """One fresh seed for all random tests of a run, in every process of it, unless one is given to repeat a failure."""
    os.environ.setdefault("SPLITBRAIN_TEST_SEED", str(secrets.randbits(32)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The seed is told whether tests failed or not."""
    terminalreporter.write_line(f"SPLITBRAIN_TEST_SEED={os.environ['SPLITBRAIN_TEST_SEED']}")
