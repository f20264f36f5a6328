"""Rows of the benchmark that run, the same history for the peer, and right figures of both sides."""

import json
from xml.etree import ElementTree

import histories
import linearizability
import logs
import objects
import page
import peer
import plot
import pytest
import rows.objects
from histories import HistoryShape
from measuring import Goal, Line, Measurement, Peers, Report, compared
from peer import PeerAnswer, PeerProcess
from rows import ROWS, common

from splitbrain.checkers import porcupine
from splitbrain.harness.history import Event, History

CAS = porcupine.MODELS["cas-register"].make()


@pytest.fixture(scope="module")
def drivers():
    """The peer twice, built; skipped with a sentence where it cannot be."""
    started = [PeerProcess.start(2 << 30), PeerProcess.start(2 << 30, cores=2)]
    sentences = [word for word in started if isinstance(word, str)]
    if sentences:
        pytest.skip(sentences[0])
    yield started
    for driver in started:
        driver.close()


@pytest.fixture
def driver(drivers):
    return drivers[0]


def test_the_peer_agrees_on_registers_and_on_strings(driver):
    cases = [
        ("register", histories.register(HistoryShape(400, 5, cas=0.3, crashed=4, keys=keys, invalid=invalid)), invalid)
        for invalid in (False, True)
        for keys in (0, 3)
    ]
    for model in ("kv", "kv-whole"):
        cases += [(model, logs.like_kv(3, seed=7, invalid=invalid), invalid) for invalid in (False, True)]
    for number, (model, history, invalid) in enumerate(cases):
        driver.load(f"{number}", model, history)
        assert driver.check(f"{number}", 20).verdict == ("invalid" if invalid else "valid")
        driver.drop(f"{number}")


@pytest.mark.parametrize("family", objects.FAMILIES)
@pytest.mark.parametrize("wrong", [False, True])
def test_the_peer_agrees_on_other_objects(driver, family, wrong):
    """A container whose answers are old takes Porcupine very long, so the clients are few."""
    model = porcupine.MODELS[family].make(rows.objects.SETTINGS.get(family, {}))
    history = objects.history(family, objects.ObjectShape(60, 2, 0.05, wrong))
    ours = porcupine.check(model, history, common.budget(20), explain=False).value.value
    driver.load(family, family, history)
    assert driver.check(family, 20).verdict == ours == ("invalid" if wrong else "valid")
    driver.drop(family)


def test_more_registers_than_the_driver_has_room_for_are_an_error(driver):
    written = {f"r{number}": number for number in range(9)}
    history = History.of(
        Event(index=at, time=at, process=0, type=kind, f="write", value=written)
        for at, kind in enumerate(("invoke", "ok"))
    )
    with pytest.raises(RuntimeError, match="register 8, and no more than 8 fit"):
        driver.load("many", "multi-register", history)


def test_the_peer_says_how_much_memory_it_took_and_runs_out_of_time(driver):
    driver.load("a", "register", histories.register(HistoryShape(300, 5)))
    once = driver.once("a", 10)
    assert once.verdict == "valid"
    assert 1 << 20 < once.peak_bytes < 1 << 30
    driver.load("b", "register", histories.register(HistoryShape(3000, 25, values=0, invalid=True)))
    assert driver.check("b", 0.2).verdict == "unknown"
    assert driver.check("a", 10).verdict == "valid"


def test_a_peer_that_died_is_started_again(driver):
    driver.load("a", "register", histories.register(HistoryShape(100, 5)))
    driver.close()
    assert driver.check("a", 10).verdict == "valid"


def test_without_go_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(peer.shutil, "which", lambda name: None)
    assert PeerProcess.start(1 << 30) == "Go is not installed, so nothing is compared with Porcupine."


def test_a_ratio_is_known_bounded_or_absent():
    finished, late = PeerAnswer(2.0, 2.0, "valid"), PeerAnswer(None, 5.0, "unknown")
    assert compared("w", 0.5, "valid", [finished, finished]) == Line("w", 0.5, "valid", 2.0, "valid", 4.0)
    assert compared("w", 0.5, "valid", [late]) == Line("w", 0.5, "valid", None, "unknown", 10.0, ">")
    assert compared("w", 4.0, "unknown", [finished]) == Line("w", None, "unknown", 2.0, "valid", 0.5, "<")
    assert compared("w", 4.0, "unknown", [late]) == Line("w", None, "unknown", None, "unknown")
    assert compared("w", 4.0, "invalid", [finished]).disagreement


