"""`splitbrain check`: files, folders, standard input; the worst of several counts."""

import io
import json
import subprocess
import sys

import pytest

from splitbrain.cli.exits import INFRASTRUCTURE, INVALID, UNKNOWN, USAGE, VALID
from splitbrain.harness.errors import InfrastructureError


def line(process, kind, f, value):
    return json.dumps({"process": process, "type": kind, "f": f, "value": value}) + "\n"


GOOD = (
    line(0, "invoke", "write", 1)
    + line(0, "ok", "write", 1)
    + line(1, "invoke", "read", None)
    + line(1, "ok", "read", 1)
)
BAD = GOOD + line(1, "invoke", "read", None) + line(1, "ok", "read", 2)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "good.jsonl").write_text(GOOD)
    (tmp_path / "bad.jsonl").write_text(BAD)
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "garbled.jsonl").write_text("{{{\n")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["good"], VALID),
        (["bad"], INVALID),
        (["empty"], UNKNOWN),
        (["garbled"], USAGE),
        (["good", "empty"], UNKNOWN),
        (["good", "garbled", "empty"], USAGE),
        (["garbled", "bad", "empty"], INVALID),
    ],
)
def test_the_worst_of_several_counts(splitbrain, files, names, code):
    said = splitbrain("check", *(files / f"{name}.jsonl" for name in names), "--model", "register")
    assert said.code == code
    assert "Traceback" not in said.err


def test_one_line_a_history_as_json(splitbrain, files):
    said = splitbrain("check", files / "good.jsonl", files / "bad.jsonl", "--model", "register", "--json")
    good, bad = said.objects
    assert (good["verdict"], bad["verdict"]) == ("valid", "invalid")
    assert good["name"] == str(files / "good.jsonl") and good["model"] == "register"
    assert {"seconds", "read_seconds", "reason"} <= set(good)
    assert "2" in bad["reason"]


def test_the_order_that_proves_valid_is_shown_when_asked_for(splitbrain, files):
    good = [str(files / "good.jsonl"), "--model", "register"]
    assert json.loads(splitbrain("check", *good, "--json", "--certificate").out)["certificate"] == [0, 2]
    assert "certificate" not in json.loads(splitbrain("check", *good, "--json").out)
    assert splitbrain("check", *good, "--certificate").out.endswith("order: 0 2\n")
    bad = splitbrain("check", str(files / "bad.jsonl"), "--model", "register", "--json", "--certificate")
    assert json.loads(bad.out)["certificate"] is None


def test_faults_of_other_tools_are_never_said_not_to_have_bitten(splitbrain, tmp_path):
    (tmp_path / "other.jsonl").write_text(
        line("nemesis", "info", "start", "partition") + GOOD + line("nemesis", "info", "stop", "healed")
    )
    pages = tmp_path / "pages"
    told = splitbrain("check", str(tmp_path / "other.jsonl"), "--model", "register", "--report", str(pages))
    (written,) = pages.glob("*.html")
    page = written.read_text()
    assert "what it did is not recorded" in told.out
    assert "what it did is not recorded" in page
    assert "never bit" not in told.out + page


def test_an_unreadable_file_is_told_with_its_line_and_no_verdict(splitbrain, files):
    said = splitbrain("check", files / "garbled.jsonl", "--model", "register", "--json")
    assert said.out == "" and "garbled.jsonl:1:" in said.err


def test_a_folder_is_all_the_histories_in_it(splitbrain, files):
    said = splitbrain("check", files, "--model", "register")
    assert said.code == INVALID
    assert said.out.splitlines()[-1] == "4 histories: 1 invalid, 1 unknown, 1 valid, 1 unreadable"


