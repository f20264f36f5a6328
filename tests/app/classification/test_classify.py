"""`splitbrain classify`: a simulated target from runs to card, the same card again from histories, and exit codes."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain import classify
from splitbrain.campaigns.calls import CampaignInterrupted
from splitbrain.campaigns.outcome import CampaignResult
from splitbrain.classification import rounds
from splitbrain.classification.calls import Classified, is_folder, write_card
from splitbrain.classification.card import Card, CardSubject
from splitbrain.classification.card_file import card_file
from splitbrain.classification.changes import CardChanges, changes, earlier_cards
from splitbrain.classification.evidence import SPLITS, RunEvidence
from splitbrain.classification.letters import in_a_line, letters
from splitbrain.classification.markdown import markdown
from splitbrain.classification.page import axis_labels, render
from splitbrain.classification.rounds import Classification, base_spec
from splitbrain.classification.rule import CapClass
from splitbrain.classification.scenarios import SCENARIOS, seeds_of
from splitbrain.classification.words import facts, how_long, lines, missing
from splitbrain.cli.classify import code, command, grid, json_lines
from splitbrain.harness.errors import UsageError
from splitbrain.registry import TARGETS
from splitbrain.textbook.designs import DesignCost, OperationCost
from splitbrain.textbook.systems import claim_of, textbook

from .played import MAJORITY, MINORITY, SPLIT, PlayedAnswer, Store, played, refusing, runs_of, serving
from .test_harmful import error_called_ok


def card(store: Store, *claims: str, **more: object) -> Card:
    """The card of a store that is a rule."""
    subject = CardSubject("store", claims, "sim", 5, **more)  # type: ignore[arg-type]
    return Card(subject, runs_of(store))


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Classified]:
    folder = tmp_path_factory.mktemp("classified") / "cards"
    return folder, classify("single", jobs=1, out=folder)


def test_one_copy_is_ca_and_all_files_are_there(single: tuple[Path, Classified]) -> None:
    folder, found = single
    (made,) = found.cards
    assert made.finding.cap is CapClass.CA
    assert made.pacelc == "P–/EC"
    assert made.claims == {"linearizable": True}
    assert code(made) == 0
    assert [cost.kind for cost in made.subject.costs] == ["read", "write"]
    assert {path.name for path in (folder / "single").iterdir()} == {
        "badge.svg", "card.html", "card.json", "card.md", "runs",
    }  # fmt: skip
    written = json.loads((folder / "single" / "card.json").read_text())
    assert written["class"] == "CA"
    assert all((folder / "single" / run["run"] / "report.html").is_file() for run in written["evidence"])
    assert (folder / "single" / "card.md").read_text().startswith("# single: CA")
    assert ">CA</text>" in (folder / "single" / "badge.svg").read_text()
    assert not (folder / "campaigns").exists()


def test_the_card_is_computed_again_from_the_histories_alone(single: tuple[Path, Classified], tmp_path: Path) -> None:
    folder, found = single
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare)
    for judged in (*bare.glob("single/card.*"), *bare.glob("single/runs/*/verdict.json")):
        judged.unlink()
    (again,) = classify(bare).cards
    assert card_file(again) == card_file(found.cards[0])
    assert render(again) == (folder / "single" / "card.html").read_text()
    shutil.rmtree(next(bare.glob("single/runs/crash-*")))
    (less,) = classify(bare).cards
    assert len(less.runs) == len(again.runs) - 1
    assert code(less) == 2


def test_the_same_seed_gives_the_same_card_and_an_attempt_that_was_cut_short_is_gone_on_with(tmp_path: Path) -> None:
    (whole,) = classify("single", jobs=1, seeds=2, out=tmp_path / "whole").cards
    cut = tmp_path / "cut"
    (few,) = classify("single", jobs=1, seeds=1, out=cut).cards
    assert len(few.runs) < len(whole.runs)
    first = sorted((cut / "single" / "runs").iterdir())
    made = [path.stat().st_ino for path in first]
    damaged = cut / "single" / "runs" / "healthy-1" / "test.toml"
    damaged.write_text("")
    elsewhere = cut / "single" / "runs" / "crash-of-a-majority-1"
    shutil.copytree(cut / "single" / "runs" / "crash-of-one-node-1", elsewhere)
    (resumed,) = classify("single", jobs=1, seeds=2, out=cut, resume=True).cards
    assert card_file(resumed) == card_file(whole)
    assert not elsewhere.exists()
    again = [path.stat().st_ino for path in first]
    assert [path.name for path, old, new in zip(first, made, again, strict=True) if old != new] == ["healthy-1"]


def test_a_run_that_is_missing_is_made_up_for_where_the_others_settle_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once_hit = property(lambda one: any(name != "healthy" for name, _ in one.runs))
    monkeypatch.setattr(rounds.Classification, "settled", once_hit)
    (whole,) = classify("single", jobs=1, seeds=1, out=tmp_path).cards
    shutil.rmtree(tmp_path / "single" / "runs" / "skewed-clocks-1")
    (mended,) = classify("single", jobs=1, seeds=1, out=tmp_path, resume=True).cards
    assert card_file(mended) == card_file(whole)


def test_an_interrupted_classification_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise CampaignInterrupted(CampaignResult("one", "campaigns/one", ()))

    monkeypatch.setattr(rounds, "campaign", interrupted)
    with pytest.raises(KeyboardInterrupt, match=f"--resume and --out {tmp_path}"):
        classify("single", jobs=1, out=tmp_path)


def test_a_line_has_what_machines_ask_for() -> None:
    line = card(serving, "CP", "linearizable", "read-your-writes").line()
    assert line["class"] == line["reads"] == line["writes"] == "AP"
    assert line["pacelc"] == "PA/EC"
    assert line["strongest_healthy"] == ["linearizable"]
    assert "linearizable" not in line["strongest"]
    assert line["claims"]["CP"] is False
    assert line["claims"]["linearizable"] is False
    for side in ("majority", "minority"):
        low, share, high = line["availability"][side]
        assert 0.8 < low < share == high == 1
    assert (line["lost_writes"], line["runs"]) == (0, 16)


def test_answers_without_another_copy_trade_consistency_for_latency() -> None:
    assert card(serving, round_trip_ms=2.0).pacelc == "PA/EL"
    assert card(serving, round_trip_ms=1.0).pacelc == "PA/EC"
    assert card(refusing, round_trip_ms=2.0).pacelc == "PC/EC"


def test_a_claim_that_does_not_hold_is_a_lie_told_by_the_exit_code() -> None:
    assert code(card(serving, "linearizable", "CP")) == 1
    assert code(card(serving, "AP")) == 0
    assert code(card(refusing, "linearizable", "CP")) == 0
    assert code(card(refusing, "AP")) == 1
    assert code(card(refusing)) == 0


def test_what_is_open_is_two_and_what_could_not_be_run_is_three() -> None:
    few = Card(CardSubject("store", ("CP",), "sim", 5), runs_of(refusing, splits=1))
    assert few.claims == {"CP": None}
    assert code(few) == 2
    nothing = Card(CardSubject("store", (), "local", 5, failed=("healthy: no server",)), [])
    assert nothing.finding.cap is CapClass.UNDETERMINED
    assert code(nothing) == 3


def test_the_reason_why_nothing_could_be_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    done = CliRunner().invoke(
        command, ["etcd", "--env", "docker", "--out", str(tmp_path / "cards")], standalone_mode=False
    )
    assert done.return_value == 3, done.output
    told = "a run could not be carried out: Docker does not answer at unix://"
    assert f"nothing could be run: etcd: healthy: {told}" in done.stderr
    missing = done.stdout.partition("what is missing:")[2]
    assert told in missing
    assert told in str(json.loads((tmp_path / "cards/etcd/card.json").read_text())["missing"])


def without(run: RunEvidence, *names: str) -> RunEvidence:
    """The run, if these models had not been decided."""
    models = run.models
    allowed = [name for name in models.allowed if name not in names]
    return replace(run, models=replace(models, allowed=allowed, undecided=dict.fromkeys(names, "budget")))


def test_a_claim_that_was_not_settled_is_two_though_the_class_is() -> None:
    runs = [without(run, "sequential", "causal-memory") for run in runs_of(serving)]
    made = Card(CardSubject("store", ("causal-memory", "AP"), "sim", 5), runs)
    assert made.finding.cap is CapClass.AP
    assert made.claims == {"causal-memory": None, "AP": True}
    assert code(made) == 2
    reason = "confirmed in 0 runs with faults, of 8 at least, and not decided in 8"
    assert made.line()["open_claims"] == {"causal-memory": reason}
    for told in ("\n".join(lines(made)), render(made), markdown(made)):
        assert f"claim causal-memory: not settled: {reason}" in told
    assert "not settled: causal-memory" in grid(Classified((made,)))[1]


def test_a_card_says_what_the_target_is() -> None:
    made = Card(CardSubject("store", (), "sim", 5, summary="replicas that <never> agree"), runs_of(serving))
    assert "replicas that &lt;never&gt; agree" in render(made)
    assert "replicas that \\<never\\> agree." in markdown(made)
    assert card_file(made)["summary"] == "replicas that <never> agree"


def test_a_scenario_that_could_not_be_carried_out_is_told_where_the_class_is_found_all_the_same() -> None:
    reason = "pause of the leader: a run could not be carried out: it was not over after 206 s"
    made = Card(CardSubject("store", (), "sim", 5, failed=(reason,)), runs_of(serving))
    assert made.finding.cap is CapClass.AP
    for told in (" ".join("\n".join(lines(made)).split()), render(made), markdown(made)):
        assert reason in told


def test_a_claim_that_nobody_knows_is_not_settled() -> None:
    made = card(refusing, "linearisable", "CP")
    assert made.claims == {"linearisable": None, "CP": True}
    assert "misspelt" in made.open_claims["linearisable"]
    assert code(made) == 2


def test_a_claim_beyond_single_keys_is_told_and_decides_nothing() -> None:
    made = card(refusing, "serializable", "mutual-exclusion", "linearizable")
    assert made.claims == {"serializable": None, "mutual-exclusion": None, "linearizable": True}
    assert set(made.line()["claims_outside"]) == {"serializable", "mutual-exclusion"}
    assert code(made) == 0
    assert any("claim serializable: not judged here: not about single keys" in line for line in lines(made))
    assert "hold" in grid(Classified((made,)))[1]
    assert "not judged here" in grid(Classified((card(refusing, "serializable"),)))[1]
    refuted = card(serving, "strict-serializable", "serializable")
    assert refuted.claims == {"strict-serializable": False, "serializable": None}
    assert code(refuted) == 1


def test_one_copy_refutes_no_claim_about_splits() -> None:
    runs = [replace(run, scenario="crash of the leader") if run.windows else run for run in runs_of(refusing)]
    made = Card(CardSubject("store", ("linearizable", "CP"), "local", 1, nothing_to_split=True), runs)
    assert made.finding.cap is CapClass.CA
    assert made.claims == {"linearizable": True, "CP": None}
    assert (made.open_claims, code(made)) == ({}, 0)
    wrong = Card(CardSubject("store", ("CP",), "local", 1, nothing_to_split=True), runs_of(serving))
    assert (wrong.finding.cap, code(wrong)) == (CapClass.NEITHER, 1)


def test_runs_go_on_until_claims_are_settled_too() -> None:
    began = Classification.of(base_spec("raft"))
    runs = [replace(run, scenario=SPLITS[0]) if run.windows else run for run in runs_of(serving, 4)]
    began.runs |= {(run.scenario, seed): run for seed, run in enumerate(runs)}
    for claims, settled in (((), True), (("linearizable",), True), (("causal-memory",), False)):
        began.subject = replace(began.subject, claims=claims)
        assert began.card.finding.cap is CapClass.AP
        assert began.settled is settled


def test_faults_that_did_nothing_support_no_claim_and_no_letter() -> None:
    runs = [*runs_of(refusing)[:8], *[played(refusing, SPLIT, dropped=0)] * 8]
    made = Card(CardSubject("store", ("CP", "linearizable"), "sim", 5), runs)
    assert made.claims == {"CP": None, "linearizable": None}
    assert made.pacelc == "P?/EC"
    assert code(made) == 2


def test_a_kind_of_split_that_was_not_run_is_no_split_in_which_all_served() -> None:
    why = {"split, leader on the larger side": "no permission"}
    open_card = card(serving, "AP", not_run=why)
    assert (open_card.finding.cap, open_card.claims["AP"], code(open_card)) == (CapClass.UNDETERMINED, None, 2)
    assert card(refusing, not_run=why).finding.cap is CapClass.CP


def test_questions_that_an_environment_leaves_open_are_told() -> None:
    why = {"split, leader on the smaller side": "no permission"}
    alone = Card(CardSubject("store", (), "local", 5, not_run=why), runs_of(refusing)[:8])
    assert alone.finding.cap is CapClass.UNDETERMINED
    assert any("no permission" in one for one in alone.finding.missing)
    assert any("no permission" in line for line in lines(alone))
    assert code(alone) == 2


def test_a_cluster_of_one_of_a_store_that_copies_is_not_ca() -> None:
    alone = Classification.of(base_spec("raft", 1))
    assert not alone.subject.nothing_to_split
    assert "split, leader on the smaller side" in alone.subject.not_run
    one_copy = Classification.of(base_spec("single"))
    assert one_copy.subject.nothing_to_split
    assert one_copy.subject.nodes == 1
    assert not Classification.of(base_spec("single", 5)).subject.nothing_to_split


def test_a_database_is_one_copy_unless_standbys_have_a_say() -> None:
    assert Classification.of(base_spec("postgresql")).subject.nothing_to_split
    assert not Classification.of(base_spec("postgresql", 3)).subject.nothing_to_split
    for standbys in ("postgresql:quorum=1", "postgresql:failover=promote"):
        made = Classification.of(base_spec(standbys)).subject
        assert (made.nodes, made.nothing_to_split) == (5, False)


def test_nodes_that_share_a_folder_are_one_copy_however_many_they_are() -> None:
    for nodes in (1, 3):
        made = Classification.of(base_spec("deltalake", nodes))
        assert made.subject.nothing_to_split
        assert not any(one.split for one in made.plan.scenarios)
        assert not any("split" in name for name in made.subject.not_run)


def test_what_has_no_reads_and_writes_of_keys_cannot_be_classified() -> None:
    with pytest.raises(UsageError, match=r"kafka cannot be classified: .* it has no read and no write; .* fit: log"):
        Classification.of(base_spec("kafka"))


def test_the_terminal_and_the_grid_begin_with_the_class() -> None:
    made = card(serving, "CP")
    assert lines(made)[0].startswith("AP: store: every live node serves")
    assert max(map(len, lines(made))) <= 120
    assert len(lines(made)) <= 40
    told = grid(Classified((made, card(refusing))))
    assert [line.split()[:2] for line in told[1:3]] == [["store", "CP"], ["store", "AP"]]
    assert "refuted: CP" in told[2]
    assert [line["class"] for line in json_lines(Classified((made,)))] == ["AP"]


def test_each_kind_of_fault_is_told_with_what_it_does_to_consistency() -> None:
    made = card(serving)
    rows = [line.rstrip() for line in lines(made) if SPLIT in line and "(" in line]
    assert [row.endswith("refuted in 8 of 8") for row in rows] == [True, False]
    assert card_file(made)["linearizable"] == {SPLIT: [8, 0, 0]}
    assert markdown(made).count("refuted in 8 of 8") == render(made).count("refuted in 8 of 8") == 1
    assert "not refuted in 8" in render(card(refusing))
    kept = Card(made.subject, [replace(run, run="runs/split-1") for run in made.runs])
    assert "| `runs/split-1` |" in markdown(kept)


def test_an_open_class_says_how_long_it_would_take() -> None:
    few = Card(CardSubject("store", (), "sim", 5), runs_of(serving, splits=2))
    assert few.finding.cap is CapClass.UNDETERMINED
    assert (few.finding.more_windows, few.finding.more_runs) == (6, 0)
    assert any(one.startswith("that is 2 more runs with splits at least, of 29 s") for one in missing(few))
    unseen = Card(CardSubject("store", (), "sim", 5), runs_of(refusing, splits=3))
    assert (unseen.finding.more_windows, unseen.finding.more_runs) == (0, 5)
    assert any("5 more runs with splits at least" in one for one in missing(unseen))
    assert not how_long(card(serving))


def test_the_grid_has_what_nodes_do_that_other_faults_left_running() -> None:
    def crashed(run: RunEvidence) -> RunEvidence:
        windows = [replace(one, sides={"hit": MINORITY, "others": MAJORITY}) for one in run.windows]
        return replace(run, scenario="crash of a minority", windows=windows)

    right, wrong = (
        Card(CardSubject(name, (), "sim", 5), [crashed(run) if run.windows else run for run in runs_of(store)])
        for name, store in (("right", refusing), ("wrong", serving))
    )
    told = grid(Classified((right, wrong, card(serving))))
    start = next(number for number, line in enumerate(told) if "under other faults" in line)
    assert [line.split(maxsplit=1) for line in told[start + 1 : start + 4]] == [
        ["store", "–"], ["right", "100 %"], ["wrong", "100 %, refuted"],
    ]  # fmt: skip
    assert told[start].split("  ")[-1].strip() == "crash: minority"


def test_a_card_tells_what_an_operation_costs_beside_its_design() -> None:
    costs = (
        OperationCost("read", 190, 2.2, 7.94, 4712.0, DesignCost(2, 8, 4)),
        OperationCost("write", 190, 3.5, 15.6, 9400.0),
    )
    made = card(refusing, costs=costs)
    read = "2.2 (2) round trips, 7.9 (8) messages, 4.7 (4) kB (in brackets: by design)"
    write = "3.5 round trips, 15.6 messages, 9.4 kB; no design is on record"
    assert [line.split(maxsplit=4)[-1] for line in lines(made) if line.startswith("  cost of a")] == [read, write]
    for page in (render(made), markdown(made)):
        assert read in page
        assert write in page
    written = card_file(made)["costs"]
    assert written["read"]["design"] == {"round_trips": 2, "messages": 8, "bytes": 4000}
    assert (written["write"]["bytes"], written["write"]["design"]) == (9400, None)
    assert max(map(len, lines(made))) <= 120


def test_latency_is_told_in_round_trips_that_were_measured_where_no_simulator_knows_them() -> None:
    measured = [
        replace(run, round_trip_ms=trip) for run, trip in zip(runs_of(serving)[:3], (0.5, 2.0, 1.0), strict=True)
    ]
    made = Card(CardSubject("store", (), "local", 5), measured)
    assert made.round_trip_ms == card_file(made)["round_trip_ms"] == 1.0
    assert made.latency_ms["read"]["round_trips"] == round(made.latency_ms["read"]["p50"], 1)
    assert Card(CardSubject("store", (), "local", 5), runs_of(serving)[:3]).round_trip_ms is None


def test_the_page_tells_copies_that_differ_from_writes_that_were_thrown_away() -> None:
    forgets = Card(CardSubject("store", (), "sim", 5), runs_of(error_called_ok))
    assert "throws away what one side was told" in render(forgets)
    assert in_a_line(forgets).endswith("after the heal lost")
    differs = [replace(run, final=replace(run.final, differing=("k1",))) for run in runs_of(serving)]
    page = render(Card(forgets.subject, differs))
    assert in_a_line(Card(forgets.subject, differs)).endswith("after the heal copies differ")
    assert "its copies do not all become equal" in page
    assert "throws away" not in page


def test_text_of_a_target_steers_no_page() -> None:
    subject = CardSubject("<script>x</script>", (), "sim", 5)
    page = render(Card(subject, runs_of(serving)))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "when the network heals" in page


def test_the_page_says_what_became_of_each_letter() -> None:
    few = Card(CardSubject("store", (), "sim", 5), runs_of(refusing, splits=0))
    found = {store: [(one.letter, one.found) for one in letters(made)]
             for store, made in (("CP", card(refusing)), ("AP", card(serving)), ("few", few))}  # fmt: skip
    assert found == {
        "CP": [("C", "kept"), ("A", "given up"), ("P", "no choice"), ("", "kept")],
        "AP": [("C", "given up"), ("A", "kept"), ("P", "no choice"), ("", "kept")],
        "few": [("C", "not settled"), ("A", "not settled"), ("P", "no choice")],
    }
    page = render(card(serving))
    assert "wrong answers in 8 of 8 runs with a split, in 0 of 8 runs without" in page
    assert "majority 100 %, and it served in 24 of 24 splits; minority 100 %" in page
    assert "majority 100 %, and it served in 24 of 24 splits; minority 0 %, and it served in 0 of 24" in render(
        card(refusing)
    )
    assert "24 splits were made here" in page
    one_copy = letters(Card(CardSubject("store", (), "sim", 1, nothing_to_split=True), runs_of(refusing)[:8]))
    assert [one.found for one in one_copy[1:]] == ["while it runs", "no question"]


def test_labels_of_an_axis_have_room() -> None:
    for seconds in range(3, 200):
        labels = axis_labels(seconds * 10**9)
        assert labels[0][1] == "0 s"
        assert len(labels) <= 8
        assert all(0 <= at <= 98 for at, _ in labels)
        assert len(labels) >= 2 or seconds < 5


def test_the_first_lines_say_what_became_of_each_letter() -> None:
    assert in_a_line(card(refusing)) == "C kept · A given up · P no choice · after the heal kept"


def test_seeds_of_rounds_do_not_overlap_and_end() -> None:
    scenario = next(one for one in SCENARIOS if one.split)
    rounds = [seeds_of(scenario, number, 1, 8) for number in range(5)]
    assert [list(seeds) for seeds in rounds] == [[1, 2, 3, 4], [5, 6], [7, 8], [], []]
    assert not set(seeds_of(scenario, 0, 2, 8)) & {seed for seeds in rounds for seed in seeds}
    assert list(seeds_of(scenario, 0, 1, 2)) == [1, 2]
    assert not seeds_of(SCENARIOS[0], 1, 1, 8)


def test_words_with_a_slash_and_folders_are_no_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("there", "raft"):
        (tmp_path / name).mkdir()
    assert is_folder("there") and is_folder("./raft")
    assert is_folder("not/there")
    assert not is_folder("raft")
    assert not is_folder("quorum:w=1,r=1")
    assert not is_folder("./store.py:Store")
    assert not is_folder("binary:examples/register.toml")
    assert not is_folder("maelstrom:bin=./node")
    with pytest.raises(UsageError, match=r"has no classify\.json"):
        classify("not/there")
    with pytest.raises(UsageError, match="nothing to classify"):
        classify()
    (tmp_path / "there" / "file").touch()
    with pytest.raises(UsageError, match="--all is every target of the textbook, and raft was named beside it"):
        classify("raft", every=True, out=tmp_path)
    with pytest.raises(UsageError, match="not empty"):
        classify("single", out=tmp_path / "there")


def test_the_textbook_names_every_system_once_and_says_where_it_has_it_from() -> None:
    names = [one.name for one in textbook()]
    assert len(set(names)) == len(names) > 30
    assert {one.claim for one in textbook()} == {"CP", "AP", "CA", "neither"}
    assert all(one.source for one in textbook())
    systems = {one.system.partition(",")[0] for one in textbook()}
    assert {"HBase", "FoundationDB", "Kafka", "PostgreSQL", "DynamoDB", "CouchDB", "MongoDB", "DuckDB"} <= systems


def test_a_line_of_the_textbook_is_about_as_many_nodes_as_it_says() -> None:
    three = claim_of("quorum:n=3,w=1,r=1", "sim", 3)
    assert three is not None and three.claim == "AP"
    assert claim_of("quorum:n=3,w=1,r=1", "sim", 5) is None
    assert claim_of("raft", "sim", 5) is claim_of("raft", "sim", 3) is not None
    assert claim_of("raft", "local", 5) is None
    assert claim_of("etcd:version=3.4.23", "local", 5) is claim_of("etcd", "local", 3) is not None
    assert claim_of("etcd:version=3.4.23,reads=serializable", "local", 5) is claim_of(
        "etcd:reads=serializable", "local", 5
    )
    assert claim_of("etcd:election_ms=500", "local", 5) is None


def test_the_textbook_stands_beside_what_was_found() -> None:
    made = card(serving, "CP")
    assert "textbook" not in facts(made)
    of_raft = replace(made, subject=replace(made.subject, target="raft"))
    assert facts(of_raft)["textbook"] == "CP (differs): Raft, reads through the log"
    of_quorum = replace(made, subject=replace(made.subject, target="quorum:w=1,r=1"))
    assert facts(of_quorum)["textbook"] == "AP: quorum, N=5, W=1, R=1"


def test_a_system_of_the_textbook_is_run_where_there_is_a_target() -> None:
    for line in textbook():
        if line.target:
            Classification.of(base_spec(line.target, line.nodes, env=line.env))
        else:
            assert line.reason or line.system.partition(",")[0].lower() not in TARGETS, line.name


def test_a_node_that_refuses_alone_is_told_on_the_card() -> None:
    def store(node: str, kind: str, split: bool) -> PlayedAnswer:
        return PlayedAnswer(1, "fail", ("unavailable", "no")) if split and node == "n5" else PlayedAnswer()

    assert card(store).finding.reason.endswith("the majority (reads and writes) does not serve")


def test_a_baseline_tells_what_is_another_one(tmp_path: Path) -> None:
    before = card(refusing, "CP")
    write_card(tmp_path / "store", before)
    plain = earlier_cards(tmp_path)["store"]
    assert earlier_cards(tmp_path / "store" / "card.json") == {"store": plain}
    assert changes(before, plain) == CardChanges()
    changed = changes(card(serving, "CP"), plain)
    assert set(changed.changed) == {
        "class: was CP, is AP", "reads: was CP, is AP", "writes: was CP, is AP", "pacelc: was PC/EC, is PA/EC",
        "claim CP: was holds, is refuted",
    }  # fmt: skip
    assert changes(card(refusing), plain).changed == ("claim CP: was holds, is not claimed",)
    assert changes(card(refusing, "CP", "regular"), plain).changed == ("claim regular: was not claimed, is holds",)
    few = Card(CardSubject("store", ("CP",), "sim", 5), runs_of(refusing, splits=1))
    unsettled = changes(few, plain)
    assert not unsettled.changed
    assert "class: was CP, is undetermined" in unsettled.unsettled
    assert "claim CP: was holds, is not settled" in unsettled.unsettled


def test_a_baseline_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no card in it"):
        earlier_cards(tmp_path)
    with pytest.raises(UsageError, match="a card cannot be read: No such file"):
        earlier_cards(tmp_path / "none.json")
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(UsageError, match=r"not a card\.json"):
        earlier_cards(tmp_path / "other.json")


def test_the_command_compares_with_what_the_baseline_was_before_it_wrote(
    single: tuple[Path, Classified], tmp_path: Path
) -> None:
    folder, _ = single
    same = CliRunner().invoke(command, [str(folder), "--baseline", str(folder), "--json"], standalone_mode=False)
    assert same.return_value == 0
    assert json.loads(same.stdout.splitlines()[0])["class"] == "CA"
    other = json.loads((folder / "single" / "card.json").read_text()) | {"class": "CP"}
    (tmp_path / "single").mkdir()
    (tmp_path / "single" / "card.json").write_text(json.dumps(other))
    words = [str(folder), "--baseline", str(tmp_path), "--out", str(tmp_path), "--json"]
    (tmp_path / "classify.json").write_text((folder / "classify.json").read_text())
    changed = CliRunner().invoke(command, words, standalone_mode=False)
    assert changed.return_value == 1
    assert "class: was CP, is CA" in changed.stderr
    wrong = CliRunner().invoke(command, ["raft", "--baseline", str(tmp_path)], standalone_mode=False)
    assert isinstance(wrong.exception, UsageError)
