"""Claims of textbooks: the file, measurements, intervals, the finding over seeds, and the command."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from splitbrain.cli.claims import code, command, lines
from splitbrain.cli.run import run
from splitbrain.cli.spec_options import spec_of
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.results.intervals import wilson
from splitbrain.runner.plan import plan
from splitbrain.textbook.catalogue import MEASUREMENTS
from splitbrain.textbook.claim import BookClaim, ClaimFinding, ClaimSample, RunShares, claims, found_if
from splitbrain.textbook.measure import MeasuredClaim, MeasuredFigure, chosen, measure
from splitbrain.textbook.page import page

DOCS = Path(__file__).parents[3] / "docs" / "claims.md"
CHEAP = (
    "availability-fleet", "availability-thousand",
    "delivery-checkpoints", "delivery-window", "delivery-upsert", "agreement-detectors",
)  # fmt: skip
IN_STORES = "partitions-moves", "partitions-index-window"
QUICK = [
    claim for claim in claims()
    if (claim.topic == "partitioning" and claim.name not in IN_STORES) or claim.name in CHEAP
]  # fmt: skip
REST = [claim for claim in claims() if claim not in QUICK]
ON_RECORD = BookClaim("moons", "tides", "there are two", "nobody", ClaimFinding.REFUTED, "There is one.", "look up")


def measured(*findings: ClaimFinding) -> MeasuredClaim:
    """A claim whose seeds came to these findings."""
    return MeasuredClaim(
        ON_RECORD,
        {
            seed: ClaimSample(found, {"nights": (seed, 10)}, {"km": [1.0 * seed]})
            for seed, found in enumerate(findings, 1)
        },
    )


def test_each_claim_has_a_name_a_source_and_a_measurement() -> None:
    names = [claim.name for claim in claims()]
    assert len(set(names)) == len(names)
    assert set(names) == MEASUREMENTS.keys()
    for claim in claims():
        assert claim.source and claim.why and claim.run.strip().startswith("splitbrain ")
        assert claim.finding is not ClaimFinding.UNSETTLED
        assert claim.topic not in names


@pytest.mark.parametrize("claim", QUICK, ids=lambda claim: claim.name)
def test_what_is_cheap_is_found_again(claim: BookClaim) -> None:
    (found,) = measure([claim], jobs=1)
    assert found.finding is claim.finding
    (again,) = measure([claim], jobs=1)
    assert again.to_json() == found.to_json()


@pytest.mark.long
@pytest.mark.parametrize("claim", REST, ids=lambda claim: claim.name)
def test_what_takes_longer_is_found_again(claim: BookClaim) -> None:
    (found,) = measure([claim], seeds=(1,), jobs=1)
    assert found.finding is claim.finding


def test_seeds_that_do_not_agree_settle_nothing() -> None:
    assert measured(ClaimFinding.REFUTED, ClaimFinding.REFUTED).finding is ClaimFinding.REFUTED
    torn = measured(ClaimFinding.REFUTED, ClaimFinding.CONFIRMED)
    assert torn.finding is ClaimFinding.UNSETTLED
    assert (code(torn), code(measured(ClaimFinding.REFUTED)), code(measured(ClaimFinding.CONFIRMED))) == (2, 0, 1)
    assert "  on record: refuted" in lines(torn)
    assert found_if(confirmed=True, refuted=True) is ClaimFinding.UNSETTLED
    assert found_if(confirmed=False, refuted=False) is ClaimFinding.UNSETTLED


def test_figures_have_intervals_over_all_seeds() -> None:
    figures = measured(*[ClaimFinding.REFUTED] * 9).figures
    share = figures["nights"]
    assert (share.value, share.of) == (45 / 90, 90)
    assert (round(share.low, 2), round(share.high, 2)) == (0.4, 0.6)
    kilometres = figures["km"]
    assert (kilometres.low, kilometres.value, kilometres.high) == (2.0, 5.0, 8.0), (
        "binomial(9, 1/2) within 2 to 7: 96 %"
    )
    few = measured(*[ClaimFinding.REFUTED] * 3).figures["km"]
    assert (few.low, few.value, few.high) == (1.0, 2.0, 3.0)


def test_trials_of_a_run_count_as_one_where_all_runs_agree_and_are_worth_less_where_runs_differ() -> None:
    def figure(*runs: tuple[int, int]) -> MeasuredFigure:
        found = RunShares()
        assert found.add("nights", runs) == (sum(part for part, _ in runs), sum(whole for _, whole in runs))
        return MeasuredClaim(ON_RECORD, {1: found.sample(ClaimFinding.REFUTED)}).figures["nights"]

    agreeing, torn = figure((0, 1000), (0, 1000), (0, 1000)), figure((0, 1000), (900, 1000), (0, 1000))
    alone = wilson(0, 3)
    assert (agreeing.low, agreeing.high, agreeing.of, agreeing.runs) == (alone.low, alone.high, 3000, 3)
    assert torn.low < 0.05 and torn.high > 0.75, "thousands of trials of three runs are not thousands of observations"
    assert agreeing.shown() == "0 % (0 to 56.1) of 3,000 in 3 runs"
    assert agreeing.to_json() == {"low": 0.0, "value": 0.0, "high": round(alone.high, 6), "of": 3000, "runs": 3}


def test_a_share_is_all_only_if_it_is_and_every_figure_shows_its_interval() -> None:
    assert MeasuredFigure(0.9996, 0.99996, 0.999999, 25000, True).shown() == "99.996 % (99.96 to 99.9999) of 25,000"
    assert MeasuredFigure(0.9, 1.0, 1.0, 30, True).shown() == "100 % (90 to 100) of 30"
    assert MeasuredFigure(70.0, 70.0, 70.0, 3, False).shown() == "70 (70 to 70) of 3"


def test_nines_come_from_the_share_and_its_interval_whichever_side_it_is_of() -> None:
    served = MeasuredFigure(0.98, 0.99, 0.999, 1000, True, served=True)
    lost = MeasuredFigure(0.001, 0.01, 0.02, 1000, True, served=False)
    for figure in (served, lost):
        assert figure.nines == pytest.approx((1.699, 2.0, 3.0), abs=0.001)
    assert served.shown() == "99 % (98 to 99.9) of 1,000; 2 nines (1.7 to 3)"
    always = MeasuredFigure(0.99, 1.0, 1.0, 380, True, served=True)
    assert always.shown() == "100 % (99 to 100) of 380; at least 2 nines"
    assert always.to_json()["nines"] == {"low": 2.0, "value": None, "high": None}


def test_a_folder_that_cannot_be_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = CliRunner().invoke(command, ["agreement-detectors", "--pictures", str(tmp_path / "file" / "below")])
    assert isinstance(told.exception, OSError) and told.stdout == ""


def test_a_process_that_is_ended_by_something_else_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenPool(ThreadPoolExecutor):
        def __init__(self, jobs: int, *settings: object) -> None:
            super().__init__(jobs)

        def submit(self, *asked: object, **named: object) -> Future[object]:  # type: ignore[override]
            raise BrokenProcessPool

    monkeypatch.setattr("splitbrain.textbook.measure.ProcessPoolExecutor", BrokenPool)
    with pytest.raises(InfrastructureError, match="ended by something else"):
        measure(chosen(["availability-fleet"]), jobs=2)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_goes_on_when_the_command_is_ended(number: signal.Signals) -> None:
    words = [sys.executable, "-m", "splitbrain", "claims", "availability-quorums", "--jobs", "2"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0)
    try:
        workers = eventually(lambda: len(found := children(running.pid)) >= 2 and found)
        running.send_signal(number)
        running.communicate(timeout=20)
        assert running.returncode == (130 if number == signal.SIGINT else -number)
        assert eventually(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    finally:
        running.kill()


def children(process: int) -> list[int]:
    """The workers of a process, once they have begun to measure."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()
    return [int(one) for one in found if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text(encoding="utf-8")]