def test_standard_input(splitbrain, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert splitbrain("check", "-", "--model", "register").code == INVALID


def test_options_of_a_model(splitbrain, tmp_path):
    (tmp_path / "h.jsonl").write_text(line(0, "invoke", "read", None) + line(0, "ok", "read", 0))
    assert splitbrain("check", tmp_path / "h.jsonl", "--model", "register").code == INVALID
    assert splitbrain("check", tmp_path / "h.jsonl", "--model", "register", "--set", "initial=0").code == VALID


def test_a_run_folder_needs_no_model(splitbrain, tmp_path):
    ran = splitbrain(
        "run", "raft:reads=local", "--nemesis", "partition", "--time-limit", 10, "--seed", 1, "--out", tmp_path
    )
    assert ran.code == INVALID
    assert splitbrain("check", tmp_path / "latest").code == INVALID
    assert splitbrain("check", tmp_path / "latest" / "history.jsonl.gz").code == INVALID


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["missing.jsonl", "--model", "register"], "missing.jsonl"),
        (["missing.jsonl"], "no such file"),
        (["good.jsonl"], "--model"),
        (["good.jsonl", "--model", "nonsense"], "cas-register"),
        (["good.jsonl", "--model", "register", "--set", "nonsense=1"], "initial"),
        (["good.jsonl", "--set", "initial=0"], "--model"),
        (["good.jsonl", "--model", "register", "--budget", "0"], "duration"),
        (["good.jsonl", "--model", "mutex"], "read"),
        ([], "FILE"),
    ],
)
def test_wrong_use_is_one_sentence_that_names_what_is_right(splitbrain, files, monkeypatch, words, told):
    monkeypatch.chdir(files)
    said = splitbrain("check", *words)
    assert said.code == USAGE
    assert told in said.err and "Traceback" not in said.err and said.out == ""


def test_without_the_compiled_search_one_sentence_says_so(files):
    (files / "searched.jsonl").write_text(line(0, "invoke", "cas", [None, 1]) + line(0, "ok", "cas", [None, 1]) + GOOD)
    without = "from splitbrain.checkers.porcupine import kernel; kernel.BUILT = False"
    words = ["check", "--model", "cas-register", files / "searched.jsonl", files / "searched.jsonl"]
    command = [sys.executable, "-c", f"{without}; from splitbrain.start import main; main()", *words]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == VALID
    (sentence,) = said.stderr.splitlines()
    assert sentence.startswith(
        "splitbrain: the compiled search is not built, so checks are slower: install a C compiler"
    )


def test_what_it_took_to_explain_is_told_apart(splitbrain, files):
    said = splitbrain("check", files / "bad.jsonl", "--model", "register", "--json")
    assert said.objects[0]["witness_seconds"] > 0


def test_a_history_of_pairs_is_told_of_keys(splitbrain, tmp_path):
    pairs = line(0, "invoke", "write", ["a", 1]) + line(0, "ok", "write", ["a", 1])
    pairs += line(1, "invoke", "read", ["b", None]) + line(1, "ok", "read", ["b", None])
    (tmp_path / "pairs.jsonl").write_text(pairs)
    said = splitbrain("check", tmp_path / "pairs.jsonl", "--model", "register")
    assert said.code == INVALID and "--set keyed=true" in said.out
    assert splitbrain("check", tmp_path / "pairs.jsonl", "--model", "register", "--set", "keyed=true").code == VALID


def test_the_hint_on_keys_says_what_the_reader_needs_too(splitbrain, tmp_path):
    pairs = line(0, "invoke", "write", ["a", 1]) + line(0, "ok", "write", ["a", 1])
    pairs += line(1, "invoke", "read", None) + line(1, "ok", "read", ["b", None])
    (tmp_path / "pairs.jsonl").write_text(pairs)
    assert (
        "as [key nil], and say --set keyed=true"
        in splitbrain("check", tmp_path / "pairs.jsonl", "--model", "register").out
    )


def test_values_that_a_model_cannot_take_are_told_with_the_file_and_of_keys(splitbrain, tmp_path):
    pairs = line(0, "invoke", "add", ["a", 1]) + line(0, "ok", "add", ["a", 1])
    (tmp_path / "pairs.jsonl").write_text(pairs)
    said = splitbrain("check", tmp_path / "pairs.jsonl", "--model", "lin-counter")
    assert said.code == USAGE and f"{tmp_path / 'pairs.jsonl'}: an add takes a number, not [a 1]; " in said.err
    assert "--set keyed=true" in said.err


@pytest.mark.parametrize(
    ("model", "field", "value", "judges"),
    [("mutex", "token", 5, "owner-mutex"), ("kv", "revision", 5, "versioned-kv"), ("owner-mutex", "token", 5, None)],
)
def test_what_a_model_does_not_judge_of_a_history_is_told(splitbrain, tmp_path, model, field, value, judges):
    f = "put" if model == "kv" else "acquire"
    event = {"process": 0, "type": "ok", "f": f, "value": 1, field: value}
    (tmp_path / "one.jsonl").write_text(line(0, "invoke", f, 1) + json.dumps(event) + "\n")
    notes = splitbrain("check", tmp_path / "one.jsonl", "--model", model, "--json").objects[0].get("notes", [])
    assert [judges in note and field in note for note in notes] == ([True] if judges else [])


