"""Steps of runs: the repetition that is recorded is the run, whatever the store and the world, and its page."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.cli.report import report
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import read
from splitbrain.harness.history import History
from splitbrain.results.folder import RunFolder
from splitbrain.runner.execute import execute
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.runner.steps import SPAN_NS_MAX, Span, record_steps, span_around, span_of_anomaly

SPEC = RunSpec("primary-backup:failover=timeout", nemesis="partition", time_limit=3, rate=60, seed=1)
SPAN = Span(1_000_000_000, 1_100_000_000)


@pytest.fixture(scope="module")
def refuted(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = execute(plan(SPEC), tmp_path_factory.mktemp("runs"))
    assert run.status.value == "invalid"
    return run.folder


@pytest.mark.parametrize(
    "spec",
    [
        RunSpec("raft", nemesis="kill,packet", world="overload"),
        RunSpec("quorum:n=3,w=1,r=1", nemesis="pause,powerloss", world="wan"),
        RunSpec("two-phase-commit", nemesis="kill", workload="list-append"),
        RunSpec("gossip", nemesis="partition"),
    ],
    ids=lambda spec: spec.target,
)
def test_recording_changes_nothing(spec: RunSpec, tmp_path: Path) -> None:
    run = execute(plan(replace(spec, time_limit=2, rate=40, seed=5)), tmp_path)
    steps = record_steps(run.folder, SPAN)
    assert {step.node for step in steps.steps} <= set(steps.nodes)
    assert len(steps.steps) > 5


def test_the_span_holds_the_operations_of_the_witness(refuted: RunFolder) -> None:
    history = read(refuted.recorded())
    result = refuted.result(history)
    span = span_of_anomaly(history, result.verdict)
    assert result.verdict is not None
    assert result.verdict.witness is not None
    for event in result.verdict.witness.events:
        assert span.begin <= history.time[event] <= span.end or span.cut
    assert span.end - span.begin <= SPAN_NS_MAX


def test_a_moment_has_a_span_around_it() -> None:
    assert span_around(3.0) == Span(2_750_000_000, 3_250_000_000)
    assert span_around(0.0).begin == 0


def test_a_run_without_an_anomaly_needs_a_moment() -> None:
    with pytest.raises(UsageError, match="name a moment with --at"):
        span_of_anomaly(History(), None)


def test_another_history_is_refused(tmp_path: Path) -> None:
    run = execute(plan(RunSpec("single", time_limit=2, rate=40, seed=5)), tmp_path)
    path = run.folder.recorded()
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[:-1])))
    with pytest.raises(UsageError, match="its history is another when it is repeated"):
        record_steps(run.folder, SPAN)


def test_the_command_writes_the_page(refuted: RunFolder) -> None:
    told = CliRunner().invoke(report, [str(refuted.path), "--steps", "--json"])
    assert told.exit_code == 0
    line = json.loads(told.output)
    page = Path(line["report"]).read_text()
    assert line["kind"] == "steps"
    assert "to the anomaly" in page
    moment = CliRunner().invoke(report, [str(refuted.path), "--steps", "--at", "2"])
    assert moment.exit_code == 0
    assert "1.750 s to 2.250 s" in Path(moment.output.strip()).read_text()


@pytest.mark.parametrize(
    ("words", "told"), [(["--at", "2"], "say --steps too"), (["--steps", "--at", "99"], "the run lasted from 0 to")]
)
def test_a_moment_that_means_nothing_is_refused(refuted: RunFolder, words: list[str], told: str) -> None:
    found = CliRunner().invoke(report, [str(refuted.path), *words])
    assert isinstance(found.exception, UsageError)
    assert told in str(found.exception)
