"""Execution of a plan: what a run in memory knows beyond its events, and what a refused one leaves."""

from pathlib import Path

import pytest

from splitbrain.campaigns.tasks import Task, lost
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import RunFolder
from splitbrain.results.result import RunStatus
from splitbrain.runner.execute import execute, execute_in_memory
from splitbrain.runner.launch import carry_out
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


NEEDY = """
from splitbrain.harness.deployment import Process
from splitbrain.harness.errors import UsageError
from splitbrain.targets.stores.single import Single

class Needy(Single):
    name = "needy"
    claims = ()

    def client(self, node):
        raise UsageError("it needs more")

async def ready(place):
    return True

def files(place):
    raise UsageError("it needs more")

class Real(Needy):
    deployments = (Process(argv=lambda place: ["sleep", "60"], port=1, ready=ready, files=files),)
"""


def left(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize(
    "spec",
    [
        RunSpec("./needy.py:Needy", workload="register", time_limit=1),
        pytest.param(
            RunSpec("./needy.py:Real", workload="register", time_limit=1, env="local"),
            marks=pytest.mark.skipif(namespaces.unavailable() is not None, reason="no namespaces"),
        ),
    ],
)
def test_a_run_that_is_refused_before_its_first_event_leaves_no_folder(
    spec: RunSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "needy.py").write_text(NEEDY)
    out = tmp_path / "runs"
    with pytest.raises(UsageError, match="it needs more"):
        carry_out(plan(spec), out)
    assert left(out) == []
    kept = execute(plan(RunSpec("raft", workload="register", time_limit=1)), out).folder
    before = left(out)
    with pytest.raises(UsageError, match="it needs more"):
        carry_out(plan(spec), out)
    assert left(out) == before and (out / "latest").resolve() == kept.path.resolve()


def test_the_line_of_a_task_whose_run_was_refused_has_a_folder(tmp_path: Path) -> None:
    task = Task("test", RunSpec("raft", workload="register", time_limit=1, seed=1), "valid", tmp_path, "all")
    line = lost(task, RunStatus.INFRASTRUCTURE, "it needs more", 1.0, tmp_path / "raft" / "register" / "gone")
    assert RunFolder.open(tmp_path / "latest").verdict()["reason"] == "it needs more" == line.plain["reason"]