def test_a_case_that_both_sides_decide(drivers, tmp_path):
    bench = Measurement(Peers(*drivers, 10), 2, 10, True, tmp_path)
    history = histories.register(HistoryShape(200, 5))
    line = bench.against("one", "register", history, common.check(CAS, history, 10))
    assert line.verdict == line.peer_verdict == "valid"
    assert line.ratio == pytest.approx(line.peer_seconds / line.seconds)


@pytest.mark.parametrize(
    "row", [pytest.param("etcd-calls", marks=pytest.mark.long), "etcd-command", "kv-small", "containers"]
)
def test_rows_run_without_a_peer(row, tmp_path):
    report = ROWS[row](Measurement(None, 1, 10, True, tmp_path))
    assert report.lines
    assert all(goal.met is None for goal in report.goals if "ratio" in goal.name)
    assert json.loads(report.to_json())["row"] == row
    assert linearizability.table(report)[1].startswith(row)


def test_goals_are_told():
    assert linearizability.told(Goal("ratio", 3.0, "≥", 2)) == "  reached   ratio 3 (goal ≥ 2)"
    assert linearizability.told(Goal("seconds", 3.0, "≤", 2)) == "  MISSED    seconds 3 (goal ≤ 2)"
    assert linearizability.told(Goal("seconds", None, "≤", 2)) == "  not known seconds – (goal ≤ 2)"


def test_a_bound_from_below_says_nothing_against_a_goal():
    exact, bounded = Line("w", 1, "valid", 30, "valid", 30.0), Line("w", 1, "valid", None, "unknown", 10.0, ">")
    assert common.least("n", [exact], 25).met is True
    assert common.least("n", [exact, bounded], 25) == Goal("n", 10.0, "≥", 25, at_least=True)
    assert common.least("n", [exact, bounded], 25).met is None
    assert common.least("n", [exact, bounded], 40) == Goal("n", 30.0, "≥", 40)
    assert common.least("n", [exact, bounded], 5).met is True
    assert common.mean([exact, bounded], 100).met is None


def test_a_table_says_what_did_not_finish():
    line = Line("w", None, "unknown", 2.0, "valid", 0.5, "<")
    assert linearizability.table(Report("r", "t", [line]))[3].split() == ["w", "unknown", "–", "2", "s", "<0.5"]


def test_figures_are_written_between_the_marks_of_a_page(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(f"before\n<!-- {page.MARK}: begin -->\nold\n<!-- {page.MARK}: end -->\nafter\n")
    goals = [
        Goal("ratio", 3.14159, "≥", 4),
        Goal("seconds", 0.5, "≤", 1),
        Goal("least", 12345.0, "≥", 9, at_least=True),
    ]
    page.write(path, "a machine", [Report("r", "some work", [], goals)], ["q", "r"])
    text = path.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    figures = "ratio: 3.14 (≥ 4) **missed**; seconds: 0.5 (≤ 1); least: >12,345 (≥ 9)"
    assert f"| some work | {figures} | `--only r` |" in text
    path.write_text("no marks")
    with pytest.raises(ValueError, match="has no"):
        page.write(path, "a machine", [], [])


def test_rows_that_were_not_measured_again_stay(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(f"<!-- {page.MARK}: begin -->\n<!-- {page.MARK}: end -->\n")
    order = ["a", "b", "c"]
    for measured in ("ac", "b", "a"):
        reports = [Report(row, f"{row} of {measured}", [], []) for row in measured]
        page.write(path, "a machine", reports, order)
    table = [line for line in path.read_text().splitlines() if "--only" in line]
    assert [line.split("|")[1].strip() for line in table] == ["a of a", "b of b", "c of ac"]
    with pytest.raises(ValueError, match="a, c were not measured like this"):
        page.write(path, "another machine", [Report("b", "b", [], [])], order)


def test_a_picture_is_well_formed_and_holds_every_curve():
    curves = [
        plot.Curve("splitbrain, c 5", "#123456", False, [(1000, 0.001), (10_000, 0.02)]),
        plot.Curve("Porcupine, c 5", "#654321", True, [(1000, 0.01)]),
    ]
    drawn = ElementTree.fromstring(plot.svg(curves, "a < b"))
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"splitbrain, c 5", "Porcupine, c 5", "a < b", "0.001 s", "10,000"} <= set(texts)
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}circle"))) == 3