def eventually(ask: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The answer to a question, asked again until there is one."""
    until = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return answer


def test_names_and_topics_choose_and_others_are_wrong_use() -> None:
    assert [claim.name for claim in chosen(["quorums-strong", "availability-fleet"])] == [
        "quorums-strong", "availability-fleet",
    ]  # fmt: skip
    assert {claim.topic for claim in chosen(["partitioning"])} == {"partitioning"}
    assert len(chosen([])) == len(claims())
    with pytest.raises(UsageError, match="no claim or topic 'quorum', did you mean"):
        chosen(["quorum"])


def test_the_command_tells_lines_json_and_the_page() -> None:
    words = ["partitions-few-keys", "--jobs", "1", "--seeds", "2"]
    told = CliRunner().invoke(command, words, standalone_mode=False)
    assert told.return_value == 0
    assert told.stdout.startswith("confirmed: partitions-few-keys: Ten keys")
    line = json.loads(CliRunner().invoke(command, [*words, "--json"], standalone_mode=False).stdout)
    assert list(line) == ["claim", "source", "finding", "measured", "run"]
    (figure,) = line["measured"].values()
    assert figure["low"] < figure["value"] < figure["high"]
    written = CliRunner().invoke(command, [*words, "--markdown"], standalone_mode=False).stdout
    assert "**confirmed** · `partitions-few-keys`" in written
    assert "| FoundationDB | default | CP |" in written


def test_the_page_in_the_documentation_has_what_is_on_record() -> None:
    written = DOCS.read_text(encoding="utf-8")
    for claim in claims():
        assert f"### {claim.claim}\n\n**{claim.finding.value}** · `{claim.name}` · {claim.source}\n" in written, (
            claim.name
        )
    assert written.startswith(page([]).partition("##")[0].rstrip())


def test_the_page_ends_with_what_tables_say_of_systems() -> None:
    told = CliRunner().invoke(command, ["--systems"])
    assert told.exit_code == 0 and DOCS.read_text(encoding="utf-8").endswith(f"\n\n{told.output}")
    with pytest.raises(UsageError, match="--systems measures no claim"):
        CliRunner().invoke(command, ["--systems", "--json"], catch_exceptions=False, standalone_mode=False)


COMMANDS = [line for claim in claims() for line in claim.run.split("\n") if line.startswith("splitbrain run ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_fits_what_there_is(line: str) -> None:
    words = shlex.split(line)[2:]
    asked = run.make_context("run", words).params
    made = plan(spec_of({name: value for name, value in asked.items() if name not in ("folder", "as_json")}))
    assert made.seed > 0
