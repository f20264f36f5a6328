"""Execution of a plan: what a run in memory knows beyond its events."""

from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

SPEC = RunSpec("raft", nemesis="partition", time_limit=5, nemesis_interval=1, rate=100, timeout=2, seed=3)


def test_operations_behind_one_that_hung_are_late_and_all_others_begin_when_they_are_due() -> None:
    with execute_in_memory(plan(SPEC)) as run:
        history, service = run.recorder.history, run.result.summary.service
    operations = history.operations()
    ends = {}  # client thread → when its last operation ended
    waited = set()
    for invoke, complete in zip(operations.invoke, operations.complete, strict=True):
        thread = history.process[invoke] % SPEC.concurrency
        if invoke in history.late and history.time[invoke] - history.late[invoke] <= ends.get(thread, -1):
            waited.add(invoke)
        ends[thread] = history.time[complete]
    assert waited
    assert waited == {invoke for invoke, late in history.late.items() if late > 1_000}
    assert service is not None
    assert service.from_due.p99_ms > service.from_begin.p99_ms
    assert service.from_due.p50_ms >= service.from_begin.p50_ms
