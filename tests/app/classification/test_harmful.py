"""Stores made to mislead the method: each gets the right class."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.classification.card import Card, CardSubject
from splitbrain.classification.evidence import RunEvidence, evidence
from splitbrain.classification.figures import (
    ASKED_MIN,
    MeasuredScenario,
    class_facts,
    deadline_of,
    measured,
    side_figures,
)
from splitbrain.classification.rule import CapClass, ClassFinding, find_class
from splitbrain.cli.classify import command
from splitbrain.harness.verdict import Validity, Verdict

from .played import (
    HEALTHY_RUNS,
    MAJORITY,
    MINORITY,
    SECOND,
    SPLIT,
    WINDOWS,
    PlayedAnswer,
    Store,
    history,
    judged,
    played,
    refusing,
    runs_of,
    serving,
)


def found(runs: list[RunEvidence]) -> tuple[ClassFinding, list[MeasuredScenario]]:
    """The class of runs, and what it rests on."""
    windows = measured(runs, deadline_of(runs))
    return find_class(class_facts(runs, windows, nothing_to_split=False)), windows


def stale_reader(node: str, kind: str, split: bool) -> PlayedAnswer:
    """Answer of a store whose minority answers reads from what it has, and refuses writes."""
    refuses = split and node in MINORITY and kind == "write"
    return PlayedAnswer(1, "fail", ("unavailable", "read only")) if refuses else PlayedAnswer()


def one_node_refuses(node: str, kind: str, split: bool) -> PlayedAnswer:
    """Answer of a store whose every node serves but one, in the majority."""
    return PlayedAnswer(1, "fail", ("unavailable", "no")) if split and node == "n5" else PlayedAnswer()


def slow(node: str, kind: str, split: bool) -> PlayedAnswer:
    """Answer of a store whose minority always answers, after two seconds."""
    return PlayedAnswer(2_000) if split and node in MINORITY else PlayedAnswer()


def silent_majority(node: str, kind: str, split: bool) -> PlayedAnswer:
    """Answer of a store whose majority does not answer until the client gives up."""
    return PlayedAnswer(3_000, "info", ("timeout", "no answer")) if split and node in MAJORITY else PlayedAnswer()


def always_stale(node: str, kind: str, split: bool) -> PlayedAnswer:
    """Answer of a store whose every read returns what was there before all writes, split or not."""
    return PlayedAnswer(said=kind == "read")


def error_called_precondition(node: str, kind: str, split: bool) -> PlayedAnswer:
    """Answer of a store whose minority calls its refusals answers of a precondition."""
    return PlayedAnswer(1, "fail", ("precondition", "not now")) if split and node in MINORITY else PlayedAnswer()


def error_called_ok(node: str, kind: str, split: bool) -> PlayedAnswer:
    """Answer of a store whose minority answers ok at once, and does nothing."""
    return PlayedAnswer(1, said=True, done=False) if split and node in MINORITY else PlayedAnswer()


EXPECTED: dict[str, tuple[Store, str, str, str]] = {
    "refuses in the minority": (refusing, "CP", "CP", "CP"),
    "serves everywhere": (serving, "AP", "AP", "AP"),
    "stale reads": (stale_reader, "neither", "AP", "CP"),
    "one node refuses": (one_node_refuses, "neither", "neither", "CP"),
    "nothing but stale reads": (always_stale, "AP", "AP", "AP"),
    "slow": (slow, "neither", "neither", "CP"),
    "a silent majority": (silent_majority, "CP", "CP", "CP"),
    "an error called a precondition": (error_called_precondition, "CP", "CP", "CP"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_gets_its_class(name: str) -> None:
    store, cap, reads, writes = EXPECTED[name]
    finding, _ = found(runs_of(store))
    assert (finding.cap.value, finding.reads.value, finding.writes.value) == (cap, reads, writes), finding
    assert not finding.alarm


def test_errors_called_ok_lose_writes_and_are_never_consistent() -> None:
    runs = runs_of(error_called_ok)
    finding, _ = found(runs)
    assert runs[-1].models.linearizable is False
    assert (finding.cap, finding.reads, finding.writes) == (CapClass.NEITHER, CapClass.AP, CapClass.NEITHER)
    assert "gone after the heal" in finding.reason
    assert not finding.alarm


def test_stale_reads_without_faults_are_no_matter_of_splits() -> None:
    made = Card(CardSubject("store", ("linearizable", "AP"), "sim", 5), runs_of(always_stale))
    assert made.pacelc == "PA/EL"
    assert made.claims == {"linearizable": False, "AP": True}
    assert made.stale_reads["healthy"] > 0
    assert Card(CardSubject("store", (), "sim", 5), runs_of(serving)).stale_reads.get("healthy", 0) == 0


def test_a_slow_side_answers_by_two_definitions_of_three() -> None:
    runs = runs_of(slow)
    _, (splits,) = found(runs)
    figures = side_figures(splits, "minority")
    assert figures.tally.responded == figures.tally.answered == figures.tally.asked - figures.tally.pending > 100
    assert figures.tally.in_time == 0
    assert side_figures(splits, "majority").in_time.low > 0.8


def test_a_refusing_side_responds() -> None:
    _, (splits,) = found(runs_of(refusing))
    figures = side_figures(splits, "minority")
    assert figures.tally.responded == figures.tally.refused == figures.tally.asked > 100
    assert figures.tally.answered == figures.tally.timed_out == figures.tally.unknown == 0


def test_the_majority_is_told_apart() -> None:
    assert found(runs_of(refusing))[0].majority_serves == {SPLIT: True}
    assert found(runs_of(silent_majority))[0].majority_serves == {SPLIT: False}


def test_a_checker_that_lets_everything_through_sets_off_the_alarm() -> None:
    recorded = history(serving)
    honest = judged(recorded)
    assert honest.value is Validity.INVALID
    everything = [*honest.details["allowed"], *honest.details["refuted"]]
    blind = Verdict(
        Validity.VALID, "fine", "spectrum", "spectrum",
        details={**honest.details, "allowed": everything, "refuted": {}},
    )  # fmt: skip
    run = evidence(recorded, blind, SPLIT)
    finding, _ = found([runs_of(serving)[0], *[run] * 8])
    assert finding.cap is CapClass.UNDETERMINED
    assert "impossible" in finding.alarm


def test_a_split_that_cut_nothing_is_no_split() -> None:
    finding, _ = found([runs_of(refusing)[0], *[played(refusing, SPLIT, dropped=0)] * 8])
    assert finding.cap is CapClass.UNDETERMINED
    assert any("did nothing" in reason for reason in finding.missing)


def test_serving_in_splits_of_one_kind_alone_is_not_ap() -> None:
    runs = runs_of(serving)
    silent = [replace(one, requests=()) for one in runs[-1].windows]
    finding, _ = found([*runs, replace(runs[-1], scenario="split, leader on the larger side", windows=silent)])
    assert (finding.cap, finding.writes) == (CapClass.UNDETERMINED, CapClass.UNDETERMINED)
    assert any("no side of it was asked enough" in reason for reason in finding.missing)
    refuses, _ = found([*runs_of(refusing), replace(runs[0], scenario="other", windows=silent)])
    assert refuses.cap is CapClass.CP


def test_few_runs_settle_nothing() -> None:
    finding, _ = found(runs_of(refusing, splits=1))
    assert finding.cap is CapClass.UNDETERMINED
    assert finding.missing
    finding, _ = found(runs_of(serving, splits=1))
    assert finding.cap is CapClass.UNDETERMINED
    assert any("more windows" in reason for reason in finding.missing)


def test_few_operations_in_a_window_settle_nothing() -> None:
    healthy, run = runs_of(serving, 1)[-2:]

    def thinned(most: int) -> RunEvidence:
        """The run, if each node had been asked so many times for each kind, within what counts."""
        windows = []
        for window in run.windows:
            asked, kept = Counter[tuple[str, str]](), []
            for request in window.requests:
                asked[request.node, request.kind] += SECOND <= request.at <= window.length - 2 * SECOND
                if asked[request.node, request.kind] <= most and SECOND <= request.at <= window.length - 2 * SECOND:
                    kept.append(request)
            windows.append(replace(window, requests=tuple(kept)))
        return replace(run, windows=windows)

    enough, _ = found([healthy] + [thinned(ASKED_MIN)] * 8)
    assert enough.cap is CapClass.AP
    few, _ = found([healthy] + [thinned(ASKED_MIN - 1)] * 8)
    assert few.cap is CapClass.UNDETERMINED
    assert any("no side of it was asked enough" in reason or "no split" in reason for reason in few.missing)


def test_without_healthy_runs_nothing_is_said() -> None:
    finding, _ = found(runs_of(refusing)[HEALTHY_RUNS:])
    assert finding.cap is CapClass.UNDETERMINED


def test_a_side_without_clients_is_no_evidence() -> None:
    healthy, run = runs_of(serving, 1)[-2:]
    window = run.windows[0]
    assert {request.node for request in window.requests} == {*MINORITY, *MAJORITY}
    deaf = [
        replace(one, requests=tuple(request for request in one.requests if request.node in MAJORITY))
        for one in run.windows
    ]
    finding, _ = found([healthy, *[replace(run, windows=deaf)] * 8])
    assert finding.cap is CapClass.UNDETERMINED
    assert any("without clients on this side: minority" in reason for reason in finding.missing)


def test_healthy_runs_say_nothing_about_splits() -> None:
    healthy, split = runs_of(refusing)[0], runs_of(refusing)[-1]
    facts = class_facts([healthy] * 20 + [split] * 3, [], nothing_to_split=False)
    assert facts.confirmed == 3
    assert class_facts([healthy] * 20, [], nothing_to_split=True).confirmed == 0


def test_a_refutation_is_attributed_to_the_operation_that_cannot_be_placed() -> None:
    offending = runs_of(stale_reader)[-1].offending
    assert offending is not None
    assert (offending.kind, offending.place, offending.side) == ("read", "during partition", "minority")
    assert offending.node in MINORITY
    assert any(start < offending.at / 1e9 < stop for start, stop in WINDOWS)
    assert runs_of(refusing)[-1].offending is None


@pytest.mark.long
def test_a_store_of_the_simulator_whose_minority_takes_itself_for_a_majority_lies_about_its_claims(
    tmp_path: Path,
) -> None:
    words = ["abd:bug=half-is-a-majority", "--jobs", "1", "--out", str(tmp_path / "cards"), "--json"]
    found = CliRunner().invoke(command, words, standalone_mode=False)
    line = json.loads(found.stdout.splitlines()[0])
    assert (found.return_value, line["class"], line["reads"]) == (1, "neither", "AP"), line
    assert "after the heal" in line["reason"]
    assert line["claims"] == {"linearizable": False, "CP": False}
    assert line["availability"]["minority"][1] > 0.9
