"""Fixtures and settings of all tests: signals, seed, temporary folders, the Hypothesis profile."""

import os
import secrets
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A shell that starts something in the background has it ignore Ctrl-C, and so would all that tests start in turn.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# On a busy machine an example may take any time, and so may making it; a test that hangs is ended by pytest-timeout.
settings.register_profile("splitbrain", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("splitbrain")

_folder: list[Path] = []

TESTS = Path(__file__).parent
REAL = ("app", "harness/environments", "targets")
"""Folders with tests of real processes: how these run is up to the machine, too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have a test of real processes that fails tried once more. One that fails again is a failure; the failure of one
    that does not is told at the end. All others, those with random examples too, have one try."""
    for item in items:
        where = item.path.relative_to(TESTS).as_posix()
        simulated = where.startswith(("harness/environments/sim/", "targets/stores/")) and "[local" not in item.name
        random = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if where.startswith(REAL) and not simulated and not random:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_configure(config: pytest.Config) -> None:
    """One fresh seed for all random tests of a run, in every process of it, unless one is given to repeat a failure;
    and temporary folders apart from those of other runs, which take the rights of ordinary users away from theirs."""
    os.environ.setdefault("SPLITBRAIN_TEST_SEED", str(secrets.randbits(32)))
    if config.option.basetemp is None:
        _folder.append(Path(tempfile.mkdtemp(prefix="splitbrain-tests-")))
        config.option.basetemp = str(_folder[0] / "of")


def pytest_sessionfinish(exitstatus: int) -> None:
    """Remove the temporary folders, unless a test failed: they may say why."""
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        for folder in _folder:
            shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the failures that did not come again, and the seed, whether tests failed or not."""
    again = {report.nodeid for report in terminalreporter.stats.get("failed", [])}
    once = [report for report in terminalreporter.stats.get("rerun", []) if report.nodeid not in again]
    if once:
        terminalreporter.section("failed once, and not when tried again: look for the reason")
        for report in once:
            terminalreporter.write_line(f"{report.nodeid} ({report.when})", bold=True)
            terminalreporter.write_line(report.longreprtext)
    for folder in _folder:
        if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
            terminalreporter.write_line(f"temporary folders are kept: {folder}")
    terminalreporter.write_line(f"SPLITBRAIN_TEST_SEED={os.environ['SPLITBRAIN_TEST_SEED']}")
