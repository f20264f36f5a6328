"""Findings in logs: crashes as servers write them, at the beginning of a line or behind the time."""

from pathlib import Path

import pytest

from splitbrain.harness.environment import Death
from splitbrain.harness.logs import crashed, examine
from splitbrain.harness.verdict import Validity

TRACEBACK = """\
15:04:04 n2 serves clients on 198.18.0.12:7410
15:04:05 Traceback (most recent call last):
  File "runner.py", line 84, in _handle
    for effect in handler(now):
ZeroDivisionError: division by zero
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TRACEBACK, "n2 raised an exception (n2.log:5: ZeroDivisionError: division by zero)"),
        (
            "0.500000000 Traceback (most recent call last):\n0.500000000   File\n0.500000000 KeyError: 3\n",
            "n2 raised an exception (n2.log:3: 0.500000000 KeyError: 3)",
        ),
        (
            "Traceback (most recent call last):\n",
            "n2 raised an exception (n2.log:1: Traceback (most recent call last):)",
        ),
        ("2026/11/28 15:04:05 panic: no\n", "n2 panicked (n2.log:1: 2026/11/28 15:04:05 panic: no)"),
        ("[2026-11-28T15:04:05.123Z] fatal error: out of memory\n", None),
        ("==1==ERROR: AddressSanitizer: heap-use-after-free\n", None),
        ("SIGABRT: abort\nPC=0x474161 m=0 sigcode=0\n", "n2 aborted (n2.log:1: SIGABRT: abort)"),
        ("SIGSEGV: segmentation violation\nPC=0x0\n", None),
    ],
)
def test_a_crash_is_unknown_and_told(tmp_path: Path, text: str, reason: str | None) -> None:
    (tmp_path / "n1.log").write_text("calm\n")
    (tmp_path / "n2.log").write_text(text)
    verdict = examine(tmp_path)
    assert verdict is not None and verdict.value is Validity.UNKNOWN
    assert reason is None or verdict.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "--- splitbrain: starting server --on-panic: exit\n",
        '15:04:05 a client asked for "Traceback (most recent call last)" in vain\n',
        "the word panic: stands in a sentence\n",
        "SIGTERM: terminating\nSIGABRT: abort is a signal, says Wikipedia\n",
    ],
)
def test_calm_sentences_are_no_crash(tmp_path: Path, text: str) -> None:
    (tmp_path / "n1.log").write_text(text)
    verdict = examine(tmp_path)
    assert verdict is not None and verdict.value is Validity.VALID


def test_without_logs_nothing_is_said(tmp_path: Path) -> None:
    assert examine(tmp_path) is None


def test_a_death_that_was_a_crash_is_unknown_and_one_on_purpose_is_not() -> None:
    left = Death("n1", 5, "n1 exited with code 0 by itself")
    died = Death("n2", 7, "n2 died by itself: KeyError", crashed=True)
    assert crashed([]) is None and crashed([left]) is None
    verdict = crashed([left, died, died])
    assert verdict is not None and verdict.value is Validity.UNKNOWN
    assert verdict.reason == "n2 died by itself: KeyError" and verdict.details == {"deaths": [died.text]}