@pytest.mark.parametrize(
    ("model", "began", "word"),
    [
        ("cas-register", 0, "0"),
        ("register", "x y", '"x y"'),
        ("register", True, "true"),
        ("versioned-register", 0, "0"),
        ("linearizable", 0, "0"),
        ("sequential", 0, "0"),
        ("spectrum", 0, "0"),
    ],
)
def test_a_register_that_began_otherwise_is_told_of_its_initial_value(splitbrain, tmp_path, model, began, word):
    text = line(0, "invoke", "read", None) + line(0, "ok", "read", began) + GOOD
    if model == "kv":
        text = text.replace('"read"', '"get"').replace('"write"', '"put"')
    (tmp_path / "began.jsonl").write_text(text)
    said = splitbrain("check", tmp_path / "began.jsonl", "--model", model, "--json")
    assert said.code == INVALID
    assert f"--set 'initial={word}'" in said.objects[0]["notes"][0]
    assert splitbrain("check", tmp_path / "began.jsonl", "--model", model, "--set", f"initial={word}").code == VALID


def done(f: str, argument: object, result: object) -> str:
    """An operation of the key a."""
    return (line(0, "invoke", f, argument) + line(0, "ok", f, result)).replace("}\n", ', "key": "a"}\n')


DELETED = done("put", 1, 1) + done("delete", None, None)


@pytest.mark.parametrize(
    ("text", "settings", "word"),
    [
        (DELETED + done("get", None, None), (), "nil"),
        (DELETED + done("get", None, None) + line(1, "invoke", "range", None) + line(1, "ok", "range", {}), (), "nil"),
        (DELETED + done("get", None, 0), (), "0"),
        (done("put", 1, None) + done("put", 2, 1) + done("delete", None, 2), ("--set", "answers=old"), "nil"),
    ],
)
def test_a_store_whose_keys_go_is_told_of_what_is_left_of_them(splitbrain, tmp_path, text, settings, word):
    (tmp_path / "kv.jsonl").write_text(text)
    said = splitbrain("check", tmp_path / "kv.jsonl", "--model", "kv", *settings, "--json")
    assert said.code == INVALID
    assert f"--set 'initial={word}'" in said.objects[0]["notes"][0]
    again = splitbrain("check", tmp_path / "kv.jsonl", "--model", "kv", *settings, "--set", f"initial={word}")
    assert again.code == VALID


def test_other_objections_get_no_hint(splitbrain, files, tmp_path):
    (tmp_path / "began.jsonl").write_text(line(0, "invoke", "read", None) + line(0, "ok", "read", 0) + BAD)
    for path in (files / "bad.jsonl", tmp_path / "began.jsonl"):
        assert "notes" not in splitbrain("check", path, "--model", "register", "--json").objects[0]
    said = splitbrain("check", tmp_path / "began.jsonl", "--model", "register", "--set", "initial=7", "--json")
    assert "notes" not in said.objects[0]


def test_failures_taken_as_observations_are_counted(splitbrain, tmp_path):
    def failed(error):
        event = {"process": 0, "type": "fail", "f": "cas", "value": [2, 3], "error": error}
        return line(0, "invoke", "cas", [2, 3]) + json.dumps(event) + "\n"

    (tmp_path / "cas.jsonl").write_text(GOOD + failed("timeout") + failed(["precondition-failed", ""]) + failed(None))
    words = ("check", tmp_path / "cas.jsonl", "--model", "cas-register", "--json", "--set")
    assert "2 of 3" in splitbrain(*words, "precondition=observe").objects[0]["notes"][0]
    assert "3 of 3" in splitbrain(*words, "precondition=all").objects[0]["notes"][0]
    assert "notes" not in splitbrain(*words, "precondition=drop").objects[0]
    (tmp_path / "cas.jsonl").write_text(GOOD + failed("timeout"))
    assert "say precondition=all" in splitbrain(*words, "precondition=observe").objects[0]["notes"][0]


@pytest.mark.parametrize("model", ["register", "lin-set", "bank", "fencing"])
@pytest.mark.parametrize("json_too", [(), ("--json",)])
def test_no_history_and_no_file_name_steers_the_terminal(splitbrain, tmp_path, model, json_too):
    (tmp_path / "a\x1b[31m.jsonl").write_text(line(0, "invoke", "\x1b[2J\x9b", 1))
    (tmp_path / "b\x07.jsonl").write_text("{{{\n")
    for path in (*tmp_path.iterdir(), tmp_path, tmp_path / "\x1bmissing"):
        said = splitbrain("check", path, "--model", model, *json_too)
        assert said.code == USAGE
        assert not {c for c in said.out + said.err if not c.isprintable()} - {"\n"}


