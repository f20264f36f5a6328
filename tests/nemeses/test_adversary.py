"""The adversary of the FLP theorem: raft has no leader as long as it reads along, and only liveness is lost."""

from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.verdict import Validity
from splitbrain.runner.execute import execute
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

LIMIT_S = 12.0
DEPOSED_S = 2.0
"""By then, who led before the adversary came has been deposed, or has no majority to answer it."""


def test_nobody_is_elected_and_nothing_is_refuted(tmp_path) -> None:
    prepared = plan(RunSpec("raft", nemesis="adversary", time_limit=LIMIT_S, seed=1))
    elected: list[MarkEvent] = []
    prepared.environment.marks.subscribe(elected.append, "leader")  # type: ignore[attr-defined]
    found = execute(prepared, tmp_path)
    assert not [event for event in elected if DEPOSED_S < event.time / 1e9 < LIMIT_S]
    assert elected[-1].time / 1e9 > LIMIT_S, "when it stops, somebody is"
    verdict = found.result.verdict
    assert verdict is not None
    assert {check.value for check in verdict.children} <= {Validity.VALID, Validity.UNKNOWN}
    assert not any(check.value is Validity.INVALID for check in verdict.children)
