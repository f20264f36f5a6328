"""Whether a system lived: what is missing is told, and a system that served is not accused."""

from typing import Any

import pytest

from splitbrain.checkers.domain.service import LivenessCheck, ServiceCheck, quiet_times
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

SECOND = 1_000_000_000
REFUSED = ("refused", "connection refused")


class Recording:
    """A history written line by line, times in seconds."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.process = 0

    def fault(self, seconds: float, name: str) -> None:
        self._add(seconds, "nemesis", "info", name)

    def operation(self, began: float, ended: float, kind: str, f: str = "read", error: object = None) -> None:
        self.process += 1
        self._add(began, self.process, "invoke", f)
        self._add(ended, self.process, kind, f, error)

    def history(self) -> History:
        return History.of(sorted(self.events, key=lambda event: event.time))

    def _add(self, seconds: float, process: int | str, kind: str, f: str, error: object = None) -> None:
        more: dict[str, Any] = {} if error is None else {"error": error}
        self.events.append(
            Event(index=0, time=round(seconds * SECOND), process=process, type=kind, f=f, **more)
        )  # fmt: skip


def outage(answered_again_at: float | None) -> Recording:
    """Reads every half second for 30 s, a kill from 5 to 10 s, silence from then on until service is back."""
    recording = Recording()
    recording.fault(5, "start-kill")
    recording.fault(10, "stop-kill")
    for half in range(60):
        began = half / 2
        up = began < 5 or (answered_again_at is not None and began >= answered_again_at)
        recording.operation(began, began + 0.1, "ok" if up else "fail", error=None if up else REFUSED)
    return recording


def test_a_system_that_serves_is_valid() -> None:
    verdict = ServiceCheck(final_from=20 * SECOND).check(outage(11).history(), Budget())
    assert verdict.value is Validity.VALID, verdict.reason


def test_a_system_that_is_dead_after_the_heal_is_unknown() -> None:
    verdict = ServiceCheck(final_from=20 * SECOND).check(outage(None).history(), Budget())
    assert verdict.value is Validity.UNKNOWN
    assert "after the last heal" in verdict.reason
    assert "connection refused" in verdict.reason
    assert "1 of 1 final operations never succeeded" in verdict.reason


def test_an_operation_kind_that_never_succeeds_is_told_and_a_refused_precondition_is_an_answer() -> None:
    recording = Recording()
    for second in range(20):
        recording.operation(second, second + 0.1, "ok")
        recording.operation(second, second + 0.1, "fail", "write", REFUSED)
        recording.operation(second, second + 0.1, "fail", "cas", ("precondition", "another value"))
    verdict = ServiceCheck().check(recording.history(), Budget())
    assert verdict.value is Validity.UNKNOWN
    assert "none of 20 operations `write` succeeded (first error: refused: connection refused)" in verdict.reason
    assert "cas" not in verdict.reason


@pytest.mark.parametrize(
    ("back", "value"), [(12.0, Validity.VALID), (17.0, Validity.INVALID), (None, Validity.INVALID)]
)
def test_liveness_is_service_within_the_stated_time(back: float | None, value: Validity) -> None:
    verdict = LivenessCheck(5.0).check(outage(back).history(), Budget())
    assert verdict.value is value, verdict.reason
    assert (verdict.witness is not None) == (value is Validity.INVALID)


def test_liveness_is_unknown_where_faults_left_no_time_to_tell() -> None:
    assert LivenessCheck(60.0).check(outage(12).history(), Budget()).value is Validity.UNKNOWN
    assert LivenessCheck(5.0).check(Recording().history(), Budget()).value is Validity.UNKNOWN


def test_faults_that_overlap_leave_no_quiet_time() -> None:
    recording = Recording()
    for second, name in ((1, "start-a"), (2, "start-b"), (3, "stop-a"), (6, "stop-b"), (8, "start-a"), (9, "stop-a")):
        recording.fault(second, name)
    recording.operation(11, 12, "ok")
    found = [(quiet.begin, quiet.end) for quiet in quiet_times(recording.history())]
    assert found == [(6 * SECOND, 8 * SECOND), (9 * SECOND, 12 * SECOND)]


def test_clients_that_wait_for_what_a_fault_swallowed_do_not_hide_a_silence() -> None:
    recording = Recording()
    recording.fault(1, "start-pause")
    recording.fault(2, "stop-pause")
    recording.operation(6, 11, "info")
    recording.operation(11, 16, "info")
    verdict = LivenessCheck(2.0).check(recording.history(), Budget())
    assert verdict.value is Validity.INVALID
    assert "asked for at 6.000 s and should be there within 2 s; it was never" in verdict.reason


def test_the_adversary_is_no_fault_that_excuses_a_silence() -> None:
    recording = Recording()
    recording.fault(1, "start-adversary")
    for second in range(2, 8):
        recording.operation(second, second + 0.1, "fail", "read", REFUSED)
    recording.fault(9, "stop-adversary")
    verdict = LivenessCheck(5.0).check(recording.history(), Budget())
    assert verdict.value is Validity.INVALID
    assert verdict.reason.startswith("the adversary came at 1.000 s; service was asked for at 2.000 s")
    assert LivenessCheck(8.5).check(recording.history(), Budget()).value is Validity.UNKNOWN


def test_the_time_counts_from_the_heal_where_somebody_asked_soon() -> None:
    recording = Recording()
    recording.fault(1, "start-pause")
    recording.fault(2, "stop-pause")
    recording.operation(4, 8, "ok")
    assert LivenessCheck(5.0).check(recording.history(), Budget()).value is Validity.INVALID