def test_json_carries_the_witness_and_what_was_counted(splitbrain, files):
    (bad,) = splitbrain("check", files / "bad.jsonl", "--model", "register", "--json").objects
    assert bad["witness"]["events"] == [0, 1, 4, 5]
    assert "read 2" in bad["witness"]["words"][0]
    (good,) = splitbrain("check", files / "good.jsonl", "--model", "register", "--json").objects
    assert "witness" not in good
    queue = files / "queue.txt"
    queue.write_text("0 :invoke :enqueue 5\n0 :ok :enqueue 5\n0 :invoke :drain nil\n0 :ok :drain []\n")
    (lost,) = splitbrain("check", queue, "--model", "total-queue", "--json").objects
    assert lost["details"]["lost"] == [5] and lost["witness"]["events"] == [0, 1, 2, 3]


def test_json_carries_the_cycle_that_a_witness_is_about(splitbrain, files):
    both = [("write", 0, 1), ("write", 1, 2), ("read", 0, 2), ("read", 1, 1)]
    text = [line(p, kind, f, value) for f, p, value in both for kind in ("invoke", "ok")]
    (files / "cycle.jsonl").write_text("".join(text))
    found = splitbrain("check", files / "cycle.jsonl", "--model", "causal-convergence", "--json")
    assert found.code == INVALID
    cycle = found.objects[0]["witness"]["cycle"]
    assert cycle == [[at, "must, by a read that had seen both, come before"] for at in (2, 0)]


def test_a_page_is_written_for_each_history(splitbrain, files):
    said = splitbrain(
        "check", files / "bad.jsonl", files / "good.jsonl", "--model", "register", "--report", files / "p"
    )
    assert said.code == INVALID
    pages = sorted((files / "p").iterdir())
    assert len(pages) == 2 and all(f"report: {page}" in said.out for page in pages)
    assert any("read 2" in page.read_text() for page in pages)
    (line_,) = splitbrain(
        "check", files / "bad.jsonl", "--model", "register", "--json", "--report", files / "q"
    ).objects
    assert (files / "q") in [path.parent for path in (files / "q").iterdir() if str(path) == line_["report"]]


def test_a_page_that_cannot_be_written_is_told(splitbrain, files):
    said = splitbrain("check", files / "good.jsonl", "--model", "register", "--report", files / "bad.jsonl" / "x")
    assert said.code == USAGE and "Traceback" not in said.err


def test_a_page_that_cannot_be_written_takes_no_verdict_away(splitbrain, files, monkeypatch):
    def full(*_):
        raise InfrastructureError("the disk is full")

    monkeypatch.setattr("splitbrain.cli.check.write_page", full)
    words = ("--model", "register", "--report", files / "pages")
    said = splitbrain("check", files / "bad.jsonl", *words)
    assert said.code == INVALID and said.out.startswith("invalid: ") and "the disk is full" in said.err
    assert splitbrain("check", files / "good.jsonl", *words).code == INFRASTRUCTURE
    assert (
        "2 histories: 1 invalid, 1 valid" in splitbrain("check", files / "bad.jsonl", files / "good.jsonl", *words).out
    )


def test_a_word_that_means_no_history_stops_no_other(splitbrain, files):
    (files / "empty").mkdir()
    said = splitbrain("check", files / "empty", files / "bad.jsonl", "--model", "register")
    assert said.code == INVALID and "no history in this folder" in said.err
    assert "2 histories: 1 invalid, 1 unreadable" in said.out


def test_no_code_that_a_run_folder_names_is_run(splitbrain, tmp_path):
    store = tmp_path / "store.py"
    store.write_text(
        "from splitbrain.targets.stores import Single\n"
        "class Store(Single):\n    name, claims = 'store', ('linearizable',)\n"
    )
    words = ("--workload", "register", "--model", "claim", "--time-limit", 1, "--seed", 1, "--out", tmp_path / "runs")
    assert splitbrain("run", f"{store}:Store", *words).code == VALID
    store.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    folder = tmp_path / "runs" / "latest"
    said = splitbrain("check", folder, "--json")
    assert said.code == VALID and said.objects[0]["verdict"] == "valid"
    for command in ("report", "runs", "compare"):
        splitbrain(command, *([folder, folder] if command == "compare" else [folder]))
    assert not (tmp_path / "ran").exists()
    (folder / "verdict.json").write_text('{"verdict": "valid"}')
    assert "name a model with --model" in splitbrain("check", folder).err
